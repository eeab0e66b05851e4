"""The demo day on the real sequencer and a real database: it ends in its tables, and the doctor finds nothing."""

from __future__ import annotations

from contextlib import asynccontextmanager
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from api.demo.day import ORG, UTC_OFFSET_MINUTES, at
from api.demo.devices import new_key
from api.demo.ends import differences
from api.demo.memory_server import delivery_of
from api.demo.play import Play
from bench.company import LOG_KEY, ORIGIN, Time
from blockchain_trace.adapters.pin_file import PinFile
from blockchain_trace.adapters.stored_tiles import read_log
from blockchain_trace.fsck import check_log
from blockchain_trace.log import TransparencyLog
from storage.engine import open_engine
from storage.migrate import migrate
from sync_engine.adapters.evidence import read_evidence
from sync_engine.adapters.ledger_store import StoredLedger
from sync_engine.doctor import check_ledger
from sync_engine.genesis import signed_genesis
from sync_engine.ledger import Ledger
from sync_engine.pull import answer
from sync_engine.seal import raw_key
from sync_engine.sequencer import Sequencer
from sync_engine.wire import decode_request, encode_reply
from tests.contracts.databases import POSTGRESQL, SQLITE, database_url

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncEngine

    from sync_engine.commit import Commit, Intention

BACKENDS = [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.needs_service("postgresql"))]
FOUNDED_MS = at("00:00") - 86_400_000


class StoredServer:
    """The sequencer as the day's phones meet it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.chance = Random(7)
        self.secret, self._key = self.chance.randbytes(32), new_key(self.chance)
        self._time = Time(FOUNDED_MS)
        self._folder, self._url = folder, url

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[StoredServer, None]:
        self.engine: AsyncEngine = open_engine(self._url)
        await migrate(self.engine)
        self.pin = PinFile(self._folder / "last-signed")
        self.sequencer = Sequencer(
            store=StoredLedger(self.engine, ORG),
            sealer=TransparencyLog(origin=ORIGIN, key=LOG_KEY, pin=self.pin),
            new_ledger=lambda: Ledger(ORG, self.secret, self._key),
            now_ms=self._time,
        )
        await self.sequencer.start()
        yield self
        await self.sequencer.stop()
        await self.engine.dispose()

    def genesis(self, ledger: Ledger, now_ms: int) -> Commit:
        key, admin = raw_key(self._key.public_key()), ("limin", "李敏", None)
        fields = ("绿原合作社", key, LOG_KEY.verifier.vkey, "", admin, UTC_OFFSET_MINUTES)
        roots = [bytes([number]) * 32 for number in range(1, 4)]
        return ledger.found(
            signed_genesis(ORG, fields, roots), epoch=self.chance.getrandbits(53), now_ms=now_ms
        )

    @property
    def ledger(self) -> Ledger:
        return self.sequencer.ledger

    @property
    def seen(self) -> tuple[int, bytes]:
        return self.sequencer.head.seen

    async def record(self, intentions: Sequence[Intention], *, at_ms: int) -> Sequence[tuple[int, bytes]]:
        self._time.now_ms = at_ms
        return await self.sequencer.record(intentions)

    async def sync(self, request: bytes, *, at_ms: int) -> bytes:
        self._time.now_ms = at_ms
        asked = decode_request(request)
        receipt = await self.sequencer.submit(delivery_of(asked, at_ms))
        return encode_reply(await answer(self.sequencer, asked, receipt, is_proven=True, now_ms=at_ms))

    async def findings(self) -> list[Any]:
        evidence = await read_evidence(self.engine, ORG)
        log = check_log(
            await read_log(self.engine, ORG), key=LOG_KEY.verifier, origin=ORIGIN, pinned=self.pin.read()
        )
        return [*check_ledger(evidence).findings, *log.findings]


@pytest.mark.parametrize("backend", BACKENDS)
async def test_the_day_ends_in_its_tables_and_every_table_follows_from_the_log(
    backend: str, tmp_path: Path
) -> None:
    async with database_url(backend, tmp_path, "day") as url:
        server = StoredServer(tmp_path, url)
        async with server.running():
            await server.sequencer.found(server.genesis)
            play = Play(server, server.secret, server.chance)
            await play.prepare()
            async for _ in play.until("09:04"):
                pass
        # In the middle of the day the server stops and starts: nobody notices.
        async with server.running():
            async for _ in play.rest():
                pass
            assert differences((await read_evidence(server.engine, ORG)).rows) == []
            assert await server.findings() == []
            assert [held for held in play.phones.values() if held.phone.unsent] == []
