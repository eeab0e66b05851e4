"""The one MessagePack profile in which everything is hashed, sealed and sent: docs/protocol/operations.md §1.

nil, bool, int, str, bin and array, each in its shortest form; no float, map, ext or timestamp. One value has one
encoding, so bytes can be compared, hashed and relayed in place of what they mean. Twin: `pwa/src/codec`;
corpus: `tests/vectors/ops/canonical.json`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from domain.errors import ProtocolError

INT_MAX: Final = 2**53 - 1
"""What both languages count exactly; integers lie within ±INT_MAX."""
DEPTH_MAX: Final = 8
"""Arrays within arrays: enough for every body in its op, and no stack to exhaust."""

Value: TypeAlias = bool | int | str | bytes | Sequence["Value"] | None
"""What the profile can say. Decoded arrays are lists; tuples encode alike."""

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder()
_T = TypeVar("_T")


class MalformedError(ProtocolError):
    """The bytes are not what the protocol lets a peer say."""

    code = "malformed"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"malformed: {reason}")
        self.reason = reason


def encode(value: object) -> bytes:
    """Return the one encoding of `value`.

    Raises MalformedError for a value that the profile cannot say.
    """
    refuse_foreign((value,))
    return encode_trusted(value)


def encode_trusted(value: object) -> bytes:
    """Return the one encoding of a value whose parts are known to lie within the profile: typed or decoded before.

    Raises MalformedError for text that is not Unicode.
    """
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError as error:
        raise MalformedError(reason="text holds a lone surrogate") from error


def decode(data: bytes) -> Any:
    """Return the value that has this encoding.

    Raises MalformedError for anything that is not canonical, and for bytes left over.
    """
    try:
        value = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(reason=_reason(error)) from error
    refuse_foreign((value,))
    refuse_longer_form(value, data)
    return value


def decode_as(decoder: msgspec.msgpack.Decoder[_T], data: bytes) -> _T:
    """Return what `decoder` makes of the bytes; form and untyped parts are still to be checked by its caller.

    Raises MalformedError when the bytes are not MessagePack or not of the decoder's type.
    """
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(reason=_reason(error)) from error


def refuse_foreign(values: Iterable[object], *, depth: int = DEPTH_MAX) -> None:
    """Check that values hold only what the profile allows, and nest at most `depth` arrays.

    On the path of every op that comes in: leaves are told by identity of their class, without a call each.

    Raises MalformedError.
    """
    for value in values:
        kind = value.__class__
        if kind is str or kind is bytes or kind is bool or value is None:
            continue
        if kind is int:
            if not -INT_MAX <= value <= INT_MAX:  # type: ignore[operator]  # its class is int: a check of identity narrows nothing
                raise MalformedError(reason="an integer beyond ±(2^53-1)")
        elif kind is list or kind is tuple or isinstance(value, list | tuple):
            if depth == 0:
                raise MalformedError(reason=f"arrays nest deeper than {DEPTH_MAX}")
            if value:
                refuse_foreign(value, depth=depth - 1)  # type: ignore[arg-type]  # a list or tuple: told by identity of class
        else:
            raise MalformedError(reason=f"not in the profile: {kind.__name__}")


def refuse_longer_form(value: object, data: bytes) -> None:
    """Check that `data` is the shortest encoding of `value`, which holds only what the profile allows.

    Raises MalformedError.
    """
    if encode_trusted(value) != data:
        raise MalformedError(reason="not in its shortest form")


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"arrays nest deeper than {DEPTH_MAX}"
    return str(error)[:200]
