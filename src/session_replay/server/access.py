"""Who asks: a signed cookie from the one-time address, or the operator's key.

Without sign-in configured the server listens on loopback only; other accounts of the machine can
still connect, so every API call must prove that its sender saw the address that the server printed.
"""

from __future__ import annotations

import hmac
import secrets
import time
from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler

from session_replay.errors import Forbidden, NotSignedIn

LOCAL_SOCKET = "session_replay.local_socket"
"""Marks a request that came by the socket in the data folder."""
COOKIE_SECONDS = 30 * 86_400
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})


class Access:
    """Lets requests in.

    Args:
        secret: Key that signs cookies; stays the same over restarts, so that open pages stay signed in.
        cookie: Name of the cookie, distinct for each data folder: cookies know no ports.
        api_key: The operator's key, or None.
        hosts: Names under which the server may be addressed; anything else is a page of another site
            that had its name resolved to this machine (DNS rebinding).
    """

    def __init__(self, secret: bytes, cookie: str, api_key: str | None, hosts: frozenset[str]) -> None:
        self._secret = secret
        self.cookie = cookie
        self._api_key = api_key.encode() if api_key else None
        self._hosts = hosts
        self._token: str | None = None

    def make_token(self) -> str:
        """A new token that signs one browser in; the one before is void."""
        self._token = secrets.token_urlsafe(32)
        return self._token

    def redeem(self, token: str) -> str | None:
        """The cookie's value for a token, which is void then; None for a wrong one."""
        if self._token is None or not hmac.compare_digest(token.encode(), self._token.encode()):
            return None
        self._token = None
        expires = str(int(time.time()) + COOKIE_SECONDS)
        nonce = secrets.token_hex(8)
        return f"{expires}.{nonce}.{self._signature(expires, nonce)}"

    def check(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Guard of every API route.

        Raises:
            NotSignedIn: Neither a valid cookie nor a valid key.
            Forbidden: The request comes from a page of another site.
        """
        if LOCAL_SOCKET in connection.scope:  # only who may open the socket in the data folder gets there
            return
        self.check_host(connection)
        authorization = connection.headers.get("authorization", "")
        scheme, _space, key = authorization.partition(" ")
        if scheme.lower() == "bearer":
            if self._api_key and hmac.compare_digest(key.strip().encode(), self._api_key):
                return
            raise NotSignedIn("this API key is not known")
        if not self._is_valid(connection.cookies.get(self.cookie, "")):
            raise NotSignedIn("open the address that the server printed at its start, or send an API key")
        if not (isinstance(connection, Request) and connection.method in _SAFE_METHODS):
            self._check_origin(connection)

    def check_host(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        """Refuse names that are not this server's.

        Raises:
            Forbidden: The Host header names another host.
        """
        host = connection.headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if self._hosts and name.lower() not in self._hosts:
            raise Forbidden(f"this server is not {name}")

    def _check_origin(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        origin = connection.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != connection.headers.get("host"):
            raise Forbidden("the request comes from a page of another site")

    def _is_valid(self, value: str) -> bool:
        expires, _, rest = value.partition(".")
        nonce, _, signature = rest.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(expires, nonce).encode()):
            return False
        return expires.isdecimal() and int(expires) > time.time()

    def _signature(self, expires: str, nonce: str) -> str:
        return hmac.digest(self._secret, f"{expires}.{nonce}".encode(), "sha256").hex()
