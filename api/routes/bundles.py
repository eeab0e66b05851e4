"""Files of frames: what a phone could not send, brought by anybody with a device of the organisation."""

from http import HTTPStatus
from typing import Final

import msgspec
from litestar import post
from msgspec import Struct

from api.bodies import read_body
from api.given import Housed
from api.identity import Asked, asking_device
from api.unread import keep_unread
from domain.canonical import MalformedError, decode_as, encode_trusted
from sync_engine.commit import Delivery
from sync_engine.wire import COMPRESSED_BYTES_MAX, FRAMES_MAX, REQUEST_BYTES_MAX, MalformedRequestError

_decoder: Final = msgspec.msgpack.Decoder(list[bytes])


class FrameProblem(Struct, frozen=True):
    """A frame of the file that was refused as bytes."""

    frame: int
    code: str
    detail: str


class BundleTaken(Struct, frozen=True):
    """How many frames a file had; all but those in `problems` are durable here, whoever recorded them."""

    frames: int
    problems: list[FrameProblem]
    log_size: int


@post("/api/v1/bundles", status_code=HTTPStatus.OK, tags=["sync"])
async def bring(request: Asked, house: Housed) -> BundleTaken:
    """Take the file that a phone exported (docs/protocol/sync.md §2): a canonical MessagePack list of frames.

    Needs the proof of any device of the organisation, but no session and no fresh nonce. Who brings a file can alter
    nothing in it, and bringing it twice is harmless.
    """
    device = await asking_device(request, house, is_fresh=False)
    arrived_ms = house.clock()
    body = await read_body(request, most=COMPRESSED_BYTES_MAX, most_unpacked=REQUEST_BYTES_MAX)
    frames = _frames(body)
    receipt = await house.sequencer.submit(
        Delivery(device=None, now_ms=None, run=None, relayed=frames, arrived_ms=arrived_ms)
    )
    problems = receipt.problems
    if problems and house.ledger.directory.device_revoked_at(device.id) is None:
        problems = await keep_unread(
            house, problems, frames=(), relayed=frames, uploader=device.id, arrived_ms=arrived_ms
        )
    told = [FrameProblem(one.frame, one.code, one.detail) for one in problems]
    return BundleTaken(len(frames), told, receipt.log_size)


def _frames(body: bytes) -> list[bytes]:
    """Return the frames of a file. Raises MalformedRequestError."""
    try:
        frames = decode_as(_decoder, body)
    except MalformedError as error:
        raise MalformedRequestError(reason=error.reason) from error
    if len(frames) > FRAMES_MAX:
        raise MalformedRequestError(reason=f"{len(frames)} frames, at most {FRAMES_MAX}")
    if encode_trusted(frames) != body:
        raise MalformedRequestError(reason="not in its shortest form")
    return frames


ROUTES: Final = (bring,)
