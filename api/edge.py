"""The edge of the server: which names it answers to, and what every answer tells browsers to forbid.

Pure ASGI around the app, so that errors, files and streams get the same headers.
"""

from collections.abc import Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp

from api.bootstrap import House
from api.identity import NONCE_HEADER
from api.problems import MEDIA_TYPE
from api.settings import Settings

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"payment=(), usb=()"),
)
_TLS_FOR_A_YEAR: Final = (b"strict-transport-security", b"max-age=31536000")
"""Only where the public URL is https: a browser that has seen it asks for nothing else any more."""

_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-src {frames}; frame-ancestors {ancestors}; "
    "require-trusted-types-for 'script'; trusted-types default"
)  # fmt: skip
"""Styles inline: the kit sets widths of bars. Scripts never: a stored name must not run, nor a string become code
(Trusted Types); the one policy lets the app load scripts of its own origin."""


def is_our_name(host: str, settings: Settings) -> bool:
    """Whether a Host header names this server: otherwise some other site sends its visitors' browsers here."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    name = name.removesuffix(".")
    ours = {
        "localhost",
        "127.0.0.1",
        "::1",
        settings.host,
        urlsplit(settings.public_url).hostname,
        *settings.hosts,
    }
    return name in ours or name.endswith(".localhost")


def content_policy(host: str, settings: Settings) -> str:
    """Return the Content-Security-Policy; in the demo one page frames phones on origins of their own."""
    if not settings.demo:
        return _POLICY.format(frames="'none'", ancestors="'none'")
    port = host.rpartition(":")[2]
    suffix = f":{port}" if port.isdecimal() else ""
    return _POLICY.format(
        frames=f"'self' http://*.localhost{suffix}",
        ancestors=f"'self' http://gobi.localhost{suffix} http://localhost{suffix} http://127.0.0.1{suffix}",
    )


class Edge:
    """The app behind its edge."""

    def __init__(self, app: ASGIApp, house: Callable[[], House]) -> None:
        self._app, self._house = app, house

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        house = self._house()
        host = _header(scope["headers"], b"host")
        headers = [
            *_ALWAYS,
            (b"content-security-policy", content_policy(host, house.settings).encode("latin-1", "replace")),
        ]
        if house.settings.public_url.startswith("https://"):
            headers.append(_TLS_FOR_A_YEAR)
        if scope["path"].startswith("/api/"):
            headers.append((NONCE_HEADER.lower().encode(), house.proofs.nonces.at(house.clock()).encode()))

        is_head = scope["method"] == "HEAD"
        if is_head:  # as a GET, but for the body
            scope = {**scope, "method": "GET"}

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                extra = [header for header in headers if header[0] not in own]
                message = {**message, "headers": [*message["headers"], *extra]}
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        if not is_our_name(host, house.settings):
            await _refuse_host(host, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)


def _header(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in headers if name.lower() == wanted), "")


async def _refuse_host(host: str, send: Any) -> None:
    status = HTTPStatus.MISDIRECTED_REQUEST
    body = msgspec.json.encode(
        {
            "type": "/errors/wrong-host", "title": "wrong host", "status": int(status), "host": host[:100],
            "detail": "this server does not answer under that name; set GOBI_HOSTS",
        }
    )  # fmt: skip
    start: MutableMapping[str, Any] = {
        "type": "http.response.start",
        "status": int(status),
        "headers": [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})
