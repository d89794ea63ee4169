import time

from sqlalchemy import text

from ingest.lines import MAIN_ID, OWNER, jsonl, opened, talk, write
from session_replay.cli.local import LocalTranscripts
from session_replay.ingest.reading import Reading
from session_replay.ingest.receive import Receiver
from session_replay.server.services import LocalImport

DEADLINE_SECONDS = 20


def reaches(local, state):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while local.progress.state != state and time.monotonic() < deadline:
        time.sleep(0.02)
    return local.progress.state == state


def test_a_store_that_fails_is_said_and_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr("session_replay.ingest.receive.STORE_RETRY_SECONDS", 0.2)
    write(tmp_path / "projects" / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(4)))
    announced = []
    with opened(tmp_path) as at:
        at.database.write(lambda tx: tx.execute(text("ALTER TABLE chunks RENAME TO away")))
        local = LocalImport()
        reading = Reading(at, announced.append)
        receiver = Receiver(at, reading.received)
        following = LocalTranscripts(at, tmp_path / "projects", OWNER, local, receiver, reading)
        reading.start()
        following.start()
        try:
            assert reaches(local, "failed")
            assert "no such table: chunks" in local.progress.problem
            at.database.write(lambda tx: tx.execute(text("ALTER TABLE away RENAME TO chunks")))
            assert reaches(local, "following")
            assert MAIN_ID in announced
        finally:
            following.stop()
            reading.stop()
