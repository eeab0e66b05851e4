"""The demo company as a server: phones join by themselves, the day goes on, and begins anew."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.demo.ends import differences
from api.demo_server import DemoServer, forget
from api.pages import Pages
from api.routes.demo import demo_router
from api.settings import Settings
from storage.writer_lock import LedgerInUseError
from tests.integration.api_house import URL
from tests.tools.http_phone import HttpPhone

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[DemoServer]:
    server = DemoServer(Settings(data_dir=tmp_path, demo=True))
    await server.open()
    yield server
    await server.close()


@pytest.fixture
async def client(demo: DemoServer, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(demo.house, more=(demo_router(demo),), files=Pages(tmp_path / "none"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=URL) as client:
        yield client


async def join(client: httpx.AsyncClient, demo: DemoServer, person: str, number: int) -> HttpPhone:
    made = (await client.post("/demo/api/enrolments", json={"person": person})).json()
    assert made["url"].startswith(f"gobi:enrol:http://{person}.localhost:8000#")
    phone = HttpPhone.numbered(client, number, demo.clock())
    await phone.enrol(made["url"])
    phone.sign_in(person)
    await phone.sync()
    return phone


def at(demo: DemoServer, minutes: int, phone: HttpPhone) -> None:
    """So many minutes later, by the server's clock and by the phone's."""
    demo.clock.hold(demo.clock() + minutes * 60_000)
    phone.clock_ms = demo.clock()


async def test_two_phones_reconcile_and_the_page_tells_why(
    client: httpx.AsyncClient, demo: DemoServer
) -> None:
    liu, zhang = await join(client, demo, "liu", 1), await join(client, demo, "zhang", 2)
    at(demo, 1, liu)
    liu.record(
        "pick", "SO-1123-1", None, [["TOM-5", "1121", "R1", "T1-3", 40], ["TOM-5", "1123", "R1", "T1-3", 20]]
    )
    at(demo, 8, zhang)
    zhang.record("count", "R1", ["TOM-5"], False, False, [["TOM-5", "1123", 55, None, 0]])
    await zhang.sync()
    before = (await client.get("/demo/api/ledger")).json()
    assert [row["dq"] for row in before["variances"]] == [-21]
    at(demo, 20, liu)
    await liu.sync()

    shown = (await client.get("/demo/api/ledger")).json()
    [variance] = shown["variances"]
    assert variance["dq"] == -1
    assert "缺少的 20 件是刘洋" in variance["zh"]
    assert shown["ops"][0]["kind"] == "pick"
    assert shown["is_playing"] is True

    # What a person did by hand is not done again by the story: the day ends as it always ends.
    await client.post("/demo/api/rest")
    assert differences(demo.house().ledger.fold.rows()) == []


async def test_the_rest_of_the_day_ends_as_it_must_whoever_did_the_beginning(
    client: httpx.AsyncClient, demo: DemoServer
) -> None:
    assert (await client.post("/demo/api/rest")).status_code == 200
    assert differences(demo.house().ledger.fold.rows()) == []
    again = await client.post("/demo/api/rest")
    assert (again.status_code, again.json()["type"]) == (409, "/errors/demo-over")

    assert (await client.post("/demo/api/reset")).status_code == 200
    shown = (await client.get("/demo/api/ledger")).json()
    assert shown["variances"] == []
    assert shown["is_playing"] is True
    phone = await join(client, demo, "limin", 3)
    assert phone.it.pull == "ok"


async def test_a_kept_day_is_opened_again_and_its_clock_never_goes_back(demo: DemoServer) -> None:
    await demo.rest()
    ahead = demo.clock()
    await demo.close()
    again = DemoServer(demo.settings)
    await again.open()
    try:
        assert again.clock() >= ahead - 1_000
        assert not again.is_playing
        assert differences(again.house().ledger.fold.rows()) == []
    finally:
        await again.close()


async def test_a_running_demo_is_not_begun_anew_under_its_feet(demo: DemoServer) -> None:
    with pytest.raises(LedgerInUseError):
        forget(demo.settings)
    assert demo.house().ledger.size > 0
    await demo.reset()


async def test_a_link_that_can_be_typed_leads_to_joining_and_works_again(client: httpx.AsyncClient) -> None:
    begin = "http://sun.localhost:8000/#/enrol?u=gobi%3Aenrol%3Ahttp%3A%2F%2Fsun.localhost%3A8000%23"
    first, second = [(await client.get("/demo/as/sun")) for _ in range(2)]
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"].startswith(begin)
    assert second.headers["location"].startswith(begin)
    assert first.headers["location"] != second.headers["location"]
    assert (await client.get("/demo/as/nobody")).status_code == 404


async def test_the_page_of_the_demo_stands_beside_its_routes(demo: DemoServer, tmp_path: Path) -> None:
    built = tmp_path / "built"
    built.mkdir()
    (built / "demo.html").write_text("<title>two phones</title>")
    app = create_app(demo.house, more=(demo_router(demo),), files=Pages(built))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=URL) as client:
        shown = await client.get("http://gobi.localhost:8000/demo")
    assert (shown.status_code, shown.text) == (200, "<title>two phones</title>")


async def test_the_command_serves_pokes_and_stops_cleanly(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [sys.executable, "-m", "api", "serve", "--demo", "--port", str(port), "--data", str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(*line, stdout=asyncio.subprocess.PIPE, env=env)
    assert process.stdout is not None
    try:
        greeting = (await process.stdout.readuntil(b"Ctrl+C")).decode()
        people = re.findall(r"http://localhost:\d+/demo/as/(\w+)", greeting)
        assert people == ["limin", "chenchen", "liu", "zhang", "maqiang", "sun"]
        await _hear_a_poke(f"http://127.0.0.1:{port}")
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 30)


async def _hear_a_poke(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        for _ in range(100):  # the greeting comes a moment before the socket
            try:
                await client.get("/health")
                break
            except httpx.ConnectError:
                await asyncio.sleep(0.1)
        async with client.stream("GET", "/api/v1/sync/events") as stream:
            pokes = stream.aiter_lines()
            assert await anext(pokes) == "event: poke"
            first = int((await anext(pokes)).removeprefix("data: "))
            assert await anext(pokes) == ""
            async with httpx.AsyncClient(base_url=url) as other:
                made = (await other.post("/demo/api/enrolments", json={"person": "liu"})).json()
                phone = HttpPhone.numbered(other, 9, 0)
                assert (await phone.enrol(made["url"])).status_code == 201
            assert await anext(pokes) == "event: poke"
            assert int((await anext(pokes)).removeprefix("data: ")) > first
