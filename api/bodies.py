"""Reading a request body that may be anything: bounded as it comes in, and bounded again as it unpacks."""

import zlib
from typing import ClassVar, Final

from api.identity import Asked
from domain.errors import ProtocolError
from sync_engine.wire import RequestTooLargeError

_GZIP: Final = 31
"""zlib's window bits for gzip alone."""


class UnsupportedMediaTypeError(ProtocolError):
    """The body says that it is of another kind, or packed in a way that this server does not unpack."""

    code: ClassVar[str] = "unsupported-media-type"

    def __init__(self, *, found: str, wanted: str) -> None:
        super().__init__(f"not {wanted}: {found[:80]!r}")
        self.found, self.wanted = found, wanted


class DamagedBodyError(ProtocolError):
    """The body ends too early, or is not what its Content-Encoding says."""

    code: ClassVar[str] = "malformed-body-encoding"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"the body cannot be unpacked: {reason}")
        self.reason = reason


def refuse_media_type(request: Asked, wanted: str) -> None:
    """Check the Content-Type.

    Raises UnsupportedMediaTypeError.
    """
    found = request.headers.get("Content-Type", "")
    if found.partition(";")[0].strip().lower() != wanted:
        raise UnsupportedMediaTypeError(found=found, wanted=wanted)


async def read_body(request: Asked, *, most: int, most_unpacked: int | None = None) -> bytes:
    """Return the body, unpacked if it is gzip; never holds more than the limits.

    Raises RequestTooLargeError, UnsupportedMediaTypeError, DamagedBodyError.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise UnsupportedMediaTypeError(found=encoding, wanted="gzip")
    stated = request.headers.get("Content-Length", "")
    if stated.isdecimal() and int(stated[:18]) > most:
        raise RequestTooLargeError(size=int(stated[:18]), most=most)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise RequestTooLargeError(size=size, most=most)
        parts.append(part)
    body = b"".join(parts)
    return inflate(body, most=most_unpacked or most) if encoding == "gzip" else body


def inflate(body: bytes, *, most: int) -> bytes:
    """Return the contents of a gzip stream of one member.

    Raises RequestTooLargeError before more than `most` bytes are unpacked, DamagedBodyError.
    """
    unpacker = zlib.decompressobj(_GZIP)
    try:
        data = unpacker.decompress(body, most + 1)
    except zlib.error as error:
        raise DamagedBodyError(reason="it is not gzip") from error
    if len(data) > most:
        raise RequestTooLargeError(size=len(data), most=most)
    if not unpacker.eof:
        raise DamagedBodyError(reason="it ends too early")
    if unpacker.unused_data:
        raise DamagedBodyError(reason="something follows its end")
    return data
