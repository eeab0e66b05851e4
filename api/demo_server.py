"""The demo company as a running server: founded, imported, and played up to 07:41, which is now.

The story's clock runs with the real one; playing the rest of the day moves it ahead, since an op cannot be recorded
after it arrived. Everything but the story itself is what any company runs.
"""

import fcntl
import secrets as chance
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import ClassVar, Final

from api.bootstrap import (
    DATABASE,
    PIN,
    House,
    found_house,
    open_database,
    open_house,
)
from api.clock import Clock, wall_clock
from api.demo.day import DAY, ORG, UTC_OFFSET_MINUTES, Record
from api.demo.play import Play, shift_to
from api.founding import Founding
from api.origins import NotFoundedError, read_origins
from api.routes.enrolment import Enrolment, EnrolmentAsked, make_code
from api.routes.sync import exchange
from api.settings import Settings
from domain.errors import DomainError
from storage.writer_lock import LedgerInUseError
from sync_engine.commit import Intention
from sync_engine.ledger import Ledger
from sync_engine.wire import decode_request, encode_reply

BEGINS: Final = "07:41"
"""A minute before Liu picks what Zhang will miss."""
CODE_LIFE_MS: Final = 24 * 3_600_000
"""A demo is read slowly."""
HUMAN_STEPS: Final = {"pick-tomato": ("liu", "pick"), "count-tomato": ("zhang", "count")}
"""What the person in front of the demo may have done already: then the story does not do it again."""
FOUNDING: Final = Founding(
    org=ORG, name="绿原合作社", admin="limin", admin_name="李敏", utc_offset_minutes=UTC_OFFSET_MINUTES
)


class DemoOverError(DomainError):
    """The day was played to its end, or by a server that has been stopped since: begin it anew."""

    code: ClassVar[str] = "demo-over"

    def __init__(self) -> None:
        super().__init__("the demo day is over; reset it to begin anew")


class StoryClock:
    """The real clock, or an instant of the story, or the real clock so much ahead."""

    def __init__(self, wall: Clock = wall_clock) -> None:
        self._wall = wall
        self._at_ms: int | None = None
        self._ahead_ms = 0

    def __call__(self) -> int:
        """Return the present instant."""
        return self._wall() + self._ahead_ms if self._at_ms is None else self._at_ms

    def hold(self, at_ms: int) -> None:
        """Stand still at an instant."""
        self._at_ms = at_ms

    def run(self, from_ms: int = 0) -> None:
        """Run with the real clock, but never before an instant that was already."""
        reached = max(from_ms, self._at_ms or 0)
        self._at_ms, self._ahead_ms = None, max(0, reached - self._wall())


class _PlayedServer:
    """The running server as the play's phones meet it: without HTTP, at instants of the story."""

    def __init__(self, house: House, clock: StoryClock) -> None:
        self._house, self._clock = house, clock

    @property
    def ledger(self) -> Ledger:
        return self._house.ledger

    @property
    def seen(self) -> tuple[int, bytes]:
        return self._house.sequencer.head.seen

    async def record(self, intentions: Sequence[Intention], *, at_ms: int) -> Sequence[tuple[int, bytes]]:
        self._clock.hold(at_ms)
        return await self._house.sequencer.record(intentions)

    async def sync(self, request: bytes, *, at_ms: int) -> bytes:
        self._clock.hold(at_ms)
        return encode_reply(await exchange(self._house, decode_request(request), is_proven=True))


class DemoServer:
    """One demo company at a time; `reset` begins it anew under the same keys."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = StoryClock()
        self._stack = AsyncExitStack()
        self._house: House | None = None
        self._play: Play | None = None

    def house(self) -> House:
        """The house that is open now."""
        assert self._house is not None, "asked between open and close"
        return self._house

    @property
    def is_playing(self) -> bool:
        """Whether the rest of the day can be played."""
        return self._play is not None

    async def open(self) -> None:
        """Open what the data folder holds, or found the company and play up to 07:41."""
        try:
            engine = await open_database(self.settings)
            try:
                await read_origins(engine)
            finally:
                await engine.dispose()
        except NotFoundedError:
            await self._begin()
        else:
            await self._enter()
            self.clock.run(self.house().ledger.server_ms)

    async def close(self) -> None:
        """Stop the house."""
        stack, self._stack = self._stack, AsyncExitStack()
        await stack.aclose()

    async def reset(self) -> None:
        """Forget everything and begin the day anew."""
        await self.close()
        forget(self.settings)
        await self._begin()

    async def rest(self) -> int:
        """Play the rest of the day, without what a person did already, and return how many steps that was.

        Raises DemoOverError.
        """
        play, self._play = self._play, None
        if play is None:
            raise DemoOverError
        done = 0
        try:
            for step in (one for one in DAY if one.clock > BEGINS):
                if not (isinstance(step, Record) and self._is_done_by_hand(step)):
                    await play.do(step)
                    done += 1
        finally:
            self.clock.run()
        return done

    async def code(self, person: str, server_url: str) -> Enrolment:
        """Make an enrolment code that lives for a day."""
        asked = EnrolmentAsked(person=person, purpose="phone")
        return await make_code(self.house(), asked, server_url=server_url, life_ms=CODE_LIFE_MS)

    async def _begin(self) -> None:
        shift = shift_to(wall_clock(), clock=BEGINS)
        self.clock.hold(shift.instant("04:59"))
        await found_house(self.settings, FOUNDING, self.clock)
        await self._enter()
        house = self.house()
        chances = Random(chance.randbits(256))  # noqa: S311  # keys of played phones, which guard nothing
        self._play = Play(_PlayedServer(house, self.clock), house.secrets.organisation, chances, shift)
        await self._play.prepare()
        async for _ in self._play.until(BEGINS):
            pass
        self.clock.run()

    async def _enter(self) -> None:
        self._house = await self._stack.enter_async_context(open_house(self.settings, self.clock))

    def _is_done_by_hand(self, step: Record) -> bool:
        """Whether the person of a step recorded such an op on a device that the play does not have."""
        who = HUMAN_STEPS.get(step.label)
        if who is None or self._house is None:
            return False
        ledger = self._house.ledger
        for index in range(ledger.size):
            entry = ledger.fold.logged(index)
            if entry is None or entry.op.kind != who[1]:
                continue
            session = ledger.directory.session(entry.op.actor)
            if session is not None and session.person == who[0] and _is_about_tomatoes(entry.op.body):
                return True
        return False


def _is_about_tomatoes(body: tuple[object, ...]) -> bool:
    return "TOM-5" in repr(body)


def forget(settings: Settings) -> None:
    """Remove the demo's database and the note of what was signed; the keys stay.

    Raises LedgerInUseError when a server runs on it.
    """
    locks = [*settings.data_dir.glob(f"{DATABASE}.*.lock")]
    for lock in locks:
        _refuse_locked(lock)
    for path in [*settings.data_dir.glob(f"{DATABASE}*"), settings.data_dir / PIN]:
        if path not in locks:  # a lock file stays, or two processes could lock two files of one name
            path.unlink(missing_ok=True)


def _refuse_locked(path: Path) -> None:
    with path.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LedgerInUseError(org=ORG) from error
