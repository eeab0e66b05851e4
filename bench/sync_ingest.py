"""Ops verified, folded and durable per second: the real sequencer on SQLite with synchronous=FULL.

The floor is what SQLite alone needs for the same rows in the same transactions: nothing decoded, verified or folded.
Phones make and seal their ops before the clock starts, as they do in life.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from msgspec import structs

from bench.company import Company, open_company
from storage.engine import PRAGMAS
from storage.writer import Step
from sync_engine.adapters.ledger_store import StoredLedger
from sync_engine.commit import Delivery
from sync_engine.phone import Phone
from sync_engine.ports import LedgerStore, Position

PHONES: Final = 20
OPS_PER_FRAME: Final = 50
ROUNDS: Final = 20
SINGLE_ROUNDS: Final = 25
"""Frames of one op each: `PHONES` of them in every commit."""


class Tape:
    """A store that remembers the steps of every commit, to play them again without us."""

    def __init__(self, inner: LedgerStore) -> None:
        assert isinstance(inner, StoredLedger)
        self._inner = inner
        self._transact = inner.transact
        inner.transact = self._record  # type: ignore[method-assign]  # between the store and its writer
        self.commits: list[Sequence[Step]] = []

    def __getattr__(self, name: str) -> Any:
        """Everything else is the store's."""
        return getattr(self._inner, name)

    async def _record(self, steps: Sequence[Step], position: Position | None = None) -> None:
        self.commits.append(steps)
        await self._transact(steps, position)


def run(*, rounds: int = ROUNDS, single_rounds: int = SINGLE_ROUNDS) -> dict[str, Any]:
    """Measure ingest in frames of 50, twenty or more to a commit, and in frames of one op."""
    return asyncio.run(_run(rounds, single_rounds))


async def _run(rounds: int, single_rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tapes: list[Tape] = []

        def wrap(store: LedgerStore) -> LedgerStore:
            tapes.append(Tape(store))
            recording: Any = tapes[0]
            made: LedgerStore = recording
            return made

        company = await open_company(folder, wrap=wrap)
        phones = [await company.hire(number) for number in range(1, PHONES + 1)]
        for phone in phones:
            await company.sync(phone)
        setup = len(tapes[0].commits)
        seconds, ops = await batched(company, phones, rounds)
        many = len(tapes[0].commits)
        single_seconds, single_ops = await _single(company, phones, single_rounds)
        schema = await _schema(company)
        await company.close()
        commits = tapes[0].commits
        floor_s = _replay(folder / "floor.db", schema, commits[:setup], commits[setup:many])
        single_floor_s = _replay(folder / "single.db", schema, commits[:many], commits[many:])
    value, floor = ops / seconds, ops / floor_s
    return {
        "name": "sync-ingest",
        "value": round(value),
        "unit": "ops/s",
        "floor": round(floor),
        "ratio": round(value / floor, 3),
        "ops": ops,
        "commits": many - setup,
        "ops_per_frame": OPS_PER_FRAME,
        "single": round(single_ops / single_seconds),
        "single_floor": round(single_ops / single_floor_s),
    }


async def batched(
    company: Company,
    phones: Sequence[Phone],
    rounds: int,
    *,
    ready: Callable[[int], None] = lambda _ops: None,
) -> tuple[float, int]:
    """Let every phone send frames of 50 ops, all at once; return the seconds and the ops.

    `ready` is called with the number of ops when all is recorded, before the clock starts.
    """
    batches = [_record(company, phones, number, OPS_PER_FRAME) for number in range(rounds)]
    ops = rounds * len(phones) * OPS_PER_FRAME
    ready(ops)
    return await _measure(company, batches, ops)


async def _single(company: Company, phones: Sequence[Phone], rounds: int) -> tuple[float, int]:
    batches = [_record(company, phones, number, 1) for number in range(rounds)]
    return await _measure(company, batches, rounds * len(phones))


async def _measure(company: Company, batches: Sequence[Sequence[Delivery]], ops: int) -> tuple[float, int]:
    size = company.sequencer.head.size
    # A phone states its clock when it syncs: these are right, and were offline for the time that it took to record.
    sent = [[structs.replace(delivery, now_ms=company.time()) for delivery in batch] for batch in batches]
    begun = perf_counter()
    for batch in sent:
        await asyncio.gather(*[company.sequencer.submit(delivery) for delivery in batch])
    seconds = perf_counter() - begun
    assert company.sequencer.head.size >= size + ops, "every op is in the log"
    return seconds, ops


def _record(company: Company, phones: Sequence[Phone], batch: int, count: int) -> list[Delivery]:
    deliveries = []
    for phone in phones:
        outbox = phone.outbox[phone.epoch]
        outbox.acked_to = phone.seq
        for number in range(count):
            company.time.now_ms += 10
            company.pick(phone, batch * count + number)
        frames = phone.frames()
        deliveries.append(
            Delivery(device=phone.device, now_ms=company.time(), run=phone.clock.run, frames=frames)
        )
    return deliveries


async def _schema(company: Company) -> list[str]:
    async with company.engine.connect() as connection:
        found = await connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        return [sql for (sql,) in found if "alembic" not in sql]


def _replay(
    path: Path, schema: Sequence[str], before: Sequence[Sequence[Step]], measured: Sequence[Sequence[Step]]
) -> float:
    """Return the seconds in which SQLite takes the same rows in the same transactions."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in (*PRAGMAS, *schema):
        connection.execute(pragma)
    _play(connection, before)
    begun = perf_counter()
    _play(connection, measured)
    seconds = perf_counter() - begun
    connection.close()
    return seconds


def _play(connection: sqlite3.Connection, commits: Sequence[Sequence[Step]]) -> None:
    for steps in commits:
        connection.execute("BEGIN")
        for statement, records in steps:
            connection.executemany(statement, records)
        connection.execute("COMMIT")
