"""The phones of the day: real ones, with keys, outboxes and clocks of their own that may be wrong."""

from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from api.demo.day import DemoDevice
from domain.ops import LeafHash, device_secret
from sync_engine.phone import Enrolment, Phone
from sync_engine.seal import PrivateKey, raw_key
from sync_engine.wire import SyncReply

TRIP_MS: Final = 80
"""There and back, over a village's mobile network at its best."""
_EPOCH_BITS: Final = 53
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
    chance: Random

    @property
    def public(self) -> bytes:
        """Its key, as the manager's QR brings it."""
        return raw_key(self.key.public_key())

    def enrolled(self, enrol: LeafHash, *, device: bytes, at_ms: int, seen: tuple[int, bytes]) -> DemoPhone:
        """Return the phone with what its enrolment handed over: secret, time, and a checkpoint that covers it."""
        enrolment = Enrolment(self.org, device_secret(self.organisation_secret, device), enrol)
        phone = Phone(self.key, enrolment, lambda: self.chance.getrandbits(_EPOCH_BITS))
        phone.seen = seen
        held = DemoPhone(self.who, phone, self.who.clock_off_ms, at_ms - self.chance.randrange(1, 10**9))
        at = (held.wall(at_ms), held.mono(at_ms))
        later = (held.wall(at_ms + TRIP_MS), held.mono(at_ms + TRIP_MS))
        phone.clock.tick(wall_ms=at[0], mono_ms=at[1])
        phone.clock.hear(at_ms + TRIP_MS // 2, sent=at, received=later)
        return held
