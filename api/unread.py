"""What becomes of frames that were refused as bytes: kept for who is enrolled, and read again when more is known.

docs/protocol/relay.md §6. The ledger itself keeps no bytes that it cannot read.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import groupby
from typing import ClassVar, Final

import structlog
from msgspec import structs

from api.bootstrap import House
from api.stores.unread import UnreadFrame
from domain.errors import FaultError, ProtocolError
from sync_engine.commit import Delivery
from sync_engine.frame import MalformedFrameError, UnknownDeviceError, WrongSealError, peek_header
from sync_engine.wire import FRAMES_MAX, Problem

log: Final = structlog.get_logger(__name__)

_KEPT_CODES: Final = frozenset({MalformedFrameError.code, UnknownDeviceError.code, WrongSealError.code})
"""Not `frame-too-large`: that is no frame of any version; nor `too-many-waiting`: its device sends it again."""


class KeptUnreadError(ProtocolError):
    """The frame of a device that nobody enrolled yet: it is durable here, and counts once its device is enrolled."""

    code: ClassVar[str] = "kept-unread"

    def __init__(self, *, device: str) -> None:
        super().__init__(f"kept until device {device!r} is enrolled")
        self.device = device


class TooManyUnreadError(ProtocolError):
    """So many bytes that nobody can read came from this device that no more are kept: bring them again later."""

    code: ClassVar[str] = "too-many-unread"

    def __init__(self, *, device: str) -> None:
        super().__init__(
            f"the quota for frames of unknown devices is used up: that of {device!r} was not kept"
        )
        self.device = device


async def keep_unread(
    house: House,
    problems: Sequence[Problem],
    *,
    frames: Sequence[bytes],
    relayed: Sequence[bytes],
    uploader: bytes,
    arrived_ms: int,
) -> list[Problem]:
    """Keep the refused frames of a request that an enrolled device proved, and return what to answer.

    What is carried of an unknown device turns into `kept-unread`, which a carrier may let go of, or into
    `too-many-unread`, which it brings again. Every other problem stays as it was: its sender is told why.
    """
    refused = {
        number: _unread(house, problem, (relayed if problem.relayed else frames)[problem.frame], uploader, arrived_ms)
        for number, problem in enumerate(problems)
        if problem.code in _KEPT_CODES
    }  # fmt: skip
    wanted = {number: frame for number, frame in refused.items() if frame is not None}
    if not wanted:
        return list(problems)
    kept = await house.unread.keep(list(wanted.values()))
    return [
        _told(problem, wanted[number], is_kept=wanted[number].hash in kept) if number in wanted else problem
        for number, problem in enumerate(problems)
    ]


def _unread(
    house: House, problem: Problem, data: bytes, uploader: bytes, arrived_ms: int
) -> UnreadFrame | None:
    """Return what to keep of a refused frame; nothing of one that is another organisation's."""
    device = b""
    try:
        header = peek_header(data)
    except ProtocolError:
        pass
    else:
        if header.org != house.org:
            return None
        device = header.device
    return UnreadFrame(
        sha256(data).digest(), uploader, device, problem.code, problem.detail, data, arrived_ms
    )


def _told(problem: Problem, frame: UnreadFrame, *, is_kept: bool) -> Problem:
    if not problem.relayed or problem.code != UnknownDeviceError.code:
        return problem
    refusal = (KeptUnreadError if is_kept else TooManyUnreadError)(device=frame.device.hex())
    return structs.replace(problem, code=refusal.code, detail=str(refusal))


async def read_again(house: House, device: bytes | None = None) -> int:
    """Give the ledger once more what it could not read: of a device enrolled just now, or everything (None).

    Returns how many frames stand now; they count from when they came first. What is still unreadable stays. A crash
    in between is harmless: frames may come twice. Raises FaultError.
    """
    lines = await house.unread.lines()
    names = [line.hash for line in lines if device is None or line.device == device]
    standing = 0
    for first in range(0, len(names), FRAMES_MAX):
        frames = await house.unread.frames(names[first : first + FRAMES_MAX])
        for _, together in groupby(frames, key=lambda frame: frame.arrived_ms):
            standing += await _read_again(house, list(together))
    return standing


async def _read_again(house: House, frames: Sequence[UnreadFrame]) -> int:
    """Give the ledger frames that came at one instant."""
    receipt = await house.sequencer.submit(
        Delivery(
            device=None,
            now_ms=None,
            run=None,
            relayed=[frame.data for frame in frames],
            arrived_ms=frames[0].arrived_ms,
        )
    )
    refused = {problem.frame for problem in receipt.problems}
    read = [frame.hash for number, frame in enumerate(frames) if number not in refused]
    await house.unread.discard(read)
    if read:
        log.info("unread_frames_read", frames=len(read))
    return len(read)


async def read_again_or_wait(house: House, device: bytes | None = None) -> None:
    """As `read_again`, where nothing may fail by it: what a failing database leaves unread waits for the next start.

    At every start, for a later version may read what an earlier one kept, and a rebuilt log knows more devices.
    """
    try:
        await read_again(house, device)
    except FaultError as fault:
        log.warning("unread_frames_wait", code=fault.code)
