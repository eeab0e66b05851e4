"""Chunks of bucket snapshots, under the SHA-256 of what they are: docs/protocol/sync.md §5."""

from http import HTTPStatus
from typing import Final

from litestar import Response, get
from litestar.params import FromPath

from api.given import Housed
from api.identity import Asked
from sync_engine.snapshots import SnapshotGoneError

TOKEN_HEADER: Final = "Gobi-Bucket-Token"  # noqa: S105 - the name of a header
_NAME_BYTES: Final = 32


@get("/api/v1/snapshots/{name:str}", media_type="application/octet-stream", tags=["sync"])
async def blob(request: Asked, house: Housed, name: FromPath[str]) -> Response[bytes]:
    """A manifest or chunk of the bucket that the header Gobi-Bucket-Token is for; it never changes.

    The token comes with the offer in a sync reply and lives 15 minutes.
    """
    bucket = house.bucket_tokens.bucket_of(request.headers.get(TOKEN_HEADER, ""), now_ms=house.clock())
    found = await house.snapshots.blob(bucket, _name(name))
    if found is None:
        raise SnapshotGoneError
    etag = f'"{name}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=31536000, immutable", "Vary": TOKEN_HEADER}
    if request.headers.get("If-None-Match") == etag:
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(found, media_type="application/octet-stream", headers=headers)


def _name(text: str) -> bytes:
    try:
        name = bytes.fromhex(text)
    except ValueError:
        name = b""
    if len(name) != _NAME_BYTES or text != name.hex():
        raise SnapshotGoneError
    return name


ROUTES: Final = (blob,)
