"""The public side of the log: checkpoint and hash tiles (C2SP tlog-tiles), and inclusion proofs."""

from http import HTTPStatus
from typing import ClassVar, Final

from litestar import Response, Router, get
from litestar.params import FromPath
from msgspec import Struct

from api.given import Housed
from blockchain_trace.tile_paths import parse_tile_path
from domain.canonical import MalformedError
from domain.errors import DomainError
from domain.ops import HASH_BYTES

IMMUTABLE: Final = "public, max-age=31536000, immutable"
TEXT: Final = "text/plain"


class NotFoundError(DomainError):
    """There is nothing under this name."""

    code: ClassVar[str] = "not-found"

    def __init__(self, *, what: str) -> None:
        super().__init__(f"there is no such {what}")
        self.what = what


class InclusionProof(Struct, frozen=True):
    """That an op is in the log: hashes from the leaf's sibling up, and the signed checkpoint that they lead to."""

    index: int
    size: int
    hash: str
    proof: tuple[str, ...]
    checkpoint: str


class ConsistencyProof(Struct, frozen=True):
    """That the log of today begins with that of then."""

    old_size: int
    size: int
    proof: tuple[str, ...]
    checkpoint: str


@get("/log/checkpoint", media_type=TEXT)
async def checkpoint(house: Housed) -> Response[str]:
    """The last signed checkpoint: a C2SP signed note."""
    return Response(house.sequencer.head.note, media_type=TEXT, headers={"Cache-Control": "no-cache"})


@get("/log/key", media_type=TEXT)
async def verifier_key(house: Housed) -> Response[str]:
    """The verifier key of the log. Take it from where you trust it, not from here: this is for looking."""
    return Response(house.log_vkey + "\n", media_type=TEXT)


@get("/log/tile/{path:path}", media_type="application/octet-stream")
async def tile(house: Housed, path: FromPath[str]) -> Response[bytes]:
    """A tile of hashes. Bundles of entries are not public: they would disclose the ops."""
    try:
        name = parse_tile_path("tile" + path)
    except MalformedError:
        raise NotFoundError(what="tile") from None
    data = None if name is None else await house.log.tile(name)
    if data is None:
        raise NotFoundError(what="tile")
    return Response(
        data,
        status_code=HTTPStatus.OK,
        media_type="application/octet-stream",
        headers={"Cache-Control": IMMUTABLE},
    )


@get("/api/v1/log/proof/{leaf:str}")
async def inclusion(house: Housed, leaf: FromPath[str]) -> InclusionProof:
    """Prove that the op with this leaf hash (hex) is in the log."""
    digest = _digest(leaf)
    index = await house.log.index_of(digest)
    head = house.sequencer.head
    if index is None or index >= head.size:
        raise NotFoundError(what="op")
    proof = await house.log.inclusion(index, head.size)
    return InclusionProof(index, head.size, leaf.lower(), tuple(one.hex() for one in proof), head.note)


@get("/api/v1/log/consistency/{old_size:int}")
async def consistency(house: Housed, old_size: FromPath[int]) -> ConsistencyProof:
    """Prove that the log of today begins with the log of `old_size` leaves."""
    head = house.sequencer.head
    if not 0 <= old_size <= head.size:
        raise NotFoundError(what="checkpoint")
    proof = await house.log.consistency(old_size, head.size)
    return ConsistencyProof(old_size, head.size, tuple(one.hex() for one in proof), head.note)


def _digest(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != HASH_BYTES:
        raise NotFoundError(what="op")
    return digest


ROUTER: Final = Router(
    "/", route_handlers=[checkpoint, verifier_key, tile, inclusion, consistency], tags=["log"]
)
