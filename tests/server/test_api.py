"""The whole application in this process, on a real store."""

import json

import pytest
from litestar.testing import TestClient

from ingest.lines import MAIN_ID, jsonl, take_in, talk, write
from server.conftest import API_KEY
from server.events import entries, events, until
from session_replay import errors
from session_replay.server.app import COOKIE_PREFIX, document, make_app, make_services
from session_replay.server.problem import STATUS, TITLE, problem_response, replay_error

PUBLIC = {"/healthz", "/readyz", "/", "/clients", "/replay/{session_id:str}", "/{name:path}"}
PLACES = {
    "session_id": MAIN_ID,
    "entry": "0",
    "name": "model",
    "client_id": "none",
    "kind": "deleted",
    "filter_id": "none",
}


def api_calls(services):
    """Method and path of every route that must be closed; what is not under /api is listed above or a fault.

    What collectors call has other ways in: see test_ingest.
    """
    for route in make_app(services).routes:
        if route.path_format.startswith("/api/ingest/"):
            continue
        if route.path_format.startswith("/api/"):
            for method in route.methods - {"OPTIONS"}:
                yield method, route.path_format.format_map(PLACES)
        else:
            assert route.path in PUBLIC


def problem(answer, code):
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert found["type"] == f"/problems/{code}"
    assert found["status"] == answer.status_code
    assert found["title"]
    assert found["detail"]
    assert found["request_id"]
    return found


# Access


def test_every_call_refuses_who_has_no_cookie_and_no_key(anonymous, services):
    calls = list(api_calls(services))
    assert len(calls) > 10
    for method, path in calls:
        for headers in (
            {},
            {"Authorization": "Bearer " + "x" * 32},
            {"Authorization": "Bearer"},
            {"Authorization": f"Basic {API_KEY}"},
            {"Cookie": f"{services.access.cookie}=9999999999.ab.cd"},
            {"Cookie": f"{services.access.cookie}=\xe9.\xe9".encode("latin-1")},
        ):
            answer = anonymous.request(method, path, headers=headers)
            assert answer.status_code == 401, (method, path, headers)
            problem(answer, "not-signed-in")
            assert answer.headers["www-authenticate"] == "Bearer"
        assert anonymous.request(method, path, headers={"Authorization": f"Bearer {API_KEY}"}).status_code in {
            200,
            202,
            400,
            404,
        }


def test_a_key_that_is_not_configured_opens_nothing(at):
    services = make_services(at, user="ada", api_key=None, host="127.0.0.1")
    with TestClient(make_app(services), base_url="http://127.0.0.1:8420") as client:
        for key in ("", "None", API_KEY):
            assert client.get("/api/stats", headers={"Authorization": f"Bearer {key}"}).status_code == 401


def test_a_token_signs_in_once(anonymous, services):
    told = []
    services.token_was_redeemed = lambda: told.append(1)
    token = services.access.make_token()
    answer = anonymous.get("/", params={"token": token}, follow_redirects=False)
    assert answer.status_code in {301, 302, 303, 307}
    assert token not in answer.headers["location"]
    cookie = answer.headers["set-cookie"]
    assert "httponly" in cookie.lower()
    assert "samesite=strict" in cookie.lower()
    assert cookie.startswith(COOKIE_PREFIX)
    assert anonymous.get("/api/stats").status_code == 200
    assert told == [1]
    anonymous.cookies.clear()
    for wrong in (token, "", "é", "x" * 100):
        again = anonymous.get("/", params={"token": wrong}, follow_redirects=False)
        assert "set-cookie" not in again.headers
    assert anonymous.get("/api/stats").status_code == 401
    assert told == [1]


def test_a_cookie_ends_and_cannot_be_prolonged(services, anonymous, monkeypatch):
    value = services.access.redeem(services.access.make_token())
    expires, nonce, signature = value.split(".")

    def status(cookie):
        return anonymous.get("/api/stats", headers={"Cookie": f"{services.access.cookie}={cookie}"}).status_code

    assert status(value) == 200
    assert status(f"{int(expires) + 1}.{nonce}.{signature}") == 401
    assert status(f"{expires}.{nonce}0.{signature}") == 401
    monkeypatch.setattr("session_replay.server.access.time.time", lambda: int(expires) + 1)
    assert status(value) == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8420", "127.0.0.1.evil.example", "", "169.254.0.1"])
def test_another_host_name_is_refused(client, services, host):
    for path in ("/api/stats", "/", "/?token=" + services.access.make_token()):
        answer = client.get(path, headers={"Host": host}, follow_redirects=False)
        assert answer.status_code == 403
        problem(answer, "forbidden")
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost:8420", "LOCALHOST", "[::1]:8420", "[::1]"])
def test_loopback_names_are_answered(client, host):
    assert client.get("/api/stats", headers={"Host": host}).status_code == 200


def test_a_page_of_another_site_changes_nothing(anonymous, services):
    asked = []
    services.local.import_samples = lambda: asked.append(1)
    cookie = {"Cookie": f"{services.access.cookie}={services.access.redeem(services.access.make_token())}"}
    for origin in ("https://evil.example", "http://127.0.0.1:9", "null", "http://127.0.0.1:8420.evil.example"):
        problem(anonymous.post("/api/samples", headers=cookie | {"Origin": origin}), "forbidden")
    assert asked == []
    assert anonymous.post("/api/samples", headers=cookie | {"Origin": "http://127.0.0.1:8420"}).status_code == 202
    assert asked == [1]


# Errors


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/sessions?sort=colour", "invalid-request"),
        ("/api/sessions?limit=0", "invalid-request"),
        ("/api/sessions?limit=501", "invalid-request"),
        ("/api/sessions?limit=many", "invalid-request"),
        ("/api/sessions?filter={", "invalid-filter"),
        ("/api/sessions?filter=[]", "invalid-filter"),
        ("/api/sessions?cursor=xx", "invalid-cursor"),
        ("/api/activity?tz=Mars", "invalid-request"),
        ("/api/activity?tz=../../etc/passwd", "invalid-request"),
        ("/api/facets/colour", "invalid-request"),
        ("/api/sessions/none", "not-found"),
        ("/api/sessions/a%00b", "not-found"),
        ("/api/sessions/a%00b/entries", "not-found"),
        ("/api/sessions/none/entries", "not-found"),
        ("/api/sessions/none/entries/0", "not-found"),
        (f"/api/sessions/{MAIN_ID}/entries?limit=0", "invalid-request"),
        (f"/api/sessions/{MAIN_ID}/entries?limit=501", "invalid-request"),
        (f"/api/sessions/{MAIN_ID}/entries?type=colour", "invalid-request"),
        (f"/api/sessions/{MAIN_ID}/entries?type=user&type=colour", "invalid-request"),
        (f"/api/sessions/{MAIN_ID}/entries?view=x", "invalid-request"),
        (f"/api/sessions/{MAIN_ID}/entries?cursor=x", "invalid-request"),
        (f"/api/sessions/{MAIN_ID}/entries?after=x", "invalid-request"),
        (f"/api/sessions/{MAIN_ID}/entries/1", "not-found"),
        (f"/api/sessions/{MAIN_ID}/entries/x", "not-found"),
        (f"/api/sessions/{MAIN_ID}/entries/{10**17}", "not-found"),
        (f"/api/sessions/{MAIN_ID}/entries/{10**30}", "not-found"),
        ("/api/nothing", "not-found"),
        ("/nothing.js", "not-found"),
        ("/../pyproject.toml", "not-found"),
        ("/%2e%2e/app.py", "not-found"),
    ],
)
def test_each_wrong_question_is_answered_as_a_problem(client, path, code):
    answer = client.get(path)
    assert answer.status_code == STATUS[code]
    problem(answer, code)


@pytest.mark.parametrize("after", [-(2**70), -2, 10**12, 2**63, 10**30])
def test_any_place_is_a_place(client, after):
    answer = client.get(f"/api/sessions/{MAIN_ID}/entries", params={"after": after})
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == (0 if after > 0 else 50)


def test_a_wrong_last_event_id_is_refused(client):
    for wrong in ("x", "1", "1.x", ".", "0.1e5"):
        headers = {"Accept": "text/event-stream", "Last-Event-ID": wrong}
        problem(client.get(f"/api/sessions/{MAIN_ID}/entries", headers=headers), "invalid-request")


def test_every_error_of_the_product_has_an_answer():
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, errors.ReplayError):
            made = error(1, 2) if error is errors.OffsetGap else error("words")
            answer = replay_error(None, made)
            body = json.loads(answer.content)
            assert (body["status"], answer.media_type) == (answer.status_code, "application/problem+json")
            assert body.get("expected") == (1 if error is errors.OffsetGap else None)
    assert set(STATUS) <= set(TITLE)
    assert json.loads(problem_response("forbidden", 403, "d").content)["title"] == "Forbidden"


def test_a_wrong_method_and_a_bug_are_problems_too(client, services):
    problem(client.delete("/api/stats"), "method-not-allowed")
    services.catalogue = None
    answer = client.get("/api/stats")
    assert answer.status_code == 500
    assert "NoneType" not in problem(answer, "internal")["detail"]


def test_answers_are_not_kept_by_caches_and_not_guessed(client):
    for path in ("/api/stats", "/api/none", "/healthz", "/"):
        answer = client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        if path.startswith("/api"):
            assert answer.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in client.get("/").headers["content-security-policy"]


def test_health_and_readiness(anonymous):
    assert anonymous.get("/healthz").text == "ok"
    assert anonymous.get("/readyz").status_code == 200


# The document


def test_the_document_lists_every_call(client, services):
    described = client.get("/api/openapi.json").json()
    assert described == json.loads(document())
    assert described["openapi"].startswith("3.1")
    calls = {
        (method, route.path_format)
        for route in make_app(services).routes
        for method in route.methods - {"OPTIONS"}
        if route.path_format.startswith("/api/") or route.path_format in {"/healthz", "/readyz"}
    }
    listed = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert listed == calls - {("GET", "/api/openapi.json")}


def test_answers_are_as_described(client):
    jsonschema = pytest.importorskip("jsonschema")
    described = client.get("/api/openapi.json").json()
    for path in (
        "/api/sessions",
        "/api/stats",
        "/api/activity",
        "/api/facets/{name}",
        "/api/sessions/{session_id}",
        "/api/sessions/{session_id}/entries",
        "/api/sessions/{session_id}/entries/{entry}",
        "/api/status",
        "/api/clients",
        "/api/saved-filters",
    ):
        schema = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        answer = client.get(path.format(session_id=MAIN_ID, entry=0, name="model")).json()
        jsonschema.validate(answer, schema | {"components": described["components"]})


# The trace


def paged(client, **parameters):
    found, cursor = [], None
    while True:
        page = client.get(
            f"/api/sessions/{MAIN_ID}/entries", params=parameters | ({"cursor": cursor} if cursor else {})
        )
        page = page.json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            assert page["total"] == len(found)
            return found


def test_pages_are_the_trace_whatever_their_size(client):
    whole = paged(client, limit=500)
    assert [entry["seq"] for entry in whole] == [number * 1024 for number in range(200)]
    assert paged(client, limit=7) == whole
    assert paged(client, limit=200) == whole
    middle = client.get(f"/api/sessions/{MAIN_ID}/entries", params={"after": 99 * 1024, "limit": 500}).json()["items"]
    assert middle == whole[100:]


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({"type": "user"}, lambda entry: entry["type"] == "user"),
        ({"type": "assistant,system"}, lambda entry: entry["type"] == "assistant"),
        ({"type": ["user", "system"]}, lambda entry: entry["type"] == "user"),
        ({"type": ["user", "assistant,system", ""]}, lambda _: True),
        ({"q": "ANSWER 1"}, lambda entry: "answer 1" in entry["preview"]),
        ({"view": "audit"}, lambda entry: entry["audit"]),
        ({"view": "dev"}, lambda _: True),
        ({"q": "not there"}, lambda _: False),
        ({"type": "user", "q": "question 4", "view": "audit"}, lambda entry: "question 4" in entry["preview"]),
    ],
)
def test_what_is_asked_for_is_what_comes(client, parameters, wanted):
    expected = [entry for entry in paged(client, limit=500) if wanted(entry)]
    assert paged(client, limit=500, **parameters) == expected
    assert paged(client, limit=3, **parameters) == expected


def test_every_entry_is_there_whole(client, projects):
    file = (projects / "-p" / f"{MAIN_ID}.jsonl").read_bytes()
    raws = file.decode().splitlines()
    for entry, raw in zip(paged(client, limit=500), raws, strict=True):
        whole = client.get(f"/api/sessions/{MAIN_ID}/entries/{entry['seq']}").json()
        assert whole["raw"] == raw
        assert file[whole["meta"]["byte_start"] :].startswith(raw.encode() + b"\n")
        assert entry.items() <= whole.items()
        assert client.get(f"/api/sessions/{MAIN_ID}/entries/{entry['uuid']}").json() == whole
        assert whole["content"]


def test_every_entry_of_the_samples_is_there_whole(at, client):
    from session_replay.cli.local import samples_folder

    take_in(at, samples_folder())
    count = 0
    sessions = client.get("/api/sessions", params={"limit": 500}).json()["items"]
    for parent in list(sessions):
        sessions += client.get("/api/sessions", params={"parent": parent["id"], "limit": 500}).json()["items"]
    for session in sessions:
        if session["id"] == MAIN_ID:
            continue
        page = client.get(f"/api/sessions/{session['id']}/entries", params={"limit": 500}).json()
        assert page["total"] == session["entries"]
        for entry in page["items"]:
            whole = client.get(f"/api/sessions/{session['id']}/entries/{entry['seq']}").json()
            # A patch of the store's may know more than the line; the line never less.
            assert (whole["seq"], whole["type"], whole["preview"]) == (entry["seq"], entry["type"], entry["preview"])
            count += 1
    assert count > 100


# The trace as events; over a real connection in test_serve, where streams do not end by themselves


def test_samples_without_a_follower_are_not_found(client):
    problem(client.post("/api/samples"), "not-found")


def test_a_session_that_grew_shows_its_new_entries(client, at, projects):
    path = projects / "-p" / f"{MAIN_ID}.jsonl"
    write(path, path.read_bytes() + jsonl(*talk(3, first=200)))
    take_in(at, projects)
    assert len(paged(client, limit=500)) == 203
    assert client.get(f"/api/sessions/{MAIN_ID}").json()["entries"] == 203


def test_events_are_read_as_a_browser_does():
    sent = [
        "id: 0.1",
        'data: [{"seq":1}]',
        "",
        ": quiet",
        "",
        "event: session",
        "data: {}",
        "",
        "event: end",
        "data: 0",
        "",
    ]
    found = until(events(sent), "end")
    assert [event.name for event in found] == ["message", "session", "end"]
    assert entries(found) == [{"seq": 1}]
