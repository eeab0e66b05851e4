"""A company of a hundred thousand rows in a data folder, made through the server's own door: for benches of size.

Synthetic: 1,500 items with their codes, 400 places of two sites, 300 partners, and balances of a lot each.
"""

import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

from sqlalchemy import func, select

from api.bootstrap import House, found_house, open_house
from api.founding import Founding
from api.routes.enrolment import EnrolmentAsked, make_code
from api.settings import Settings
from storage.tables import ledger_rows
from sync_engine.commit import Intention

ITEMS: Final = 1_500
PLACES: Final = 400
PARTNERS: Final = 300
SITES: Final = ("WH-A", "WH-B")
LINES: Final = 50
"""Of an op."""
ADMIN: Final = "limin"
_START_S: Final = 120


def settings_of(folder: Path) -> Settings:
    """Return the settings of the company's server."""
    return Settings(data_dir=folder)


async def found(folder: Path, rows: int) -> None:
    """Found the company, and let it have so many rows that phones replicate."""
    founding = Founding(org="lvyuan", name="绿源", admin=ADMIN, admin_name="李敏")
    await found_house(settings_of(folder), founding)
    async with open_house(settings_of(folder)) as house:
        await house.sequencer.record(list(_catalogue()))
        balances = _balances(rows)
        lines = [_line(number) for number in range(balances)]
        for first in range(0, len(lines), 100 * LINES):
            part = lines[first : first + 100 * LINES]
            await house.sequencer.record(
                [_opening(part[at : at + LINES]) for at in range(0, len(part), LINES)]
            )
        await house.snapshotter.make_due()


async def work(folder: Path, *, days: int, ops_a_day: int, rows: int) -> tuple[int, int]:
    """Let the company work; return how many ops it recorded, and how many rows changed. Some lots move often."""
    chance = Random(3)
    balances = _balances(rows)
    async with open_house(settings_of(folder)) as house:
        before = house.sequencer.head.size
        for _ in range(days):
            ops = []
            for _ in range(ops_a_day):
                number = int(balances * chance.random() ** 3)
                item, lot, _, place, _ = _line(number)
                ops.append(
                    Intention("adjust", (None, (), "loss", [[item, lot, place, "virtual:loss", 1]], []))
                )
            for first in range(0, len(ops), 500):
                await house.sequencer.record(ops[first : first + 500])
        await house.snapshotter.make_due()
        async with house.engine.connect() as connection:
            counted = select(func.count()).where(ledger_rows.c.changed >= before)
            changed = (await connection.execute(counted)).scalar_one()
    return days * ops_a_day, changed


async def codes(folder: Path, count: int) -> list[str]:
    """Return one-time codes by which phones of the admin join."""
    async with open_house(settings_of(folder)) as house:
        return [await _code(house) for _ in range(count)]


async def _code(house: House) -> str:
    made = await make_code(house, EnrolmentAsked(person=ADMIN), server_url="http://localhost")
    return made.url.partition("#")[2]


def _catalogue() -> Iterator[Intention]:
    for site in SITES:
        yield _set("place", site, [["name", f"仓库 {site}"]])
    for number in range(PLACES):
        site = SITES[number % len(SITES)]
        yield _set("place", f"R{number}", [["name", f"货位 {number}"], ["parent", site]])
    for number in range(ITEMS):
        code = f"69{number:010d}0"
        yield _set(
            "item", f"SKU-{number:04d}", [["name", f"商品 {number}"], ["unit", "each"], ["code", code]]
        )
    for number in range(PARTNERS):
        yield _set("partner", f"P{number}", [["name", f"客户 {number}"]])


def _set(table: str, key: str, attributes: list[list[str]]) -> Intention:
    return Intention("set", (None, (), table, key, attributes))


def _balances(rows: int) -> int:
    """Each lot has two: at its place, and at the account that it came from."""
    return (rows - ITEMS - PLACES - PARTNERS) // 2


def _line(number: int) -> list[object]:
    item = f"SKU-{number * 7 % ITEMS:04d}"
    return [
        item,
        f"26{number // 1_000:04d}-{number % 1_000:03d}",
        "virtual:opening",
        f"R{number * 13 % PLACES}",
        10 + number % 90,
    ]


def _opening(lines: list[list[object]]) -> Intention:
    return Intention("adjust", (None, (), "opening", lines, []))


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[tuple[int, int]]:
    """`gobi serve` on the company's data, in a process of its own: its port and its number."""
    chosen = port or _free_port()
    command = [sys.executable, "-m", "api", "serve", "--port", str(chosen), "--data", str(folder / "data")]
    log = (folder / "server.log").open("ab")
    process = subprocess.Popen(command, stdout=log, stderr=log, cwd=Path(__file__).resolve().parent.parent)
    try:
        deadline = time.monotonic() + _START_S
        while not _answers(chosen):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "server.log").read_text(encoding="utf-8")[-2000:])
            time.sleep(0.1)
        yield chosen, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        log.close()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/log/checkpoint", timeout=2):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        found: int = probe.getsockname()[1]
    return found
