"""Gobi as it runs, for the workload: a founded company on disk, its server in a process of its own, its phones."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

from api.bootstrap import House, found_house, open_house
from api.founding import Founding
from api.routes.enrolment import EnrolmentAsked, make_code
from api.settings import Settings
from bench.company import private_key
from bench.peers.workload import ITEMS, KEYS, PLACES, Movement
from domain.ops import LeafHash, device_id, device_secret
from sync_engine.commit import Intention
from sync_engine.phone import Enrolment, Phone
from sync_engine.seal import PrivateKey, raw_key

ROOT: Final = Path(__file__).resolve().parents[2]
ORG: Final = "lvyuan"
PERSON: Final = "liu"
PIN: Final = "2468"
OPENING: Final = 1_000_000
"""Of every key: nobody runs out, so that no engine is charged for exceptions that the others cannot raise."""
VEHICLE: Final = "T1"
DOCK: Final = "DOCK"
START_S: Final = 60
DAY_MS: Final = 86_400_000


class Fleet(NamedTuple):
    """What the company handed out before its server started."""

    phones: tuple[Phone, ...]
    codes: tuple[str, ...]
    """Enrolment codes, the part after the `#`, for phones that join over HTTP."""


def wall_ms() -> int:
    """Return the time by which the server and its phones go."""
    return time.time_ns() // 1_000_000


async def founded(folder: Path, *, phones: int, codes: int) -> Fleet:
    """Found the company in a folder, with opening stock and phones that are enrolled and signed in."""
    settings = Settings(data_dir=folder)
    await found_house(settings, Founding(org=ORG, name="绿原合作社", admin="limin", admin_name="李敏"))
    async with open_house(settings) as house:
        await house.sequencer.record(list(stocked()))
        made = [await _hired(house, number) for number in range(1, phones + 1)]
        asked = EnrolmentAsked(person=PERSON)
        given = [await make_code(house, asked, server_url="http://localhost") for _ in range(codes)]
    return Fleet(tuple(made), tuple(code.url.partition("#")[2] for code in given))


def record(phone: Phone, movement: Movement) -> None:
    """Record a movement as the fact that it is: a pick, or goods put away from the dock."""
    kind, fields = fact(movement)
    now_ms = wall_ms()
    phone.record(kind, fields, wall_ms=now_ms, mono_ms=now_ms)


def fact(movement: Movement) -> tuple[str, tuple[Any, ...]]:
    """Return the kind and the fields of a movement."""
    item, _, place = KEYS[movement.key].partition("|")
    if movement.qty < 0:
        return "pick", (None, None, [[item, "", place, VEHICLE, -movement.qty]])
    return "move", (None, [[item, "", DOCK, place, movement.qty]])


def draft(movement: Movement) -> dict[str, Any]:
    """Return the same as the app's own ledger takes it."""
    item, _, place = KEYS[movement.key].partition("|")
    line = {"item": item, "lot": "", "qty": abs(movement.qty)}
    if movement.qty < 0:
        lines = [{**line, "from": place, "to": VEHICLE}]
        return {"kind": "pick", "fields": {"order": None, "task": None, "lines": lines}}
    return {"kind": "move", "fields": {"task": None, "lines": [{**line, "from": DOCK, "to": place}]}}


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Serve the company of a folder from a process of its own; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "api", "serve", "--port", str(port), "--data", str(folder)]
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            _await_start(port, process, folder / "server.log")
            yield port
        finally:
            process.terminate()
            process.wait(timeout=20)


def _await_start(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(HTTPError, OSError), urlopen(f"http://localhost:{port}/log/checkpoint"):
            return
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


def signed_in(key: PrivateKey, secret: bytes, enrol: LeafHash, seen: tuple[int, bytes]) -> Phone:
    """Return an enrolled phone at which its person has just signed in; `secret` is the organisation's."""
    device = device_id(raw_key(key.public_key()))
    chance = Random(device)
    enrolment = Enrolment(ORG, device_secret(secret, device), enrol)
    phone = Phone(key, enrolment, lambda: chance.getrandbits(53))
    phone.seen = seen
    now_ms = wall_ms()
    expires_ms, nonce = now_ms + DAY_MS, chance.randbytes(16)
    phone.sign_in(PERSON, expires_ms=expires_ms, nonce=nonce, wall_ms=now_ms, mono_ms=now_ms)
    return phone


def enrolling(key: PrivateKey) -> Intention:
    """Return what enrols a phone by its key."""
    public = raw_key(key.public_key())
    return Intention("enrol", (None, (), device_id(public), public, "phone", PERSON, "phone"))


async def _hired(house: House, number: int) -> Phone:
    key = private_key(number)
    [(_, enrolled)] = await house.sequencer.record([enrolling(key)])
    return signed_in(key, house.secrets.organisation, LeafHash(enrolled), house.sequencer.head.seen)


def stocked() -> Iterator[Intention]:
    """Yield people, places, items and opening stock."""

    def named(table: str, name: str, *more: Sequence[object]) -> Intention:
        return Intention("set", (None, (), table, name, [["name", name], *more]))

    yield named("person", PERSON)
    yield Intention("grant", (None, (), PERSON, "picker", None))
    yield from (named("place", place) for place in (VEHICLE, DOCK))
    yield from (named("place", f"R{place}", ["parent", "W1"]) for place in range(PLACES))
    yield from (named("item", f"ITEM-{item}") for item in range(ITEMS))
    lines = [[f"ITEM-{item}", "", "virtual:opening", DOCK, OPENING] for item in range(ITEMS)]
    for key in KEYS:
        item, _, place = key.partition("|")
        lines.append([item, "", "virtual:opening", place, OPENING])
    for first in range(0, len(lines), 50):
        yield Intention("adjust", (None, (), "opening", lines[first : first + 50], []))
