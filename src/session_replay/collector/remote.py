"""The server over HTTP: the calls of the ingest protocol, each one POST of MessagePack.

Whatever keeps an answer from coming is ``Unreachable``: the same call again is always right.
"""

from __future__ import annotations

import io
import os
import secrets
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import urllib3

from session_replay import __version__
from session_replay.errors import InvalidRequest, ProtocolUnsupported, ReplayError, Revoked, TooLarge, Unreachable
from session_replay.protocol import (
    BOOT_HEADER,
    MEDIA_TYPE,
    PROTOCOL_HEADER,
    PROTOCOL_VERSION,
    Attachment,
    AttachmentLook,
    Enrolled,
    Enrolment,
    Move,
    Opened,
    Opening,
    Piece,
    Report,
    Rewrite,
    Standing,
    Stored,
    Told,
)
from session_replay.wire import Problem

T = TypeVar("T")

TIMEOUT = urllib3.Timeout(connect=10, read=60)
"""A write has as long as a connect: it is for each block of a body, which are small so that a slow line moves each."""
CONNECTIONS = 4
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
RETRY_AFTER_SECONDS_MAX = 3_600.0
_REFUSED = {401, 403}
_LATER = {408, 425, 429}
_ENCODER = msgspec.msgpack.Encoder()


class Remote:
    """One client's calls to a server; implements ``protocol.Ingest``.

    Args:
        url: Of the server; plain HTTP only on this machine.
        credential: The client's.
        ca_file: Certificates to trust instead of the system's.
        renew: Asked for another credential when the server refuses this one; None: there is none.

    Raises:
        InvalidRequest: The URL is none, or would send transcripts in clear; or there are no such certificates.
    """

    def __init__(
        self,
        url: str,
        credential: str,
        ca_file: str | None = None,
        renew: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._base = checked_url(url)
        self._credential = credential
        self._renew = renew
        self._renewing = threading.Lock()
        self._boot = secrets.token_hex(8)  # never on disk: a copy of the state folder does not have it
        self._pool = _pool(self._base, ca_file)

    def open(self, openings: list[Opening]) -> list[Opened]:
        """See ``protocol.Ingest``."""
        return self._call("open", openings, list[Opened])

    def append(self, pieces: list[Piece]) -> list[Stored]:
        """See ``protocol.Ingest``."""
        return self._call("append", pieces, list[Stored])

    def rewrite(self, rewrite: Rewrite) -> Standing:
        """See ``protocol.Ingest``."""
        return self._call("rewrite", rewrite, Standing)

    def move(self, move: Move) -> Standing:
        """See ``protocol.Ingest``."""
        return self._call("move", move, Standing)

    def missing(self, looks: list[AttachmentLook]) -> list[bool]:
        """See ``protocol.Ingest``."""
        return self._call("missing", looks, list[bool])

    def attach(self, attachments: list[Attachment]) -> list[str]:
        """See ``protocol.Ingest``."""
        return self._call("attach", attachments, list[str])

    def report(self, report: Report) -> Told:
        """See ``protocol.Ingest``."""
        return self._call("report", report, Told)

    def _call(self, name: str, message: object, answer: type[T]) -> T:
        credential = self._credential
        headers = _headers() | {
            "Authorization": f"Bearer {credential}",
            BOOT_HEADER: f"{self._boot} {time.time_ns() // 1_000_000}",
        }
        try:
            return _post(self._pool, f"{self._base}/api/ingest/{name}", headers, message, answer)
        except Revoked:
            if not self._is_renewed(credential):
                raise
            # Not asked again here: whoever asked may know streams that this client does not have.
            raise Unreachable("enrolled with the new token, going on with it") from None

    def _is_renewed(self, refused: str) -> bool:
        """Whether there is another credential than the one that was refused."""
        with self._renewing:
            if self._credential == refused:
                self._credential = self._renew() or refused
            return self._credential != refused


def enrol(url: str, enrolment: Enrolment, ca_file: str | None = None) -> Enrolled:
    """Redeem a token.

    Raises:
        InvalidRequest: The URL is none, or would send transcripts in clear; or there are no such certificates.
        Revoked: It is used up, too old, or none of this server's.
        Unreachable: The server did not answer.
    """
    base = checked_url(url)
    return _post(_pool(base, ca_file), f"{base}/api/ingest/enrol", _headers(), enrolment, Enrolled)


def checked_url(url: str) -> str:
    """The URL of a server, without a slash at its end.

    Raises:
        InvalidRequest: It is none, or would send transcripts in clear.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # read only here, and none of a number that is too large
    except ValueError:
        parts = urlsplit("")
    is_one_word = not any(character.isspace() or not character.isprintable() for character in url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_one_word:
        raise InvalidRequest(f"{url} is no address of a server: https://HOST[:PORT]")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise InvalidRequest(f"{url} would send transcripts in clear: use https (plain http is for this machine only)")
    return url.rstrip("/")


def _headers() -> dict[str, str]:
    return {
        "Content-Type": MEDIA_TYPE,
        "Accept": MEDIA_TYPE,
        PROTOCOL_HEADER: str(PROTOCOL_VERSION),
        "User-Agent": f"session-replay/{__version__}",
    }


def _pool(base: str, ca_file: str | None) -> urllib3.PoolManager:
    parts = urlsplit(base)
    ca = _certificates(parts.scheme, ca_file)
    more: dict[str, Any] = {"maxsize": CONNECTIONS, "timeout": TIMEOUT, "retries": False, "ca_certs": ca}
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.hostname or ""):
        return urllib3.ProxyManager(proxy if "://" in proxy else f"http://{proxy}", **more)
    return urllib3.PoolManager(**more)


def _certificates(scheme: str, ca_file: str | None) -> str | None:
    """The file of certificates to trust instead of the system's.

    Raises:
        InvalidRequest: It cannot be read, or holds none: no connection would ever be made with it.
    """
    variable = os.environ.get("SSL_CERT_FILE") if scheme == "https" else None
    given = ca_file or variable or None
    if given is None:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(given)
    except OSError as error:
        why = "holds no certificates (PEM)" if isinstance(error, ssl.SSLError) else f"cannot be read: {error.strerror}"
        raise InvalidRequest(f"{'--ca-file' if ca_file else 'SSL_CERT_FILE'} {given} {why}") from error
    return given


def _post(pool: urllib3.PoolManager, url: str, headers: dict[str, str], message: object, answer: type[T]) -> T:
    body = _ENCODER.encode(message)
    sized = headers | {"Content-Length": str(len(body))}
    try:
        # As a file it is written block by block; bytes would have to go out whole within one timeout.
        response = pool.request("POST", url, body=io.BytesIO(body), headers=sized, redirect=False)
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(f"{urlsplit(url).netloc} cannot be reached: {_cause(error)}") from error
    if response.status != 200:  # noqa: PLR2004 - the protocol's only good status
        raise _refusal(response)
    try:
        return msgspec.msgpack.decode(response.data, type=answer)
    except msgspec.MsgspecError as error:
        raise Unreachable(f"what answers at {urlsplit(url).netloc} is no Session Replay server: {error}") from error


def _refusal(response: urllib3.BaseHTTPResponse) -> ReplayError:
    code, detail = _problem(response)
    status = response.status
    if status in _REFUSED:
        return Revoked(detail)
    if code == ProtocolUnsupported.code:
        return ProtocolUnsupported(detail)
    if status == 413:  # noqa: PLR2004 - the body is too large
        return TooLarge(detail)
    if 400 <= status < 500 and status not in _LATER and code:  # noqa: PLR2004 - the client's fault
        return InvalidRequest(detail)
    return Unreachable(detail, _retry_after(response))


def _problem(response: urllib3.BaseHTTPResponse) -> tuple[str, str]:
    """The stable code and the words of an error; the code is empty where something else answered."""
    try:
        problem = msgspec.json.decode(response.data, type=Problem)
    except msgspec.MsgspecError:
        return "", f"the server answers {response.status} {response.reason or ''}".strip()
    return problem.type.rpartition("/")[2], problem.detail


def _retry_after(response: urllib3.BaseHTTPResponse) -> float:
    try:
        return min(RETRY_AFTER_SECONDS_MAX, float(response.headers.get("Retry-After", "0")))
    except ValueError:
        return 0


def _cause(error: BaseException) -> str:
    """The innermost reason in a few words."""
    while True:
        inner = getattr(error, "reason", None) or error.__cause__
        if not isinstance(inner, BaseException):
            return str(error).rpartition(": ")[2] or type(error).__name__
        error = inner
