"""The protocol over HTTP, against a server that is a socket: what the line between does."""

import contextlib
import socket
import threading
import time

import msgspec
import urllib3

from session_replay.collector import remote
from session_replay.protocol import Attachment

READ_BYTES = 1 << 20
PAUSE_SECONDS = 0.1
WRITE_SECONDS = 0.6


def test_a_body_may_take_longer_than_one_write_of_it(monkeypatch):
    monkeypatch.setattr(remote, "TIMEOUT", urllib3.Timeout(connect=WRITE_SECONDS, read=30))
    # Three times what the reader takes in the time of a write, and what the system holds in between on top.
    body = bytes((3 * READ_BYTES * int(WRITE_SECONDS / PAUSE_SECONDS)) + (10 << 20))
    with slow_server() as url:
        problems = remote.Remote(url, "credential").attach([Attachment("-p/a", None, len(body), 0, b"", body)])
    assert problems == [""]


@contextlib.contextmanager
def slow_server():
    """Takes in a request bit by bit, then answers it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=take_slowly, args=(listener,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            serving.join()


def take_slowly(listener):
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as file:
        size = 0
        while (line := file.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                size = int(line.partition(b":")[2])
        while size > 0:
            if not (part := file.read1(min(size, READ_BYTES))):
                return  # the collector gave up
            size -= len(part)
            time.sleep(PAUSE_SECONDS * len(part) / READ_BYTES)
        answer = msgspec.msgpack.encode([""])
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
