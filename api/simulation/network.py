"""The network between phones and the server: what becomes of each request and each reply, by chance of the step."""

from gzip import decompress
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from api.simulation.asgi import Request, Response
from api.simulation.company import DAY_MS
from api.simulation.frail import Mishap
from api.simulation.memory import Head
from api.simulation.phones import Fetch
from api.simulation.plan import HOUR_MS, MINUTE_MS
from sync_engine.wire import MEDIA_TYPE, decode_reply

if TYPE_CHECKING:
    from api.simulation.play import Play

TRIP_MS: Final = 20
RARELY: Final = 0.22
SYNC_PATH: Final = "/api/v1/sync"
_OK: Final = 200


class Delivery(NamedTuple):
    """A request on its way to the server."""

    request: Request
    fetch: Fetch | None
    """Who waits for the answer; None: nobody, it is a duplicate."""
    back_ms: int = TRIP_MS
    loses_reply: bool = False


class Network:
    """Between `send` and `deliver` lies the queue of the play."""

    def __init__(self, play: "Play") -> None:
        self._play = play
        self.is_calm = True
        self.chances: dict[tuple[str, int], Random] = {}
        """By phone and tab: the chance of the step that it is in."""
        self.mishap: Mishap | None = None
        """What befalls the server with the next commit."""
        self.dies_before_reply = False
        """The next answer is durable, and nobody hears it."""

    def calm_down(self) -> None:
        """From now on everything arrives, and nothing befalls the server."""
        self.is_calm, self.mishap, self.dies_before_reply = True, None, False

    def send(self, fetch: Fetch) -> None:
        """Take a request from a phone, and decide what becomes of it."""
        play, faults = self._play, self._play.plan.faults
        hand, chance = play.memory.hands[fetch.phone], self.chances[fetch.phone, fetch.tab]
        now_ms = play.now_ms
        if self.is_calm:
            play.at(now_ms + TRIP_MS, Delivery(fetch.request, fetch))
            return
        is_cut = hand.cut_until_ms > now_ms or ("lost-requests" in faults and chance.random() < RARELY)
        if is_cut:
            play.note("request lost", hand.name)
            self._reply(fetch, None, chance.randrange(10, 30_000))
            return
        there_ms = now_ms + self._trip(chance)
        if "crowd" in faults:
            there_ms += -there_ms % MINUTE_MS
        loses = hand.deaf_until_ms > now_ms or ("lost-replies" in faults and chance.random() < RARELY)
        play.at(there_ms, Delivery(fetch.request, fetch, self._trip(chance), loses))
        if "duplicates" in faults and chance.random() < RARELY:
            play.at(there_ms + chance.choice((0, 1, HOUR_MS, 2 * DAY_MS)), Delivery(fetch.request, None))

    def _trip(self, chance: Random) -> int:
        if "slow" in self._play.plan.faults and chance.random() < RARELY:
            return chance.randrange(MINUTE_MS, 6 * HOUR_MS)
        return chance.randrange(TRIP_MS, 2_000)

    async def deliver(self, together: list[Delivery]) -> None:
        """Bring requests to the server at once, and send its answers on their way."""
        play = self._play
        mishap, self.mishap = self.mishap, None
        responses = await play.server.answer([each.request for each in together], mishap)
        if self.dies_before_reply and play.server.is_up:
            self.dies_before_reply = False
            await play.server.die()
            responses = [None] * len(together)
        if not play.server.is_up:
            play.note("server is down")
            play.at(play.now_ms + 5 * MINUTE_MS, play.start_server)
        for delivery, response in zip(together, responses, strict=True):
            if response is not None and response.status == _OK:
                play.memory.requests.append(delivery.request)
                self._read(response)
            if delivery.fetch is not None:
                self._reply(delivery.fetch, None if delivery.loses_reply else response, delivery.back_ms)

    def _reply(self, fetch: Fetch, response: Response | None, after_ms: int) -> None:
        play = self._play
        hand = play.memory.hands[fetch.phone]

        async def arrive() -> None:
            play.note("heard", hand.name, response.status if response is not None else None)
            play.take(play.phones.fetched(fetch, response, **hand.clocks(play.now_ms)))

        play.at(play.now_ms + after_ms, arrive)

    def _read(self, response: Response) -> None:
        """Remember the checkpoint that a phone is shown."""
        if response.status == _OK and response.headers.get("content-type", "").startswith(MEDIA_TYPE):
            is_packed = response.headers.get("content-encoding") == "gzip"
            seen = decode_reply(decompress(response.body) if is_packed else response.body).seen
            if seen is not None:
                self._play.memory.heads.add(Head(seen[0], bytes(seen[1])))
