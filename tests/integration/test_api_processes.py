"""Two servers over one database: whatever one answered, the other knows at the next request."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

import api.cli.doctor
from api.app import create_app
from api.bootstrap import found_house, open_house
from api.cli.main import main
from api.founding import Founding
from api.pages import Pages
from api.routes.enrolment import EnrolmentAsked, make_code
from api.settings import Settings
from blockchain_trace.adapters.stored_tiles import read_log
from sync_engine.adapters.ledger_store import StoredCut
from sync_engine.commit import Intention
from sync_engine.wire import decode_reply
from tests.contracts.databases import POSTGRESQL, database_url
from tests.integration.api_house import URL, WORLD, Running, Time
from tests.tools.http_phone import HttpPhone

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncEngine

    from api.bootstrap import House
    from blockchain_trace.fsck import LogEvidence
    from sync_engine.ports import Stored

pytestmark = pytest.mark.needs_service("postgresql")


@asynccontextmanager
async def _two_servers(folder: Path) -> AsyncGenerator[tuple[Running, Running], None]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(database_url(POSTGRESQL, folder, "servers"))
        settings, time = Settings(data_dir=folder / "data", database_url=url), Time()
        await found_house(settings, Founding(org="lvyuan", name="x", admin="limin", admin_name="李敏"), time)
        running = []
        for _ in range(2):
            house = await stack.enter_async_context(open_house(settings, time))
            app = create_app(_constant(house), files=Pages(folder / "dist"))
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=URL))
            running.append(Running(house, client, time))
        yield running[0], running[1]


def _constant(house: House) -> Callable[[], House]:
    return lambda: house


async def _hired(at: Running, person: str, role: str) -> HttpPhone:
    await at.house.sequencer.record([Intention("grant", (None, (), person, role, None))])
    return await at.phone(person, purpose="desk" if role == "manager" else "phone")


async def test_a_phone_that_joined_at_one_server_works_at_the_other(tmp_path: Path) -> None:
    async with _two_servers(tmp_path) as (one, other):
        await other.house.sequencer.record([Intention("grant", (None, (), "liu", "picker", None))])
        await one.house.sequencer.refresh()  # as every request does
        made = await make_code(one.house, EnrolmentAsked(person="liu", purpose="phone"), server_url=URL)
        phone = HttpPhone.numbered(one.client, 1, one.time.now_ms)
        assert (await phone.enrol(made.url)).status_code == 201

        phone.client = other.client
        phone.sign_in("liu")
        reply = await phone.sync()
        assert (reply.pull, reply.problems, phone.it.pending) == ("ok", (), [])
        assert (await one.client.get("/log/checkpoint")).text == reply.checkpoint

        again = HttpPhone.numbered(other.client, 2, one.time.now_ms)
        assert (await again.enrol(made.url)).status_code == 404, "the code was used at the other server"


async def test_what_a_manager_does_at_one_server_holds_at_the_other_at_once(tmp_path: Path) -> None:
    async with _two_servers(tmp_path) as (one, other):
        manager = await _hired(one, "limin", "manager")
        manager.client = other.client
        assert (await manager.ask("GET", "/api/v1/devices")).status_code == 200

        revoke = Intention("revoke", (None, (), "device", manager.it.device, None))
        await one.house.sequencer.record([revoke])
        assert (await manager.ask("GET", "/api/v1/devices")).json()["type"] == "/errors/revoked-device"


async def test_a_proof_that_one_server_took_is_refused_by_the_other(tmp_path: Path) -> None:
    async with _two_servers(tmp_path) as (one, other):
        manager = await _hired(one, "limin", "manager")
        proof = manager.proof("GET", f"{URL}/api/v1/devices")
        headers = {"DPoP": proof, "Gobi-Session": manager.it.session.hex()}
        assert (await one.client.get("/api/v1/devices", headers=headers)).status_code == 200
        replayed = await other.client.get("/api/v1/devices", headers=headers)
        assert replayed.json()["type"] == "/errors/wrong-proof"

        body = manager.it.request(wall_ms=manager.clock_ms, mono_ms=manager.clock_ms)
        proof = manager.proof("POST", f"{URL}/api/v1/sync")
        assert (
            decode_reply(
                (await one.client.post("/api/v1/sync", content=body, headers=_sync(proof))).content
            ).pull
            == "ok"
        )
        again = await other.client.post("/api/v1/sync", content=body, headers=_sync(proof))
        assert decode_reply(again.content).pull == "use-dpop-nonce"


def _sync(proof: str) -> dict[str, str]:
    return {"DPoP": proof, "Content-Type": "application/vnd.gobi.sync+msgpack"}


async def test_whoever_listens_at_one_server_hears_what_the_other_commits(tmp_path: Path) -> None:
    async with _two_servers(tmp_path) as (one, other), other.house.sequencer.subscribe() as pokes:
        await one.house.sequencer.record([Intention("grant", (None, (), "liu", "picker", None))])
        size = one.house.sequencer.head.size
        async with asyncio.timeout(20):
            while await pokes.get() != size:
                pass
        assert other.house.sequencer.head == one.house.sequencer.head


async def test_both_servers_take_what_comes_at_the_same_time(tmp_path: Path) -> None:
    async with _two_servers(tmp_path) as (one, other):
        phones = [await _hired(one, f"p{number}", "picker") for number in range(4)]
        for round_number in range(5):
            for number, phone in enumerate(phones):
                phone.client = (one, other)[(number + round_number) % 2].client
                phone.record("pick", None, None, [["TOM-5", "L1", "R1", "T1", 1]])
            await asyncio.gather(*[phone.sync() for phone in phones])
        assert [phone.it.pending for phone in phones] == [[], [], [], []]
        await one.house.sequencer.refresh()
        await other.house.sequencer.refresh()
        assert one.house.ledger.fold.rows() == other.house.ledger.fold.rows()
        assert one.house.sequencer.head == other.house.sequencer.head


async def test_a_commit_while_another_reads_the_log_is_no_rollback_to_it_nor_to_the_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _two_servers(tmp_path) as (one, other):
        settings = one.house.settings
        said: list[str] = []

        async def say() -> None:
            said.append(f"p{len(said)}")
            await one.house.sequencer.record([Intention("grant", (None, (), said[-1], "picker", None))])

        stored = StoredCut.stored

        async def stored_and_more(cut: StoredCut, begin: int = 0) -> Stored:
            found = await stored(cut, begin)
            if not said:
                await say()
            return found

        async def more_and_tiles(engine: AsyncEngine, org: str) -> LogEvidence:
            found = await read_log(engine, org)
            await say()
            return found

        monkeypatch.setattr(StoredCut, "stored", stored_and_more)
        async with open_house(settings, one.time) as third:
            assert said == ["p0"]
            assert third.sequencer.refusal is None
        monkeypatch.setattr(api.cli.doctor, "read_log", more_and_tiles)
        _, _, log = await api.cli.doctor.examine(settings)
        assert (said, list(log.findings)) == (["p0", "p1"], [])
        assert other.house.sequencer.refusal is None


async def test_the_command_line_founds_imports_and_verifies_beside_a_running_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(tmp_path / "data")
    async with database_url(POSTGRESQL, tmp_path, "lines") as url:
        monkeypatch.setenv("GOBI_DATABASE_URL", url)
        names = ("--org", "lvyuan", "--name", "绿原", "--admin", "li", "--admin-name", "李")
        assert await asyncio.to_thread(main, ["found", *names, "--data", data]) == 0
        async with open_house(Settings(data_dir=tmp_path / "data", database_url=url)) as house:
            line = ["import", str(WORLD / "items.csv"), str(WORLD / "places.csv"), "--data", data]
            assert await asyncio.to_thread(main, line) == 0
            await house.sequencer.refresh()
            assert ("item", "TOM-5") in house.ledger.fold.state.registers
            capsys.readouterr()
            assert await asyncio.to_thread(main, ["doctor", "--json", "--data", data]) == 0
            report = json.loads(capsys.readouterr().out)
            assert (report["is_sound"], report["ops"]) == (True, house.ledger.size)
