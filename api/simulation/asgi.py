"""One HTTP exchange with an ASGI application, without a socket."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

ORIGIN: Final = "https://sim.gobi"


class Request(NamedTuple):
    """What a phone asked for."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Response(NamedTuple):
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def exchange(app: Any, request: Request) -> Response:
    """Hand a request to the application, and return what it answers."""
    url = urlsplit(request.url)
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in request.headers.items()]
    headers += [(b"host", url.netloc.encode()), (b"content-length", str(len(request.body)).encode())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": headers,
        "server": (url.hostname, 443),
        "client": ("127.0.0.1", 1),
    }
    said: list[Any] = []
    parts: list[bytes] = []
    given = [{"type": "http.request", "body": request.body, "more_body": False}]

    async def receive() -> Any:
        return given.pop() if given else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            said.append(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    start = said[0]
    return Response(
        start["status"],
        {name.decode(): value.decode("latin-1") for name, value in start["headers"]},
        b"".join(parts),
    )
