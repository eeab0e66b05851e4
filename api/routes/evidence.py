"""Evidence travels apart from ops, under its own SHA-256: sending it twice is sending it once."""

from hashlib import sha256
from http import HTTPStatus
from typing import ClassVar, Final

from litestar import Response, Router, get, put
from litestar.params import FromPath

from api.bodies import read_body
from api.given import Housed
from api.identity import Asked, asking_device, asking_person
from api.routes.log import NotFoundError
from api.stores.evidence import EVIDENCE_BYTES_MAX, Evidence
from domain.errors import ProtocolError
from domain.rights import ROLES

MEDIA_TYPE_CHARS_MAX: Final = 128
_SHOWN: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/avif", "application/pdf"})
"""What a browser may show; everything else is only saved."""


class WrongDigestError(ProtocolError):
    """The bytes are not those that the name promises: a damaged upload, to be sent again."""

    code: ClassVar[str] = "wrong-digest"

    def __init__(self, *, found: str) -> None:
        super().__init__("the body does not have the SHA-256 of its name")
        self.found = found


@put("/{digest:str}", status_code=HTTPStatus.OK)
async def upload(request: Asked, house: Housed, digest: FromPath[str]) -> Response[None]:
    """Keep a document under its SHA-256 (hex). 201 the first time, 200 when it is there already; 10 MiB at most.

    Needs the device's proof but no session and no fresh nonce: an upload cannot be refused for being late.
    """
    name = _name(digest)
    device = await asking_device(request, house, is_fresh=False)
    data = await read_body(request, most=EVIDENCE_BYTES_MAX)
    found = sha256(data).digest()
    if found != name:
        raise WrongDigestError(found=found.hex())
    media_type = request.headers.get("Content-Type", "application/octet-stream")[:MEDIA_TYPE_CHARS_MAX]
    is_new = await house.evidence.put(
        name, Evidence(media_type, data), device=device.id, now_ms=house.clock()
    )
    return Response(None, status_code=HTTPStatus.CREATED if is_new else HTTPStatus.OK)


@get("/{digest:str}", media_type="application/octet-stream")
async def download(request: Asked, house: Housed, digest: FromPath[str]) -> Response[bytes]:
    """A document by its SHA-256, for anybody who is signed in."""
    name = _name(digest)
    await asking_person(request, house, ROLES)
    found = await house.evidence.get(name)
    if found is None:
        raise NotFoundError(what="document")
    plain = found.media_type.partition(";")[0].strip().lower()
    shown = plain if plain in _SHOWN else "application/octet-stream"
    return Response(
        found.data,
        media_type=shown,
        headers={"Cache-Control": "private, max-age=31536000, immutable", "Content-Disposition": "inline"},
    )


def _name(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != sha256().digest_size:
        raise NotFoundError(what="document")
    return digest


ROUTER: Final = Router("/api/v1/evidence", route_handlers=[upload, download], tags=["evidence"])
