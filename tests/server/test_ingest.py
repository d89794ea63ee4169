"""The ingest protocol over HTTP: who may call it, and what it refuses."""

import asyncio
import hashlib
import time

import msgspec
import pytest
from backports import zstd

from server.asgi import scope
from server.conftest import API_KEY
from session_replay import protocol
from session_replay.errors import TooMuch
from session_replay.ingest.enter import Registry
from session_replay.ingest.receive import Receiver
from session_replay.protocol import Enrolled, Enrolment, Opened, Opening, Piece, Report, Rewrite, Standing, Stored
from session_replay.server.app import make_app
from session_replay.server.limits import Held, Limits, Rate
from session_replay.server.routes import ingest
from session_replay.wire import FileFault, block_hashes

MAIN = "-p/aaaaaaaa-0000-4000-8000-00000000f1ee.jsonl"
LINE = b'{"type":"user","message":{"role":"user","content":"hello"}}\n'
CALLS = ("open", "append", "rewrite", "move", "missing", "attach", "report")
HEADERS = {"Content-Type": protocol.MEDIA_TYPE, protocol.PROTOCOL_HEADER: "1", protocol.BOOT_HEADER: "b1 1"}


class Collector:
    """Sends what it is told, with a credential."""

    def __init__(self, http, credential):
        self.http = http
        self.credential = credential

    def send(self, call, message, **headers):
        named = HEADERS | {"Authorization": f"Bearer {self.credential}"} | headers
        return self.http.post(f"/api/ingest/{call}", content=msgspec.msgpack.encode(message), headers=named)

    def ask(self, call, message, shape, **headers):
        answer = self.send(call, message, **headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers[protocol.PROTOCOL_HEADER] == "1"
        return msgspec.msgpack.decode(answer.content, type=shape)

    def opened(self, address=MAIN, **more):
        session = address.rpartition("/")[2].removesuffix(".jsonl")
        return self.ask("open", [Opening(address, "main", 0, session=session, **more)], list[Opened])[0]

    def append(self, standing, raw, start=None, **changed):
        start = standing.length if start is None else start
        piece = Piece(
            standing.stream,
            standing.generation,
            start,
            start + len(raw),
            protocol.root_of(block_hashes(raw)) if start == 0 else standing.root,
            zstd.compress(raw, 3),
            start + len(raw),
            1,
        )
        return self.ask("append", [msgspec.structs.replace(piece, **changed)], list[Stored])[0]


def new_token(client, label="builder"):
    answer = client.post("/api/clients", json={"label": label})
    assert answer.status_code == 201, answer.text
    return answer.json()


def enrolment(token, machine="m1", host="build-1", user="ci"):
    return Enrolment(token, host, user, "Linux", "1.0", machine)


@pytest.fixture
def collector(client):
    """Of a client build-1."""
    return enrolled(client)


def enrolled(client, machine="m1", host="build-1"):
    http = Collector(client, "")
    message = enrolment(new_token(client)["token"], machine, host)
    made = msgspec.msgpack.decode(http.send("enrol", message).content, type=Enrolled)
    return Collector(client, made.credential)


def code(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


# Who may call it


def test_a_token_works_once_and_again_for_the_user_and_machine_that_redeemed_it(client):
    made = new_token(client, "The builder")
    assert made["command"].endswith(f"--token {made['token']}")
    assert "http://127.0.0.1:8420" in made["command"]
    http = Collector(client, "")
    first = msgspec.msgpack.decode(http.send("enrol", enrolment(made["token"])).content, type=Enrolled)
    for other in ({"machine": "m2"}, {"user": "mallory"}, {"user": "mallory", "host": "otherhost"}):
        assert code(http.send("enrol", enrolment(made["token"], **other))) == (403, "revoked")
    assert alarms(client) == []
    again = msgspec.msgpack.decode(http.send("enrol", enrolment(made["token"])).content, type=Enrolled)
    assert again.client == first.client
    assert alarms(client) == ["enrolled-again"]
    assert again.credential != first.credential
    assert code(Collector(client, first.credential).send("open", [])) == (401, "not-signed-in")
    assert Collector(client, again.credential).send("open", []).status_code == 200
    (listed,) = [one for one in client.get("/api/clients").json()["items"] if one["host"] == "build-1"]
    assert (listed["label"], listed["user"], listed["state"]) == ("The builder", "ci", "offline")
    assert code(http.send("enrol", enrolment("srt_none"))) == (403, "revoked")


def test_a_collector_takes_over_what_was_imported_from_its_machine(client, services):
    Registry(services.at).client("build-1", "ci", 0)
    before = client.get("/api/clients").json()["total"]
    enrolled(client)
    assert client.get("/api/clients").json()["total"] == before
    # Another machine of the same name is another client.
    enrolled(client, machine="m2")
    assert client.get("/api/clients").json()["total"] == before + 1


def test_a_collector_on_the_servers_own_machine_is_another_client(client, services):
    services.receiver.of_owner("build-1", "ci")
    before = client.get("/api/clients").json()["total"]
    enrolled(client)
    assert client.get("/api/clients").json()["total"] == before + 1
    # Whatever was there first, and however often the server starts.
    services.receiver.of_owner("build-1", "ci")
    assert client.get("/api/clients").json()["total"] == before + 1
    enrolled(client, machine="m9", host="build-9")
    services.receiver.of_owner("build-9", "ci")
    assert client.get("/api/clients").json()["total"] == before + 3


def test_a_credential_opens_the_ingest_calls_and_nothing_else(collector, client):
    as_client = {"Authorization": f"Bearer {collector.credential}"}
    for path in ("/api/sessions", "/api/clients", "/api/status", "/api/openapi.json", "/api/stats"):
        assert client.get(path, headers=as_client).status_code == 401
    assert client.post("/api/clients", headers=as_client, json={"label": "x"}).status_code == 401
    for call in CALLS:
        assert code(Collector(client, API_KEY).send(call, [])) == (401, "not-signed-in")
        assert code(Collector(client, "").send(call, [])) == (401, "not-signed-in")


def test_a_client_cannot_reach_another_clients_streams(collector, client):
    standing = collector.opened().standing
    collector.append(standing, LINE)
    other = enrolled(client, machine="m2", host="build-2")
    assert other.append(standing, LINE).refusal == "no-such-stream"
    assert code(other.send("rewrite", Rewrite(standing.stream, 0, "rewritten"))) == (404, "not-found")
    move = protocol.Move(standing.stream, f"-q/{MAIN}", len(LINE), protocol.root_of(block_hashes(LINE)))
    assert code(other.send("move", move)) == (404, "not-found")
    assert other.opened().standing.stream != standing.stream
    assert collector.opened().standing.length == len(LINE)
    # It cannot say that another one's file is gone, either.
    other.ask("report", Report(0, "1", "Linux", "m2", gone=(standing.stream,)), protocol.Told)
    assert all(not one["alarms"] for one in client.get("/api/clients").json()["items"] if one["host"] == "build-1")


def test_a_revoked_client_is_refused_at_once_and_may_be_let_in_again(collector, client):
    (listed,) = [one for one in client.get("/api/clients").json()["items"] if one["host"] == "build-1"]
    standing = collector.opened().standing
    assert client.post(f"/api/clients/{listed['id']}/revocation").status_code == 204
    for call in CALLS:
        assert code(collector.send(call, [])) == (403, "revoked")
    assert [one["state"] for one in client.get("/api/clients").json()["items"] if one["id"] == listed["id"]] == [
        "revoked"
    ]
    assert client.delete(f"/api/clients/{listed['id']}/revocation").status_code == 204
    assert collector.append(standing, LINE).refusal == ""


@pytest.mark.usefixtures("collector")
def test_a_client_is_renamed(client):
    (listed,) = [one for one in client.get("/api/clients").json()["items"] if one["host"] == "build-1"]
    assert client.put(f"/api/clients/{listed['id']}/label", json={"label": "  Build farm "}).status_code == 204
    assert [one["label"] for one in client.get("/api/clients").json()["items"] if one["id"] == listed["id"]] == [
        "Build farm"
    ]
    for label in ("", "   ", "x" * 121):
        assert client.put(f"/api/clients/{listed['id']}/label", json={"label": label}).status_code == 400
    assert client.put("/api/clients/none/label", json={"label": "x"}).status_code == 404


# What it refuses


def test_other_versions_and_other_messages_are_refused(collector):
    assert code(collector.send("open", [], **{protocol.PROTOCOL_HEADER: "2"})) == (400, "protocol-unsupported")
    assert code(collector.send("open", {"not": "a list"})) == (400, "invalid-request")
    assert code(collector.send("append", [{"stream": "text"}])) == (400, "invalid-request")
    beyond = 2**63  # what no database holds
    assert code(collector.send("rewrite", Rewrite(beyond, 0, "rewritten"))) == (400, "invalid-request")
    assert code(collector.send("report", report(gone=(beyond,)))) == (400, "invalid-request")
    assert code(collector.send("report", report(present=(-1,)))) == (400, "invalid-request")
    assert collector.opened("x" * 5_000).problem
    assert collector.opened("").problem


@pytest.mark.parametrize(
    "frame",
    [
        b"no frame",
        b"",
        zstd.compress(b"shorter", 3),
        zstd.compress(bytes(1 << 26), 19),  # a bomb: 64 MB in some bytes
        zstd.compress(LINE, 3) + zstd.compress(LINE, 3),
        zstd.compress(LINE, 3)[:-3],
    ],
)
def test_a_frame_that_is_none_or_explodes_is_refused_by_itself(collector, frame):
    standing = collector.opened().standing
    stored = collector.append(standing, LINE, frame=frame)
    assert stored.refusal == "invalid-piece"
    assert stored.standing == standing
    assert collector.append(standing, LINE).standing.length == len(LINE)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(collector):
    body = bytes(protocol.BODY_BYTES_MAX + 1)
    answer = collector.http.post(
        "/api/ingest/append", content=body, headers=HEADERS | {"Authorization": f"Bearer {collector.credential}"}
    )
    assert code(answer) == (413, "too-large")
    standing = collector.opened().standing
    many = [Piece(standing.stream, 0, 0, protocol.PIECE_BYTES_MAX, b"", b"", 0, 0)] * 9
    assert code(collector.send("append", many)) == (413, "too-large")


def test_no_request_names_so_many_files_that_others_wait_for_it(collector):
    empty = hashlib.sha256().digest()
    files = [(f"-p/s/tool-results/{number}.txt", "s", 0, 1) for number in range(protocol.OPENINGS_MAX + 1)]
    for call, messages in (
        ("open", [Opening(address, "main", 0) for address, *_ in files]),
        ("missing", [protocol.AttachmentLook(*file) for file in files]),
        ("attach", [protocol.Attachment(*file, empty, b"") for file in files]),
    ):
        assert code(collector.send(call, messages)) == (413, "too-large")
        assert len(collector.ask(call, messages[1:], list)) == protocol.OPENINGS_MAX
    assert not any(collector.ask("missing", [protocol.AttachmentLook(*file) for file in files[1:]], list[bool]))


def test_who_is_too_fast_waits_and_who_comes_when_much_is_held_too(collector, services):
    services.limits = Limits(Rate(100, 1000), Rate(10, 100), Held(1 << 20))
    assert collector.send("open", [Opening("a" * 900, "main", 0)]).status_code == 200
    answer = collector.send("open", [Opening("a" * 900, "main", 0)])
    assert code(answer) == (429, "too-much")
    assert int(answer.headers["retry-after"]) >= 1
    services.limits = Limits(Rate(1e9, 1e9), Rate(10, 100), Held(10))
    with services.limits.held.hold("somebody", 10):
        assert code(collector.send("open", [])) == (429, "too-much")
    assert collector.send("open", []).status_code == 200


def test_one_sender_holds_at_most_half(services):
    held = services.limits.held
    with held.hold("one", 72 << 20):
        with pytest.raises(TooMuch), held.hold("one", 9 << 20):
            pass
        with held.hold("other", 12 << 20):
            pass
    with held.hold("one", 200 << 20):  # alone it may be larger
        pass


def test_the_largest_attachment_does_not_keep_its_sender_from_sending_transcripts(services):
    held = services.limits.held
    with held.hold("one", protocol.ATTACHMENT_BODY_BYTES_MAX), held.hold("one", protocol.BODY_BYTES_MAX):
        pass


def answered_as_it_arrives(services, collector, messages):
    """The status of the answer to an ``open`` that comes in by these messages, each after so many seconds."""
    headers = {"authorization": f"Bearer {collector.credential}", **HEADERS}
    length = sum(len(message.get("body", b"")) for _, message in messages)
    request = scope("/api/ingest/open", **headers, **{"content-length": str(length)}) | {"method": "POST"}
    coming, answers = iter(messages), []

    async def receive():
        seconds, message = next(coming)
        await asyncio.sleep(seconds)
        return message

    async def send(message):
        answers.append(message.get("status"))

    asyncio.run(asyncio.wait_for(make_app(services)(request, receive, send), 20))
    return answers[0]


@pytest.mark.parametrize(("bytes_per_second", "status"), [(1, 200), (1e9, 429)])
def test_a_body_has_as_long_to_arrive_as_a_slow_line_takes(collector, services, monkeypatch, bytes_per_second, status):
    monkeypatch.setattr(ingest, "BODY_SECONDS_MIN", 0.1)
    monkeypatch.setattr(ingest, "BODY_BYTES_PER_SECOND_MIN", bytes_per_second)
    body = msgspec.msgpack.encode([Opening(MAIN, "main", 0)])
    first, rest = (
        {"type": "http.request", "body": part, "more_body": part != body[9:]} for part in (body[:9], body[9:])
    )
    assert answered_as_it_arrives(services, collector, [(0, first), (0.5, rest)]) == status


def test_a_request_that_breaks_off_is_no_fault_of_the_server(collector, services, caplog):
    begun = {"type": "http.request", "body": b"some", "more_body": True}
    assert answered_as_it_arrives(services, collector, [(0, begun), (0, {"type": "http.disconnect"})]) == 400
    assert not caplog.records


# Appending


def test_any_cut_and_any_repeat_gives_the_same_stream(collector):
    standing = collector.opened().standing
    assert standing == Standing(standing.stream, 0, 0, hashlib.sha256().digest(), -1, 0)
    first = collector.append(standing, LINE)
    assert (first.refusal, first.standing.length) == ("", len(LINE))
    assert collector.append(standing, LINE).standing == first.standing
    longer = collector.append(standing, LINE + LINE)
    assert (longer.refusal, longer.standing.length) == ("", 2 * len(LINE))
    gap = collector.append(longer.standing, LINE, start=3 * len(LINE))
    assert (gap.refusal, gap.standing) == ("offset-gap", longer.standing)
    differs = collector.append(standing, LINE[::-1])
    assert (differs.refusal, differs.standing) == ("bytes-differ", longer.standing)
    # A correct tail behind other bytes is found out by the root.
    wrong = collector.append(longer.standing, LINE, root=b"x" * 32)
    assert (wrong.refusal, wrong.standing) == ("bytes-differ", longer.standing)


def test_a_rewritten_file_begins_a_generation_once_and_alarms(collector, client):
    standing = collector.opened().standing
    collector.append(standing, LINE)
    rewrite = Rewrite(standing.stream, 0, "rewritten")
    begun = collector.ask("rewrite", rewrite, Standing)
    assert (begun.generation, begun.length) == (1, 0)
    assert collector.ask("rewrite", rewrite, Standing) == begun
    assert collector.append(standing, LINE).refusal == "other-generation"
    assert collector.append(begun, LINE + LINE).refusal == ""
    (listed,) = [one for one in client.get("/api/clients").json()["items"] if one["host"] == "build-1"]
    (alarm,) = listed["alarms"]
    assert (alarm["kind"], alarm["count"], alarm["can_be_acknowledged"]) == ("rewritten", 1, True)
    assert alarm["session_ids"] == [MAIN.partition("/")[2].removesuffix(".jsonl")]
    place = f"/api/clients/{listed['id']}/alarms/rewritten/acknowledgement"
    for method, left in (("post", 0), ("delete", 1)):
        assert getattr(client, method)(place).status_code == 204
        (listed,) = [one for one in client.get("/api/clients").json()["items"] if one["host"] == "build-1"]
        assert len(listed["alarms"]) == left


def test_a_moved_file_keeps_its_stream(collector):
    standing = collector.opened().standing
    collector.append(standing, LINE)
    elsewhere = MAIN.replace("-p/", "-worktree/")
    (candidate,) = collector.opened(elsewhere).candidates
    assert (candidate.stream, candidate.length) == (standing.stream, len(LINE))
    wrong = protocol.Move(standing.stream, elsewhere, len(LINE), b"x" * 32)
    assert code(collector.send("move", wrong)) == (400, "invalid-request")
    renamed = protocol.Move(standing.stream, "-p/other.jsonl", len(LINE), candidate.root)
    assert code(collector.send("move", renamed)) == (400, "invalid-request")
    move = protocol.Move(standing.stream, elsewhere, len(LINE), candidate.root)
    moved = collector.ask("move", move, Standing)
    assert moved.stream == standing.stream
    assert collector.ask("move", move, Standing) == moved
    assert collector.opened(elsewhere).standing == moved
    # The old path is free: what lies there is another file.
    assert collector.opened(is_new=True).standing.stream != standing.stream


def test_attachments_are_asked_for_and_kept_whole(collector):
    look = protocol.AttachmentLook("-p/s/tool-results/a.txt", "s", 7, 1)
    assert collector.ask("missing", [look], list[bool]) == [True]
    raw = b"spilled"
    made = protocol.Attachment(look.address, "s", 7, 1, hashlib.sha256(raw).digest(), zstd.compress(raw, 3))
    wrong = msgspec.structs.replace(made, sha256=b"x" * 32)
    assert collector.ask("attach", [wrong], list[str])[0]
    assert collector.ask("missing", [look], list[bool]) == [True]
    assert code(collector.send("attach", [msgspec.structs.replace(made, size=-1)])) == (400, "invalid-request")
    assert collector.ask("attach", [made, made], list[str]) == ["", ""]
    assert collector.ask("missing", [look, msgspec.structs.replace(look, mtime_ns=2)], list[bool]) == [False, True]


@pytest.mark.parametrize("mtime_ns", [-(10**18), -(2**63), 2**63])
def test_an_attachment_is_stored_once_whatever_its_time(collector, mtime_ns):
    look = protocol.AttachmentLook("-p/s/tool-results/a.txt", "s", 0, mtime_ns)
    made = protocol.Attachment(look.address, "s", 0, mtime_ns, hashlib.sha256().digest(), b"")
    assert collector.ask("attach", [made], list[str]) == [""]
    assert collector.ask("missing", [look], list[bool]) == [False]


# What a report alarms


def alarms(client):
    (listed,) = [one for one in client.get("/api/clients").json()["items"] if one["host"] == "build-1"]
    return [alarm["kind"] for alarm in listed["alarms"]]


def report(machine="m1", ahead_ms=0, **more):
    return Report(clock_ms(ahead_ms), "1.0", "Linux", machine, **more)


def clock_ms(ahead_ms=0):
    return time.time_ns() // 1_000_000 + ahead_ms


def called(collector, boot, sent_ms, call="open"):
    """One call of a start of the collector, by its own clock; some calls only ask."""
    message, shape = (report(), protocol.Told) if call == "report" else ([], list)
    collector.ask(call, message, shape, **{protocol.BOOT_HEADER: f"{boot} {sent_ms}"})


def test_a_report_is_shown_and_alarms(collector, client):
    standing = collector.opened().standing
    collector.ask("report", report(files=3), protocol.Told)
    (listed,) = [one for one in client.get("/api/clients").json()["items"] if one["host"] == "build-1"]
    assert (listed["state"], listed["files"], listed["os"], listed["collector_version"]) == (
        "online",
        3,
        "Linux",
        "1.0",
    )
    assert alarms(client) == []
    collector.ask("report", report(ahead_ms=-600_000), protocol.Told)
    assert alarms(client) == ["clock-skew"]
    since = time.time_ns() // 1_000_000 - 4 * 86_400_000
    collector.ask("report", report(unshipped_bytes=1, unshipped_since_ms=since), protocol.Told)
    assert alarms(client) == ["unshipped"]
    # What a wrong clock says of the time since then is set right by how wrong it is.
    day_ms = 86_400_000
    for ahead_days, since_days, expected in ((-10, 0, ["clock-skew"]), (10, 9, ["unshipped", "clock-skew"])):
        collector.ask("report", report(), protocol.Told)
        since = clock_ms((ahead_days - since_days) * day_ms) - 5_000
        told = report(ahead_ms=ahead_days * day_ms, unshipped_bytes=1, unshipped_since_ms=since)
        collector.ask("report", told, protocol.Told)
        assert alarms(client) == expected
        (listed,) = [one for one in client.get("/api/clients").json()["items"] if one["host"] == "build-1"]
        assert since_days * day_ms < listed["lag_ms"] < since_days * day_ms + 60_000
    collector.ask("report", report(), protocol.Told)
    collector.append(standing, LINE, file_mtime_ns=time.time_ns())
    collector.ask("report", report(gone=(standing.stream,)), protocol.Told)
    assert alarms(client) == ["deleted"]
    # Told again it is no second event, and a file that is there again is no deleted one.
    collector.ask("report", report(gone=(standing.stream,)), protocol.Told)
    assert collector.opened().standing.stream == standing.stream
    collector.ask("report", report(present=(standing.stream,)), protocol.Told)
    missed = collector.ask("report", report(present=()), protocol.Told).missed
    assert missed == (standing.stream,)
    collector.ask("report", report(gone=missed), protocol.Told)
    (listed,) = [one for one in client.get("/api/clients").json()["items"] if one["host"] == "build-1"]
    assert [alarm["count"] for alarm in listed["alarms"]] == [2]


def test_bytes_wait_since_they_were_first_missed_however_often_the_collector_starts(collector, client):
    """It keeps nothing of what it has not shipped, so each start of it says that all of it waits since then."""
    day_ms = 86_400_000

    def lag_ms(boot, since_ago_ms, **more):
        message = report(unshipped_since_ms=clock_ms() - since_ago_ms, **more)
        collector.ask("report", message, protocol.Told, **{protocol.BOOT_HEADER: f"{boot} {clock_ms()}"})
        (listed,) = [one for one in client.get("/api/clients").json()["items"] if one["host"] == "build-1"]
        return listed["lag_ms"]

    assert lag_ms("first", 4 * day_ms, unshipped_bytes=7) >= 4 * day_ms
    assert lag_ms("second", 100, unshipped_bytes=7) >= 4 * day_ms
    assert alarms(client) == ["unshipped"]
    assert lag_ms("third", 50, unshipped_bytes=7) >= 4 * day_ms
    # Once all is shipped the next is new.
    collector.ask("report", report(), protocol.Told)
    assert alarms(client) == []
    assert lag_ms("fourth", 100, unshipped_bytes=7) < day_ms


def alarms_after(services, hours):
    now_ms = time.time_ns() // 1_000_000 + int(hours * 3_600_000)
    with services.at.database.read() as connection:
        page = services.clients.page(connection, now_ms=now_ms)
    (listed,) = [one for one in page.items if one.host == "build-1"]
    return [(alarm.kind, alarm.count) for alarm in listed.alarms]


@pytest.mark.parametrize("paused", [False, True])
def test_a_collector_that_was_not_heard_for_a_day_is_silent_also_if_it_was_paused(collector, services, paused):
    collector.ask("report", report(paused=paused), protocol.Told)
    assert alarms_after(services, hours=23) == []
    assert alarms_after(services, hours=25) == [("silent", 1)]


def test_what_a_collector_cannot_read_for_an_hour_is_an_alarm_until_it_can(collector, services):
    closed = FileFault("/home/ada/.claude/projects/-p/a.jsonl", "may not be read")
    gone = FileFault("/home/ada/.claude/projects", "is gone")
    collector.ask("report", report(faults=(closed,)), protocol.Told)
    assert alarms_after(services, hours=0.9) == []
    assert alarms_after(services, hours=1.1) == [("unreadable", 1)]
    collector.ask("report", report(faults=(closed, gone)), protocol.Told)
    assert alarms_after(services, hours=1.1) == [("unreadable", 2)]
    collector.ask("report", report(), protocol.Told)
    assert alarms_after(services, hours=2) == []


def test_a_transcript_that_the_agent_removed_by_itself_is_no_alarm(collector, client):
    standing = collector.opened().standing
    collector.append(standing, LINE, file_mtime_ns=time.time_ns() - 31 * 86_400 * 10**9)
    collector.ask("report", report(gone=(standing.stream,)), protocol.Told)
    assert alarms(client) == []


def test_what_no_collector_followed_in_its_folder_is_not_missed(collector):
    followed = collector.opened(follows=True).standing
    collector.opened("-p/imported.jsonl")
    other = collector.opened("-p/other.jsonl", follows=True).standing

    def missed(*present, folder):
        return collector.ask("report", report(present=present, folder=folder), protocol.Told).missed

    assert missed(followed.stream, other.stream, folder="f1") == ()
    assert missed(followed.stream, folder="f1") == (other.stream,)
    # The collector is told to follow another folder: what was in the first one is not gone.
    assert missed(folder="f2") == missed(folder="f2") == ()
    assert missed(followed.stream, folder="f2") == ()
    assert missed(folder="f2") == (followed.stream,)


CALLS_THAT_ASK = ("open", "append", "missing", "attach", "report")


def test_a_call_that_was_long_on_its_way_is_no_copy(collector, client):
    early_ms = clock_ms()
    called(collector, "b1", early_ms)
    called(collector, "b2", clock_ms(50))
    called(collector, "b1", early_ms)
    assert alarms(client) == []
    # Nor is one that was never heard before.
    called(collector, "b0", early_ms - 5_000)
    called(collector, "b2", clock_ms(90))
    assert alarms(client) == []


@pytest.mark.parametrize("call", CALLS_THAT_ASK)
def test_a_credential_in_use_twice_alarms_whatever_is_called_with_it(collector, client, call):
    for boot in ("b1", "b1", "b2", "b2", "b3"):  # restarted
        called(collector, boot, clock_ms(), call)
    assert alarms(client) == []
    for boot, ahead_ms in (("b2", 30_000), ("b3", 40_000), ("b2", 50_000)):
        called(collector, boot, clock_ms(ahead_ms), call)
    (listed,) = [one for one in client.get("/api/clients").json()["items"] if one["host"] == "build-1"]
    assert [(alarm["kind"], alarm["count"]) for alarm in listed["alarms"]] == [("copied", 1)]


def test_a_thief_who_sends_one_piece_and_no_report_alarms_with_the_next_call_of_the_collector(collector, client):
    called(collector, "real", clock_ms(), "report")
    thief = {protocol.BOOT_HEADER: f"thief {clock_ms(10)}"}
    standing = collector.ask("open", [Opening(MAIN, "main", 0)], list[Opened], **thief)[0].standing
    assert standing.length == 0
    called(collector, "real", clock_ms(20), "missing")
    assert alarms(client) == ["copied"]


def test_which_starts_were_at_work_outlives_the_server(collector, client, services):
    called(collector, "real", clock_ms(), "report")
    called(collector, "thief", clock_ms(10))
    called(collector, "thief", clock_ms(20), "report")  # which stores all that was heard
    assert alarms(client) == []
    services.receiver = Receiver(services.at)
    called(collector, "real", clock_ms(30))
    assert alarms(client) == ["copied"]


@pytest.mark.parametrize("given", ["", "b1", "1", "b1 x", "b 1 1", f"{'b' * 81} 1", "b1 " + "9" * 16])
def test_a_call_that_does_not_say_which_start_it_is_of_is_refused(collector, given):
    for call in CALLS_THAT_ASK:
        message = report() if call == "report" else []
        assert code(collector.send(call, message, **{protocol.BOOT_HEADER: given})) == (400, "invalid-request")


def test_a_report_from_another_machine_alarms(collector, client):
    collector.ask("report", report(machine="m2"), protocol.Told)
    assert alarms(client) == ["machine-changed"]


def test_a_collector_that_was_restarted_after_its_clock_was_set_back_is_no_copy(collector, client):
    for boot, ahead_ms in (("b1", 0), ("b1", 90_000), ("b2", 10_000), ("b2", 100_000)):
        called(collector, boot, clock_ms(ahead_ms))
        time.sleep(0.002)  # the next one is heard later
    assert alarms(client) == []
