"""What befalls the server, and what the office and strangers do to it."""

from random import Random
from typing import Final

from api.simulation.company import DAY_MS
from api.simulation.frail import MISHAPS
from api.simulation.memory import Hand
from api.simulation.network import Delivery as Sent
from api.simulation.phone_steps import is_ready
from api.simulation.plan import HOUR_MS, MINUTE_MS
from api.simulation.play import Play
from domain.canonical import MalformedError, decode
from domain.errors import DomainError
from sync_engine.commit import Delivery

LIST_DEPTH: Final = 2
REPLIES: Final = 0.15
HALF, MOSTLY = 0.5, 0.7


async def server_mishap(play: Play, _hand: Hand, chance: Random) -> None:
    """The next commit meets a death or a fault; or the server dies before it answers."""
    if chance.random() < REPLIES:
        play.network.dies_before_reply = True
    else:
        play.network.mishap = chance.choice(MISHAPS)


async def server_restart(play: Play, _hand: Hand, chance: Random) -> None:
    """The server is started anew: in order, or after a kill."""
    if chance.random() < HALF:
        await play.server.die()
    else:
        await play.server.stop()
    await play.start_server()


async def server_down(play: Play, _hand: Hand, chance: Random) -> None:
    """Nobody answers for hours."""
    await play.server.die()
    play.at(play.now_ms + chance.randrange(MINUTE_MS, 12 * HOUR_MS), play.start_server)


async def server_clock(play: Play, _hand: Hand, chance: Random) -> None:
    """The server's own clock is set."""
    play.server_off_ms = chance.choice((0, 3_000, -90_000, 2 * HOUR_MS, -2 * HOUR_MS))


async def server_restore(play: Play, _hand: Hand, chance: Random) -> None:
    """The server's disk is lost: hours later it comes back from a backup, and after some time somebody decides."""
    if not play.server.is_up:
        return
    name = f"backup-{play.now_ms}"
    await play.server.stop()
    play.server.back_up(name)
    await play.start_server()

    async def back() -> None:
        await play.start_server()
        before = play.server.hashes()
        await play.server.die()
        play.server.put_back(name)
        await play.start_server()
        _forget_the_end(play, before)
        play.at(play.now_ms + chance.choice((1, 60, 600)) * MINUTE_MS, decide)

    async def decide() -> None:
        await play.start_server()
        await play.server.recover()
        play.note("recovered")

    play.at(play.now_ms + chance.randrange(MINUTE_MS, 2 * DAY_MS), back)


def _forget_the_end(play: Play, before: set[str]) -> None:
    """What only the lost end of the log had is excused, and so are the checkpoints over it: both are declared."""
    gone = before - play.server.hashes()
    held = {entry["hash"] for hand in play.memory.hands.values() for entry in play.ask(hand, "held")}
    play.memory.excused |= gone - held
    size = play.server.house.ledger.size
    play.memory.kept.append(size)
    play.memory.heads = {head for head in play.memory.heads if head.size <= size}
    play.note("put back", "server", len(gone), len(gone - held))


async def tick(play: Play, _hand: Hand, _chance: Random) -> None:
    """An idle hour."""
    if play.server.is_up:
        await play.server.house.sequencer._serve(())  # noqa: SLF001  # what its own timer does every idle hour


async def revoke_role(play: Play, hand: Hand, chance: Random) -> None:
    """Somebody loses a right, and mostly gets it again."""
    if not play.server.is_up:
        return
    await play.server.record("revoke", ["role", hand.person, hand.worker.role])

    async def again() -> None:
        if play.server.is_up:
            who = hand.worker
            await play.server.record(
                "grant", [who.person, who.role, list(who.places) if who.places else None]
            )

    if chance.random() < MOSTLY:
        play.at(play.now_ms + chance.randrange(MINUTE_MS, 2 * DAY_MS), again)


async def revoke_device(play: Play, hand: Hand, chance: Random) -> None:
    """A phone is lost: its key counts no more. Its owner may have another later."""
    if not play.server.is_up or not hand.device:
        return
    await play.server.record("revoke", ["device", bytes.fromhex(hand.device)])
    for one in play.memory.hands.values():
        one.is_revoked |= one.device == hand.device


async def relay(play: Play, hand: Hand, chance: Random) -> None:
    """A phone's work leaves it as a file, and others carry it."""
    if not is_ready(play, hand):
        return
    file = bytes.fromhex(play.ask(hand, "export"))
    play.memory.frames += frames_of(file)
    carrier = chance.choice(list(play.memory.hands.values()))
    if is_ready(play, carrier):
        carried = play.ask(carrier, "import", hex=file.hex())
        play.note("carried", hand.name, carrier.name, carried)
        if chance.random() < HALF:
            play.sync(carrier, chance)


async def upload(play: Play, hand: Hand, chance: Random) -> None:
    """Somebody uploads files, in no order and not all of them."""
    if is_ready(play, hand):
        play.memory.frames += frames_of(bytes.fromhex(play.ask(hand, "export")))
    frames = chance.sample(play.memory.frames, k=chance.randint(0, len(play.memory.frames)))
    await bring(play, frames)


async def spoil(play: Play, hand: Hand, chance: Random) -> None:
    """A file arrives with one byte that is not what the phone sealed, beside others that are whole."""
    if is_ready(play, hand):
        play.memory.frames += frames_of(bytes.fromhex(play.ask(hand, "export")))
    if not play.memory.frames:
        return
    frame = chance.choice(play.memory.frames)
    spot = chance.randrange(len(frame))
    spoilt = frame[:spot] + bytes([frame[spot] ^ chance.randrange(1, 256)]) + frame[spot + 1 :]
    await bring(play, [spoilt, frame])


async def replay(play: Play, _hand: Hand, chance: Random) -> None:
    """The network brings a request again that arrived long ago."""
    if play.memory.requests:
        play.at(play.now_ms, Sent(chance.choice(play.memory.requests), None))


async def bring(play: Play, frames: list[bytes]) -> None:
    """Bring frames that nobody vouches for."""
    if play.server.is_up and frames:
        receipt = await play.server.house.sequencer.submit(
            Delivery(device=None, now_ms=None, run=None, frames=frames)
        )
        play.note("uploaded", len(frames), [problem.code for problem in receipt.problems])


def frames_of(file: bytes) -> list[bytes]:
    """Return the frames of a file."""
    try:
        found = decode(file)
    except (MalformedError, DomainError):
        return []
    return [bytes(frame) for frame in found] if isinstance(found, list | tuple) else []
