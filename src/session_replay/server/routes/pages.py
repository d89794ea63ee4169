"""The built UI: one page for every address of the application, and its files."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path
from typing import Annotated, Any

from litestar import MediaType, Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from session_replay.errors import NotFound
from session_replay.server.services import Services

WEB = Path(__file__).parent.parent / "web"
_DOCUMENTS = {"/": "index.html", "/clients": "clients.html"}
# The page sets styles through the CSSOM only, so that no inline style needs to be allowed.
_DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "require-trusted-types-for": "'script'",
}
CONTENT_SECURITY_POLICY = "; ".join(f"{name} {value}" for name, value in _DIRECTIVES.items())
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
NOT_BUILT = (
    "<!doctype html><title>Session Replay</title><p>The server runs, but its pages are not built. "
    "Run <code>make setup</code>, or <code>make dev</code> while you work on them."
)


@get(["/", "/clients", "/replay/{session_id:str}"], include_in_schema=False, media_type=MediaType.HTML)
async def page(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    token: Annotated[str | None, QueryParameter(name="token", required=False)] = None,
) -> Response[Any]:
    """The application; with the one-time token it signs the browser in first."""
    services.access.check_host(request)
    if token is not None:
        return _signed_in(request, services, token)
    # Each page has a document of its own, which names the files that it begins with.
    return _application(200, _DOCUMENTS.get(request.url.path, "replay.html"))


@get("/{name:path}", include_in_schema=False)
async def file(
    request: Request[Any, Any, Any], services: NamedDependency[Services], name: FromPath[str]
) -> Response[Any]:
    """A file of the built UI; for an unknown address the application, which says so to people."""
    services.access.check_host(request)
    path = _built(name)
    if path is None:
        if "text/html" in request.headers.get("accept", "") and not name.startswith("/api/"):
            return _application(404)
        raise NotFound("There is nothing at this address.")
    # Names of built files hold a hash of their content.
    is_hashed = path.parent.name == "assets"
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if is_hashed else "no-cache"}
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    compressed = path.with_name(path.name + ".br")
    if compressed.is_file():
        headers["Vary"] = "Accept-Encoding"
        if _takes_brotli(request.headers.get("accept-encoding", "")):
            headers["Content-Encoding"] = "br"
            path = compressed
    return Response(path.read_bytes(), media_type=media_type, headers=headers)


def _built(name: str) -> Path | None:
    """The file of the built UI at an address."""
    try:
        path = (WEB / name.lstrip("/")).resolve()
        return path if path.is_relative_to(WEB) and path.is_file() else None
    except (OSError, ValueError):  # no file can have such a name: it is too long, or holds a NUL
        return None


def _takes_brotli(accepted: str) -> bool:
    """Whether an Accept-Encoding names it, and not to refuse it (``br;q=0``)."""
    codings = (part.replace(" ", "").lower() for part in accepted.split(","))
    return any(
        name == "br" and not re.fullmatch(r"q=0(\.0*)?", quality)
        for name, _, quality in (coding.partition(";") for coding in codings)
    )


def _application(status: int, document: str = "index.html") -> Response[Any]:
    path = WEB / document
    content = path.read_bytes() if path.exists() else NOT_BUILT
    return Response(content, status_code=status, media_type=MediaType.HTML, headers=PAGE_HEADERS)


def _signed_in(request: Request[Any, Any, Any], services: Services, token: str) -> Response[Any]:
    value = services.access.redeem(token)
    # A token that is void may be a reload of the first address: whoever has the cookie goes on.
    answer = Redirect(request.url.path, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
    if value:
        answer.set_cookie(
            key=services.access.cookie, value=value, httponly=True, samesite="strict", path="/", max_age=30 * 86_400
        )
        services.token_was_redeemed()
    return answer


pages_router = Router("/", route_handlers=[page, file])
