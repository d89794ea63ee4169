"""``/api/ingest``: what collectors send.  A client's credential opens these calls and no other."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response, Router, post
from litestar.di import NamedDependency
from litestar.exceptions import InternalServerException
from litestar.openapi.datastructures import ResponseSpec

from session_replay.errors import InvalidRequest, NotSignedIn, ProtocolUnsupported, TooLarge, TooMuch
from session_replay.ingest.enrol import client_of, redeem
from session_replay.ingest.receive import Reception
from session_replay.protocol import (
    ATTACHMENT_BODY_BYTES_MAX,
    BODY_BYTES_MAX,
    BOOT_HEADER,
    MEDIA_TYPE,
    PROTOCOL_HEADER,
    PROTOCOL_VERSION,
    Attachment,
    AttachmentLook,
    Enrolment,
    Move,
    Opening,
    Piece,
    Report,
    Rewrite,
)
from session_replay.server.services import Services

T = TypeVar("T")

BODY_SECONDS_MIN = 120
BODY_BYTES_PER_SECOND_MIN = 64 << 10
"""A request has so many seconds to arrive, and on top what its bytes take on a slow line.  No longer: what it says to
hold is kept free for it."""
_BOOT = re.compile(r"([!-~]{1,80}) (-?[0-9]{1,15})")
_ENCODER = msgspec.msgpack.Encoder()
_DESCRIBED: dict[str, Any] = {
    "status_code": 200,
    "media_type": MEDIA_TYPE,
    "responses": {200: ResponseSpec(data_container=None, description="MessagePack; see docs/format.md")},
}


@post("/enrol", summary="Redeem a one-time token", operation_id="ingest_enrol", **_DESCRIBED)
async def enrol(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """A client and its credential; needs no credential, and is slowed down for who guesses."""
    services.limits.enrol.take("enrol", 1)
    enrolment = await _message(request, Enrolment, BODY_BYTES_MAX)
    at = services.at
    return _answer(await asyncio.to_thread(lambda: at.database.write(lambda tx: redeem(tx, at, enrolment))))


@post("/open", summary="Find or make streams", operation_id="ingest_open", **_DESCRIBED)
async def open_streams(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """What the server has of each file."""
    return await _called(request, services, list[Opening], Reception.open)


@post("/append", summary="Append to streams", operation_id="ingest_append", **_DESCRIBED)
async def append(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """The answer comes after the bytes are durable."""
    return await _called(request, services, list[Piece], Reception.append)


@post("/rewrite", summary="Begin a stream again", operation_id="ingest_rewrite", **_DESCRIBED)
async def rewrite(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """The file was rewritten or truncated; the older bytes are kept."""
    return await _called(request, services, Rewrite, Reception.rewrite)


@post("/move", summary="Give a stream another address", operation_id="ingest_move", **_DESCRIBED)
async def move(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """The file was moved to another folder."""
    return await _called(request, services, Move, Reception.move)


@post("/missing", summary="Which attachments are missing", operation_id="ingest_missing", **_DESCRIBED)
async def missing(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """Asked before attachments are sent."""
    return await _called(request, services, list[AttachmentLook], Reception.missing)


@post("/attach", summary="Store attachments", operation_id="ingest_attach", **_DESCRIBED)
async def attach(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """Files of sessions that are no transcripts, whole."""
    return await _called(request, services, list[Attachment], Reception.attach, ATTACHMENT_BODY_BYTES_MAX)


@post("/report", summary="Tell how a collector is", operation_id="ingest_report", **_DESCRIBED)
async def report(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """Twice a minute; also says which files were removed."""
    return await _called(request, services, Report, Reception.report)


async def _called(
    request: Request[Any, Any, Any],
    services: Services,
    shape: type[T],
    call: Callable[[Reception, T], object],
    body_bytes_max: int = BODY_BYTES_MAX,
) -> Response[bytes]:
    client = await _client(request, services)
    length = _content_length(request, body_bytes_max)
    services.limits.client.take(client, length)
    # So many bytes are held at once; who comes on top is told to wait, before anything of it is read.
    with services.limits.held.hold(client, length):
        message = await _message(request, shape, body_bytes_max)
        boot, sent_ms = _boot(request)
        reception = services.receiver.of(client)

        def answer() -> object:
            reception.hear(boot, sent_ms)
            return call(reception, message)

        return _answer(await asyncio.to_thread(answer))


async def _client(request: Request[Any, Any, Any], services: Services) -> str:
    scheme, _space, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credential:
        raise NotSignedIn("a collector sends its credential")
    return await services.read(lambda connection: client_of(connection, services.at, credential.strip()))


def _boot(request: Request[Any, Any, Any]) -> tuple[str, int]:
    """Which start of the collector it is that asks, and when by its clock."""
    given = _BOOT.fullmatch(request.headers.get(BOOT_HEADER, ""))
    if given is None:
        raise InvalidRequest(f"a collector says which start of it asks, and when ({BOOT_HEADER})")
    return given[1], int(given[2])


def _content_length(request: Request[Any, Any, Any], bytes_max: int) -> int:
    given = request.headers.get("content-length", "")
    if not given.isdecimal():
        raise InvalidRequest("a request says how long it is (Content-Length)")
    if int(given) > bytes_max:
        raise TooLarge(f"at most {bytes_max} bytes are taken at once")
    return int(given)


async def _message(request: Request[Any, Any, Any], shape: type[T], bytes_max: int) -> T:
    version = request.headers.get(PROTOCOL_HEADER, "")
    if version != str(PROTOCOL_VERSION):
        raise ProtocolUnsupported(
            f"this server speaks version {PROTOCOL_VERSION} of the ingest protocol, not {version[:20]!r}: "
            "bring both sides to the same version"
        )
    seconds = BODY_SECONDS_MIN + _content_length(request, bytes_max) / BODY_BYTES_PER_SECOND_MIN
    try:
        async with asyncio.timeout(seconds):
            body = await _body(request, bytes_max)
    except TimeoutError:
        raise TooMuch(f"a request of this size has {seconds:.0f} s to arrive") from None
    try:
        return msgspec.msgpack.decode(body, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"the message cannot be understood: {error}") from None


async def _body(request: Request[Any, Any, Any], bytes_max: int) -> bytearray:
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > bytes_max:
                raise TooLarge(f"at most {bytes_max} bytes are taken at once")
    except InternalServerException as error:  # so the framework calls a sender that went away: no fault of the server
        raise InvalidRequest("the request broke off") from error
    return body


def _answer(answer: object) -> Response[bytes]:
    headers = {PROTOCOL_HEADER: str(PROTOCOL_VERSION)}
    return Response(_ENCODER.encode(answer), status_code=200, media_type=MEDIA_TYPE, headers=headers)


ingest_router = Router("/ingest", route_handlers=[enrol, open_streams, append, rewrite, move, missing, attach, report])
