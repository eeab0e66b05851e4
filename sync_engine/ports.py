"""What the sequencer needs from the world: a store whose commit is atomic and durable, and who signs the log."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from domain.errors import FaultError
from domain.merkle import EMPTY_ROOT
from sync_engine.commit import Commit, Contact, WaitingFrame
from sync_engine.logged import Logged
from sync_engine.wire import Row

TilePlace = tuple[int, int]
"""(level, index) of a tile."""
RETRY_S: Final = 1


class LedgerUnavailableError(FaultError):
    """The ledger cannot commit now; nothing of the request was acknowledged."""

    code = "ledger-unavailable"

    def __init__(self, *, reason: str, retryable: bool = True, retry_after_s: int | None = RETRY_S) -> None:
        super().__init__(
            f"the ledger cannot commit: {reason}", retryable=retryable, retry_after_s=retry_after_s
        )
        self.reason = reason


class Position(Struct, frozen=True):
    """How far a stored ledger is. Equal positions are equal ledgers.

    `revision` counts all commits, also those that logged nothing; `root` is that of the tree of `size` leaves.
    """

    size: int = 0
    root: bytes = EMPTY_ROOT
    revision: int = 0


class SealedHead(Protocol):
    """The log after an append: what a checkpoint states, its signed note, and the tiles to write for it."""

    @property
    def size(self) -> int:
        """How many leaves the log has."""
        ...

    @property
    def root(self) -> bytes:
        """The root of its tree."""
        ...

    @property
    def note(self) -> str:
        """The signed checkpoint."""
        ...

    @property
    def tiles(self) -> Sequence[tuple[int, int, bytes]]:
        """(level, index, data) of every tile that changed."""
        ...


class Signed(Protocol):
    """What a signed checkpoint states."""

    @property
    def size(self) -> int:
        """How many leaves the log had."""
        ...

    @property
    def root(self) -> bytes:
        """The root of its tree."""
        ...


class LogSealer(Protocol):
    """Who grows the tree and signs it. Wired to `blockchain_trace.log`. Not safe for concurrent tasks."""

    def read_pin(self) -> None:
        """Read what was last signed: `resume` compares a cut that was opened after this. Raises FaultError."""
        ...

    def tiles_to_resume(self, size: int) -> Collection[TilePlace]:
        """Return the tiles that `resume` reads."""
        ...

    def resume(self, *, size: int, note: str | None, tiles: Mapping[TilePlace, bytes]) -> SealedHead:
        """Go on from what is stored, forgetting whatever was appended and not confirmed.

        Raises a FaultError, and signs nothing, when the stored log is damaged. Afterwards `refusal` says whether it
        is an older one than was last signed.
        """
        ...

    def follow(self, leaf_hashes: Sequence[bytes], note: str | None) -> SealedHead:
        """Add leaves that another process made durable, and signed with `note`.

        Raises a FaultError when they are not the tree that the note states; then `resume` is needed.
        """
        ...

    @property
    def refusal(self) -> FaultError | None:
        """Why nothing may be signed, None where it may: then `append` raises it."""
        ...

    def read(self, note: str) -> Signed | None:
        """Return what a checkpoint states; None unless this log signed it, and not under a name that is past."""
        ...

    def refuse(self, size: int) -> None:
        """Sign nothing from now on: a head of this size was signed, and the log never had it."""
        ...

    def append(self, leaf_hashes: Sequence[bytes]) -> SealedHead:
        """Add leaves and sign. Nobody may see the note before it is confirmed."""
        ...

    def confirm(self, head: SealedHead) -> None:
        """Remember, outside the database, that this head is durable and may be shown from now on.

        A head that is smaller than one that was remembered changes nothing.
        """
        ...


class Stored(Struct, frozen=True, kw_only=True):
    """What a store holds of an organisation's log, from some leaf on."""

    position: Position = Position()
    logged: Sequence[Logged] = ()
    """Each with the last word on it."""
    branches: frozenset[int] = frozenset()
    waiting: Sequence[WaitingFrame] = ()
    """Every frame that waits beside the log."""
    note: str | None = None
    """The last signed checkpoint."""


Blob: TypeAlias = bytes
"""Bytes, where a field is called so."""


class SnapshotMark(Struct, frozen=True):
    """A snapshot that is stored: the rows of a bucket as of the log index `cursor`."""

    bucket: str
    manifest: Blob
    """SHA-256 of the manifest: the name of the snapshot."""
    cursor: int
    bytes: int
    rows: int
    is_newest: bool


class Marks(Struct, frozen=True):
    """What a store says of its buckets, in the state of a cut."""

    horizons: Mapping[str, int] = {}
    """Log index up to which the deletions of a bucket are forgotten; a bucket that is not named remembers all."""
    snapshots: Sequence[SnapshotMark] = ()


class RowsWanted(Struct, frozen=True, kw_only=True):
    """A stretch of rows in order of (changed, ordinal), from after `after` on."""

    known: Sequence[str]
    """Buckets of which the asker has all rows up to `cursor`."""
    whole: Sequence[str]
    """Buckets of which the asker has none: their rows from the beginning, without what was deleted up to `begun`."""
    based: Sequence[tuple[str, int]] = ()
    """Buckets of which the asker has all rows up to a log index of their own: that of a snapshot."""
    cursor: int
    begun: int
    after: tuple[int, int]
    limit: int


class RowsFound(Struct, frozen=True):
    """Rows, and where the stretch ended: None when these are all."""

    rows: Sequence[Row]
    last: tuple[int, int] | None


class Cut(Protocol):
    """One consistent state of the store: every read sees the same commits. Must be closed."""

    @property
    def position(self) -> Position:
        """Which state it is."""
        ...

    async def stored(self, begin: int = 0) -> Stored:
        """Return the log from leaf `begin` on, and what waits beside it. Raises FaultError."""
        ...

    async def marks(self) -> Marks:
        """Return what is known of the buckets in this state. Raises FaultError."""
        ...

    async def changed(self, bucket: str, cursor: int, *, most: int) -> int:
        """Return how many rows of a bucket changed or went after a log index, counting no further than `most`."""
        ...

    async def rows(self, wanted: RowsWanted) -> RowsFound:
        """Return rows; values are `msgspec.Raw`, in the encoding in which they travel."""
        ...

    async def tiles(self, places: Collection[TilePlace]) -> Mapping[TilePlace, bytes]:
        """Return the tiles that are there."""
        ...

    async def close(self) -> None:
        """Let go of the state."""
        ...


class LedgerStore(Protocol):
    """Where one organisation's ledger is durable. One task at a time, but for `cut`, `position` and `changed`.

    Either one process has it (`open` of a second raises LedgerInUseError), or several do and take turns: from `begin`
    to the end of `commit` or `release` nobody else commits.
    """

    async def open(self) -> None:
        """Be ready to commit. Raises FaultError."""
        ...

    async def begin(self) -> Position:
        """Be the only one who commits, until `commit` or `release`; return the position, as it stays until then.

        Raises FaultError: nothing was begun.
        """
        ...

    async def release(self) -> None:
        """Let others commit; nothing is committed."""
        ...

    async def commit(self, commit: Commit, head: SealedHead | None, contacts: Sequence[Contact]) -> Position:
        """Make all of it durable, or none, and let others commit. Atomic; returns after it is on the disk.

        Raises FaultError; then it is unknown whether it is durable, and the caller must load anew. Whoever lost the
        turn that `begin` gave, for whatever reason, gets the fault and has committed nothing.
        """
        ...

    async def put_contacts(self, contacts: Sequence[Contact]) -> None:
        """Keep whom the server met. Raises FaultError."""
        ...

    async def position(self) -> Position:
        """Return how far the ledger is: not before anything that was durable at the call. Raises FaultError."""
        ...

    async def cut(self) -> Cut:
        """Return the state as it is now. Raises FaultError."""
        ...

    async def changed(self) -> None:
        """Return when another process may have committed since the last call; soon after, and now and then anyway.

        Never returns where there is no other process.
        """
        ...

    async def close(self) -> None:
        """Let another have it."""
        ...
