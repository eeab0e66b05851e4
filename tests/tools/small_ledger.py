"""The least server that a phone can sync with: it checks, places and keeps frames, and gives no verdicts of its own.

What the tests of the phone and of the chain rules run against; the real sequencer folds, judges and signs as well.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from domain.errors import ProtocolError
from domain.ops import DeviceId, LeafHash, Op
from sync_engine.chain import Fork, Head, Ready, Waiting, place
from sync_engine.frame import Frame, decode_frame, peek_header, sealed_ops
from sync_engine.seal import PublicKey
from sync_engine.wire import (
    Acked,
    Held,
    Problem,
    Row,
    Settled,
    SyncReply,
    SyncRequest,
    decode_request,
    encode_reply,
)


@dataclass
class DeviceLog:
    """What the log holds of one device: the `Known` of the chain rules."""

    key: PublicKey
    secret: bytes
    enrol: LeafHash
    main: dict[int, list[LeafHash]] = field(default_factory=dict)
    branches: dict[LeafHash, Op] = field(default_factory=dict)
    waiting: list[bytes] = field(default_factory=list)

    def head(self, epoch: int) -> Head | None:
        chain = self.main.get(epoch)
        return Head(len(chain), chain[-1]) if chain else None

    def hash_at(self, epoch: int, seq: int) -> bytes | None:
        chain = self.main.get(epoch, [])
        assert 1 <= seq <= len(chain), "asked up to the head only"
        return chain[seq - 1]

    def is_branch(self, digest: bytes) -> bool:
        return digest in self.branches

    def may_begin_after(self, digest: bytes) -> bool:
        return (
            digest == self.enrol
            or self.is_branch(digest)
            or any(digest in chain for chain in self.main.values())
        )


@dataclass
class SmallLedger:
    """Devices and the log of their ops; every logged op is accepted at once."""

    devices: dict[DeviceId, DeviceLog] = field(default_factory=dict)
    log: list[tuple[LeafHash, Op]] = field(default_factory=list)
    forks: int = 0
    is_backed_up: bool = False
    page_rows: int = 1_000_000

    def sync(self, data: bytes, *, now_ms: int) -> bytes:
        """Answer a request."""
        request = decode_request(data)
        problems = []
        for is_relayed, frames in ((False, request.frames), (True, request.relayed)):
            for number, frame in enumerate(frames):
                try:
                    self.take(frame)
                except ProtocolError as refusal:
                    problems.append(Problem(number, is_relayed, refusal.code, str(refusal)))
        return encode_reply(self._reply(request, now_ms, tuple(problems)))

    def take(self, data: bytes) -> None:
        """Log what a frame brings, or keep it until its predecessor comes."""
        device = self.devices[peek_header(data).device]
        frame = decode_frame(data, lambda _: device.secret)
        standing = sealed_ops(frame, device.key)
        assert standing == len(frame.ops), "the tests' phones seal what they send"
        if isinstance(place(frame.header, frame.hashes, device), Waiting):
            device.waiting.append(data)
        else:
            self._log(frame, device)
            waiting, device.waiting = device.waiting, []
            for beside in waiting:
                self.take(beside)

    def _log(self, frame: Frame, device: DeviceLog) -> None:
        match place(frame.header, frame.hashes, device):
            case Ready(first):
                device.main.setdefault(frame.header.epoch, []).extend(frame.hashes[first:])
            case Fork(first=first):
                self.forks += 1
                device.branches.update(zip(frame.hashes[first:], frame.ops[first:], strict=True))
            case _:
                return
        self.log.extend(zip(frame.hashes[first:], frame.ops[first:], strict=True))

    def _reply(self, request: SyncRequest, now_ms: int, problems: tuple[Problem, ...]) -> SyncReply:
        device = self.devices[DeviceId(request.device)]
        held = tuple(Held(epoch, len(chain) + 1, chain[-1]) for epoch, chain in device.main.items())
        cut = int.from_bytes(request.page[:4], "big") if request.page else len(self.log)
        first = int.from_bytes(request.page[4:], "big") if request.page else request.cursor + 1
        last = min(cut, first + self.page_rows)
        rows = tuple(Row("org", "op", digest.hex(), [op.kind]) for digest, op in self.log[first:last])
        is_last = last == cut
        return SyncReply(
            now_ms=now_ms,
            log_size=len(self.log),
            pull="ok",
            cursor=cut - 1 if is_last else request.cursor,
            page=None if is_last else cut.to_bytes(4, "big") + last.to_bytes(4, "big"),
            dropped=(),
            rows=rows,
            settled=tuple(Settled(entry.epoch, 1, entry.next_seq - 1) for entry in held) if is_last else (),
            held=held,
            problems=problems,
            checkpoint=f"{cut}",
            seen=(cut, sha256(b"%d" % cut).digest()[:16]) if is_last else None,
            acked=tuple(Acked(entry.epoch, entry.next_seq - 1) for entry in held),
            covered=tuple(Acked(entry.epoch, entry.next_seq - 1) for entry in held if self.is_backed_up),
        )
