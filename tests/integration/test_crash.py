"""kill -9 of the server in mid-commit, again and again: what it acknowledged is there, once, and verifies."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

import pytest
from sqlalchemy import select

from bench.company import LOG_KEY, ORG, ORIGIN, Company, open_company
from blockchain_trace.adapters.pin_file import PinFile
from blockchain_trace.adapters.stored_tiles import read_log
from blockchain_trace.fsck import check_log
from storage.tables import ops
from sync_engine.adapters.evidence import read_evidence
from sync_engine.doctor import check_ledger

if TYPE_CHECKING:
    from sync_engine.phone import Phone

ROOT: Final = Path(__file__).parent.parent.parent
KILLS: Final = 24
PHONES: Final = 3
FRAMES: Final = 120
OPS_PER_FRAME: Final = 3


@pytest.mark.slow
async def test_nothing_acknowledged_is_lost_or_doubled_in_many_kills(tmp_path: Path) -> None:
    chance = Random(8)
    now_ms, phones = await _prepare(tmp_path)
    acknowledged: set[int] = set()
    for _ in range(KILLS):
        first = max(0, max(acknowledged, default=0) - chance.randrange(10))
        acknowledged |= await _live_and_die(tmp_path, now_ms, first, after=chance.randrange(1, 16))
        if len(acknowledged) == FRAMES:
            break
    assert acknowledged, "it never acknowledged anything"

    company = await open_company(tmp_path)
    found = await _logged(company)
    await _verify(company, PinFile(tmp_path / "last-signed"))
    await company.close()
    for number in acknowledged:
        dots = _dots(phones, number)
        assert all(found.get(dot, 0) == 1 for dot in dots), f"frame {number} was acknowledged"
    assert all(count == 1 for count in found.values())


async def _prepare(folder: Path) -> tuple[int, list[Phone]]:
    """Found the company and let its phones record: their frames, in turn, are what will be sent."""
    company = await open_company(folder)
    phones = [await company.hire(number) for number in range(1, PHONES + 1)]
    for phone in phones:
        await company.sync(phone)
    for number in range(FRAMES):
        phone = phones[number % PHONES]
        phone.outbox[phone.epoch].acked_to = phone.seq
        for pick in range(OPS_PER_FRAME):
            company.time.now_ms += 1_000
            company.pick(phone, number * OPS_PER_FRAME + pick)
        (frame,) = phone.frames()
        (folder / f"{number:04}.frame").write_bytes(frame)
    await company.close()
    return company.time(), phones


def _dots(phones: list[Phone], number: int) -> list[tuple[bytes, int]]:
    """The dots of the ops of a frame: each phone's first op is its session."""
    first = 2 + number // PHONES * OPS_PER_FRAME
    return [(phones[number % PHONES].device, first + pick) for pick in range(OPS_PER_FRAME)]


async def _live_and_die(folder: Path, now_ms: int, first: int, *, after: int) -> set[int]:
    """Start the server, kill it after some acknowledgements, and return what it acknowledged."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("crash_child.py")),
        str(folder),
        str(now_ms),
        str(first),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None
    found: set[int] = set()
    while len(found) < after:
        line = (await child.stdout.readline()).strip()
        if line == b"done":
            break
        assert line, "the server died by itself"
        if line != b"up":
            found.add(int(line))
    child.send_signal(signal.SIGKILL)
    # What it had said before it died counts.
    rest = await child.stdout.read()
    await child.wait()
    return found | {int(line) for line in rest.split(b"\n")[:-1] if line.isdigit()}


async def _logged(company: Company) -> dict[tuple[bytes, int], int]:
    found: dict[tuple[bytes, int], int] = {}
    async with company.engine.connect() as connection:
        for device, seq in await connection.execute(
            select(ops.c.device, ops.c.seq).where(ops.c.kind == "pick")
        ):
            found[device, seq] = found.get((device, seq), 0) + 1
    return found


async def _verify(company: Company, pin: PinFile) -> None:
    """Every table follows from the log, and the log is the one that was signed."""
    evidence = await read_log(company.engine, ORG)
    log = check_log(evidence, key=LOG_KEY.verifier, origin=ORIGIN, pinned=pin.read())
    assert list(log.findings) == []
    ledger = check_ledger(await read_evidence(company.engine, ORG))
    assert list(ledger.findings) == []
