"""The traps, played with Gobi: the same stories as `crdt-traps.mjs` and `pouchdb-traps.mjs` tell the others.

Quantities are powers of ten, so that a wrong balance says which movement is missing. What the manager and the worker
are told is read where their screens read it: the list of exceptions, the verdicts on the phone.
"""

import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from msgspec import structs

from api.backups.recover import open_origin
from api.bootstrap import DATABASE, found_house
from api.founding import Founding
from api.settings import Settings
from bench.peers.outcomes import Seen
from bench.peers.stage import DAY_MS, PLACE, Hand, Stage, Time, staff, staged
from domain.errors import FaultError
from domain.ops import LeafHash
from sync_engine.genesis import ROOT_SIGNATURES

FOUNDING: Final = Founding(org="lvyuan", name="绿原合作社", admin="limin", admin_name="李敏")

Play = Callable[["Played"], Awaitable[Seen]]


class Played:
    """One trap on the stage: its item, its phones and its desk."""

    def __init__(self, stage: Stage, trap: str, first_phone: int, desk: Hand) -> None:
        self.stage, self.trap, self.desk = stage, trap, desk
        self.item = trap.upper()
        self._phones = first_phone

    async def phone(self, person: str) -> Hand:
        """Give somebody a phone."""
        self._phones += 1
        return await self.stage.hand(person, self._phones)

    async def rounds(self, *hands: Hand) -> None:
        """Let everybody meet the server, twice, some minutes apart."""
        for _ in range(2):
            self.stage.pass_by(2)
            for hand in hands:
                await hand.sync()

    async def said(self, *ops: LeafHash) -> list[str]:
        """Return the exceptions on the manager's list about the item, or about these ops."""
        await self.desk.sync()
        answer = await self.desk.phone.ask("GET", "/api/v1/exceptions")
        indexes = {self.stage.house.ledger.fold.index_of(op) for op in ops}
        return [
            f"{line['code']}: {line['en']}"
            for line in answer.json()
            if self.item in line["facts"] or indexes & set(line["ops"])
        ]

    async def accept(self, op: LeafHash) -> None:
        """Let the manager accept what is in quarantine."""
        self.desk.record("resolve", "accepted", "she asked both", names=[op])
        await self.desk.sync()

    def seen(self, truth: int, told: list[str], **hands: Hand) -> Seen:
        """Return what everybody shows now."""
        shown = {"server": self.stage.on_hand(self.item)}
        shown |= {name: hand.shows(self.item) for name, hand in hands.items()}
        return Seen(trap=self.trap, truth=truth, shown=shown, told=tuple(told))


async def play_ours() -> list[Seen]:
    """Play all of them."""
    with tempfile.TemporaryDirectory() as name:
        settings, time = Settings(data_dir=Path(name)), Time()
        root_keys = await found_house(settings, FOUNDING, time)
        async with staged(settings, time) as stage:
            await staff(stage.house)
            desk = await stage.hand("limin", 1)
            found = [
                await play(Played(stage, trap, 10 * number, desk))
                for number, (trap, play) in enumerate(_PLAYS.items(), 1)
            ]
        return [*found, await _server_restored(settings, time, root_keys)]


async def _clone(played: Played) -> Seen:
    """A phone's database is copied to a second phone, and both go on."""
    await played.stage.stock(played.item, 0)
    liu = await played.phone("liu")
    liu.move(played.item, 1)
    await played.rounds(liu)
    twin = liu.copy()
    liu.move(played.item, 10)
    await played.rounds(liu)
    theirs = twin.move(played.item, 100)
    await played.rounds(twin, liu)
    twin.move(played.item, 1000)
    await played.rounds(twin, liu)
    return await _healed(played, theirs, liu=liu, twin=twin)


async def _phone_restored(played: Played) -> Seen:
    """A phone loses its last day to a restored backup, and goes on."""
    await played.stage.stock(played.item, 0)
    liu = await played.phone("liu")
    liu.move(played.item, 1)
    await played.rounds(liu)
    backup = liu.copy()
    liu.move(played.item, 10)
    await played.rounds(liu)
    theirs = backup.move(played.item, 100)
    await played.rounds(backup)
    backup.move(played.item, 1000)
    await played.rounds(backup)
    return await _healed(played, theirs, liu=backup)


async def _healed(played: Played, op: LeafHash, **hands: Hand) -> Seen:
    """What is seen, and after the manager accepted the op that lies in quarantine."""
    told = await played.said(op)
    told += [word for hand in hands.values() for word in hand.verdicts()]
    before = played.seen(1111, told, **hands)
    await played.accept(op)
    await played.rounds(*hands.values())
    return _with_healed(before, played.seen(1111, [], **hands))


def _with_healed(before: Seen, after: Seen) -> Seen:
    """What was seen, and what everybody shows after the step that the engine asked for."""
    values = set(after.shown.values())
    return structs.replace(before, healed=values.pop() if len(values) == 1 else None)


def _clock(ahead_ms: int, *, is_corrected_first: bool = False) -> Play:
    """Liu's clock is ahead; he picks 20 of 76. Zhang counts 55 half an hour later. It is put right; Liu picks 5."""

    async def play(played: Played) -> Seen:
        await played.stage.stock(played.item, 76)
        liu, zhang = await played.phone("liu"), await played.phone("zhang")
        await played.rounds(liu, zhang)
        liu.ahead_ms = ahead_ms
        pick = liu.move(played.item, -20)
        played.stage.pass_by(30)
        zhang.count(played.item, 55)
        if is_corrected_first:
            liu.ahead_ms = 0
        await played.rounds(zhang, liu)
        liu.ahead_ms = 0
        played.stage.pass_by(30)
        liu.move(played.item, -5)
        await played.rounds(liu, zhang)
        seen = played.seen(50, await played.said(pick), liu=liu, zhang=zhang)
        if not any("contested-count" in word for word in seen.told):
            return seen
        played.desk.count(played.item, 50)
        await played.rounds(played.desk, liu, zhang)
        return _with_healed(seen, played.seen(50, [], liu=liu, zhang=zhang))

    return play


async def _oversell(played: Played) -> Seen:
    """Two sellers without a signal promise 4 of 5 each."""
    await played.stage.stock(played.item, 5)
    sellers = [await played.phone("limin") for _ in range(2)]
    await played.rounds(*sellers)
    for seller in sellers:
        until_ms = played.stage.time() + DAY_MS
        seller.record("reserve", None, [[played.item, "", PLACE, "", 4]], until_ms)
        played.stage.pass_by(1)
    await played.rounds(*sellers)
    told = [word for seller in sellers for word in seller.verdicts()]
    promised = 4 * (len(sellers) - len(told))
    return Seen(trap=played.trap, truth=1, shown={"server": 5 - promised}, told=tuple(told))


async def _taken(played: Played) -> Seen:
    """Two pickers without a signal have carried away 4 each where the book has 5."""
    await played.stage.stock(played.item, 5)
    hands = [await played.phone(person) for person in ("liu", "zhang")]
    await played.rounds(*hands)
    for hand in hands:
        hand.move(played.item, -4)
        played.stage.pass_by(1)
    await played.rounds(*hands)
    liu, zhang = hands
    return played.seen(0, await played.said(), liu=liu, zhang=zhang)


def _count(pick_at: int, count_at: int, truth: int) -> Play:
    """Of 60, Liu picks 20 and Zhang counts 40, one half an hour after the other, neither with a signal."""

    async def play(played: Played) -> Seen:
        await played.stage.stock(played.item, 60)
        liu, zhang = await played.phone("liu"), await played.phone("zhang")
        await played.rounds(liu, zhang)
        for minute in (0, 30):
            if minute == pick_at:
                liu.move(played.item, -20)
            if minute == count_at:
                zhang.count(played.item, 40)
            played.stage.pass_by(30)
        await played.rounds(zhang, liu)
        return played.seen(truth, await played.said(), liu=liu, zhang=zhang)

    return play


async def _rejected(played: Played) -> Seen:
    """The second of three writes is not Liu's to make."""
    await played.stage.stock(played.item, 0)
    liu = await played.phone("liu")
    liu.move(played.item, 1)
    liu.record("adjust", "found", [[played.item, "", "virtual:loss", PLACE, 1000]], [])
    liu.move(played.item, 10)
    await played.rounds(liu)
    return played.seen(11, liu.verdicts() + await played.said(), liu=liu)


async def _lost_ack(played: Played) -> Seen:
    """A batch arrives, its answer does not; it is sent again."""
    await played.stage.stock(played.item, 0)
    liu = await played.phone("liu")
    for qty in (1, 10, 100):
        liu.move(played.item, qty)
    await liu.sync(is_reply_lost=True)
    await liu.sync(is_reply_lost=True)
    await played.rounds(liu)
    return played.seen(111, await played.said(), liu=liu)


async def _server_restored(settings: Settings, time: Time, root_keys: Sequence[bytes]) -> Seen:
    """The server comes back from a backup that lacks what it had acknowledged; its operator decides."""
    trap = "server-restored"
    backup = settings.data_dir / "backup.sqlite3"
    async with staged(settings, time) as stage:
        played = Played(stage, trap, 200, await stage.hand("limin", 2))
        await stage.stock(played.item, 0)
        liu = await played.phone("liu")
        liu.move(played.item, 1)
        await played.rounds(liu)
    shutil.copy(settings.data_dir / DATABASE, backup)
    async with staged(settings, time) as stage:
        played, liu = _moved(played, stage), _carried(liu, stage)
        for qty in (10, 100):
            liu.move(played.item, qty)
        await played.rounds(liu)
    shutil.copy(backup, settings.data_dir / DATABASE)
    async with staged(settings, time) as stage:
        played, liu = _moved(played, stage), _carried(liu, stage)
        await played.rounds(liu)
        liu.move(played.item, 1000)
        await played.rounds(liu)
        before = played.seen(1111, await _restored_words(stage, liu), liu=liu)
    # `gobi recover --new-origin`: the lost end is declared, and phones send what they keep.
    await open_origin(settings, root_keys[:ROOT_SIGNATURES], time)
    async with staged(settings, time) as stage:
        played, liu = _moved(played, stage), _carried(liu, stage)
        await played.rounds(liu)
        return _with_healed(before, played.seen(1111, [], liu=liu))


async def _restored_words(stage: Stage, hand: Hand) -> list[str]:
    """What a server that was restored says to whoever wants it to record something, and to a phone."""
    told = []
    try:
        await stage.stock("ANY", 0)
    except FaultError as error:
        told.append(f"{error.code}: {error}")
    if hand.phone.it.recovering is not None:
        told.append("to the phone: the server was restored, and what it lost is being sent again")
    return told


def _carried(hand: Hand, stage: Stage) -> Hand:
    """The same phone, after the server was started anew."""
    hand.phone.client = stage.client
    return hand


def _moved(played: Played, stage: Stage) -> Played:
    played.stage = stage
    _carried(played.desk, stage)
    return played


_PLAYS: Final[dict[str, Play]] = {
    "clone-same-id": _clone,
    "clock-day": _clock(DAY_MS),
    "clock-year": _clock(365 * DAY_MS),
    "clock-corrected-first": _clock(DAY_MS, is_corrected_first=True),
    "oversell": _oversell,
    "oversell-taken": _taken,
    "count-after-pick": _count(0, 30, 40),
    "count-before-pick": _count(30, 0, 20),
    "rejected-write": _rejected,
    "lost-ack": _lost_ack,
    "phone-restored": _phone_restored,
}
