"""What befalls phones and the people who hold them."""

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from api.simulation.company import DAY_MS
from api.simulation.memory import NOT_SAVED, SAVED, UNKNOWN, Hand
from api.simulation.phones import Answer
from api.simulation.plan import HOUR_MS, MINUTE_MS, YEAR_MS, Step
from api.simulation.play import PIN, Play
from api.simulation.work import Desk, Intent, Made, draw

OTHERS: Final = 0.2
"""How often an op names one that another phone recorded: somebody read it out."""
POINTS_RECORD, POINTS_SYNC = 5, 24
"""As many points at which recording and syncing can be killed are tried."""
ATTEMPTS: Final = 2


def holder(play: Play, step: Step, chance: Random) -> Hand:
    """Return the phone of a step, or one of its copies."""
    same = [hand for name, hand in play.memory.hands.items() if name.partition("+")[0] == step.phone]
    return chance.choice(same)


def is_ready(play: Play, hand: Hand, tab: int = 0) -> bool:
    """Open the app if it is not, and sign in; False: it is of no use, and somebody has it enrolled anew."""
    if tab not in hand.tabs:
        play.open(hand, tab=tab)
    if not hand.device:

        async def again() -> None:
            if not hand.device and hand.is_open:
                await play.enrol(hand, chance)

        chance = Random(play.now_ms)  # noqa: S311  # a simulation by seed
        play.at(play.now_ms, again)
        return False
    return play.sign_in(hand)


def record(play: Play, hand: Hand, chance: Random, *, tab: int = 0, **faults: Any) -> None:
    """Somebody records something, whatever the phone makes of it."""
    for _ in range(ATTEMPTS):
        mark = f"~{len(play.memory.marks)}~"
        intent = draw(Desk(chance, mark, play.now_ms, _known(play, hand, chance)), hand.worker.role)
        answer = play.tell(hand, "record", tab=tab, **_arguments(intent), **faults)
        assert answer is not None, "recording never waits for the network"
        keep(play, hand, intent, mark, answer)
        if answer.error is None or answer.error.get("type") != "signed-out":
            return
        play.tell(hand, "sign-in", person=hand.person, pin=PIN)  # the session has ended meanwhile


def keep(play: Play, hand: Hand, intent: Intent, mark: str, answer: Answer) -> None:
    """Remember what somebody was told of what they recorded."""
    told = UNKNOWN if answer.is_dead else NOT_SAVED if answer.error is not None else SAVED
    play.memory.marks[mark] = told
    if told == SAVED:
        digest = answer.ok["hash"]
        assert digest not in play.memory.saved, "no two ops are the same"
        play.memory.saved[digest] = Made(digest, intent.kind, intent.fields, hand.name)
    problem = answer.error.get("type") if answer.error is not None else None
    play.note("recorded", hand.name, intent.kind, told, problem)


def _known(play: Play, hand: Hand, chance: Random) -> list[Made]:
    made = play.memory.made()
    if chance.random() < OTHERS:
        return made
    return [one for one in made if one.phone == hand.name]


def _arguments(intent: Intent) -> Mapping[str, Any]:
    given: dict[str, Any] = {"kind": intent.kind, "fields": intent.fields, "names": list(intent.names)}
    if intent.occurred is not None:
        given["occurred"] = list(intent.occurred)
    return given


# --- steps -----------------------------------------------------------------------------------------------------------


def work(play: Play, hand: Hand, chance: Random) -> None:
    """One thing after the other."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        if is_ready(play, hand):
            record(play, hand, chance)


def sync(play: Play, hand: Hand, chance: Random) -> None:
    """The phone meets the server."""
    if is_ready(play, hand):
        play.sync(hand, chance)


def die_recording(play: Play, hand: Hand, chance: Random) -> None:
    """The app dies while it records."""
    if is_ready(play, hand):
        record(play, hand, chance, die=chance.randint(1, POINTS_RECORD))


def die_syncing(play: Play, hand: Hand, chance: Random) -> None:
    """The app dies somewhere in a sync."""
    if is_ready(play, hand):
        record(play, hand, chance)
        play.sync(hand, chance, die=chance.randint(1, POINTS_SYNC))


def kill(play: Play, hand: Hand, _chance: Random) -> None:
    """The system kills the app."""
    play.kill(hand)


def power(play: Play, hand: Hand, chance: Random) -> None:
    """The battery is empty: what was not flushed is gone. What was said to be saved must not be."""
    play.ask(hand, "power", lose=chance.randint(1, 8))
    play.forget(hand)
    hand.boot_ms = play.now_ms


def tear(play: Play, hand: Hand, chance: Random) -> None:
    """The disk loses the end of what it said it had."""
    _with_losses(play, hand, "tear", back=chance.randint(1, 8))


def bad_disk(play: Play, hand: Hand, chance: Random) -> None:
    """A transaction fails as it would on a broken disk."""
    if is_ready(play, hand):
        record(play, hand, chance, abort=1)
        play.sync(hand, chance, abort=chance.randint(1, 4))


def quota(play: Play, hand: Hand, chance: Random) -> None:
    """There is no space left."""
    if is_ready(play, hand):
        more: dict[str, Any] = {"quotaAtCommit": True} if chance.random() < OTHERS else {}
        record(play, hand, chance, quota=chance.randint(1, 3), **more)
        play.sync(hand, chance, quota=chance.randint(1, 12), **more)


def clone(play: Play, hand: Hand, chance: Random) -> None:
    """The profile is copied to another phone, and both are used from now on."""
    name = f"{hand.name}+{len(play.memory.copies)}"
    play.ask(hand, "clone", to=name)
    twin = Hand(
        name, hand.person, hand.clock_off_ms, hand.version, 100 + len(play.memory.copies), play.now_ms
    )
    twin.device, twin.is_revoked = hand.device, hand.is_revoked
    play.memory.hands[name] = twin
    play.memory.copies.append((hand.name, name))
    play.memory.may_fork.add(hand.device)
    for one in (hand, twin):
        if is_ready(play, one):
            record(play, one, chance)


def restore(play: Play, hand: Hand, chance: Random) -> None:
    """A backup of the phone is put back later."""
    name = f"b{play.now_ms}"
    play.ask(hand, "snapshot", **{"as": name})
    what = chance.choice((["idb", "local"], ["idb"]))
    device = hand.device

    async def back() -> None:
        if hand.device == device:
            _with_losses(play, hand, "restore", **{"from": name, "what": what})
            if "local" in what:
                play.memory.may_fork.add(device)
            play.note("put back", hand.name)

    play.at(play.now_ms + chance.randrange(HOUR_MS, 2 * DAY_MS), back)


def evict(play: Play, hand: Hand, chance: Random) -> None:
    """The browser throws everything away; the phone is enrolled anew when somebody notices."""
    what = chance.choice((["idb", "local", "session"], ["local"], ["session"], ["idb"]))
    _with_losses(play, hand, "evict", what=what)
    if "local" in what:
        play.memory.may_fork.add(
            hand.device
        )  # the second head is gone: a torn tail is not noticed before the server says so
    if "idb" in what:
        hand.device = ""


def clock(play: Play, hand: Hand, chance: Random) -> None:
    """Somebody sets the clock, or the network does."""
    hand.clock_off_ms += chance.choice((1, -1)) * chance.choice(
        (3_000, 90_000, 2 * HOUR_MS, 26 * HOUR_MS, YEAR_MS)
    )


def sleep(play: Play, hand: Hand, chance: Random) -> None:
    """The phone sleeps, and its monotonic clock with it."""
    hand.boot_ms = min(hand.boot_ms + chance.randrange(3_000, 2 * HOUR_MS), play.now_ms)


def tabs(play: Play, hand: Hand, chance: Random) -> None:
    """The app is open twice: both record, both sync."""
    for tab in (0, 1):
        if is_ready(play, hand, tab):
            record(play, hand, chance, tab=tab)
    play.sync(hand, chance, tab=0)
    if 1 in hand.tabs:
        play.sync(hand, Random(chance.random()), tab=1)  # noqa: S311  # a simulation by seed
    for tab in (1, 0, 1):
        if tab in hand.tabs:
            record(play, hand, chance, tab=tab)


def swap(play: Play, hand: Hand, chance: Random) -> None:
    """A new service worker: the page is loaded again in the middle of its work, as another build."""
    if is_ready(play, hand):
        record(play, hand, chance)
        play.sync(hand, chance)
        hand.version = chance.choice(("now", "old", "new"))
        play.kill(hand)
        play.open(hand)


def flush(play: Play, hand: Hand, chance: Random) -> None:
    """The service worker brings up what the page left."""
    if is_ready(play, hand):
        record(play, hand, chance)
        play.sync(hand, chance, verb="flush")


def partition(play: Play, hand: Hand, chance: Random) -> None:
    """Nothing leaves the phone for a while."""
    hand.cut_until_ms = play.now_ms + chance.choice((10 * MINUTE_MS, 8 * HOUR_MS, 3 * DAY_MS))


def one_way(play: Play, hand: Hand, chance: Random) -> None:
    """What it says arrives; what it is told does not."""
    hand.deaf_until_ms = play.now_ms + chance.choice((10 * MINUTE_MS, 8 * HOUR_MS, 3 * DAY_MS))


def future(play: Play, hand: Hand, chance: Random) -> None:
    """A phone of a later version records what nobody here knows."""
    if not is_ready(play, hand):
        return
    mark = f"~{len(play.memory.marks)}~"
    kind = chance.choice(("drone_flight", "blend"))
    intent = Intent(kind, {"mark": mark})
    answer = play.tell(hand, "record-raw", kind=kind, body=[mark, [1, ["new"]]], names=[])
    assert answer is not None, "recording never waits for the network"
    keep(play, hand, intent, mark, answer)
    record(play, hand, chance)


def _with_losses(play: Play, hand: Hand, verb: str, **arguments: Any) -> None:
    """Do to a phone's storage what the ledger cannot prevent: what only it held is excused."""
    before = _held(play, hand)
    play.ask(hand, verb, **arguments)
    play.forget(hand)
    gone = before - _held(play, hand)
    play.memory.excused |= gone
    play.note(verb, hand.name, len(gone))


def _held(play: Play, hand: Hand) -> set[str]:
    return {entry["hash"] for entry in play.ask(hand, "held") or ()}
