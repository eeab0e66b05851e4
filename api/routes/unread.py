"""What the ledger could not read and keeps: for a manager to see, and to let go of."""

from typing import Annotated, Final

from litestar import get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api.given import Asking, Housed
from api.identity import Asked, asking_person
from api.stores.unread import TOTAL_BYTES_MAX, UPLOADER_FRAMES_MAX
from domain.rights import OFFICE_ROLES

_Name = Annotated[str, Meta(min_length=64, max_length=64, pattern="^[0-9a-f]*$")]


class UnreadFrameLine(Struct, frozen=True):
    """Bytes that a device brought and that are no op here, or not yet."""

    hash: str
    uploader: str
    uploader_name: str
    device: str
    """The device that they claim to be of; empty where no header can be read."""
    code: str
    detail: str
    size: int
    arrived: int


class UnreadFrames(Struct, frozen=True):
    """What is kept, the oldest first, and how much there may be of it."""

    frames: list[UnreadFrameLine]
    bytes: int
    bytes_max: int


class Discarding(Struct, frozen=True, forbid_unknown_fields=True):
    """Which frames are to be forgotten."""

    hashes: Annotated[list[_Name], Meta(max_length=UPLOADER_FRAMES_MAX)]


class Discarded(Struct, frozen=True):
    """How many there were."""

    frames: int


@get("/unread")
async def unread(house: Housed, caller: Asking) -> UnreadFrames:
    """Frames of devices that nobody enrolled, of later versions, or of nothing at all (docs/protocol/relay.md §6)."""
    lines = await house.unread.lines()
    directory = house.ledger.directory
    found = []
    for line in lines:
        uploader = directory.device(line.uploader)
        found.append(
            UnreadFrameLine(
                hash=line.hash.hex(),
                uploader=line.uploader.hex(),
                uploader_name="" if uploader is None else uploader.name,
                device=line.device.hex(),
                code=line.code,
                detail=line.detail,
                size=line.size,
                arrived=line.arrived_ms,
            )
        )
    return UnreadFrames(found, sum(line.size for line in lines), TOTAL_BYTES_MAX)


@post("/unread/discard")
async def discard(request: Asked, house: Housed, data: JSONBody[Discarding]) -> Discarded:
    """Forget frames for good, so that there is room for others. For managers and admins."""
    await asking_person(request, house, OFFICE_ROLES)
    return Discarded(await house.unread.discard([bytes.fromhex(name) for name in data.hashes]))


ROUTES: Final = (unread,)
ACTS: Final = (discard,)
