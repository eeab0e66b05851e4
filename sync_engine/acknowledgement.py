"""Acknowledgements: what the server signed about how far a device's ops are durable; docs/protocol/relay.md §5.

Any device may carry one to the device that it is about, which then knows without a network what is on the server, and
whether it may be wiped. Pure: who signs with what is up to the caller. Twin: `pwa/src/codec/acknowledgement.ts`;
corpus: `tests/vectors/ops/acknowledgements.json`.
"""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from msgspec import Meta, Struct

from domain.canonical import (
    INT_MAX,
    MalformedError,
    decode_as,
    encode_trusted,
    refuse_foreign,
    refuse_longer_form,
)
from domain.errors import ProtocolError
from domain.ops import DEVICE_BYTES, HASH_BYTES, Natural, OrgId
from sync_engine.seal import SIGNATURE_BYTES, PrivateKey, PublicKey, sign_seal, verify_seal

ACKNOWLEDGEMENT_BYTES_MAX: Final = 64 * 1024
"""Signed: a thousand copies of a phone and their epochs."""
NAMED_MAX: Final = 64
"""Ops that a device may ask about by name: the last of each of its epochs that is not a head of the log."""
BEARER_CHARS_MAX: Final = 64

_LABEL: Final = b"gobi/ack/1\0"
_Device = Annotated[bytes, Meta(min_length=DEVICE_BYTES, max_length=DEVICE_BYTES)]
_Hash = Annotated[bytes, Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]
_Seq = Annotated[int, Meta(ge=1, le=INT_MAX)]


class End(Struct, array_like=True, frozen=True, gc=False):
    """An op of the device that is in the log: with it all that its chain holds before it."""

    epoch: Natural
    seq: _Seq
    hash: _Hash
    leaf: Natural
    """Its index in the log."""


class Acknowledgement(Struct, array_like=True, frozen=True, kw_only=True):
    """How far a device's ops are durable, as of one checkpoint."""

    version: Literal[1] = 1
    org: OrgId
    device: _Device
    at_ms: Natural
    """Server time."""
    log_size: Natural
    root: _Hash
    """Of the checkpoint of that size."""
    covered: Natural
    """Log size that a confirmed backup covers: 0 where there is none."""
    ends: tuple[End, ...]
    """The last op of each epoch's main branch, of each later branch, and those that were asked about by name."""
    missing_values: Natural
    """Erasable values of the device's ops that never arrived."""
    missing_evidence: Natural
    """Documents that its ops attach and that never arrived."""
    bearer: Annotated[str, Meta(max_length=BEARER_CHARS_MAX)] = ""
    """Name of the device that asked for it, where that is another."""


class MalformedAcknowledgementError(ProtocolError):
    """The bytes are no acknowledgement."""

    code: ClassVar[str] = "malformed-acknowledgement"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"not an acknowledgement: {reason}")
        self.reason = reason


class FalseAcknowledgementError(ProtocolError):
    """The acknowledgement is not what this organisation's server signed."""

    code: ClassVar[str] = "false-acknowledgement"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"a false acknowledgement: {reason}")
        self.reason = reason


class _Signed(Struct, array_like=True, frozen=True):
    statement: bytes
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


_signed_decoder: Final = msgspec.msgpack.Decoder(_Signed)
_decoder: Final = msgspec.msgpack.Decoder(Acknowledgement)
_any_decoder: Final = msgspec.msgpack.Decoder(tuple[Any, ...])


def sign_acknowledgement(acknowledgement: Acknowledgement, key: PrivateKey) -> bytes:
    """Return the signed bytes, as they travel; the same ones for the same words (RFC 6979)."""
    statement = encode_trusted(acknowledgement)
    return encode_trusted(_Signed(statement, sign_seal(key, _LABEL + statement)))


def open_acknowledgement(data: bytes, key: PublicKey, org: str) -> Acknowledgement:
    """Return what the server of an organisation signed; elements that later versions add are read over.

    Raises MalformedAcknowledgementError, FalseAcknowledgementError.
    """
    if len(data) > ACKNOWLEDGEMENT_BYTES_MAX:
        raise MalformedAcknowledgementError(reason=f"{len(data)} bytes, at most {ACKNOWLEDGEMENT_BYTES_MAX}")
    try:
        signed = decode_as(_signed_decoder, data)
        if encode_trusted(signed) != data:
            raise MalformedAcknowledgementError(reason="not in its shortest form")
        found = decode_as(_decoder, signed.statement)
        if encode_trusted(found) != signed.statement:
            fields = decode_as(_any_decoder, signed.statement)
            refuse_foreign(fields)
            refuse_longer_form(fields, signed.statement)
    except MalformedError as error:
        raise MalformedAcknowledgementError(reason=error.reason) from error
    if not verify_seal(key, _LABEL + signed.statement, signed.signature):
        raise FalseAcknowledgementError(reason="the server's key did not sign it")
    if found.org != org:
        raise FalseAcknowledgementError(reason=f"of another organisation: {found.org!r}")
    return found


def unacknowledged(
    acknowledgement: Acknowledgement | None, heads: Sequence[tuple[int, int, bytes]]
) -> list[tuple[int, int, bytes]]:
    """Return the (epoch, last seq, its hash) of a device's own chain that an acknowledgement does not name.

    A head that it names is in the log with all that its chain holds before it. A longer branch of the same epoch says
    nothing of it: that may be a copy's.
    """
    if acknowledgement is None:
        return list(heads)
    named = {(end.epoch, end.seq, end.hash) for end in acknowledgement.ends}
    return [head for head in heads if head not in named]


def is_covered(acknowledgement: Acknowledgement) -> bool:
    """Whether a confirmed backup covers every op that it names: the server may burn down."""
    return all(end.leaf < acknowledgement.covered for end in acknowledgement.ends)
