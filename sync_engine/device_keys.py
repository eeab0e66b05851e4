"""Which key must have made a seal: the one that held at that place of the device's chain, or a newer one.

A `rotate` ends the older keys for what was recorded after it: for ops that had seen it. What a phone sealed before it
learned of its new key stands, whenever that arrives; a key that is in wrong hands is ended by `revoke`.
"""

from collections.abc import Sequence

from domain.canonical import MalformedError
from domain.ops import LeafHash
from sync_engine.directory import Directory
from sync_engine.frame import Frame, sealed_ops
from sync_engine.seal import PublicKey, load_key, seal_message, verify_seal
from sync_engine.sight import Sight


class DeviceKeys:
    """The keys of a directory's devices, loaded once each."""

    def __init__(self, directory: Directory, sight: Sight) -> None:
        self._directory = directory
        self._sight = sight
        self._loaded: dict[bytes, PublicKey | None] = {}

    def of(self, device: bytes, seen: int) -> Sequence[PublicKey]:
        """Return the keys, newest first, that may seal ops of a device; `seen` is what the last of them had seen."""
        keys = [self._load(raw) for raw in self._directory.keys_of(device, seen)]
        return [key for key in keys if key is not None]

    def have_sealed(
        self,
        org: str,
        device: bytes,
        epoch: int,
        first_seq: int,
        hashes: Sequence[LeafHash],
        *,
        seen: int,
        signature: bytes,
    ) -> bool:
        """Whether a signature is the device's over consecutive ops; `seen` is what the last of them had seen."""
        message = seal_message(org, device, epoch, first_seq, hashes)
        return any(verify_seal(key, message, signature) for key in self.of(device, seen))

    def sealed_ops(self, frame: Frame) -> int:
        """Return how many ops of a frame stand: those before the first stretch that the device did not seal."""
        header = frame.header
        keys = self.of(header.device, 0)
        if len(keys) == 1:
            return sealed_ops(frame, keys[0])
        standing = 0
        for seal in frame.seals:
            end = standing + seal.ops
            if not self.have_sealed(
                header.org,
                header.device,
                header.epoch,
                header.first_seq + standing,
                frame.hashes[standing:end],
                seen=self._sight.seen_of(frame.ops[end - 1]),
                signature=seal.signature,
            ):
                break
            standing = end
        return standing

    def _load(self, raw: bytes) -> PublicKey | None:
        if raw not in self._loaded:
            try:
                self._loaded[raw] = load_key(raw)
            except MalformedError:
                # An `enrol` may name 65 bytes that are no point: then nothing that claims to be sealed by it stands.
                self._loaded[raw] = None
        return self._loaded[raw]
