"""The phones of the day: real ones, with keys, outboxes and clocks of their own that may be wrong."""

from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple, Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from api.demo.day import DemoDevice
from domain.ops import LeafHash, device_id, device_secret
from sync_engine.commit import Intention
from sync_engine.phone import Enrolment, Phone
from sync_engine.seal import PrivateKey, raw_key
from sync_engine.wire import SyncReply

TRIP_MS: Final = 80
"""There and back, over a village's mobile network at its best."""
_EPOCH_BITS: Final = 53
_UPTIME_MS: Final = 1_000_000_000
_KEY_BITS: Final = 248


class Exchange(Protocol):
    """A round trip: the body of a sync request, and the body of its reply."""

    async def __call__(self, request: bytes, *, at_ms: int) -> bytes:
        """Answer a request that arrives at an instant of server time."""
        ...


def new_key(chance: Random) -> PrivateKey:
    """Return a key that the chance given determines: the demo's, never anybody's own."""
    return ec.derive_private_key(chance.getrandbits(_KEY_BITS) + 1, ec.SECP256R1())


@dataclass
class DemoPhone:
    """A phone, and what its two clocks show at an instant of true time."""

    who: DemoDevice
    phone: Phone
    wall_off_ms: int
    boot_ms: int

    def wall(self, at_ms: int) -> int:
        """What the wall clock shows."""
        return at_ms + self.wall_off_ms

    def mono(self, at_ms: int) -> int:
        """What the monotonic clock shows."""
        return at_ms - self.boot_ms

    def request(self, at_ms: int) -> bytes:
        """Return the body of the next round trip."""
        return self.phone.request(wall_ms=self.wall(at_ms), mono_ms=self.mono(at_ms))

    def receive(self, reply: bytes, *, sent_ms: int, received_ms: int) -> SyncReply:
        """Take in the reply to it."""
        return self.phone.receive(
            reply,
            sent_wall_ms=self.wall(sent_ms),
            sent_mono_ms=self.mono(sent_ms),
            received_wall_ms=self.wall(received_ms),
            received_mono_ms=self.mono(received_ms),
        )

    async def sync(self, exchange: Exchange, at_ms: int) -> None:
        """Meet the network: send everything, and pull until there is no more."""
        is_done = False
        while not is_done:
            request = self.request(at_ms)
            reply = await exchange(request, at_ms=at_ms + TRIP_MS // 2)
            received = self.receive(reply, sent_ms=at_ms, received_ms=at_ms + TRIP_MS)
            at_ms += TRIP_MS
            is_done = received.page is None and (not self.phone.unsent or bool(received.problems))


@dataclass
class NewPhone:
    """A phone before it is enrolled."""

    who: DemoDevice
    key: PrivateKey
    org: str
    organisation_secret: bytes

    @property
    def enrolment(self) -> Intention:
        """The op that the manager has recorded for the key that the phone's QR shows."""
        public = raw_key(self.key.public_key())
        who = self.who
        return Intention("enrol", (None, (), device_id(public), public, who.name, who.person, who.purpose))


class Enrolled(NamedTuple):
    """What enrolment hands over: the hash of the op, the server's time, and a checkpoint that covers it."""

    new: NewPhone
    enrol: LeafHash
    at_ms: int
    seen: tuple[int, bytes]

    def phone(self, who: DemoDevice, chance: Random) -> DemoPhone:
        """Return the phone at the beginning of its life; `who` says how wrong its clock is."""
        new, at_ms = self.new, self.at_ms
        secret = device_secret(new.organisation_secret, device_id(raw_key(new.key.public_key())))
        enrolment = Enrolment(new.org, secret, self.enrol)
        phone = Phone(new.key, enrolment, lambda: chance.getrandbits(_EPOCH_BITS), seen=self.seen)
        held = DemoPhone(who, phone, who.clock_off_ms, at_ms - chance.randrange(1, _UPTIME_MS))
        sent, received = ((held.wall(ms), held.mono(ms)) for ms in (at_ms, at_ms + TRIP_MS))
        phone.clock.tick(wall_ms=sent[0], mono_ms=sent[1])
        phone.clock.hear(at_ms + TRIP_MS // 2, sent=sent, received=received)
        return held
