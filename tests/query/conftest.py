from __future__ import annotations

import pytest

from query.catalogue import Stored


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mirror"])
def stored(request, new_database_url):
    """A catalogue of each engine in turn, and one that is answered from the mirror; ``fill`` says what is in it."""
    is_mirrored = request.param == "mirror"
    stored = Stored(new_database_url("sqlite" if is_mirrored else request.param), mirrored=is_mirrored)
    yield stored
    stored.database.close()
