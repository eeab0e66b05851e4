"""The server's own device: it seals what the organisation itself says (DESIGN §4, "The sequencer is a device too")."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from domain.canonical import MalformedError
from domain.kinds import parse_body
from domain.ops import (
    VERSION,
    LeafHash,
    Nonces,
    Op,
    device_id,
    device_secret,
    encode_op,
    leaf_hash,
)
from sync_engine.commit import Intention, SealedStretch
from sync_engine.seal import SEAL_OPS_MAX, PrivateKey, raw_key, seal_message, sign_seal


class Recorded(NamedTuple):
    """An op of the server with its bytes and its hash."""

    op: Op
    data: bytes
    hash: LeafHash


class ServerChain:
    """Records and seals ops, each linked to the one before it; its clock is the caller's."""

    def __init__(self, org: str, organisation_secret: bytes, key: PrivateKey) -> None:
        self.org = org
        self._key = key
        self.device = device_id(raw_key(key.public_key()))
        self._nonces = Nonces(device_secret(organisation_secret, self.device))
        self._epoch, self._seq, self._prev = 0, 0, LeafHash(bytes(32))
        self._unsealed: list[Recorded] = []

    def begin(self, epoch: int, *, anew: bool = False) -> None:
        """Begin with the very first op of all, the genesis; `anew`: a later epoch, which follows the last known op."""
        self._epoch = epoch
        if anew:
            self._seq = 0

    def resume(self, op: Op, digest: LeafHash) -> None:
        """Go on after an op that the log holds."""
        self._epoch, self._seq, self._prev = op.epoch, op.seq, digest

    def record(self, intention: Intention, *, at_ms: int, seen: tuple[int, bytes]) -> Recorded:
        """Append an op.

        Raises MalformedError for what no op can hold; then nothing is recorded.
        """
        recorded = self._made(intention, at_ms, seen)
        self._seq, self._prev = recorded.op.seq, recorded.hash
        self._unsealed.append(recorded)
        return recorded

    def refuse_unrecordable(self, intention: Intention) -> None:
        """Check that `record` would take it: asked before it joins others in a group commit.

        Raises MalformedError, MalformedBodyError.
        """
        recorded = self._made(intention, 0, (0, bytes(16)))
        if parse_body(recorded.op.kind, recorded.op.body) is None:
            raise MalformedError(reason=f"an unknown kind: {intention.kind}")

    def _made(self, intention: Intention, at_ms: int, seen: tuple[int, bytes]) -> Recorded:
        seq = self._seq + 1
        op = Op(
            v=VERSION,
            org=self.org,
            device=self.device,
            epoch=self._epoch,
            seq=seq,
            prev=self._prev,
            nonce=self._nonces.of(self._epoch, seq),
            seen=seen,
            at=at_ms,
            err=0,
            run=0,
            actor=intention.actor,
            kind=intention.kind,
            body=intention.body,
            erasable=tuple([sha256(salt + value).digest() for salt, value in intention.erasable]),
        )
        data = encode_op(op)
        return Recorded(op, data, leaf_hash(data))

    def seal(self) -> Sequence[SealedStretch]:
        """Seal all that was recorded since the last call."""
        unsealed, self._unsealed = self._unsealed, []
        return [
            self._sealed(unsealed[first : first + SEAL_OPS_MAX])
            for first in range(0, len(unsealed), SEAL_OPS_MAX)
        ]

    def _sealed(self, stretch: Sequence[Recorded]) -> SealedStretch:
        first, last = stretch[0].op, stretch[-1]
        hashes = [recorded.hash for recorded in stretch]
        message = seal_message(self.org, self.device, first.epoch, first.seq, hashes)
        signature = sign_seal(self._key, message)
        return SealedStretch(self.device, first.epoch, first.seq, len(stretch), signature, last.hash)
