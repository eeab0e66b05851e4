"""What the sequencer needs from the world: a store whose commit is atomic and durable, and who signs the log."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from sync_engine.commit import Commit, Contact, WaitingFrame
from sync_engine.logged import Logged
from sync_engine.wire import Row

TilePlace = tuple[int, int]
"""(level, index) of a tile."""


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


class LogSealer(Protocol):
    """Who grows the tree and signs it. Wired to `blockchain_trace.log`. Not safe for concurrent tasks."""

    def tiles_to_resume(self, size: int) -> Collection[TilePlace]:
        """Return the tiles that `resume` reads."""
        ...

    def resume(self, *, size: int, note: str | None, tiles: Mapping[TilePlace, bytes]) -> SealedHead:
        """Go on from what is stored, forgetting whatever was appended and not confirmed.

        Raises a FaultError, and signs nothing, when the stored log is not the one that was last signed.
        """
        ...

    def append(self, leaf_hashes: Sequence[bytes]) -> SealedHead:
        """Add leaves and sign. Nobody may see the note before it is confirmed."""
        ...

    def confirm(self, head: SealedHead) -> None:
        """Remember, outside the database, that this head is durable and may be shown from now on."""
        ...


class Stored(Struct, frozen=True, kw_only=True):
    """What a store holds of an organisation's log."""

    logged: Sequence[Logged] = ()
    branches: frozenset[int] = frozenset()
    waiting: Sequence[WaitingFrame] = ()
    note: str | None = None
    """The last signed checkpoint."""


class RowsWanted(Struct, frozen=True, kw_only=True):
    """A stretch of rows in order of (changed, ordinal), from after `after` on."""

    known: Sequence[str]
    """Buckets of which the asker has all rows up to `cursor`."""
    whole: Sequence[str]
    """Buckets of which the asker has none: their rows from the beginning, without what was deleted up to `begun`."""
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

    async def rows(self, wanted: RowsWanted) -> RowsFound:
        """Return rows; values are `msgspec.Raw`, in the encoding in which they travel."""
        ...

    async def close(self) -> None:
        """Let go of the state."""
        ...


class LedgerStore(Protocol):
    """Where one organisation's ledger is durable. One writer: a second `open` raises LedgerInUseError."""

    async def open(self) -> None:
        """Become the writer. Raises FaultError."""
        ...

    async def load(self) -> Stored:
        """Return everything that was committed. Raises FaultError."""
        ...

    async def tiles(self, places: Collection[TilePlace]) -> Mapping[TilePlace, bytes]:
        """Return the tiles that are there."""
        ...

    async def commit(self, commit: Commit, head: SealedHead | None, contacts: Sequence[Contact]) -> None:
        """Make all of it durable, or none. Atomic; returns after it is on the disk.

        Raises FaultError; then it is unknown whether it is durable, and the caller must load anew.
        """
        ...

    async def put_contacts(self, contacts: Sequence[Contact]) -> None:
        """Keep whom the server met. Raises FaultError."""
        ...

    async def cut(self) -> Cut:
        """Return the state as it is now."""
        ...

    async def close(self) -> None:
        """Let another be the writer."""
        ...
