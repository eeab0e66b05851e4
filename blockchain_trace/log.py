"""The log that grows: leaf hashes in, tiles and a signed checkpoint out. Pure but for the pin.

Whoever signs a checkpoint vouches that it continues every one signed before. The database cannot remember that
across its own restore, so the last signed head is pinned outside the backup: where the stored log is shorter than the
pin, or there is no pin, or somebody shows a signed head that this log never had, it refuses to sign until a person
decides (DESIGN §7, log.md §6). What it has can still be read.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from blockchain_trace.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from blockchain_trace.note import SignerKey, VerifierKey
from blockchain_trace.ports import TilesInMemory
from blockchain_trace.proofs import root_at, root_tiles
from blockchain_trace.tiles import Edge, edge_tiles, read_edge, tiles_for_append
from domain.errors import DomainError, FaultError
from domain.merkle import EMPTY_ROOT


class RollbackError(FaultError):
    """The stored log is older than the last checkpoint that was signed: a backup was restored."""

    code = "log-rolled-back"

    def __init__(self, *, size: int, signed_size: int) -> None:
        super().__init__(
            f"the stored log has {size} entries, but a checkpoint of {signed_size} was signed: it refuses to sign",
            retryable=False,
        )
        self.size, self.signed_size = size, signed_size


class PinLostError(FaultError):
    """There is a log, but nothing says what was last signed of it: it may be an older copy."""

    code = "pin-lost"

    def __init__(self, *, size: int) -> None:
        super().__init__(
            f"the stored log has {size} entries, and the file of the last signed size is gone: it refuses to sign",
            retryable=False,
        )
        self.size = size


class LogContradictedError(FaultError):
    """The stored tiles are not the tree that was signed."""

    code = "log-contradicted"

    def __init__(self, *, size: int) -> None:
        super().__init__(f"the stored log of {size} entries is not the one that was signed", retryable=False)
        self.size = size


class SignedHead(Struct, frozen=True):
    """The size and the root of a checkpoint that was signed and shown."""

    size: int
    root: bytes


class Pin(Protocol):
    """The last signed head, kept where no backup of the database reaches it."""

    def read(self) -> SignedHead | None:
        """Return it; None where nothing was ever signed. Raises FaultError."""
        ...

    def write(self, head: SignedHead) -> None:
        """Keep a head; durable on return. One that is no larger than what is kept changes nothing.

        Raises FaultError.
        """
        ...

    def replace(self, head: SignedHead) -> None:
        """Keep a head instead of a larger one; a crash leaves the old or the new. Raises FaultError."""
        ...


class Grown(Struct, frozen=True):
    """The log after an append."""

    size: int
    root: bytes
    note: str
    tiles: tuple[tuple[int, int, bytes], ...] = ()
    """(level, index, data) of each tile that changed, in its new form."""


class LostHead(Struct, frozen=True):
    """The last signed head of an origin whose end was lost, of which `kept` leaves go on: declared in the log."""

    origin: str
    size: int
    root: bytes
    kept: int


class TransparencyLog:
    """One organisation's log in memory: its right edge, its key and its pin. Not safe for concurrent tasks.

    `lost` are the heads that the log declares lost: a pin of one of them is of the past. `before` is the verifier of
    the last stored checkpoint, where this origin is about to be opened and has none of its own yet.
    """

    def __init__(
        self,
        *,
        origin: str,
        key: SignerKey,
        pin: Pin,
        lost: Sequence[LostHead] = (),
        before: VerifierKey | None = None,
    ) -> None:
        self._origin = origin
        self._key = key
        self._pin = pin
        self._lost = tuple(lost)
        self._before = before
        self._edge = Edge()
        self._refusal: FaultError | None = None
        self._pinned: SignedHead | None = None
        self._is_pin_past = False

    @property
    def verifier(self) -> VerifierKey:
        """The key by which others verify."""
        return self._key.verifier

    def read_pin(self) -> None:
        """Read what was last signed, for `resume`, before the stored log is read. Raises FaultError.

        A head is pinned after its commit: what is stored now is no older, and a later pin may be of a later commit.
        """
        self._pinned = self._pin.read()

    def tiles_to_resume(self, size: int) -> Collection[tuple[int, int]]:
        """Return (level, index) of the tiles that `resume` reads."""
        pinned = self._pinned
        names = set(edge_tiles(size))
        if pinned is not None and 0 < pinned.size <= size:
            names |= set(root_tiles(pinned.size))
        return {(name.level, name.index) for name in names}

    def resume(self, *, size: int, note: str | None, tiles: Mapping[tuple[int, int], bytes]) -> Grown:
        """Go on from a stored log, forgetting whatever was appended and not confirmed.

        Afterwards `refusal` says whether it may be signed. Raises LogContradictedError, MissingTileError, FaultError.
        """
        read_tile = TilesInMemory(tiles)
        edge = read_edge(size, read_tile)
        root = edge.frontier().root()
        if size:
            self._refuse_other(size, root, note)
        self._edge, self._refusal = edge, None
        self._compare_pin(size, read_tile)
        return Grown(size, root, note or "")

    def follow(self, leaf_hashes: Sequence[bytes], note: str | None) -> Grown:
        """Add leaves over which another process with this key signed a note.

        Raises LogContradictedError when they are not the tree that it states; then nothing may be signed.
        """
        edge = tiles_for_append(self._edge, leaf_hashes)[0] if leaf_hashes else self._edge
        size, root = edge.size, edge.frontier().root()
        self._refuse_other(size, root, note)
        self._edge = edge
        return Grown(size, root, note or "")

    def _compare_pin(self, size: int, read_tile: TilesInMemory) -> None:
        pinned = self._pinned
        self._is_pin_past = False
        if pinned is None:
            if size == 0:
                # From here on a missing pin means that it was lost.
                self._pin.write(SignedHead(0, EMPTY_ROOT))
            elif self._before is None:
                self._refusal = PinLostError(size=size)
        elif pinned.size <= size and root_at(pinned.size, read_tile) == pinned.root:
            pass
        elif any(lost.kept < pinned.size <= lost.size for lost in self._lost):
            self._is_pin_past = True
        elif pinned.size > size:
            self._refusal = RollbackError(size=size, signed_size=pinned.size)
        else:
            raise LogContradictedError(size=pinned.size)

    @property
    def refusal(self) -> FaultError | None:
        """Why nothing may be signed: RollbackError, PinLostError; None where it may."""
        return self._refusal

    def read(self, note: str) -> SignedHead | None:
        """Return what a checkpoint states that this log's key signed; None of any other, and of an origin that is past.

        An origin of the same organisation that this log does not know was opened in an end that it lost.
        """
        origin = note.partition("\n")[0]
        first = self._lost[0].origin if self._lost else self._origin
        if origin in {lost.origin for lost in self._lost} - {self._origin}:
            return None
        if origin not in {self._origin, first} and not origin.startswith(f"{first}/"):
            return None
        own = self._key.verifier
        try:
            checkpoint = verify_checkpoint(note, VerifierKey(origin, own.algorithm, own.public), origin)
        except DomainError:
            return None
        return SignedHead(checkpoint.size, checkpoint.root)

    def refuse(self, size: int) -> None:
        """Sign nothing any more: somebody showed a head of this size that was signed, and that this log never had."""
        self._refusal = RollbackError(size=self._edge.size, signed_size=size)

    def append(self, leaf_hashes: Sequence[bytes]) -> Grown:
        """Add leaves and sign the new head. Nobody may see the note before `confirm`.

        Raises what `refusal` says.
        """
        if self._refusal is not None:
            raise self._refusal
        assert leaf_hashes, "a checkpoint of the same size is not signed again"
        self._edge, written = tiles_for_append(self._edge, leaf_hashes)
        size, root = self._edge.size, self._edge.frontier().root()
        note = sign_checkpoint(Checkpoint(self._origin, size, root), self._key)
        return Grown(size, root, note, tuple([(tile.level, tile.index, tile.data) for tile in written]))

    def confirm(self, head: "Head") -> None:
        """Pin a head that is durable: from now on nothing older may be signed.

        One of another origin is not pinned: until the new origin has its first, the pin tells what was lost.
        """
        if head.note.partition("\n")[0] != self._origin:
            return
        # Another process that shares the pin may have brought it to this origin already, and further.
        if self._is_pin_past and self._pin.read() == self._pinned:
            self._pin.replace(SignedHead(head.size, head.root))
        else:
            self._pin.write(SignedHead(head.size, head.root))
        self._is_pin_past = False

    def _refuse_other(self, size: int, root: bytes, note: str | None) -> None:
        """Check that the stored tiles are what the last stored checkpoint says, and that we signed it."""
        if note is None:
            raise LogContradictedError(size=size)
        for key in (self._key.verifier, self._before):
            if key is not None and _states(note, key, size, root):
                return
        raise LogContradictedError(size=size)


def _states(note: str, key: VerifierKey, size: int, root: bytes) -> bool:
    try:
        checkpoint = verify_checkpoint(note, key, key.name)
    except DomainError:
        return False
    return (checkpoint.size, checkpoint.root) == (size, root)


class Head(Protocol):
    """What `confirm` reads of a head."""

    @property
    def size(self) -> int:
        """How many leaves."""
        ...

    @property
    def root(self) -> bytes:
        """The root of their tree."""
        ...

    @property
    def note(self) -> str:
        """Its checkpoint; its first line is the origin."""
        ...
