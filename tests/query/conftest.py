from __future__ import annotations

import pytest

from query.catalogue import Stored


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stored(request, new_database_url):
    """A catalogue of each engine in turn; ``fill`` says what is in it."""
    stored = Stored(new_database_url(request.param))
    yield stored
    stored.database.close()
