"""Bytes per op on the wire, seals and all: frames of 500 ops compressed, and a single op.

The floor is what the facts alone take without identity, chain, seal or verdict: the same seqs, times, kinds, keys and
quantities as rows of MessagePack, deflated for the batch.
"""

import asyncio
import gzip
import tempfile
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.company import Company, open_company
from domain.ops import Op
from sync_engine.phone import Phone

OPS_PER_FRAME: Final = 500


def run() -> dict[str, Any]:
    """Measure what a phone puts on the wire."""
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        company = await open_company(Path(name))
        phone = await company.hire(1)
        await company.sync(phone)
        single = _frame(company, phone, 1)
        batch = _frame(company, phone, OPS_PER_FRAME)
        await company.close()
    batched = len(gzip.compress(batch, mtime=0)) / OPS_PER_FRAME
    facts = [_facts(entry.op) for entry in phone.unsent]
    floor = len(gzip.compress(b"".join(facts), mtime=0)) / OPS_PER_FRAME
    return {
        "name": "sync-wire",
        "value": round(batched, 1),
        "unit": "bytes/op",
        "floor": round(floor, 1),
        "ratio": round(batched / floor, 3),
        "batched": round(batched, 1),
        "single": len(single),
        "batched_plain": round(len(batch) / OPS_PER_FRAME, 1),
        "ops_per_frame": OPS_PER_FRAME,
    }


def _frame(company: Company, phone: Phone, count: int) -> bytes:
    """Return the frame of picks some seconds apart, as a worker makes them."""
    phone.outbox[phone.epoch].acked_to = phone.seq
    for _ in range(count):
        company.time.now_ms += 3_000 + company.chance.randrange(9_000)
        company.pick(phone, company.chance.randrange(1_800))
    (frame,) = phone.frames()
    return frame


def _facts(op: Op) -> bytes:
    item, lot, shelf, vehicle, qty = op.body[4][0]
    return msgspec.msgpack.encode((op.seq, op.at, op.kind, item, lot, shelf, vehicle, qty))
