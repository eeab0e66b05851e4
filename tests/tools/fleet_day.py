"""Phones at work while the processes that serve them, and their database, are killed again and again; then a reckoning.

Phones send each request to whichever process comes, send again what was not answered, and sometimes what was. `Tally`
says what the ledger made of it; everything in it but the counts of work must be nought.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import TYPE_CHECKING, Any, Final

import httpx
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import create_async_engine

from api.bootstrap import found_house, open_house
from api.cli.doctor import examine
from api.founding import Founding
from api.routes.enrolment import EnrolmentAsked, make_code
from api.settings import Settings
from blockchain_trace.checkpoint import verify_checkpoint
from blockchain_trace.note import parse_vkey
from domain.merkle import merkle_root
from storage.tables import ops
from sync_engine.commit import Intention
from sync_engine.wire import decode_reply
from tests.tools.fleet import URL, Process, to_any
from tests.tools.http_phone import HttpPhone

if TYPE_CHECKING:
    from pathlib import Path

    from sync_engine.wire import SyncReply
    from tests.tools.private_postgres import PrivatePostgres

ORG: Final = "lvyuan"
PHONES: Final = 6
PROCESSES: Final = 3
OPS_MAX: Final = 6
"""Recorded between two syncs of a phone."""
AGAIN: Final = 0.2
"""How often a request that was answered arrives once more, at any process."""
PAUSE_S: Final = 0.4
"""Between two kills: processes meet, commit and follow each other."""
ROUNDS: Final = 40

Dot = tuple[bytes, int, int]


@dataclass
class Tally:
    """What happened, and what of it must not have."""

    kills: int = 0
    recorded: int = 0
    acked: int = 0
    answered: int = 0
    unanswered: int = 0
    redelivered: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    """Ops that a phone recorded, acked or not, and that the log does not have after all have synced."""
    acked_lost: int = 0
    doubled: int = 0
    not_accepted: int = 0
    moved: int = 0
    """Redelivered ops whose log or verdict changed."""
    forked: int = 0
    """Checkpoints that phones hold and the log never had."""
    findings: list[str] = field(default_factory=list)
    """What the doctor found, and what processes broke at."""

    @property
    def is_well(self) -> bool:
        """Whether nothing was lost, doubled, changed or forked."""
        wrong = (self.lost, self.acked_lost, self.doubled, self.not_accepted, self.moved, self.forked)
        return not (any(wrong) or self.findings)


class FleetDay:
    """A company on a private PostgreSQL with several processes and phones."""

    def __init__(self, folder: Path, postgres: PrivatePostgres, seed: int) -> None:
        self.chance = Random(seed)
        self.tally = Tally()
        self._folder, self._postgres = folder, postgres
        self._settings = Settings(data_dir=folder / "one", database_url=postgres.url, public_url=URL)
        self._fleet: list[Process] = []
        self._phones: list[HttpPhone] = []
        self._acked: set[Dot] = set()
        self._notes: set[str] = set()
        self._sent: list[tuple[HttpPhone, bytes, bytes]] = []
        self._starting: list[asyncio.Task[None]] = []
        self._is_over = False

    async def run(self, kills: int) -> Tally:
        """Found the company, work and kill so many times, let everything heal, and reckon."""
        try:
            await self._begin()
            await self._live(kills)
        finally:
            for starting in self._starting:
                starting.cancel()
            await asyncio.gather(*self._starting, return_exceptions=True)
            for process in self._fleet:
                await process.kill()
        await self._reckon()
        return self.tally

    async def _live(self, kills: int) -> None:
        async with to_any(self._fleet, self.chance) as client:
            await self._enrol(client)
            workers = [asyncio.create_task(self._work(phone)) for phone in self._phones]
            try:
                while self.tally.kills < kills:
                    await asyncio.sleep(self.chance.uniform(0.05, PAUSE_S))
                    await self._strike()
            finally:
                self._is_over = True
                await asyncio.gather(*workers)
            await asyncio.gather(*self._starting)
            await self._heal()
            await self._redeliver()
            await self._compare_heads()

    # --- before ----------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        founding = Founding(org=ORG, name="绿原合作社", admin="limin", admin_name="李敏")
        await found_house(self._settings, founding)
        async with open_house(self._settings) as house:
            stock = [["TOM-5", f"L{lot}", "virtual:opening", "R1", 1_000_000] for lot in range(PHONES)]
            await house.sequencer.record(
                [
                    Intention("set", (None, (), "place", "R1", [["parent", "W1"]])),
                    Intention("set", (None, (), "place", "T1", [["name", "Van"]])),
                    Intention("adjust", (None, (), "opening", stock, [])),
                    *[
                        Intention("grant", (None, (), f"p{number}", "picker", None))
                        for number in range(PHONES)
                    ],
                ]
            )
            self._codes = [
                (
                    await make_code(
                        house, EnrolmentAsked(person=f"p{number}", purpose="phone"), server_url=URL
                    )
                ).url
                for number in range(PHONES)
            ]
        # Two processes share a folder, as on one machine; the third has its own, as on another.
        other = self._folder / "other"
        shutil.copytree(self._settings.data_dir, other)
        folders = [self._settings.data_dir, self._settings.data_dir, other]
        self._fleet = [Process(folder, self._postgres.url) for folder in folders[:PROCESSES]]
        await asyncio.gather(*[process.start() for process in self._fleet])

    async def _enrol(self, client: httpx.AsyncClient) -> None:
        for number, code in enumerate(self._codes):
            phone = HttpPhone.numbered(client, number + 1, _now_ms())
            answer = await phone.enrol(code)
            assert answer.status_code == 201, answer.text
            phone.sign_in(f"p{number}")
            await phone.sync()  # from here on it knows of its rights
            self._phones.append(phone)

    # --- work ------------------------------------------------------------------------------------------------------

    async def _work(self, phone: HttpPhone) -> None:
        number = self._phones.index(phone)
        while not self._is_over:
            phone.clock_ms = _now_ms()
            for _ in range(self.chance.randint(1, OPS_MAX)):
                line = ["TOM-5", f"L{number}", "R1", "T1", 1]
                phone.record("pick", None, None, [line])
                self.tally.recorded += 1
            await self._sync(phone)
            await asyncio.sleep(self.chance.uniform(0, 0.05))

    async def _sync(self, phone: HttpPhone) -> SyncReply | None:
        """Make one round trip; None where nothing came back: whether it arrived, nobody knows."""
        phone.clock_ms = sent_ms = _now_ms()
        body = phone.it.request(wall_ms=sent_ms, mono_ms=sent_ms)
        try:
            answer = await phone.post(body)
        except httpx.HTTPError:
            self.tally.unanswered += 1
            return None
        if answer.status_code != httpx.codes.OK:
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
            assert int(answer.headers["Retry-After"]) > 0
            self.tally.unanswered += 1
            return None
        self.tally.answered += 1
        now_ms = _now_ms()
        reply = phone.it.receive(
            answer.content,
            sent_wall_ms=sent_ms,
            sent_mono_ms=sent_ms,
            received_wall_ms=now_ms,
            received_mono_ms=now_ms,
        )
        assert reply.problems == (), reply.problems
        self._notes.add(reply.checkpoint)
        for acked in reply.acked:
            self._acked.update((phone.it.device, acked.epoch, seq) for seq in range(1, acked.last_seq + 1))
        if self.chance.random() < AGAIN:
            with suppress(httpx.HTTPError):
                await phone.post(body, proof="")
        if self.chance.random() < AGAIN:
            self._sent.append((phone, body, answer.content))
        return reply

    # --- kills -----------------------------------------------------------------------------------------------------

    async def _strike(self) -> None:
        blow = self.chance.choices(
            (self._kill_process, self._end_session, self._stall, self._crash_database), (6, 3, 2, 1)
        )[0]
        if not await blow():
            return
        self.tally.kills += 1
        name = blow.__name__.strip("_")
        self.tally.kinds[name] = self.tally.kinds.get(name, 0) + 1

    async def _kill_process(self) -> bool:
        """SIGKILL, at whatever it does."""
        up = [process for process in self._fleet if process.is_up]
        if len(up) < PROCESSES - 1:
            return False  # somebody must be there, to be killed at work
        process = self.chance.choice(up)
        await process.kill()
        self._starting.append(asyncio.create_task(process.start()))
        return True

    async def _end_session(self) -> bool:
        """The connection that commits is lost."""
        return await self._end_sessions("state <> 'idle'") > 0

    async def _stall(self) -> bool:
        """A process stands still in the middle of anything, loses its connections, and wakes when others went on."""
        process = self.chance.choice(self._fleet)
        process.signal(signal.SIGSTOP)
        await asyncio.sleep(self.chance.uniform(0, 0.2))
        await self._end_sessions(f"application_name LIKE '% {process.pid}'")
        await asyncio.sleep(self.chance.uniform(0.1, 0.6))
        process.signal(signal.SIGCONT)
        return True

    async def _crash_database(self) -> bool:
        """The database server is killed, and recovers."""
        await asyncio.to_thread(self._postgres.crash)
        await asyncio.sleep(self.chance.uniform(0, 0.5))
        await asyncio.to_thread(self._postgres.start)
        return True

    async def _end_sessions(self, which: str) -> int:
        engine = create_async_engine(self._postgres.url, isolation_level="AUTOCOMMIT")
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'gobi %'"
        query = f"{ended} AND {which}"
        async with engine.connect() as connection:
            found = (await connection.execute(text(query))).all()
        await engine.dispose()
        return len(found)

    # --- after -----------------------------------------------------------------------------------------------------

    async def _heal(self) -> None:
        """Nothing fails any more: every phone gets its verdicts."""
        for phone in self._phones:
            for _ in range(ROUNDS):
                reply = await self._sync(phone)
                if reply is not None and reply.pull == "ok" and reply.page is None and not phone.it.pending:
                    break
            if phone.it.pending:
                self.tally.findings.append(f"{len(phone.it.pending)} ops of a phone have no verdict")

    async def _redeliver(self) -> None:
        """Bring requests of the whole day again: nothing may change by it."""
        before = await self._log()
        for phone, body, first in self.chance.sample(self._sent, k=min(60, len(self._sent))):
            answer = await phone.post(body, proof="")
            while (
                answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
            ):  # its connections died with the database
                await asyncio.sleep(PAUSE_S)
                answer = await phone.post(body, proof="")
            self.tally.redelivered += 1
            again, was = decode_reply(answer.content), decode_reply(first)
            if again.problems or not set(_reach(was)) <= set(_reach(again)):
                self.tally.moved += 1
        after = await self._log()
        self.tally.moved += sum(1 for mine, theirs in zip(before, after, strict=False) if mine != theirs)
        self.tally.moved += abs(len(after) - len(before))

    async def _compare_heads(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            heads = [
                (await client.get(f"http://127.0.0.1:{process.port}/log/checkpoint")).text
                for process in self._fleet
            ]
        self._notes.update(heads)
        if len(set(heads)) != 1:
            self.tally.findings.append(f"processes end with different checkpoints: {heads}")

    async def _log(self) -> list[Any]:
        engine = create_async_engine(self._postgres.url)
        columns = (ops.c.hash, ops.c.device, ops.c.epoch, ops.c.seq, ops.c.kind, ops.c.verdict, ops.c.code)
        async with engine.connect() as connection:
            found = [
                tuple(record) for record in await connection.execute(select(*columns).order_by(ops.c.leaf))
            ]
        await engine.dispose()
        return found

    async def _reckon(self) -> None:
        found = await self._log()
        hashes = [record[0] for record in found]
        dots: dict[Dot, int] = {}
        for _, device, epoch, seq, *_ in found:
            dots[device, epoch, seq] = dots.get((device, epoch, seq), 0) + 1
        made = {
            (phone.it.device, epoch, entry.op.seq): entry.hash
            for phone in self._phones
            for epoch, outbox in phone.it.outbox.items()
            for entry in outbox.entries
        }
        tally, logged = self.tally, set(hashes)
        tally.acked = len(self._acked)
        tally.lost = sum(1 for digest in made.values() if digest not in logged)
        tally.acked_lost = sum(1 for dot in self._acked if dot not in dots)
        tally.doubled = sum(1 for count in dots.values() if count != 1)
        tally.not_accepted = sum(1 for record in found if record[5] != "accepted")
        org, ledger, log = await examine(self._settings)
        assert org == ORG
        tally.findings += [f"{one.table}: {one.about}: {one.problem}" for one in ledger.findings]
        tally.findings += [f"{one.table}: {one.about}: {one.problem}" for one in log.findings]
        async with open_house(self._settings) as house:
            key = parse_vkey(house.genesis.log_key)
        for note in self._notes:
            checkpoint = verify_checkpoint(note, key, key.name)
            if merkle_root(hashes[: checkpoint.size]) != checkpoint.root:
                tally.forked += 1
        for process in self._fleet:
            told = process.log.read_text()
            tally.findings += [
                f"{process.log.name}: {line[:500]}"
                for line in told.splitlines()
                if "Traceback" in line
                or "commit_failed" in line
                or "follow_failed" in line
                or "broke" in line
            ]


def _reach(reply: SyncReply) -> list[tuple[int, int]]:
    """Which ops a reply acknowledges, one by one."""
    return [(acked.epoch, seq) for acked in reply.acked for seq in range(1, acked.last_seq + 1)]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
