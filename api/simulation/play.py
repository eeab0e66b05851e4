"""Plays a plan: one queue of instants, in which phones, network and server take their turns; then everything heals.

Nothing here runs by itself. A phone runs while it is told something, the server while it answers, and both stand
still in between: what is concurrent is what the queue puts between a request and its reply.
"""

from collections.abc import Awaitable, Callable
from heapq import heappop, heappush
from random import Random
from typing import Any, Final, NamedTuple

from api.simulation.memory import Hand, Memory
from api.simulation.network import Delivery, Network
from api.simulation.phones import Answer, Phones, Turn
from api.simulation.plan import BEGIN_MS, MINUTE_MS, Plan, Step
from api.simulation.server import SimServer

PIN: Final = "2468"
WORKER_TAB: Final = -1
"""What a service worker's requests call their tab."""
ROUNDS: Final = 2
"""Once the network is well again, two rounds of sync settle everything (DESIGN §5)."""
ROUND_MS: Final = 10 * MINUTE_MS

Then = Callable[[Answer], None]
Event = Callable[[], Awaitable[None]]


class _Waiting(NamedTuple):
    """A command that has not ended."""

    hand: Hand
    tab: int
    then: Then | None


class Play:
    """One world, from its first enrolment to the last round after it healed."""

    def __init__(self, plan: Plan, phones: Phones, server: SimServer) -> None:
        self.plan, self.phones, self.server = plan, phones, server
        self.memory = Memory()
        self.now_ms = BEGIN_MS
        self.server_off_ms = 0
        """How wrong the server's own clock is."""
        self.network = Network(self)
        self._queue: list[tuple[int, int, Event | Delivery]] = []
        self._order = 0
        self._waiting: dict[int, _Waiting] = {}

    # --- the queue -------------------------------------------------------------------------------------------------

    def at(self, at_ms: int, event: Event | Delivery) -> None:
        """Let something happen at an instant, after what is to happen then already."""
        self._order += 1
        heappush(self._queue, (max(at_ms, self.now_ms), self._order, event))

    async def drain(self) -> None:
        """Let everything happen that is to happen."""
        while self._queue:
            at_ms, _, event = heappop(self._queue)
            self.now_ms = at_ms
            self.server.now_ms = at_ms + self.server_off_ms
            if isinstance(event, Delivery):
                together = [event]
                while self._queue and self._queue[0][0] == at_ms and isinstance(self._queue[0][2], Delivery):
                    together.append(heappop(self._queue)[2])  # type: ignore[arg-type]  # looked at just now
                await self.network.deliver(together)
            else:
                await event()

    # --- phones ----------------------------------------------------------------------------------------------------

    def tell(
        self, hand: Hand, verb: str, *, tab: int = 0, then: Then | None = None, **arguments: Any
    ) -> Answer | None:
        """Tell a phone to do something; None: it waits for the network, and `then` hears of the end."""
        number, turn = self.phones.command(hand.name, verb, tab=tab, **hand.clocks(self.now_ms), **arguments)
        self._waiting[number] = _Waiting(hand, tab, then)
        self.take(turn)
        return turn.answers.get(number)

    def ask(self, hand: Hand, verb: str, **arguments: Any) -> Any:
        """Ask a phone for something that needs no network, and cannot fail."""
        answer = self.tell(hand, verb, **arguments)
        assert answer is not None, f"{verb} needs no network"
        assert answer.error is None, f"{hand.name} {verb}: {answer.error}"
        return answer.ok

    def take(self, turn: Turn) -> None:
        """See to all that a turn brought."""
        for number, answer in turn.answers.items():
            waiting = self._waiting.pop(number, None)
            if waiting is None:
                continue
            if answer.is_dead:
                self.forget(waiting.hand)
            if waiting.then is not None:
                waiting.then(answer)
        for fetch in turn.fetches:
            self.network.send(fetch)

    def forget(self, hand: Hand) -> None:
        """An app is dead: what it waited for, it waits for no more."""
        hand.is_open = False
        hand.tabs.clear()
        hand.busy.clear()
        for number in [number for number, waiting in self._waiting.items() if waiting.hand is hand]:
            del self._waiting[number]

    def open(self, hand: Hand, *, tab: int = 0, version: str | None = None) -> None:
        """Somebody opens the app; one that is open in this tab is killed by it."""
        seed = hand.seed ^ self.plan.seed
        told = self.ask(
            hand, "open", tab=tab, seed=seed, version=hand.version if version is None else version
        )
        hand.device = "" if told["device"] is None else told["device"]["id"]
        hand.is_open = True
        hand.tabs.add(tab)

    def kill(self, hand: Hand) -> None:
        """The app is killed."""
        if hand.is_open:
            self.ask(hand, "kill")
        self.forget(hand)

    def sign_in(self, hand: Hand) -> bool:
        """Somebody signs in, if nobody is; False: they could not."""
        if self.ask(hand, "state")["person"] is not None:
            return True
        answer = self.tell(hand, "sign-in", person=hand.person, pin=PIN)
        return answer is not None and answer.error is None and bool(answer.ok["ok"])

    def sync(self, hand: Hand, chance: Random, *, tab: int = 0, verb: str = "sync", **faults: Any) -> None:
        """A phone meets the server, if the network lets it."""
        if tab in hand.busy:
            return
        hand.busy.add(tab)
        self.network.chances[hand.name, tab] = self.network.chances[hand.name, WORKER_TAB] = chance

        def ended(answer: Answer) -> None:
            hand.busy.discard(tab)
            hand.status = "died" if answer.is_dead else str(_status(answer))
            self.note("synced", hand.name, hand.status)

        self.tell(hand, verb, tab=tab, then=ended, **faults)

    async def enrol(self, hand: Hand, chance: Random) -> None:
        """A manager lets a phone scan a code; it joins when the network lets it."""
        if not self.server.is_up or hand.busy:
            return
        self.server.now_ms = self.now_ms + self.server_off_ms
        url = await self.server.enrolment(hand.person)
        hand.busy.add(0)
        self.network.chances[hand.name, 0] = chance

        def ended(answer: Answer) -> None:
            hand.busy.discard(0)
            if answer.ok is not None and answer.ok["ok"]:
                hand.device = answer.ok["device"]
                hand.is_revoked = False
                self.sign_in(hand)
            self.note("enrolled", hand.name, bool(hand.device))

        self.tell(hand, "enrol", then=ended, url=url, name=hand.name, pin=PIN)

    def note(self, *decided: Any) -> None:
        """Write down what was decided."""
        self.memory.trace.append((self.now_ms, *decided))

    # --- the whole -------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Start the server, and enrol the phones in peace."""
        await self.server.start()
        self.server.now_ms = self.now_ms
        for number, new in enumerate(self.plan.handsets):
            hand = Hand(new.name, new.person, new.clock_off_ms, new.version, number + 1, self.now_ms - 60_000)
            self.memory.hands[hand.name] = hand
            self.open(hand)
            await self.enrol(hand, Random(number))  # noqa: S311  # a simulation by seed
            await self.drain()
            assert hand.device, f"{hand.name} could not enrol"
            self.sync(hand, Random(number))  # noqa: S311  # a simulation by seed
            await self.drain()
        self.network.is_calm = False

    async def live(self, do: Callable[["Play", Step], Awaitable[None]]) -> None:
        """Play the steps, and whatever the network holds back."""
        for step in self.plan.steps:
            self.at(step.at_ms, _done(self, do, step))
        await self.drain()

    async def heal(self) -> None:
        """Mend the network, the server and the phones; then two rounds."""
        self.network.calm_down()
        self.server_off_ms = 0
        await self.start_server()
        for hand in self.memory.hands.values():
            self.kill(hand)
            hand.version = "now"
            hand.cut_until_ms = hand.deaf_until_ms = 0
            self.open(hand)
            if not hand.device:
                await self.enrol(hand, Random(0))  # noqa: S311  # a simulation by seed
                await self.drain()
            self.sign_in(hand)
        for _ in range(ROUNDS):
            self.now_ms += ROUND_MS
            for hand in self.memory.hands.values():
                await self._meet(hand)

    async def compare(self) -> None:
        """Let each phone have what the last of the others brought: rows are compared when nobody says anything new."""
        for hand in self.memory.hands.values():
            if hand.status == "ok":
                self.sync(hand, Random(0))  # noqa: S311  # a simulation by seed
                await self.drain()

    async def _meet(self, hand: Hand) -> None:
        self.sync(hand, Random(0))  # noqa: S311  # a simulation by seed
        await self.drain()
        if hand.status in {"session-expired", "no-session"}:
            self.ask(hand, "sign-out")
            self.sign_in(hand)
            self.sync(hand, Random(0))  # noqa: S311  # a simulation by seed
            await self.drain()

    async def start_server(self) -> None:
        """Start the server, if it is down."""
        if not self.server.is_up:
            self.server.now_ms = self.now_ms + self.server_off_ms
            await self.server.start()
            self.note("server starts")


def _done(play: Play, do: Callable[[Play, Step], Awaitable[None]], step: Step) -> Event:
    async def event() -> None:
        await do(play, step)

    return event


def _status(answer: Answer) -> str:
    if answer.error is not None or not isinstance(answer.ok, dict):
        return "failed" if answer.error is not None else "ok"
    return str(answer.ok.get("code", answer.ok["type"]))
