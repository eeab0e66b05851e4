"""Ops verified, folded and durable per second on PostgreSQL, by one process and by three, and what a turn costs.

A PostgreSQL of its own with its defaults, `fsync` and `synchronous_commit` on. The floor is what the same rows cost it
in the same transactions, nothing decoded, verified or folded. Phones make their ops before the clock starts.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from bench.company import Time, open_company
from bench.sync_ingest import OPS_PER_FRAME, PHONES, Tape, batched
from storage.engine import open_engine
from storage.migrate import migrate
from storage.writer import Step, open_writer
from sync_engine.ports import LedgerStore

ROUNDS: Final = 8
PROCESSES: Final = 3
TURNS: Final = 200


def run(*, rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure ingest in frames of 50."""
    from tests.tools.private_postgres import PrivatePostgres  # noqa: PLC0415 - only who measures this needs it

    postgres = PrivatePostgres()
    try:
        return asyncio.run(_run(postgres.url, rounds))
    finally:
        postgres.stop()


async def _run(url: str, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tapes: list[Tape] = []

        def wrap(store: LedgerStore) -> LedgerStore:
            tapes.append(Tape(store))
            recording: Any = tapes[0]
            made: LedgerStore = recording
            return made

        company = await open_company(folder, url=url, wrap=wrap)
        phones = [await company.hire(number) for number in range(1, PHONES + 1)]
        for phone in phones:
            await company.sync(phone)
        setup = len(tapes[0].commits)
        seconds, ops = await batched(company, phones, rounds)
        turn_ms, single_ms = await _turns(company.store), await _singles(company, phones[0])
        await company.close()
        floor_s = await _replay(url, tapes[0].commits, setup, ops)
        several_s, several_ops = await _several(url, folder, rounds, company.time())
    value, floor = ops / seconds, ops / floor_s
    return {
        "name": "postgres-ingest",
        "value": round(value),
        "unit": "ops/s",
        "floor": round(floor),
        "ratio": round(value / floor, 3),
        "ops": ops,
        "ops_per_frame": OPS_PER_FRAME,
        "processes": PROCESSES,
        "several": round(several_ops / several_s),
        "turn_ms": round(turn_ms, 3),
        "single_commit_ms": round(single_ms, 3),
    }


async def _turns(store: LedgerStore) -> float:
    """Return what it costs to get the turn and let it go, with nobody else there: ms, the median."""
    taken: list[float] = []
    for _ in range(TURNS):
        begun = perf_counter()
        await store.begin()
        await store.release()
        taken.append(perf_counter() - begun)
    return median(taken) * 1_000


async def _singles(company: Any, phone: Any) -> float:
    """Return how long a commit of one op takes, turn and all: ms, the median."""
    taken: list[float] = []
    for number in range(TURNS // 4):
        company.time.now_ms += 1_000
        company.pick(phone, number)
        begun = perf_counter()
        await company.sync(phone)
        taken.append(perf_counter() - begun)
    return median(taken) * 1_000


async def _replay(url: str, commits: Sequence[Sequence[Step]], setup: int, ops: int) -> float:
    """Return the seconds in which PostgreSQL takes the same rows in the same transactions, in an empty database."""
    server, _, _ = url.rpartition("/")
    admin = open_engine(url)
    async with admin.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql("CREATE DATABASE floor")
    await admin.dispose()
    engine = open_engine(f"{server}/floor")
    await migrate(engine)
    writer = await open_writer(engine, "lvyuan")
    written, seconds = 0, 0.0
    for number, steps in enumerate(commits):
        begun = perf_counter()
        await writer.write(steps)
        if number >= setup and written < ops:
            seconds += perf_counter() - begun
            written += (
                len(steps[0][1]) - 1
            )  # the first step are the ops, the last of them says what the server said
    await writer.close()
    await engine.dispose()
    return seconds


async def _several(url: str, folder: Path, rounds: int, now_ms: int) -> tuple[float, int]:
    """Let processes of their own, each with its share of phones, commit at the same time."""
    workers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.postgres_ingest"),
            *(url, str(folder), str(number), str(rounds), str(now_ms)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]
    ops = 0
    for worker in workers:
        assert worker.stdout is not None
        ops += int(await worker.stdout.readline())
    begun = perf_counter()
    await asyncio.gather(*[worker.communicate(b"go\n") for worker in workers])
    return perf_counter() - begun, ops


async def _work(url: str, folder: Path, number: int, rounds: int, now_ms: int) -> None:
    """Be one of several: hire phones, say how many ops they hold, wait, and send them all."""
    company = await open_company(folder, url=url, time=Time(now_ms + 1_000), seed=number + 2)
    share = PHONES // PROCESSES
    phones = [await company.hire(1_000 * (number + 1) + each) for each in range(share)]
    for phone in phones:
        await company.sync(phone)

    def ready(ops: int) -> None:
        sys.stdout.write(f"{ops}\n")
        sys.stdout.flush()
        sys.stdin.readline()

    await batched(company, phones, rounds, ready=ready)
    await company.close()


if __name__ == "__main__":
    _, _url, _folder, _number, _rounds, _now_ms = sys.argv
    asyncio.run(_work(_url, Path(_folder), int(_number), int(_rounds), int(_now_ms)))
