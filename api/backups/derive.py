"""From the bare log of a backup to everything that a database holds: what does not follow from it is refused. Pure."""

from collections.abc import Sequence

from msgspec import Struct, structs

from api.backups.archive import Archive, ArchivedOp, Head, WrongBackupError
from api.origins import Origins
from blockchain_trace.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from blockchain_trace.note import parse_vkey
from blockchain_trace.tiles import Edge, tiles_for_append
from domain import kinds
from domain.errors import DomainError
from domain.kinds import parse_body
from domain.ops import device_id
from sync_engine.commit import Appended, KeptValue, SealedStretch
from sync_engine.doctor import Evidence, Finding, StoredOp, check_ledger
from sync_engine.fold.fold import Fold
from sync_engine.fold.rows import RowKey
from sync_engine.frame import ErasableValue
from sync_engine.logged import ACCEPTED, Logged
from sync_engine.refold import commits
from sync_engine.sequenced import replay


class DerivedRow(Struct, frozen=True):
    """A row with the index of the last op of the commit that wrote it, and its number there; None: deleted."""

    value: bytes | None
    changed: int
    ordinal: int


class Derived(Struct, frozen=True):
    """A whole ledger."""

    org: str
    origins: Origins
    appended: Sequence[Appended]
    rows: dict[RowKey, DerivedRow]
    tiles: Sequence[tuple[int, int, bytes]]
    checkpoint: Checkpoint
    note: str
    server_ms: int


def joined(whole: Archive, tail: Archive) -> Archive:
    """Return a backup from the first leaf on with a tail behind it.

    Raises WrongBackupError where there is a gap between them, or they are of two logs.
    """
    if whole.head.org != tail.head.org:
        raise WrongBackupError(reason=f"it is of {tail.head.org!r}")
    begin, size = tail.head.begin, len(whole.ops)
    if begin > size:
        raise WrongBackupError(reason=f"it begins at {begin}, and only {size} entries come before it")
    both = min(size, tail.head.size) - begin
    if [op.data for op in tail.ops[:both]] != [op.data for op in whole.ops[begin : begin + both]]:
        raise WrongBackupError(reason="it is of another log, or of another origin of it")
    if tail.head.size <= size:
        return whole
    beside = {
        table: [*whole.beside.get(table, ()), *tail.beside.get(table, ())]
        for table in {*whole.beside, *tail.beside}
    }
    head = Head(whole.head.org, 0, tail.head.size, tail.head.note, tail.head.made_ms)
    return Archive(head, [*whole.ops, *tail.ops[both:]], beside)


def derive(archive: Archive) -> Derived:
    """Return the ledger that a backup from the first leaf on is of.

    Raises WrongBackupError when it is not the log that its checkpoint was signed over.
    """
    if archive.head.begin:
        raise WrongBackupError(reason="it is a tail: what comes before it is needed, too")
    try:
        entries = _entries(archive.ops)
        origins = _origins(archive.head.org, entries)
        edge, tiles = tiles_for_append(Edge(), [entry.hash for entry in entries])
        key = parse_vkey(origins.last.log_key)
        checkpoint = verify_checkpoint(archive.head.note, key, key.name)
    except WrongBackupError:
        raise
    except (DomainError, LookupError, ValueError) as error:
        raise WrongBackupError(reason=f"its log cannot be read: {error}") from error
    if (checkpoint.size, checkpoint.root) != (len(entries), edge.frontier().root()):
        raise WrongBackupError(reason="its checkpoint was signed over another log")
    rows, server_ms = _rows(entries, device_id(origins.first.key))
    appended = [
        Appended(entry, op.data, op.is_branch) for entry, op in zip(entries, archive.ops, strict=True)
    ]
    written = [(tile.level, tile.index, tile.data) for tile in tiles]
    return Derived(
        archive.head.org, origins, appended, rows, written, checkpoint, archive.head.note, server_ms
    )


def check(archive: Archive, derived: Derived) -> Sequence[Finding]:
    """Return what of a backup does not follow from its log: what `gobi doctor` would find after it was restored."""
    ops = [
        StoredOp(
            e.index, e.hash, e.op.device, e.op.epoch, e.op.seq, e.op.kind, one.data, e.t, e.err, e.verdict, e.code,
            one.is_branch,
        )
        for one in derived.appended
        for e in (one.logged,)
    ]  # fmt: skip
    seals = [
        SealedStretch(device, epoch, first_seq, count, signature, last_hash)
        for device, epoch, first_seq, last_hash, count, signature in archive.beside.get("seals", ())
    ]
    values = [
        KeptValue(leaf, ErasableValue(0, number, salt, value))
        for leaf, number, salt, value in archive.beside.get("erasable_values", ())
    ]
    rows = {key: row.value for key, row in derived.rows.items() if row.value is not None}
    evidence = Evidence(org=derived.org, ops=ops, seals=seals, values=values, rows=rows)
    return check_ledger(evidence).findings


def signed_of(archive: Archive) -> Checkpoint:
    """Return what the checkpoint of a backup states; whether it is signed is asked by `derive`.

    Raises WrongBackupError.
    """
    try:
        return parse_checkpoint(archive.head.note.partition("\n\n")[0] + "\n")
    except DomainError as error:
        raise WrongBackupError(reason="it has no checkpoint") from error


def _entries(ops: Sequence[ArchivedOp]) -> list[Logged]:
    entries = replay([op.data for op in ops])
    if len(entries) != len(ops):
        raise WrongBackupError(reason="its last entries are not covered by what the server said")
    return [structs.replace(entry, arrived=op.arrived) for entry, op in zip(entries, ops, strict=True)]


def _origins(org: str, entries: Sequence[Logged]) -> Origins:
    geneses: list[tuple[int, kinds.Genesis]] = []
    for entry in entries:
        if entry.op.kind != kinds.Genesis.kind or entry.verdict != ACCEPTED:
            continue
        body = parse_body(entry.op.kind, entry.op.body)
        assert isinstance(body, kinds.Genesis), "accepted as one"
        if not geneses or entry.op.device == device_id(geneses[0][1].key):
            geneses.append((entry.index, body))
    if not geneses or geneses[0][0] or entries[0].op.org != org:
        raise WrongBackupError(reason="it does not begin with the genesis of its organisation")
    return Origins(org, tuple(geneses))


def _rows(entries: Sequence[Logged], server: bytes) -> tuple[dict[RowKey, DerivedRow], int]:
    fold = Fold()
    fold.sight.server_device = server
    rows: dict[RowKey, DerivedRow] = {}
    server_ms = 0
    for said, changes, end in commits(entries, server):
        for entry in said:
            fold.sight.note(entry)
        fold.apply(said)
        fold.amend(changes)
        for ordinal, (key, value) in enumerate(fold.drain(end).rows.items()):
            rows[key] = DerivedRow(value, end, ordinal)
        server_ms = entries[end].t
    return rows, server_ms
