"""The built UI's files: cached for good by their hashed names, and compressed for those who can read that."""

import pytest

from session_replay.server.routes import pages

PLAIN, COMPRESSED = b"// the code", b"its compressed form, which nobody here opens"


@pytest.fixture
def page(tmp_path, monkeypatch, client):
    """The app over a built UI of two files, one of which lies there compressed, too."""
    assets = tmp_path / "web" / "assets"
    assets.mkdir(parents=True)
    (assets / "page-abc.js").write_bytes(PLAIN)
    (assets / "page-abc.js.br").write_bytes(COMPRESSED)
    (assets / "small-abc.js").write_bytes(PLAIN)
    monkeypatch.setattr(pages, "WEB", tmp_path / "web")
    return client


ODD = {
    "NUL": "/%00",
    "NUL in a name": "/assets/page-abc.js%00",
    "long name": "/" + "x" * 300,
    "long path": "/" + "x/" * 3_000,
    "parents": "/../../pages.py",
    "written parents": "/%2e%2e/%2e%2e/pages.py",
    "parents in a segment": "/..%2f..%2fpages.py",
    "backslashes": "/..%5c..%5cpages.py",
    "surrogate": "/%ed%a0%80",
    "no UTF-8": "/%ff",
    "line break": "/%0d%0a",
    "a file as a folder": "/assets/page-abc.js/x",
    "folder": "/assets",
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_address_is_an_unknown_one(page, anonymous, name):
    del anonymous.headers["Authorization"]
    answer = page.get(ODD[name])
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    told = page.get(ODD[name], headers={"Accept": "text/html"})
    assert (told.status_code, told.headers["content-type"]) == (404, "text/html; charset=utf-8")


def raw(client, path, accepted):
    with client.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
        return answer.status_code, answer.headers, b"".join(answer.iter_raw())


@pytest.mark.parametrize("accepted", ["br", "gzip, deflate, br, zstd", "gzip;q=0.5, BR; q=0.1"])
def test_who_takes_brotli_gets_the_compressed_file(page, accepted):
    status, headers, body = raw(page, "/assets/page-abc.js", accepted)
    assert (status, body) == (200, COMPRESSED)
    assert (headers["content-encoding"], headers["vary"]) == ("br", "Accept-Encoding")
    assert headers["content-type"].startswith("text/javascript")
    assert "immutable" in headers["cache-control"]


@pytest.mark.parametrize("accepted", ["", "gzip", "br;q=0", "br; q=0.00", "brotli"])
def test_others_get_the_file_itself(page, accepted):
    status, headers, body = raw(page, "/assets/page-abc.js", accepted)
    assert (status, body) == (200, PLAIN)
    assert "content-encoding" not in headers
    assert headers["vary"] == "Accept-Encoding"  # or a cache would hand on the one for the other


def test_a_file_without_a_compressed_form_is_sent_as_it_is(page):
    _, headers, body = raw(page, "/assets/small-abc.js", "br")
    assert body == PLAIN
    assert "content-encoding" not in headers
