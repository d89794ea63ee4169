"""Stands between one collector and its server, and sees every request and answer go by."""

from __future__ import annotations

import http.client
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOMENTS = ("before", "during", "after")
"""Of a request: it was not passed on yet; it was, and nobody waits for the answer; the answer was not passed on yet."""


class Middleman:
    """Passes requests on to whatever port the server has now.

    Args:
        port: Asked for each request.
        watch: Told the name of each call and its moment, in time: ``True`` ends the connection then.
    """

    def __init__(self, port, watch):
        self._server = _Quiet(("127.0.0.1", 0), _handler(port, watch))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A collector that was killed leaves broken connections."""


def _handler(port, watch):
    class Passing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            with suppress(OSError, http.client.HTTPException):
                if self._passed_on():
                    return
            self.close_connection = True

        def _passed_on(self):
            call = self.path.rpartition("/")[2]
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if watch(call, "before"):
                return False
            onward = http.client.HTTPConnection("127.0.0.1", port(), timeout=60)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                onward.request("POST", self.path, body, headers)
                if watch(call, "during"):
                    return False
                answer = onward.getresponse()
                said = answer.read()
            finally:
                onward.close()
            if watch(call, "after"):
                return False
            self.send_response(answer.status)
            for name in ("Content-Type", "Retry-After", "session-replay-protocol"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)
            return True

        def log_message(self, *_):
            pass

    return Passing
