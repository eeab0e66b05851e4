"""From the frames of requests to ops that follow what is known: sync.md §3, steps 1 to 4.

What is wrong with one frame is a problem of that frame. What is ahead of a gap waits here, beside the log, until its
predecessor comes. Verdicts are given later, in `ledger`.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from msgspec import Struct, field

from domain.errors import ProtocolError
from domain.ops import DeviceId, LeafHash, Op, device_secret
from sync_engine.chain import Fork, Ready, Redelivered, Standing, Waiting, place
from sync_engine.commit import Delivery, SealedStretch, WaitingFrame
from sync_engine.device_chain import Beside, DeviceChain
from sync_engine.device_keys import DeviceKeys
from sync_engine.directory import Directory
from sync_engine.effective_time import NO_CORRECTION, Correction, correction
from sync_engine.frame import (
    ErasableValue,
    Frame,
    UnknownDeviceError,
    WrongSealError,
    decode_frame,
    peek_header,
)
from sync_engine.sight import Sight
from sync_engine.wire import Problem

TOO_MANY_WAITING: Final = "too-many-waiting"


class Arrival(Struct, frozen=True, gc=False):
    """An op that the log takes next; it has no verdict yet."""

    op: Op
    data: bytes
    hash: LeafHash
    arrived_ms: int
    correction: Correction
    is_branch: bool
    values: Sequence[ErasableValue] = ()


class Batch(Struct):
    """What one group commit collects before it is judged."""

    arrivals: list[Arrival] = field(default_factory=list)
    seals: list[SealedStretch] = field(default_factory=list)
    waiting_added: dict[bytes, WaitingFrame] = field(default_factory=dict)
    waiting_removed: list[bytes] = field(default_factory=list)
    late_values: list[tuple[LeafHash, ErasableValue]] = field(default_factory=list)
    """Of ops that are in the log already: whoever carried these first may have left the values out."""


class Clocked(NamedTuple):
    """When a frame came in, and what its sync said of the clock."""

    arrived_ms: int
    off_ms: int | None
    run: int | None

    def correction_of(self, op_run: int) -> Correction:
        """Return what an op of a run is corrected by."""
        if self.off_ms is None or self.run is None:
            return NO_CORRECTION
        return correction(server_ms=self.off_ms, phone_now_ms=0, phone_run=self.run, op_run=op_run)


class Intake:
    """The chains of all devices, and what waits beside them."""

    def __init__(self, org: str, organisation_secret: bytes, directory: Directory, sight: Sight) -> None:
        self.org = org
        self._secret = organisation_secret
        self._directory = directory
        self._secrets: dict[bytes, bytes] = {}
        self._keys = DeviceKeys(directory, sight)
        self.chains: dict[bytes, DeviceChain] = {}
        self._bounds: dict[bytes, int] | None = None
        """As `bounds` says, until what waits changes."""
        self.keeps_beside = False
        """Whether the log takes nothing now: then whatever comes waits beside it."""

    def chain(self, device: bytes) -> DeviceChain:
        """Return the chain of a device; of one that the directory does not know, an empty one that nobody keeps."""
        found = self.chains.get(device)
        if found is None:
            known = self._directory.device(device)
            if known is None:
                return DeviceChain(b"")
            found = self.chains[device] = DeviceChain(known.enrol_hash)
        return found

    def begin(self, device: bytes, enrol: bytes) -> None:
        """Make the chain of a device that no op of the log has enrolled yet: the server's own, before the genesis."""
        self.chains.setdefault(device, DeviceChain(enrol))

    # --- in ----------------------------------------------------------------------------------------------------

    def take(self, delivery: Delivery, arrived_ms: int, batch: Batch) -> Sequence[Problem]:
        """Take the frames of a delivery, and say which were refused as bytes."""
        problems: list[Problem] = []
        off = None if delivery.now_ms is None else arrived_ms - delivery.now_ms
        own = Clocked(arrived_ms, off, delivery.run)
        carried = Clocked(arrived_ms, None, None)
        for is_relayed, frames in ((False, delivery.frames), (True, delivery.relayed)):
            for number, data in enumerate(frames):
                try:
                    is_own = not is_relayed and peek_header(data).device == delivery.device
                    self._take_frame(data, own if is_own else carried, batch)
                except ProtocolError as refusal:
                    problems.append(Problem(number, is_relayed, refusal.code, str(refusal)))
        return problems

    def _take_frame(self, data: bytes, clocked: Clocked, batch: Batch) -> None:
        """Log what stands of a frame, or keep it beside the log.

        Raises FrameTooLargeError, MalformedFrameError, UnknownDeviceError, WrongSealError: the last one after what
        was sealed before the wrong seal is taken.
        """
        frame = decode_frame(data, self._secret_of)
        if self._directory.device(frame.header.device) is None or frame.header.org != self.org:
            raise UnknownDeviceError(device=frame.header.device.hex())
        standing = self._keys.sealed_ops(frame)
        if standing:
            self._place(frame, standing, clocked, batch, data)
        if standing < len(frame.ops):
            raise WrongSealError(standing=standing)

    def _secret_of(self, device: DeviceId) -> bytes | None:
        secret = self._secrets.get(device)
        if secret is None and self._directory.device(device) is not None:
            secret = self._secrets[device] = device_secret(self._secret, device)
        return secret

    def _place(self, frame: Frame, standing: int, clocked: Clocked, batch: Batch, data: bytes) -> None:
        chain = self.chain(frame.header.device)
        found = place(frame.header, frame.hashes[:standing], chain)
        _keep_late_values(frame, found, standing, batch)
        if self.keeps_beside:
            if not isinstance(found, Redelivered):
                self._keep(chain, frame, standing, clocked, batch, data)
            return
        match found:
            case Ready(first):
                self._log(frame, first, standing, clocked, batch, is_branch=False)
                self._release(chain, batch)
            case Fork(first=first):
                self._log(frame, first, standing, clocked, batch, is_branch=True)
                self._release(chain, batch)
            case Waiting():
                self._keep(chain, frame, standing, clocked, batch, data)
            case _:
                pass

    def _log(
        self, frame: Frame, first: int, standing: int, clocked: Clocked, batch: Batch, *, is_branch: bool
    ) -> None:
        """Append ops first … standing − 1 of a frame."""
        chain = self.chain(frame.header.device)
        corrections: dict[int, Correction] = {}
        values: dict[int, list[ErasableValue]] = {}
        for value in frame.values:
            values.setdefault(value.op, []).append(value)
        arrivals, arrived_ms = batch.arrivals, clocked.arrived_ms
        for number in range(first, standing):
            op, digest = frame.ops[number], frame.hashes[number]
            corrected = corrections.get(op.run)
            if corrected is None:
                corrected = corrections[op.run] = clocked.correction_of(op.run)
            chain.extend(op, digest, is_branch=is_branch)
            kept = values.get(number, ()) if values else ()
            arrivals.append(Arrival(op, frame.data[number], digest, arrived_ms, corrected, is_branch, kept))
        batch.seals.extend(_stretches(frame, first, standing))

    # --- beside the log ----------------------------------------------------------------------------------------

    def _keep(
        self, chain: DeviceChain, frame: Frame, standing: int, clocked: Clocked, batch: Batch, data: bytes
    ) -> None:
        name = sha256(data).digest()
        if name in chain.waiting:
            return
        if not chain.may_wait(len(data)):
            raise TooManyWaitingError(waiting=len(chain.waiting))
        header = frame.header
        stored = WaitingFrame(
            hash=name,
            device=header.device,
            epoch=header.epoch,
            first_seq=header.first_seq,
            last_seq=header.first_seq + standing - 1,
            prev=header.first_prev,
            data=data,
            arrived_ms=clocked.arrived_ms,
            off_ms=clocked.off_ms,
            run=clocked.run,
        )
        chain.waiting[name] = Beside(stored, frame, standing)
        self._bounds = None
        batch.waiting_added[name] = stored

    def wait_as_stored(self, waiting: Mapping[bytes, WaitingFrame]) -> bool:
        """Let exactly these frames wait, by name; return whether one is new here. Seals were judged before."""
        known: set[bytes] = set()
        for chain in self.chains.values():
            for name in [name for name in chain.waiting if name not in waiting]:
                del chain.waiting[name]
            known.update(chain.waiting)
        for name, stored in waiting.items():
            if name not in known:
                frame = decode_frame(stored.data, self._secret_of)
                standing = stored.last_seq - stored.first_seq + 1
                self.chain(stored.device).waiting[name] = Beside(stored, frame, standing)
        self._bounds = None
        return not waiting.keys() <= known

    def release_all(self, batch: Batch) -> None:
        """Log all that waits and need not: it came while the log took nothing, or its device was unknown."""
        for chain in list(self.chains.values()):
            self._release(chain, batch)

    @property
    def may_release(self) -> bool:
        """Whether something waits that need not."""
        return any(
            not isinstance(place(beside.frame.header, beside.frame.hashes[: beside.standing], chain), Waiting)
            for chain in self.chains.values()
            for beside in chain.waiting.values()
        )

    def _release(self, chain: DeviceChain, batch: Batch) -> None:
        """Log what waited for what was just logged, and so on."""
        is_moving = bool(chain.waiting)
        while is_moving:
            is_moving = False
            for name, (stored, frame, standing) in list(chain.waiting.items()):
                found = place(frame.header, frame.hashes[:standing], chain)
                if isinstance(found, Waiting):
                    continue
                is_moving = True
                del chain.waiting[name]
                self._bounds = None
                if batch.waiting_added.pop(name, None) is None:
                    batch.waiting_removed.append(name)
                _keep_late_values(frame, found, standing, batch)
                if isinstance(found, Ready | Fork):
                    clocked = Clocked(stored.arrived_ms, stored.off_ms, stored.run)
                    self._log(frame, found.first, standing, clocked, batch, is_branch=isinstance(found, Fork))

    def bounds(self) -> Mapping[bytes, int]:
        """Return hash → earliest arrival of a waiting op that follows or names it."""
        if self._bounds is None:
            self._bounds = {}
            for chain in self.chains.values():
                for beside in chain.waiting.values():
                    arrived = beside.stored.arrived_ms
                    for digest in beside.before:
                        self._bounds[digest] = min(arrived, self._bounds.get(digest, arrived))
        return self._bounds


class TooManyWaitingError(ProtocolError):
    """So many frames of the device wait for a predecessor that no more are kept; it sends them again later."""

    code = TOO_MANY_WAITING

    def __init__(self, *, waiting: int) -> None:
        super().__init__(f"{waiting} frames of this device wait for earlier ones already")
        self.waiting = waiting


def _keep_late_values(frame: Frame, found: Standing, standing: int, batch: Batch) -> None:
    if frame.values and not isinstance(found, Waiting):
        known = found.first if isinstance(found, Ready | Fork) else standing
        batch.late_values.extend((frame.hashes[it.op], it) for it in frame.values if it.op < known)


def _stretches(frame: Frame, first: int, standing: int) -> Iterator[SealedStretch]:
    """The seals over any of the ops first … standing − 1."""
    header, start = frame.header, 0
    for seal in frame.seals:
        end = start + seal.ops
        if end > standing:
            return
        if end > first:
            yield SealedStretch(
                header.device,
                header.epoch,
                header.first_seq + start,
                seal.ops,
                seal.signature,
                frame.hashes[end - 1],
            )
        start = end
