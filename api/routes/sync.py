"""The round trip of a phone, and the poke that says when one is worth while: docs/protocol/sync.md §2."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import ClassVar, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Stream
from msgspec import structs

from api.bodies import read_body, refuse_media_type
from api.bootstrap import House
from api.dpop import ProofError, UseDpopNonceError
from api.given import Housed
from api.identity import Asked, check_proof
from api.unread import keep_unread
from domain.errors import FaultError
from sync_engine.commit import Delivery
from sync_engine.pull import answer
from sync_engine.wire import (
    COMPRESSED_BYTES_MAX,
    MEDIA_TYPE,
    REQUEST_BYTES_MAX,
    SyncReply,
    SyncRequest,
    decode_request,
    encode_reply,
)

LISTENERS_MAX: Final = 2_000
COMMENT_EVERY_S: Final = 15.0
"""Proxies and phones drop a connection that says nothing for longer."""
GZIP_FROM: Final = 512
"""Shorter replies grow by packing, or hardly shrink."""
THREAD_FROM: Final = 64 * 1024
"""Packing this much takes longer than handing it to a thread."""


class TooManyListenersError(FaultError):
    """As many phones as this process holds listen already; they sync without being poked."""

    code: ClassVar[str] = "too-many-listeners"

    def __init__(self) -> None:
        super().__init__("too many listeners; sync by the clock", retry_after_s=60)


@post("/api/v1/sync", status_code=HTTPStatus.OK, tags=["sync"])
async def sync(request: Asked, house_at_hand: Housed) -> Response[bytes]:
    """Push frames and pull rows in one round trip.

    Body and answer are canonical MessagePack (`application/vnd.gobi.sync+msgpack`, docs/protocol/sync.md), gzip both
    ways. Redelivery of anything is harmless. Rows need a DPoP proof with this server's nonce; frames need none.
    """
    refuse_media_type(request, MEDIA_TYPE)
    # A long body over a bad line is no slow clock: the phone said what it calls now when it began to send.
    arrived_ms = house_at_hand.clock()
    body = await read_body(request, most=COMPRESSED_BYTES_MAX, most_unpacked=REQUEST_BYTES_MAX)
    asked = decode_request(body)
    await house_at_hand.sequencer.ready()
    is_signed, is_fresh = await _proof(request, house_at_hand, asked)
    reply = await exchange(
        house_at_hand, asked, is_signed=is_signed, is_proven=is_fresh, arrived_ms=arrived_ms
    )
    return await _packed(request, encode_reply(reply))


async def exchange(
    house: House,
    asked: SyncRequest,
    *,
    is_proven: bool,
    is_signed: bool = True,
    arrived_ms: int | None = None,
) -> SyncReply:
    """Commit what a request brings, then answer it; `arrived_ms`: when it began to come.

    `is_proven`: it may have rows. `is_signed`: it is the device's own word. Frames speak for themselves, but whoever
    carries them may not say what the clock of another's phone shows, nor that it was met.

    Raises FaultError; then nothing was acknowledged.
    """
    now_ms = house.clock() if arrived_ms is None else arrived_ms
    is_met = is_signed and house.ledger.directory.device(asked.device) is not None
    receipt = await house.sequencer.submit(
        Delivery(
            device=asked.device if is_met else None,
            now_ms=asked.now_ms,
            run=asked.run,
            frames=asked.frames,
            relayed=asked.relayed,
            arrived_ms=now_ms,
            pending=asked.pending,
            # A replayed request may tell of a phone that has worked on since.
            cursor=asked.cursor if is_met and is_proven else None,
            known=asked.known,
        )
    )
    if receipt.problems and is_met and house.ledger.directory.device_revoked_at(asked.device) is None:
        problems = await keep_unread(
            house,
            receipt.problems,
            frames=asked.frames,
            relayed=asked.relayed,
            uploader=asked.device,
            arrived_ms=now_ms,
        )
        receipt = structs.replace(receipt, problems=problems)
    return await answer(
        house.sequencer,
        asked,
        receipt,
        is_proven=is_proven,
        now_ms=house.clock(),
        tokens=house.bucket_tokens,
        covered_size=await house.backups.covered(house.clock()),
    )


async def _proof(request: Asked, house: House, asked: SyncRequest) -> tuple[bool, bool]:
    """Whether the device's key signed the request, and whether it did so lately; frames are taken all the same."""
    device = house.ledger.directory.device(asked.device)
    if device is None:
        await house.sequencer.refresh()  # another process may just have enrolled it
        device = house.ledger.directory.device(asked.device)
    if device is None:
        return False, False
    try:
        await check_proof(request, house, device)
    except UseDpopNonceError:
        return True, False
    except ProofError:
        return False, False
    return True, True


async def _packed(request: Asked, data: bytes) -> Response[bytes]:
    headers = {"Vary": "Accept-Encoding", "Cache-Control": "no-store"}
    if len(data) >= GZIP_FROM and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        data = await asyncio.to_thread(_gzip, data) if len(data) >= THREAD_FROM else _gzip(data)
    return Response(data, media_type=MEDIA_TYPE, headers=headers)


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=6, mtime=0)


class Listeners:
    """How many phones hold a connection of this process open."""

    def __init__(self, most: int = LISTENERS_MAX) -> None:
        self.count, self.most = 0, most
        self.is_over = asyncio.Event()
        """Set when the server stops: streams end."""


@get("/api/v1/sync/events", media_type="text/event-stream", tags=["sync"])
async def events(house: Housed, listeners: NamedDependency[Listeners]) -> Stream:
    """Server-sent events: `event: poke`, `data: <log size>` after each commit. They say nothing else."""
    if listeners.count >= listeners.most:
        raise TooManyListenersError
    return Stream(
        _pokes(house, listeners),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _pokes(house: House, listeners: Listeners) -> AsyncIterator[bytes]:
    listeners.count += 1
    try:
        async with house.sequencer.subscribe() as queue:
            yield _poke(house.sequencer.head.size)
            while not listeners.is_over.is_set():
                waiting = asyncio.ensure_future(queue.get())
                ending = asyncio.ensure_future(listeners.is_over.wait())
                done, left = await asyncio.wait(
                    {waiting, ending}, timeout=COMMENT_EVERY_S, return_when=asyncio.FIRST_COMPLETED
                )
                for task in left:
                    task.cancel()
                if waiting in done:
                    yield _poke(waiting.result())
                elif not done:
                    yield b": still here\n\n"
    finally:
        listeners.count -= 1


def _poke(size: int) -> bytes:
    return f"event: poke\ndata: {size}\n\n".encode()


ROUTES: Final = (sync, events)
