"""Is the stored log the one that was signed? Leaves, tiles, checkpoints and the pin are compared; nothing is trusted.

Pure: an adapter reads the evidence, and whether the leaves follow from anything is `sync_engine.doctor`'s question.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from blockchain_trace.checkpoint import Checkpoint, verify_checkpoint
from blockchain_trace.log import LostHead, SignedHead
from blockchain_trace.note import VerifierKey
from blockchain_trace.ports import TilesInMemory
from blockchain_trace.proofs import root_at
from blockchain_trace.tiles import Edge, tiles_for_append
from domain.errors import ProtocolError


class LogEvidence(Struct, frozen=True):
    """What is stored of a log."""

    leaf_hashes: Sequence[bytes]
    """Of the bytes of the entries, computed by who read them."""
    tiles: Mapping[tuple[int, int], bytes]
    notes: Mapping[int, str]
    """Signed checkpoints by the size under which they are kept."""


class LogFinding(Struct, frozen=True):
    """One thing that is not as it was signed."""

    table: str
    about: str
    problem: str


class LogReport(Struct, frozen=True):
    """What was compared, and what was wrong."""

    size: int
    root: bytes
    tiles: int
    checkpoints: int
    findings: Sequence[LogFinding]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def check_log(
    evidence: LogEvidence,
    *,
    key: VerifierKey,
    origin: str,
    pinned: SignedHead | None,
    later: Sequence[tuple[int, VerifierKey]] = (),
    lost: Sequence[LostHead] = (),
) -> LogReport:
    """Return what of the stored log is not as its key signed it.

    `later`: (index, verifier) of origins that entries of the log opened, in order; `lost`: the heads that they declare
    lost, which a pin may still name.
    """
    findings = list(_odd(evidence))
    tiles = {place: data for place, data in evidence.tiles.items() if _is_tile(place, data)}
    notes = {size: note for size, note in evidence.notes.items() if _is_note(size, note)}
    evidence = LogEvidence(evidence.leaf_hashes, tiles, notes)
    edge, written = tiles_for_append(Edge(), evidence.leaf_hashes)
    derived = {(tile.level, tile.index): tile.data for tile in written}
    findings += [
        *_tiles(evidence.tiles, derived),
        *_checkpoints(
            evidence, TilesInMemory(derived), [(0, key, origin), *((n, k, k.name) for n, k in later)]
        ),
        *_pin(pinned, len(evidence.leaf_hashes), TilesInMemory(derived), lost),
    ]
    root = edge.frontier().root()
    return LogReport(edge.size, root, len(evidence.tiles), len(evidence.notes), findings)


def _is_tile(place: tuple[object, object], data: object) -> bool:
    return type(place[0]) is int and type(place[1]) is int and type(data) is bytes


def _is_note(size: object, note: object) -> bool:
    return type(size) is int and type(note) is str


def _odd(evidence: LogEvidence) -> Iterator[LogFinding]:
    """Find what is of no type that its column holds: a database may give back text where bytes belong."""
    for place, data in evidence.tiles.items():
        if not _is_tile(place, data):
            yield LogFinding(
                "log_tiles", f"tile {place[1]} at level {place[0]}", "is not of its columns' types"
            )
    for size, note in evidence.notes.items():
        if not _is_note(size, note):
            yield LogFinding("checkpoints", f"checkpoint {size}", "is not of its columns' types")


def _tiles(
    stored: Mapping[tuple[int, int], bytes], derived: Mapping[tuple[int, int], bytes]
) -> Iterator[LogFinding]:
    for place in sorted(stored.keys() | derived.keys()):
        about = f"tile {place[1]} at level {place[0]}"
        if place not in stored:
            yield LogFinding("log_tiles", about, "is missing")
        elif place not in derived:
            yield LogFinding("log_tiles", about, "is of no entry of the log")
        elif stored[place] != derived[place]:
            yield LogFinding("log_tiles", about, "does not hold the hashes of the entries")


def _checkpoints(
    evidence: LogEvidence, tiles: TilesInMemory, keys: Sequence[tuple[int, VerifierKey, str]]
) -> Iterator[LogFinding]:
    size = len(evidence.leaf_hashes)
    if size and max(evidence.notes, default=0) != size:
        yield LogFinding("checkpoints", f"size {size}", "no checkpoint states the size of the log")
    for kept, note in sorted(evidence.notes.items()):
        about = f"checkpoint {kept}"
        # An origin signs from the entry on that opens it.
        _, key, origin = [one for one in keys if one[0] < kept or not one[0]][-1]
        try:
            checkpoint = verify_checkpoint(note, key, origin)
        except ProtocolError as refusal:
            yield LogFinding("checkpoints", about, f"it is not signed by the log: {refusal}")
            continue
        if checkpoint.size != kept:
            yield LogFinding("checkpoints", about, f"it states size {checkpoint.size}")
        elif not _is_of(checkpoint, size, tiles):
            yield LogFinding("checkpoints", about, "it was signed over other entries than are stored")


def _is_of(checkpoint: Checkpoint, size: int, tiles: TilesInMemory) -> bool:
    return checkpoint.size <= size and root_at(checkpoint.size, tiles) == checkpoint.root


def _pin(
    pinned: SignedHead | None, size: int, tiles: TilesInMemory, lost: Sequence[LostHead]
) -> Iterator[LogFinding]:
    if pinned is None or (pinned.size <= size and root_at(pinned.size, tiles) == pinned.root):
        return
    if any(head.kept < pinned.size <= head.size for head in lost):
        return  # as a crash leaves it just after a new origin was opened
    about = f"signed size {pinned.size}"
    if pinned.size > size:
        yield LogFinding("pin", about, f"the log has only {size} entries: a backup was restored")
    else:
        yield LogFinding("pin", about, "another tree was signed than is stored")
