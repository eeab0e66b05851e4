"""Frames: consecutive ops of one device with their seals, as they travel; docs/protocol/operations.md §3.

A frame leaves out what is derivable; decoding rebuilds the exact bytes of every op, and the seals prove them. Whether
the ops follow what is known is `sync_engine.chain`'s question. Corpus: `tests/vectors/ops/frames.json`.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import repeat
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Struct

from domain.canonical import (
    DEPTH_MAX,
    INT_MAX,
    MalformedError,
    decode_as,
    encode_trusted,
    refuse_foreign,
    refuse_longer_form,
)
from domain.errors import ProtocolError
from domain.ops import (
    DEVICE_BYTES,
    HASH_BYTES,
    OP_BYTES_MAX,
    SESSION_BYTES,
    DeviceId,
    Digest,
    KindName,
    LeafHash,
    Natural,
    Nonces,
    Op,
    OrgId,
    Root16,
    WiderOp,
    encode_known_op,
    leaf_hash,
)
from sync_engine.columns import differences, expand_runs, length_of, run_lengths, sums
from sync_engine.seal import SEAL_OPS_MAX, SIGNATURE_BYTES, PublicKey, seal_message, verify_seal

FRAME_BYTES_MAX: Final = 262_144
FRAME_OPS_MAX: Final = 1024
"""Sixteen full seals. A frame of a few bytes must not unfold into a million ops before a seal is looked at."""
SALT_BYTES: Final = 16

_FRAME_DEPTH: Final = DEPTH_MAX + 3
"""The elements of an op lie up to three arrays deeper in a frame, and keep the depth they may have in their op."""
_BODY_DEPTH: Final = DEPTH_MAX - 2

_T = TypeVar("_T")
_Count = Annotated[int, Meta(ge=1, le=FRAME_OPS_MAX)]
_Runs = tuple[tuple[_Count, _T], ...]


class Seal(NamedTuple):
    """The signature over the next `ops` ops of its frame."""

    ops: int
    signature: bytes


class ErasableValue(NamedTuple):
    """A value beside an op, by its number in the frame: it can be deleted without breaking a hash."""

    op: int
    number: int
    salt: bytes
    value: bytes

    @property
    def digest(self) -> bytes:
        """What the op holds in its place."""
        return sha256(self.salt + self.value).digest()


class FrameHeader(Struct, array_like=True, frozen=True, gc=False):
    """What a relay that cannot open a frame may read of it."""

    version: Literal[1]
    org: OrgId
    device: Annotated[DeviceId, Meta(min_length=DEVICE_BYTES, max_length=DEVICE_BYTES)]
    epoch: Natural
    first_seq: Annotated[int, Meta(ge=1, le=INT_MAX)]
    first_prev: Annotated[LeafHash, Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]


class Frame(Struct, frozen=True, kw_only=True):
    """A decoded frame: its ops, their exact bytes and hashes, all in order; the seals are not yet judged."""

    header: FrameHeader
    ops: tuple[Op, ...]
    data: tuple[bytes, ...]
    hashes: tuple[LeafHash, ...]
    seals: tuple[Seal, ...]
    values: tuple[ErasableValue, ...] = ()
    false_values: tuple[ErasableValue, ...] = ()
    """Values that no op of the frame holds the digest of: nobody sealed them, so they are not kept."""


class MalformedFrameError(ProtocolError):
    """The bytes are no frame."""

    code: ClassVar[str] = "malformed-frame"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"not a frame: {reason}")
        self.reason = reason


class FrameTooLargeError(ProtocolError):
    """The frame is longer than anyone has to hold."""

    code: ClassVar[str] = "frame-too-large"

    def __init__(self, *, size: int, most: int) -> None:
        super().__init__(f"a frame of {size} bytes, at most {most}")
        self.size, self.most = size, most


class UnknownDeviceError(ProtocolError):
    """The frame is of a device whose secret is not known here."""

    code: ClassVar[str] = "unknown-device"

    def __init__(self, *, device: str) -> None:
        super().__init__(f"unknown device: {device!r}")
        self.device = device


class WrongSealError(ProtocolError):
    """From some stretch on, the ops of the frame are not what the device sealed; those before it stand."""

    code: ClassVar[str] = "wrong-seal"

    def __init__(self, *, standing: int) -> None:
        super().__init__(f"a seal does not verify after {standing} ops")
        self.standing = standing


class _Columns(Struct, array_like=True, frozen=True, gc=False):
    v: _Runs[Annotated[int, Meta(ge=1, le=INT_MAX)]]
    seen: _Runs[tuple[Natural, Root16]]
    at: tuple[Annotated[int, Meta(ge=-INT_MAX, le=INT_MAX)], ...]
    err: _Runs[Natural]
    run: _Runs[Natural]
    actor: _Runs[Annotated[bytes, Meta(max_length=SESSION_BYTES)]]
    kind: _Runs[KindName]
    body: tuple[tuple[Any, ...], ...]
    erasable: _Runs[tuple[Digest, ...]]


_SealWire = tuple[
    Annotated[int, Meta(ge=1, le=SEAL_OPS_MAX)],
    Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)],
]
_ValueWire = tuple[
    Natural, Natural, Annotated[bytes, Meta(min_length=SALT_BYTES, max_length=SALT_BYTES)], bytes
]


class _Wire(FrameHeader, array_like=True, frozen=True, gc=False):
    columns: _Columns
    seals: tuple[_SealWire, ...]
    values: tuple[_ValueWire, ...] = ()


_COLUMNS: Final = len(_Columns.__struct_fields__)
_COLUMNS_AT: Final = _Wire.__struct_fields__.index("columns")
_header_decoder: Final = msgspec.msgpack.Decoder(FrameHeader)
_wire_decoder: Final = msgspec.msgpack.Decoder(_Wire)
_any_decoder: Final = msgspec.msgpack.Decoder(tuple[Any, ...])


def encode_frame(ops: Sequence[Op], seals: Sequence[Seal], values: Sequence[ErasableValue] = ()) -> bytes:
    """Return the frame of consecutive ops of one device and epoch, with seals that cover them in order.

    Raises FrameTooLargeError: the caller sends fewer ops at a time.
    """
    first = ops[0]
    assert sum(seal.ops for seal in seals) == len(ops), "seals cover the ops of their frame"
    assert all(op.seq == first.seq + i for i, op in enumerate(ops)), "ops of a frame are consecutive"
    columns = (
        run_lengths(op.v for op in ops),
        run_lengths(tuple(op.seen) for op in ops),
        differences([op.at for op in ops]),
        run_lengths(op.err for op in ops),
        run_lengths(op.run for op in ops),
        run_lengths(op.actor for op in ops),
        run_lengths(op.kind for op in ops),
        tuple(op.body for op in ops),
        run_lengths(tuple(op.erasable) for op in ops),
        *_further_columns(ops),
    )
    wire = (1, first.org, first.device, first.epoch, first.seq, first.prev, columns, tuple(seals))
    data = encode_trusted((*wire, tuple(values)) if values else wire)
    _refuse_large(len(data))
    return data


def peek_header(data: bytes) -> FrameHeader:
    """Return whose frame this is and where it begins, without opening it: all that a relay can and may do.

    Raises FrameTooLargeError, MalformedFrameError.
    """
    _refuse_large(len(data))
    try:
        return decode_as(_header_decoder, data)
    except MalformedError as error:
        raise MalformedFrameError(reason=error.reason) from error


def decode_frame(data: bytes, device_secret_of: Callable[[DeviceId], bytes | None]) -> Frame:
    """Return the frame with its ops rebuilt byte for byte.

    The caller judges whether `header.org` is its own, and the seals (`sealed_ops`): until then nothing is proven.

    Raises FrameTooLargeError, MalformedFrameError, UnknownDeviceError.
    """
    _refuse_large(len(data))
    try:
        wire, further = _parse(data)
    except MalformedError as error:
        raise MalformedFrameError(reason=error.reason) from error
    secret = device_secret_of(wire.device)
    if secret is None:
        raise UnknownDeviceError(device=wire.device.hex())
    ops, rebuilt, hashes = _rebuild(wire, further, Nonces(secret))
    values = [ErasableValue(*value) for value in wire.values]
    sound = tuple([value for value in values if _is_held(value, ops)])
    return Frame(
        header=FrameHeader(1, wire.org, wire.device, wire.epoch, wire.first_seq, wire.first_prev),
        ops=ops,
        data=rebuilt,
        hashes=hashes,
        seals=tuple([Seal(*seal) for seal in wire.seals]),
        values=sound,
        false_values=tuple([value for value in values if value not in sound])
        if len(sound) < len(values)
        else (),
    )


def sealed_ops(frame: Frame, key: PublicKey) -> int:
    """Return how many ops, from the first, stand: up to the first stretch whose seal this key did not make."""
    header = frame.header
    standing = 0
    for seal in frame.seals:
        hashes = frame.hashes[standing : standing + seal.ops]
        message = seal_message(header.org, header.device, header.epoch, header.first_seq + standing, hashes)
        if not verify_seal(key, message, seal.signature):
            return standing
        standing += seal.ops
    return standing


def _further_columns(ops: Sequence[Op]) -> list[tuple[tuple[int, Any], ...]]:
    """Elements that only later versions know travel as run-length columns, after those that this one does."""
    more = [op.more if isinstance(op, WiderOp) else () for op in ops]
    assert len(set(map(len, more))) == 1, "ops of a frame have the same number of elements"
    return [run_lengths(column) for column in zip(*more, strict=True)]


def _refuse_large(size: int) -> None:
    if size > FRAME_BYTES_MAX:
        raise FrameTooLargeError(size=size, most=FRAME_BYTES_MAX)


def _parse(data: bytes) -> tuple[_Wire, tuple[_Runs[Any], ...]]:
    """Return the frame as it stands on the wire, and the columns that only later versions know.

    Raises MalformedError.
    """
    wire = decode_as(_wire_decoder, data)
    columns = wire.columns
    refuse_foreign(columns.body, depth=_BODY_DEPTH + 1)
    further: tuple[_Runs[Any], ...] = ()
    if not _is_plain(wire, data):
        further = _parse_further(data)
    count = len(columns.body)
    if not 1 <= count <= FRAME_OPS_MAX:
        raise MalformedError(reason=f"{count} ops, not 1 to {FRAME_OPS_MAX}")
    lengths = {len(columns.at), length_of(wire.seals)}
    runs = (columns.v, columns.seen, columns.err, columns.run, columns.actor, columns.kind, columns.erasable)
    lengths.update(map(length_of, (*runs, *further)))
    if lengths != {count}:
        raise MalformedError(reason=f"columns and seals do not all cover the {count} ops")
    if wire.first_seq + count - 1 > INT_MAX:
        raise MalformedError(reason="seqs beyond 2^53-1")
    if any(len(actor) not in (0, SESSION_BYTES) for _, actor in columns.actor):
        raise MalformedError(reason=f"actor: not 0 or {SESSION_BYTES} bytes")
    return wire, further


def _is_plain(wire: _Wire, data: bytes) -> bool:
    """Whether these are the shortest bytes of exactly what this version knows, the values being absent or not."""
    if not wire.values and encode_trusted(msgspec.structs.astuple(wire)[:-1]) == data:
        return True
    return encode_trusted(wire) == data


def _parse_further(data: bytes) -> tuple[_Runs[Any], ...]:
    """Check the form of a frame without values, or with elements that this version does not know; keep columns."""
    fields = decode_as(_any_decoder, data)
    refuse_foreign(fields, depth=_FRAME_DEPTH - 1)
    refuse_longer_form(fields, data)
    try:
        further = msgspec.convert(fields[_COLUMNS_AT][_COLUMNS:], tuple[_Runs[Any], ...])
    except msgspec.ValidationError as error:
        raise MalformedError(reason=f"further columns: {error}") from error
    for column in further:
        refuse_foreign([value for _, value in column], depth=DEPTH_MAX - 1)
    return further


def _rebuild(
    wire: _Wire, further: tuple[_Runs[Any], ...], nonces: Nonces
) -> tuple[tuple[Op, ...], tuple[bytes, ...], tuple[LeafHash, ...]]:
    """Return the ops, their bytes and their hashes. On the path of every op that comes in."""
    columns = wire.columns
    instants = sums(columns.at)
    if max(instants) > INT_MAX or min(instants) < -INT_MAX:
        raise MalformedFrameError(reason="at: beyond ±(2^53-1)")
    org, device, epoch, prev = wire.org, wire.device, wire.epoch, wire.first_prev
    nonce_of = nonces.of
    ops, rebuilt, hashes = [], [], []
    count = len(instants)
    rows = zip(
        expand_runs(columns.v), range(wire.first_seq, wire.first_seq + count), expand_runs(columns.seen),
        instants, expand_runs(columns.err), expand_runs(columns.run), expand_runs(columns.actor),
        expand_runs(columns.kind), columns.body, expand_runs(columns.erasable), _further_elements(further, count),
        strict=True,
    )  # fmt: skip
    for v, seq, seen, at, err, run, actor, kind, body, erasable, more in rows:
        nonce = nonce_of(epoch, seq)
        op = Op(v, org, device, epoch, seq, prev, nonce, seen, at, err, run, actor, kind, body, erasable)
        if more:
            op = WiderOp(**msgspec.structs.asdict(op), more=more)
            data = encode_known_op(op)
        else:
            data = encode_trusted(op)
        if len(data) > OP_BYTES_MAX:
            raise MalformedFrameError(reason=f"an op of {len(data)} bytes, at most {OP_BYTES_MAX}")
        prev = leaf_hash(data)
        ops.append(op)
        rebuilt.append(data)
        hashes.append(prev)
    return tuple(ops), tuple(rebuilt), tuple(hashes)


def _further_elements(further: tuple[_Runs[Any], ...], count: int) -> Iterable[tuple[Any, ...]]:
    return zip(*map(expand_runs, further), strict=True) if further else repeat((), count)


def _is_held(value: ErasableValue, ops: Sequence[Op]) -> bool:
    if value.op >= len(ops) or value.number >= len(ops[value.op].erasable):
        return False
    return ops[value.op].erasable[value.number] == value.digest
