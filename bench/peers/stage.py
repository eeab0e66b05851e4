"""Where the traps are played with Gobi: the real app on its SQLite file, asked over HTTP without a socket.

The server's clock stands still until it is moved, and every phone has a clock of its own that may be off.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Final

import httpx
from msgspec import Struct

from api.app import create_app
from api.bootstrap import House, open_house
from api.pages import Pages
from api.routes.enrolment import EnrolmentAsked, make_code
from api.settings import Settings
from domain.ops import LeafHash, Op
from sync_engine.commit import Intention
from tests.tools.http_phone import HttpPhone

MINUTE_MS: Final = 60_000
DAY_MS: Final = 1440 * MINUTE_MS
START_MS: Final = 1_795_400_000_000
URL: Final = "http://localhost:8000"
PLACE: Final = "R1"
VEHICLE: Final = "T1"


class Time:
    """The server's clock."""

    def __init__(self) -> None:
        self.now_ms = START_MS

    def __call__(self) -> int:
        """Return the instant."""
        return self.now_ms


class Stage(Struct, frozen=True):
    """A running server."""

    house: House
    client: httpx.AsyncClient
    time: Time

    async def stock(self, item: str, qty: int) -> None:
        """Bring a new item with opening stock into the company."""
        named = Intention("set", (None, (), "item", item, [["name", item]]))
        lines = [[item, "", "virtual:opening", PLACE, qty]]
        await self.house.sequencer.record([named, Intention("adjust", (None, (), "opening", lines, []))])

    async def hand(self, person: str, number: int) -> "Hand":
        """Enrol a phone for a person, and sign in."""
        made = await make_code(self.house, EnrolmentAsked(person=person), server_url=URL)
        phone = HttpPhone.numbered(self.client, number, self.time.now_ms)
        answer = await phone.enrol(made.url)
        answer.raise_for_status()
        phone.sign_in(person)
        hand = Hand(phone, self.time)
        await hand.sync()
        return hand

    def on_hand(self, item: str) -> int:
        """What the server's ledger says."""
        return self.house.ledger.fold.balances().get((item, "", PLACE), (0, 0, False))[0]

    def pass_by(self, minutes: int) -> None:
        """Let time go by."""
        self.time.now_ms += minutes * MINUTE_MS


class Hand:
    """Somebody with a phone, whose clock may be ahead."""

    def __init__(self, phone: HttpPhone, time: Time) -> None:
        self.phone, self.time = phone, time
        self.ahead_ms = 0

    @property
    def clocks(self) -> tuple[int, int]:
        """What its wall clock and its monotonic clock show."""
        return self.time.now_ms + self.ahead_ms, self.time.now_ms - START_MS

    def record(self, kind: str, *fields: Any, names: Sequence[LeafHash] = ()) -> LeafHash:
        """Record an op, with or without a signal."""
        wall_ms, mono_ms = self.clocks
        return self.phone.it.record(kind, fields, names=names, wall_ms=wall_ms, mono_ms=mono_ms)

    def move(self, item: str, qty: int) -> LeafHash:
        """Receive, or pick where the quantity is negative."""
        if qty < 0:
            return self.record("pick", None, None, [[item, "", PLACE, VEHICLE, -qty]])
        return self.record("receive", "S1", None, [[item, "", "", PLACE, qty]])

    def count(self, item: str, qty: int) -> LeafHash:
        """Count an item at the place."""
        return self.record("count", PLACE, [item], False, False, [[item, "", qty, None, 0]])

    async def sync(self, *, is_reply_lost: bool = False) -> None:
        """Meet the server until there is nothing more to say."""
        it = self.phone.it
        for _ in range(9):
            wall_ms, mono_ms = self.clocks
            answer = await self.phone.post(it.request(wall_ms=wall_ms, mono_ms=mono_ms))
            answer.raise_for_status()
            if is_reply_lost:
                return
            reply = it.receive(
                answer.content,
                sent_wall_ms=wall_ms,
                sent_mono_ms=mono_ms,
                received_wall_ms=wall_ms,
                received_mono_ms=mono_ms,
            )
            if reply.pull == "ok" and reply.page is None and not it.unsent:
                return
        raise RuntimeError(f"the phone does not come to rest: {it.pull}, {it.problems}")

    def shows(self, item: str) -> int:
        """What the phone shows: its rows, and on top what has no verdict yet."""
        row = self.phone.it.rows.get(f"site:{PLACE}", {}).get(("balance", f"{item}\x1f\x1f{PLACE}"))
        return (0 if row is None else int(row[3])) + sum(
            _moved(entry.op, item) for entry in self.phone.it.pending
        )

    def verdicts(self) -> list[str]:
        """What it was told of its own ops that are not simply accepted."""
        rows = self.phone.it.rows.get(f"device:{self.phone.it.device.hex()}", {})
        return [f"{row[3]} ({row[4]})" for (name, _), row in rows.items() if name == "verdict"]

    def copy(self) -> "Hand":
        """Copy the phone as a restored backup or a copied profile does."""
        chance = Random(self.phone.it.device + b"copy")
        copied = self.phone.it.clone()
        copied.new_epoch = lambda: chance.getrandbits(53)
        twin = HttpPhone(self.phone.client, self.phone.key, self.phone.clock_ms, chance, copied)
        return Hand(twin, self.time)


def _moved(op: Op, item: str) -> int:
    """What a pick or receipt of `Hand.move` does to the item at the place."""
    if op.kind not in {"pick", "receive"}:
        return 0
    [[name, _, _, target, qty]] = op.body[4]
    return 0 if name != item else int(qty) if target == PLACE else -int(qty)


@asynccontextmanager
async def staged(settings: Settings, time: Time) -> AsyncIterator[Stage]:
    """Run the server of a folder."""
    async with open_house(settings, time) as house:
        app = create_app(lambda: house, files=Pages(settings.data_dir / "no-pages"))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            yield Stage(house, client, time)


async def staff(house: House) -> None:
    """Bring the people and places of the traps into a company that was just founded."""

    def named(table: str, name: str) -> Intention:
        return Intention("set", (None, (), table, name, [["name", name]]))

    people = (("liu", "picker"), ("zhang", "picker"), ("limin", "manager"))
    await house.sequencer.record(
        [
            *[named("person", person) for person, _ in people],
            *[Intention("grant", (None, (), person, role, None)) for person, role in people],
            *[named("place", place) for place in (PLACE, VEHICLE)],
            named("partner", "S1"),
        ]
    )
