"""The op: one immutable fact or intent of one device, and the bytes that are hashed, sealed and logged.

Here live its shape, its two codecs and the names derived from it: docs/protocol/operations.md §2. What its body means
is in `domain.kinds`; who sealed it in `sync_engine.seal`; what came before it in `sync_engine.chain`.
Twin: `pwa/src/codec`; corpus: `tests/vectors/ops/ops.json`.
"""

import hmac
import re
import struct
from hashlib import sha256
from typing import Annotated, Any, Final, NamedTuple, NewType

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

DeviceId = NewType("DeviceId", bytes)
"""SHA-256 of the device's first public key, 16 bytes; made by `device_id`."""
LeafHash = NewType("LeafHash", bytes)
"""The name of an op in every log: SHA-256 over 0x00 and its bytes; made by `leaf_hash`."""

VERSION: Final = 1
OP_BYTES_MAX: Final = 8192
NAMES_MAX: Final = 64
DEVICE_BYTES: Final = 16
HASH_BYTES: Final = 32
NONCE_BYTES: Final = 16
SESSION_BYTES: Final = 16

GENESIS_PREV: Final = LeafHash(bytes(HASH_BYTES))
NOTHING_SEEN: Final = (0, sha256(b"").digest()[:16])
"""The checkpoint of the empty log: what the genesis op has seen."""

_BODY_DEPTH: Final = DEPTH_MAX - 2
_BLOCK_BYTES: Final = 64
_DOT_NUMBERS: Final = struct.Struct(">QQ").pack
_ORG: Final = r"^[a-z0-9\-]{1,32}\Z"
_KIND: Final = r"^[a-z_]{1,24}\Z"

Natural = Annotated[int, Meta(ge=0, le=INT_MAX)]
Root16 = Annotated[bytes, Meta(min_length=16, max_length=16)]
Digest = Annotated[bytes, Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]
OrgId = Annotated[str, Meta(pattern=_ORG)]
KindName = Annotated[str, Meta(pattern=_KIND)]


class Dot(NamedTuple):
    """What names an op within its organisation, until a fork gives two ops one name."""

    device: bytes
    epoch: int
    seq: int


class Op(Struct, array_like=True, frozen=True, gc=False):
    """One op, field by field in the order of the wire.

    `body` is `(occurred, names, …)`. Arrays inside it are lists where the op was decoded; nobody changes them.
    """

    v: Annotated[int, Meta(ge=1, le=INT_MAX)]
    org: OrgId
    device: Annotated[DeviceId, Meta(min_length=DEVICE_BYTES, max_length=DEVICE_BYTES)]
    epoch: Natural
    seq: Annotated[int, Meta(ge=1, le=INT_MAX)]
    prev: Annotated[LeafHash, Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]
    nonce: Annotated[bytes, Meta(min_length=NONCE_BYTES, max_length=NONCE_BYTES)]
    seen: tuple[Natural, Root16]
    at: Annotated[int, Meta(ge=-INT_MAX, le=INT_MAX)]
    err: Natural
    run: Natural
    actor: Annotated[bytes, Meta(max_length=SESSION_BYTES)]
    kind: KindName
    body: tuple[Any, ...]
    erasable: tuple[Digest, ...]

    @property
    def dot(self) -> Dot:
        """The name of the op: its device, epoch and seq."""
        return Dot(self.device, self.epoch, self.seq)


FIELDS: Final = Op.__struct_fields__


class WiderOp(Op, frozen=True, gc=False):
    """An op of a later version, with elements after those that this version knows: kept, hashed and relayed."""

    more: tuple[Any, ...] = ()


_op_decoder: Final = msgspec.msgpack.Decoder(Op)
_any_decoder: Final = msgspec.msgpack.Decoder(tuple[Any, ...])


def encode_op(op: Op) -> bytes:
    """Return the bytes of the op: what its hash is taken over.

    Raises MalformedError when a field does not have its shape or the op is too long.
    """
    data = _encode_fields(op)
    decode_op(data)
    return data


def encode_known_op(op: Op) -> bytes:
    """Return the bytes of an op whose fields were all checked where they came in."""
    return _encode_fields(op)


def decode_op(data: bytes) -> Op:
    """Return the op that has these bytes: every field of its shape, every byte accounted for.

    A later version (`v`) and an unknown `kind` are ops too: they are deferred by a verdict, not refused here.

    Raises MalformedError.
    """
    if len(data) > OP_BYTES_MAX:
        raise MalformedError(reason=f"an op of {len(data)} bytes, at most {OP_BYTES_MAX}")
    op = _decode_fields(data)
    if op.actor and len(op.actor) != SESSION_BYTES:
        raise MalformedError(reason=f"actor: {len(op.actor)} bytes, not 0 or {SESSION_BYTES}")
    refuse_foreign(op.body, depth=_BODY_DEPTH)
    if encode_trusted(op) != data:
        return _decode_wider(op, data)
    return op


def leaf_hash(data: bytes) -> LeafHash:
    """Return the RFC 6962 leaf hash of an op's bytes: its name wherever ops are named."""
    return LeafHash(sha256(b"\x00" + data).digest())


def device_id(first_key: bytes) -> DeviceId:
    """Return the id of the device whose first public key is this 65-byte uncompressed point."""
    return DeviceId(sha256(first_key).digest()[:DEVICE_BYTES])


def device_secret(organisation_secret: bytes, device: bytes) -> bytes:
    """Return what a device derives its nonces from; handed over at enrolment, never logged."""
    return hmac.digest(organisation_secret, device, "sha256")


class Nonces:
    """The nonces of one device: HMAC-SHA-256 under its secret, with both pads hashed once for all of them."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret: bytes) -> None:
        assert len(secret) == HASH_BYTES, "a device secret is one HMAC-SHA-256"
        key = secret.ljust(_BLOCK_BYTES, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in key))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in key))

    def of(self, epoch: int, seq: int) -> bytes:
        """Return the nonce of an op: it keeps anyone from guessing an op's contents from its public leaf hash."""
        inner = self._inner.copy()
        inner.update(_DOT_NUMBERS(epoch, seq))
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()[:NONCE_BYTES]


def occurred(op: Op) -> tuple[int, int, str] | None:
    """Return the claim (from ms, to ms, source) of an op recorded after the work, or None.

    A claim that is none, or that ends before it begins, claims nothing: the verdict on the body is `domain.kinds`'.
    """
    match op.body:
        case [[int() as start, int() as end, str() as source], *_] if start <= end:
            return start, end, source
        case _:
            return None


def named_hashes(op: Op) -> tuple[bytes, ...]:
    """Return the leaf hashes of the ops of its own log that the op names, in order, at most NAMES_MAX."""
    return tuple([name for name in _names(op) if name.__class__ is bytes and len(name) == HASH_BYTES])


def foreign_names(op: Op) -> tuple[tuple[str, bytes], ...]:
    """Return (origin, leaf hash) of each op of another organisation's log that the op names; these never defer."""
    found = []
    for name in _names(op):
        match name:
            case [str() as origin, bytes() as digest] if len(digest) == HASH_BYTES:
                found.append((origin, digest))
            case _:
                continue
    return tuple(found)


def _names(op: Op) -> tuple[Any, ...]:
    match op.body:
        case [_, [*names], *_]:
            return tuple(names[:NAMES_MAX])
        case _:
            return ()


def _encode_fields(op: Op) -> bytes:
    if isinstance(op, WiderOp):
        return encode_trusted((*(getattr(op, name) for name in FIELDS), *op.more))
    return encode_trusted(op)


def _decode_fields(data: bytes) -> Op:
    try:
        return decode_as(_op_decoder, data)
    except MalformedError as error:
        raise MalformedError(reason=_name_field(error.reason)) from error


def _decode_wider(op: Op, data: bytes) -> Op:
    """Keep the elements that this version does not know, or refuse bytes that were not canonical."""
    fields = decode_as(_any_decoder, data)
    more = fields[len(FIELDS) :]
    if not more:
        raise MalformedError(reason="not in its shortest form")
    refuse_foreign(more, depth=DEPTH_MAX - 1)
    refuse_longer_form(fields, data)
    return WiderOp(**msgspec.structs.asdict(op), more=more)


_PATH: Final = re.compile(r" - at `\$\[(\d+)\](.*)`\Z")


def _name_field(reason: str) -> str:
    """Say `seq: Expected …` for a reason that says `Expected … - at $[4]`."""
    found = _PATH.search(reason)
    if found is None:
        return reason
    return f"{FIELDS[int(found[1])]}{found[2]}: {reason[: found.start()]}"
