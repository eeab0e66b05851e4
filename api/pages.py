"""The built phone app, and the few pages that are files: read once at the start, packed once, served from memory.

Hashed files never change; the shell and the service worker are asked for anew each time. Without a build the server
still serves its API and says how to build.
"""

import gzip
import mimetypes
import re
from hashlib import sha256
from pathlib import Path
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from api.identity import Asked
from api.routes.log import NotFoundError

PACKED: Final = "is_packed"
"""Marks routes that pack their answers themselves: packed twice, a script is noise."""

DIST: Final = Path(__file__).resolve().parent.parent / "pwa" / "dist"
ERRORS: Final = Path(__file__).resolve().parent.parent / "docs" / "errors"
FILE_BYTES_MAX: Final = 16 * 1024 * 1024
PACKED_FROM: Final = 1_024

_TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
_PACKABLE: Final = frozenset(
    {".js", ".mjs", ".css", ".html", ".json", ".webmanifest", ".wasm", ".svg", ".txt"}
)
_HASHED: Final = re.compile(r"^/assets/.*[-.][A-Za-z0-9_-]{8,}\.\w+$")
_CODE: Final = re.compile(r"[a-z0-9-]{1,64}")
_HIDDEN: Final = re.compile(r"/\.")

_NOT_BUILT: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Gobi</title>'
    "<p>The server runs; the phone app is not built yet: <code>make pwa</code>, then start again.</p></html>"
)


class File(Struct, frozen=True):
    """A file as it goes out."""

    data: bytes
    packed: bytes | None
    media_type: str
    etag: str
    cache: str


class Pages:
    """The files of a build, by path."""

    def __init__(self, folder: Path = DIST) -> None:
        self._files: dict[str, File] = {}
        if folder.is_dir():
            for path in sorted(folder.rglob("*")):
                name = "/" + path.relative_to(folder).as_posix()
                if path.is_file() and not _HIDDEN.search(name) and path.stat().st_size <= FILE_BYTES_MAX:
                    self._files[name] = _read(path, name)

    def find(self, path: str) -> File | None:
        """Return the file for a path: `/` is the app, `/demo` is `demo.html`."""
        if path == "/":
            return self._files.get("/index.html")
        return self._files.get(path) or self._files.get(f"{path}.html")


def _read(path: Path, name: str) -> File:
    data = path.read_bytes()
    suffix = path.suffix.lower()
    packed = gzip.compress(data, 9, mtime=0) if suffix in _PACKABLE and len(data) >= PACKED_FROM else None
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    cache = "public, max-age=31536000, immutable" if _HASHED.match(name) else "no-cache"
    is_smaller = packed is not None and len(packed) < len(data)
    return File(
        data,
        packed if is_smaller else None,
        _TYPES.get(suffix, guessed),
        f'"{sha256(data).hexdigest()[:20]}"',
        cache,
    )


def page(file: File, request: Asked) -> Response[bytes]:
    """Return a file, packed where the browser takes it; 304 where it has it."""
    headers = {"ETag": file.etag, "Cache-Control": file.cache, "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == file.etag:
        return Response(b"", status_code=304, headers=headers, media_type=file.media_type)
    if file.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        return Response(
            file.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=file.media_type
        )
    return Response(file.data, headers=headers, media_type=file.media_type)


@get(["/", "/{path:path}"], include_in_schema=False, opt={PACKED: True})
async def pages(
    request: Asked, pages_of_build: NamedDependency[Pages], path: FromPath[str] = "/"
) -> Response[bytes]:
    """A file of the build."""
    file = pages_of_build.find(path)
    if file is not None:
        return page(file, request)
    if path in {"/", "/index.html"}:
        return Response(_NOT_BUILT.encode(), media_type="text/html")
    raise NotFoundError(what="page")


@get("/sw-kill.json", include_in_schema=False)
async def killed_builds() -> Response[bytes]:
    """The builds of the phone app that must go: none."""
    return Response(b'{"builds":[]}', media_type="application/json", headers={"Cache-Control": "no-cache"})


@get("/health", include_in_schema=False)
async def health() -> Response[bytes]:
    """That the process answers."""
    return Response(b'{"status":"ok"}', media_type="application/json", headers={"Cache-Control": "no-store"})


@get("/errors/{code:str}", include_in_schema=False)
async def error_page(code: FromPath[str]) -> Response[bytes]:
    """What a problem's `type` leads to: its explanation."""
    page_of_code = ERRORS / f"{code}.md"
    if not _CODE.fullmatch(code) or not page_of_code.is_file():
        raise NotFoundError(what="error")
    return Response(
        page_of_code.read_bytes(), media_type="text/markdown", headers={"Cache-Control": "no-cache"}
    )


ROUTES: Final = (pages, killed_builds, health, error_page)
