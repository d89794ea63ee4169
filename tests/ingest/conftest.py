import pytest

from ingest.lines import opened


@pytest.fixture
def at(tmp_path):
    with opened(tmp_path) as at:
        yield at


@pytest.fixture
def projects(tmp_path):
    folder = tmp_path / "projects"
    folder.mkdir()
    return folder
