"""Saved filters over HTTP."""

import msgspec
import pytest

from server.test_api import problem

BASH = {"and": [{"property": "tool", "operator": "=", "value": "Bash"}]}


def save(client, name, filter_=BASH, **more):
    return client.post("/api/saved-filters", json={"name": name, "filter": filter_, **more})


def names(client):
    page = client.get("/api/saved-filters").json()
    assert (page["next_cursor"], page["total"]) == (None, len(page["items"]))
    return [one["name"] for one in page["items"]]


def test_a_filter_is_saved_listed_renamed_and_deleted(client):
    assert names(client) == []
    answer = save(client, "Shell  use", sort="-tokens")
    assert answer.status_code == 201
    made = answer.json()
    assert made.keys() == {"id", "name", "filter", "sort", "created_at"}
    assert (made["name"], made["filter"], made["sort"]) == ("Shell use", BASH, "-tokens")
    assert client.get("/api/saved-filters").json()["items"] == [made]

    assert save(client, "All", {"and": []}).json()["sort"] == "-started_at"
    assert names(client) == ["All", "Shell use"]

    changed = {"name": "Commands", "filter": BASH["and"][0], "sort": "messages"}
    answer = client.put(f"/api/saved-filters/{made['id']}", json=changed)
    assert answer.status_code == 200
    assert answer.json() == made | changed
    assert names(client) == ["All", "Commands"]

    answer = client.delete(f"/api/saved-filters/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    problem(client.delete(f"/api/saved-filters/{made['id']}"), "not-found")
    problem(client.put(f"/api/saved-filters/{made['id']}", json=changed), "not-found")
    assert names(client) == ["All"]


def test_a_name_that_exists_is_refused(client):
    save(client, "Straße")
    answer = save(client, "STRASSE")
    assert answer.status_code == 409
    assert "STRASSE" in problem(answer, "name-taken")["detail"]
    assert names(client) == ["Straße"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "", "filter": BASH}, "invalid-request"),
        ({"name": "x" * 81, "filter": BASH}, "invalid-request"),
        ({"name": 1, "filter": BASH}, "invalid-request"),
        ({"name": "x"}, "invalid-request"),
        ({"name": "x", "filter": []}, "invalid-request"),
        ({"name": "x", "filter": BASH, "sort": "colour"}, "invalid-request"),
        ({"name": "x", "filter": {}}, "invalid-filter"),
        ({"name": "x", "filter": {"and": [{"property": "colour", "operator": "=", "value": 1}]}}, "invalid-filter"),
        ({"name": "x", "filter": {"property": "text", "operator": ":", "value": "y" * 5_000}}, "invalid-filter"),
    ],
)
def test_what_is_no_filter_is_refused(client, body, code):
    kept = save(client, "kept").json()
    for answer in (
        client.post("/api/saved-filters", json=body),
        client.put(f"/api/saved-filters/{kept['id']}", json=body),
    ):
        assert answer.status_code == 400
        problem(answer, code)
    assert names(client) == ["kept"]


def test_it_outlives_the_server_and_is_sealed(client, at):
    made = save(client, "Very private").json()
    with at.database.read() as connection:
        connection.exec_driver_sql("SELECT 1")
    raw = b"".join(path.read_bytes() for path in at.folder.glob("catalogue.sqlite*"))
    assert made["id"].encode() in raw
    assert b"Very private" not in raw
    assert msgspec.json.encode(BASH) not in raw


def test_a_page_of_another_site_saves_nothing(anonymous, services):
    anonymous.cookies.set(services.access.cookie, services.access.redeem(services.access.make_token()))
    body = {"name": "x", "filter": BASH}
    answer = anonymous.post("/api/saved-filters", json=body, headers={"Origin": "https://evil.example"})
    problem(answer, "forbidden")
    assert anonymous.post("/api/saved-filters", json=body).status_code == 201
