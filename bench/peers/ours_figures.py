"""The figures of Gobi: the whole of it over HTTP, and the engine alone in memory.

The whole: `gobi serve` in a process of its own, SQLite with synchronous=FULL, every request proved and every op
sealed, verified, judged, folded, logged and signed before it is answered. Phones that push are the engine's own in
Python; local writes, a new client and the idle resync are the app's own ledger in Node.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import perf_counter
from typing import Final

from api.demo.memory_server import MemoryServer
from bench.company import SECRET, genesis, new_ledger, private_key
from bench.peers import fleet
from bench.peers.figures import Figures
from bench.peers.line import Line
from bench.peers.tap import Counted, Tap, tap
from bench.peers.workload import BATCH, DEVICES, SECONDS, Movement, sums
from domain.ops import LeafHash
from sync_engine.commit import Delivery
from sync_engine.phone import Phone
from tests.integration.phone_process import PhoneProcess, Phones, bundle_driver

LOCAL_OPS: Final = 2_000
SINGLES: Final = 10
"""Rounds in which bytes are counted: that is exact, and needs no more."""


def measure_whole(made: Sequence[Movement]) -> Figures:
    """Measure Gobi as it runs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        company = asyncio.run(fleet.founded(folder, phones=DEVICES, codes=3))
        with fleet.serving(folder) as port, tap(port) as tapped:
            single, single_bytes = asyncio.run(_singles(company.phones, port, tapped))
            batched, sent, ops = asyncio.run(_batches(company.phones, port, tapped, made))
            with _app(folder) as phones:
                truth = sums(made[:ops])
                boot_s, boot = _bootstrap(phones, company.codes, port, tapped, truth)
                local, idle = _at_rest(phones, tapped, made)
    return Figures(
        engine="Gobi",
        local=local,
        single=single,
        batched=batched,
        wire_single=single_bytes.sent / (SINGLES * DEVICES),
        wire_single_total=single_bytes.total / (SINGLES * DEVICES),
        wire_batched=sent / (BATCH * DEVICES),
        bootstrap_s=boot_s,
        bootstrap_bytes=boot.bodies,
        idle_requests=idle.requests,
        idle_bytes=idle.bodies,
        idle_bytes_total=idle.total,
        ops=ops,
    )


async def _singles(phones: Sequence[Phone], port: int, tapped: Tap) -> tuple[float, Counted]:
    """Let every phone push one op, all at once, again and again; what one round picks, the next puts back."""

    async def pair(lines: Sequence[Line]) -> float:
        spent = 0.0
        for qty in (-1, 1):
            _record(phones, [Movement(number, number, qty, 0) for number in range(len(phones))])
            spent += await _push(lines)
        return spent

    async with _lines(phones, tapped.port) as lines:
        await _push(lines)
        before = tapped.read()
        for _ in range(SINGLES // 2):
            await pair(lines)
        counted = tapped.read().since(before)
    spent, rounds = 0.0, 0
    async with _lines(phones, port) as lines:
        while spent < SECONDS:
            spent += await pair(lines)
            rounds += 2
    return rounds * len(phones) / spent, counted


async def _batches(
    phones: Sequence[Phone], port: int, tapped: Tap, made: Sequence[Movement]
) -> tuple[float, int, int]:
    """Let every phone that was offline push its ops, all at once; the last of these rounds goes through the tap."""
    each = BATCH * len(phones)
    rounds = [made[first : first + each] for first in range(0, len(made), each)]
    spent, done = 0.0, 0
    async with _lines(phones, port) as lines:
        for stretch in rounds[:-1]:
            if spent > SECONDS:
                break
            _record(phones, stretch)
            spent += await _push(lines)
            done += len(stretch)
    rate, stretch = done / spent, made[done : done + each]
    async with _lines(phones, tapped.port) as lines:
        before = tapped.read()
        _record(phones, stretch)
        await _push(lines)
        return rate, tapped.read().since(before).sent, done + len(stretch)


def _record(phones: Sequence[Phone], stretch: Sequence[Movement]) -> None:
    for movement in stretch:
        fleet.record(phones[movement.device], movement)


async def _push(lines: Sequence[Line]) -> float:
    """Let all of them push, and return the seconds until all are answered."""
    begun = perf_counter()
    await asyncio.gather(*[line.push() for line in lines])
    return perf_counter() - begun


@asynccontextmanager
async def _lines(phones: Sequence[Phone], port: int) -> AsyncIterator[Sequence[Line]]:
    """Open connections of all phones."""
    lines = [await Line(phone, port).open() for phone in phones]
    try:
        yield lines
    finally:
        for line in lines:
            line.close()


# --- the app's own ledger --------------------------------------------------------------------------------------------


@contextmanager
def _app(folder: Path) -> Iterator[Phones]:
    """Run the app's ledger in Node; its disk is a fake IndexedDB in memory."""
    with Phones(bundle_driver(folder)) as phones:
        yield phones


def _joined(phones: Phones, name: str, code: str, port: int) -> PhoneProcess:
    phone = phones.open(name)
    phone.enrol(f"gobi:enrol:http://localhost:{port}#{code}", fleet.PERSON, fleet.PIN)
    if (status := phone.sync()) != "ok":
        raise RuntimeError(f"the new phone did not sync: {status}")
    return phone


def _bootstrap(
    phones: Phones, codes: Sequence[str], port: int, tapped: Tap, truth: Mapping[str, int]
) -> tuple[float, Counted]:
    """Let a new phone join and show every balance; once for the seconds, once through the tap for the bytes."""
    begun = perf_counter()
    phone = _joined(phones, "timed", codes[0], port)
    seconds = perf_counter() - begun
    _check(phone, truth)
    before = tapped.read()
    _joined(phones, "counted", codes[1], tapped.port)
    return seconds, tapped.read().since(before)


def _check(phone: PhoneProcess, truth: Mapping[str, int]) -> None:
    """Refuse a figure whose balances are wrong."""
    rows = phone.rows("balance").values()
    shown = {f"{row['item']}|{row['place']}": row["q"] - fleet.OPENING for row in rows}
    wrong = {key: (shown.get(key), qty) for key, qty in truth.items() if shown.get(key) != qty}
    if wrong:
        raise RuntimeError(
            f"{len(wrong)} balances are not the sum of their movements: {list(wrong.items())[:3]}"
        )


def _at_rest(phones: Phones, tapped: Tap, made: Sequence[Movement]) -> tuple[float, Counted]:
    """Measure what the phone that joined through the tap asks when there is nothing, and how fast it records."""
    phone = PhoneProcess(phones, "counted")
    phone.sync()
    before = tapped.read()
    phone.sync()
    idle = tapped.read().since(before)
    drafts = [fleet.draft(movement) for movement in made[:LOCAL_OPS]]
    spent_ms: float = phone.ask("record-many", ops=drafts)
    return LOCAL_OPS / spent_ms * 1000, idle


# --- the engine alone ------------------------------------------------------------------------------------------------


def measure_engine(made: Sequence[Movement]) -> Figures:
    """Measure sealed frames into the real ledger: its rows and its tree in memory, no HTTP, no disk."""
    server = MemoryServer(new_ledger())
    server.kept(genesis(server.ledger, fleet.wall_ms()))
    server.kept(server.ledger.take((), list(fleet.stocked()), now_ms=fleet.wall_ms(), seen=server.seen))
    phones = [_hired(server, number) for number in range(1, DEVICES + 1)]
    _submit(server, phones)
    single_spent, singles = 0.0, 0
    while single_spent < SECONDS:
        for qty in (-1, 1):
            _record(phones, [Movement(number, number, qty, 0) for number in range(DEVICES)])
            single_spent += _submit(server, phones)
            singles += DEVICES
    spent, done, each = 0.0, 0, BATCH * DEVICES
    while done < len(made) and spent < SECONDS:
        _record(phones, made[done : done + each])
        spent += _submit(server, phones)
        done += each
    held, truth = server.ledger.fold.balances(), sums(made[:done])
    for key, qty in truth.items():
        item, _, place = key.partition("|")
        assert held[item, "", place][0] == fleet.OPENING + qty, "every op counts once"
    return Figures(
        engine="Gobi's engine alone",
        local=None,
        single=singles / single_spent,
        batched=done / spent,
        ops=done,
    )


def _hired(server: MemoryServer, number: int) -> Phone:
    key = private_key(number)
    enrolling = [fleet.enrolling(key)]
    commit = server.kept(server.ledger.take((), enrolling, now_ms=fleet.wall_ms(), seen=server.seen))
    return fleet.signed_in(key, SECRET, LeafHash(commit.recorded[0][1]), server.seen)


def _submit(server: MemoryServer, phones: Sequence[Phone]) -> float:
    """Hand over what every phone has recorded, sealed; return the seconds."""
    now_ms = fleet.wall_ms()
    sent = [
        Delivery(device=phone.device, now_ms=now_ms, run=phone.clock.run, frames=phone.frames())
        for phone in phones
    ]
    begun = perf_counter()
    commit = server.deliver(sent, at_ms=now_ms)
    spent = perf_counter() - begun
    assert not any(commit.problems), "every frame was taken"
    for phone in phones:
        phone.outbox[phone.epoch].acked_to = phone.seq
    return spent
