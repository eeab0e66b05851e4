"""The two messages of a sync round trip, as bytes: docs/protocol/sync.md §2.

What they mean to a phone is in `sync_engine.phone`; what the server does with frames in the sequencer. Elements that
later versions add at the end are read over. Corpus: `tests/vectors/ops/sync.json`.
"""

from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar

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
from domain.ops import Natural, Root16

MEDIA_TYPE: Final = "application/vnd.gobi.sync+msgpack"
REQUEST_BYTES_MAX: Final = 16 * 1024 * 1024
"""Decompressed. Compressed, a request has at most COMPRESSED_BYTES_MAX."""
COMPRESSED_BYTES_MAX: Final = 4 * 1024 * 1024
REPLY_BYTES_MAX: Final = 64 * 1024 * 1024
FRAMES_MAX: Final = 4096
BUCKETS_MAX: Final = 65_536
"""So many that what a phone holds never refuses what it brings: a request is bounded by its bytes."""
NOTE_MAX: Final = 8192
"""Characters of a checkpoint with the lines of its witnesses."""
TOKEN_CHARS_MAX: Final = 512

_SESSION_BYTES: Final = 16
_MESSAGE_DEPTH: Final = DEPTH_MAX + 3
"""The value of a row lies three arrays deep in a reply, and keeps the depth it may have by itself."""

_M = TypeVar("_M")
_Instant = Annotated[int, Meta(ge=-INT_MAX, le=INT_MAX)]
_Cursor = Annotated[int, Meta(ge=-1, le=INT_MAX)]
_Device = Annotated[bytes, Meta(min_length=16, max_length=16)]
_Session = Annotated[bytes, Meta(max_length=16)]
_Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]
_Page = Annotated[bytes, Meta(max_length=512)]
_Note = Annotated[str, Meta(max_length=NOTE_MAX)]
_Bucket = Annotated[str, Meta(min_length=1)]
_Frames = Annotated[tuple[bytes, ...], Meta(max_length=FRAMES_MAX)]
_Token = Annotated[str, Meta(max_length=TOKEN_CHARS_MAX)]


class Row(Struct, array_like=True, frozen=True, gc=False):
    """A row as it is after the cut; None means that it is no more.

    A server hands values over as `msgspec.Raw`: rows are stored in the encoding in which they travel.
    """

    bucket: _Bucket
    table: str
    key: str
    value: Any = None


class Settled(Struct, array_like=True, frozen=True, gc=False):
    """Ops of the device that have a verdict other than deferred: they leave the overlay."""

    epoch: Natural
    first_seq: Natural
    last_seq: Natural


class Held(Struct, array_like=True, frozen=True, gc=False):
    """What the log expects next in an epoch of the device, and the last op of it that it has."""

    epoch: Natural
    next_seq: Natural
    last_hash: _Hash


class Acked(Struct, array_like=True, frozen=True, gc=False):
    """All ops of an epoch up to this one are durable on the server."""

    epoch: Natural
    last_seq: Natural


class Branch(Struct, array_like=True, frozen=True, gc=False):
    """The last op of a later branch of a forked epoch."""

    epoch: Natural
    seq: Natural
    hash: _Hash


class Recovering(Struct, array_like=True, frozen=True, gc=False):
    """A log that is older than what was signed of it."""

    restored_ms: _Instant
    """Server time of the last thing that it has."""
    signed_size: Natural
    """Of the last checkpoint that it is known to have signed; the size of the log where that is not known."""


class Problem(Struct, array_like=True, frozen=True, gc=False):
    """A frame of the request that was refused as bytes."""

    frame: Natural
    relayed: bool
    code: str
    detail: str = ""


class SnapshotHeld(Struct, array_like=True, frozen=True, gc=False):
    """A snapshot that the phone is about to put in the place of a bucket."""

    bucket: _Bucket
    manifest: _Hash
    is_complete: bool
    """It has every chunk; otherwise it is still fetching them."""


class SnapshotOffer(Struct, array_like=True, frozen=True, gc=False):
    """A bucket that is to be fetched as a snapshot: none of its rows is in this reply."""

    bucket: _Bucket
    manifest: _Hash
    cursor: _Cursor
    """The rows are those as of this log index."""
    bytes: Natural
    """Of all its chunks."""
    rows: Natural
    token: _Token
    """Lets chunks of this bucket be fetched for some minutes."""


class SnapshotTaken(Struct, array_like=True, frozen=True, gc=False):
    """The rows of this reply go on from the snapshot that the phone holds of the bucket."""

    bucket: _Bucket
    manifest: _Hash


class SyncRequest(Struct, array_like=True, frozen=True, kw_only=True):
    """What a phone asks and brings."""

    version: Literal[1] = 1
    device: _Device
    now_ms: _Instant | None
    run: Natural | None
    session: _Session
    cursor: _Cursor
    page: _Page | None
    """What the last reply called its page: opaque to the phone."""
    buckets: Annotated[tuple[_Bucket, ...], Meta(max_length=BUCKETS_MAX)]
    frames: _Frames
    relayed: _Frames
    pending: Natural = 0
    """Ops that the phone still holds after these frames: what it tells its user is not yet on the server."""
    snapshots: Annotated[tuple[SnapshotHeld, ...], Meta(max_length=BUCKETS_MAX)] | None = None
    """None: the phone knows nothing of snapshots, and gets every bucket as rows."""
    known: _Note = ""
    """The signed checkpoint that the phone has applied, where the server seems to have less."""


class SyncReply(Struct, array_like=True, frozen=True, kw_only=True):
    """What the server answers: how far the device's ops have come, and rows."""

    version: Literal[1] = 1
    now_ms: _Instant
    log_size: Natural
    pull: str
    cursor: _Cursor
    page: _Page | None
    dropped: tuple[_Bucket, ...]
    rows: tuple[Row, ...]
    settled: tuple[Settled, ...]
    held: tuple[Held, ...]
    problems: tuple[Problem, ...]
    checkpoint: str
    seen: tuple[Natural, Root16] | None
    acked: tuple[Acked, ...]
    snapshots: tuple[SnapshotOffer, ...] = ()
    based: tuple[SnapshotTaken, ...] = ()
    covered: tuple[Acked, ...] = ()
    """What a confirmed backup holds of the device's ops: it may forget these once they are settled."""
    branches: tuple[Branch, ...] = ()
    """The ends of the later branches of the device's forked epochs, as far as the log holds them."""
    recovering: Recovering | None = None
    """Of a server that was restored from a backup and logs nothing yet."""


class MalformedRequestError(ProtocolError):
    """The body of a sync request is none."""

    code: ClassVar[str] = "malformed-request"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"not a sync request: {reason}")
        self.reason = reason


class RequestTooLargeError(ProtocolError):
    """The request is longer than the server takes at once: the phone sends fewer frames."""

    code: ClassVar[str] = "request-too-large"

    def __init__(self, *, size: int, most: int) -> None:
        super().__init__(f"a request of {size} bytes, at most {most}")
        self.size, self.most = size, most


class MalformedReplyError(ProtocolError):
    """What the server answered is no sync reply."""

    code: ClassVar[str] = "malformed-reply"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"not a sync reply: {reason}")
        self.reason = reason


_request_decoder: Final = msgspec.msgpack.Decoder(SyncRequest)
_reply_decoder: Final = msgspec.msgpack.Decoder(SyncReply)
_any_decoder: Final = msgspec.msgpack.Decoder(tuple[Any, ...])


def encode_request(request: SyncRequest) -> bytes:
    """Return the bytes of a request: what nobody would miss at its end is left out."""
    return encode_trusted(_without_defaults(request))


def decode_request(data: bytes) -> SyncRequest:
    """Return the request; its frames are bytes still, each judged by itself.

    Raises RequestTooLargeError, MalformedRequestError.
    """
    if len(data) > REQUEST_BYTES_MAX:
        raise RequestTooLargeError(size=len(data), most=REQUEST_BYTES_MAX)
    try:
        request = _decode(_request_decoder, data)
    except MalformedError as error:
        raise MalformedRequestError(reason=error.reason) from error
    if request.session and len(request.session) != _SESSION_BYTES:
        raise MalformedRequestError(reason=f"a session of {len(request.session)} bytes")
    return request


def encode_reply(reply: SyncReply) -> bytes:
    """Return the bytes of a reply: what nobody would miss at its end is left out."""
    return encode_trusted(_without_defaults(reply))


def decode_reply(data: bytes) -> SyncReply:
    """Return the reply, with the values of its rows decoded.

    Raises MalformedReplyError.
    """
    if len(data) > REPLY_BYTES_MAX:
        raise MalformedReplyError(reason=f"{len(data)} bytes, at most {REPLY_BYTES_MAX}")
    try:
        reply = _decode(_reply_decoder, data)
        refuse_foreign([row.value for row in reply.rows])
    except MalformedError as error:
        raise MalformedReplyError(reason=error.reason) from error
    return reply


def _without_defaults(message: SyncRequest | SyncReply) -> tuple[object, ...]:
    """The fields of a message up to the last that says something: those of later versions have a default."""
    values = msgspec.structs.astuple(message)
    defaults = message.__struct_defaults__
    end, first = len(values), len(values) - len(defaults)
    while end > first and values[end - 1] == defaults[end - 1 - first]:
        end -= 1
    return values[:end]


def _decode(decoder: msgspec.msgpack.Decoder[_M], data: bytes) -> _M:
    """Decode a message in its shortest form. Raises MalformedError."""
    message = decode_as(decoder, data)
    # A later version's elements are lost in the typed message: then the bytes are compared by themselves.
    if encode_trusted(message) != data:
        fields = decode_as(_any_decoder, data)
        refuse_foreign(fields, depth=_MESSAGE_DEPTH - 1)
        refuse_longer_form(fields, data)
    return message
