import pytest

from session_replay.store.installation import open_installation
from session_replay.vault.source import KeySource


@pytest.fixture
def at(tmp_path, database_url):
    """An empty installation on each engine."""
    with open_installation(tmp_path / "data", KeySource(tmp_path / "keys"), url=database_url) as at:
        yield at
