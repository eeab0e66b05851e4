"""A server that is killed: it commits what a phone sends, says so on its standard output, and never stops by itself."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from bench.company import Time, open_company
from sync_engine.commit import Delivery

WIDTH = 4
"""Requests that are under way at a time: group commits of several, and acknowledgements between them."""


def frames(folder: Path) -> list[bytes]:
    """The frames that phones made beforehand, in order."""
    return [path.read_bytes() for path in sorted(folder.glob("*.frame"))]


async def serve(folder: Path, now_ms: int) -> None:
    company = await open_company(folder, time=Time(now_ms))
    waiting = list(enumerate(frames(folder)))
    # Whatever an earlier life acknowledged is a redelivery now: begin at a place of the parent's choice.
    waiting = waiting[int(sys.argv[3]) :]

    async def send(number: int, frame: bytes) -> None:
        await company.sequencer.submit(Delivery(device=None, now_ms=None, run=None, relayed=[frame]))
        os.write(1, b"%d\n" % number)

    os.write(1, b"up\n")
    for first in range(0, len(waiting), WIDTH):
        await asyncio.gather(*[send(*one) for one in waiting[first : first + WIDTH]])
    os.write(1, b"done\n")
    await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
