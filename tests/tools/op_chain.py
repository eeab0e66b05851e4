"""A device that makes linked, sealed ops: what the vectors, the tests and the benchmarks of the codec build with."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from domain.ops import (
    NOTHING_SEEN,
    DeviceId,
    LeafHash,
    Nonces,
    Op,
    device_id,
    device_secret,
    encode_op,
    leaf_hash,
)
from sync_engine.frame import ErasableValue, Seal, encode_frame
from sync_engine.seal import SEAL_OPS_MAX, PrivateKey, raw_key, seal_message, sign_seal

ORG = "lvyuan"
ORG_SECRET = bytes(range(32))
ENROL = leaf_hash(b"the enrol op of the device")
START_MS = 1_795_384_200_000
EPOCH = 4_503_599_627_370_497


def private_key(number: int) -> PrivateKey:
    """The same key for the same number, every time."""
    return ec.derive_private_key(1_000_003 * number + 17, ec.SECP256R1())


@dataclass
class Chain:
    """The ops of one device, each linked to the one before it."""

    key: PrivateKey = field(default_factory=lambda: private_key(1))
    epoch: int = EPOCH
    prev: LeafHash = ENROL
    seq: int = 0
    ops: list[Op] = field(default_factory=list)

    @property
    def public(self) -> bytes:
        return raw_key(self.key.public_key())

    @property
    def device(self) -> DeviceId:
        return device_id(self.public)

    @property
    def secret(self) -> bytes:
        return device_secret(ORG_SECRET, self.device)

    @property
    def hashes(self) -> list[LeafHash]:
        return [leaf_hash(encode_op(op)) for op in self.ops]

    def nonce(self, epoch: int, seq: int) -> bytes:
        return Nonces(self.secret).of(epoch, seq)

    def secret_of(self, device: bytes) -> bytes | None:
        return self.secret if device == self.device else None

    def record(
        self,
        kind: str = "pick",
        *fields: object,
        at: int | None = None,
        err: int = 50,
        run: int = 1,
        v: int = 1,
        seen: tuple[int, bytes] = NOTHING_SEEN,
        actor: bytes = b"\x11" * 16,
        occurred: object = None,
        names: Sequence[object] = (),
        erasable: Sequence[bytes] = (),
    ) -> Op:
        self.seq += 1
        op = Op(
            v,
            ORG,
            self.device,
            self.epoch,
            self.seq,
            self.prev,
            self.nonce(self.epoch, self.seq),
            seen,
            START_MS + 4_000 * self.seq if at is None else at,
            err,
            run,
            actor,
            kind,
            (occurred, tuple(names), *fields),
            tuple(erasable),
        )
        self.prev = leaf_hash(encode_op(op))
        self.ops.append(op)
        return op

    def seals(self, ops: Sequence[Op], stretch: int = SEAL_OPS_MAX) -> list[Seal]:
        return [self.seal(ops[first : first + stretch]) for first in range(0, len(ops), stretch)]

    def seal(self, ops: Sequence[Op]) -> Seal:
        hashes = [leaf_hash(encode_op(op)) for op in ops]
        message = seal_message(ORG, self.device, self.epoch, ops[0].seq, hashes)
        return Seal(len(ops), sign_seal(self.key, message))

    def frame(
        self,
        first: int = 1,
        last: int | None = None,
        *,
        stretch: int = SEAL_OPS_MAX,
        values: Sequence[ErasableValue] = (),
    ) -> bytes:
        """The frame of the ops from seq `first` to `last`."""
        ops = self.ops[first - 1 : last]
        return encode_frame(ops, self.seals(ops, stretch), values)
