"""What a phone costs that has nothing new: requests, and bytes of both bodies.

The floor is what any round trip must say at least: who asks, up to where it has rows, and that there are none.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from bench.company import START_MS, open_company
from sync_engine.commit import Delivery
from sync_engine.pull import answer
from sync_engine.wire import decode_request, encode_reply


def run() -> dict[str, Any]:
    """Measure one round trip with nothing new."""
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        company = await open_company(Path(name))
        phone = await company.hire(1, role="manager")
        for number in range(1_000):
            company.time.now_ms += 1_000
            company.pick(phone, number)
        while phone.pending or (await company.sync(phone)).rows:
            await company.sync(phone)
        requests = sent = received = 0
        is_idle = False
        while not is_idle:
            now_ms = company.time()
            body = phone.request(wall_ms=now_ms, mono_ms=now_ms - START_MS)
            request = decode_request(body)
            delivery = Delivery(device=request.device, now_ms=request.now_ms, run=request.run)
            receipt = await company.sequencer.submit(delivery)
            reply = await answer(company.sequencer, request, receipt, is_proven=True, now_ms=now_ms)
            requests, sent, received = requests + 1, sent + len(body), received + len(encode_reply(reply))
            is_idle = reply.page is None
        await company.close()
    floor = len(msgspec.msgpack.encode((phone.device, phone.cursor))) + len(
        msgspec.msgpack.encode((phone.cursor, ()))
    )
    return {
        "name": "sync-idle",
        "value": sent + received,
        "unit": "bytes",
        "floor": floor,
        "ratio": round((sent + received) / floor, 3),
        "requests": requests,
        "bytes": sent + received,
        "sent": sent,
        "received": received,
    }
