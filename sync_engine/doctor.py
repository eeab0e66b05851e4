"""Does what is stored follow from the log? Every byte of it is derived again and compared: `gobi doctor`.

The bytes of the ops are the only source. From them follow their hashes, the chains and seals of the devices, and, by
the `sequenced` ops among them, every time and verdict; from these the rows. Whether the bytes
are the ones that were signed is asked in `blockchain_trace.fsck`. Pure: an adapter reads the evidence.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final

from msgspec import Struct, structs

from domain.canonical import MalformedError
from domain.errors import DomainError
from domain.kinds import Body, Enrol, Genesis, MalformedBodyError, parse_body
from domain.ops import GENESIS_PREV, Op, decode_op, device_id, leaf_hash
from sync_engine.commit import KeptValue, SealedStretch
from sync_engine.device_keys import DeviceKeys
from sync_engine.directory import Directory
from sync_engine.fold.fold import Fold
from sync_engine.fold.rows import RowKey
from sync_engine.genesis import genesis_fault
from sync_engine.logged import Logged
from sync_engine.refold import refold
from sync_engine.sequenced import replay
from sync_engine.sight import Sight
from sync_engine.stored_types import odd_rows, parted

FINDINGS_MAX: Final = 1_000
"""A ledger with more wrong than this is not repaired line by line."""


class StoredOp(Struct, frozen=True):
    """A leaf with all that its table says of it."""

    leaf: int
    hash: bytes
    device: bytes
    epoch: int
    seq: int
    kind: str
    data: bytes
    t: int
    err: int
    verdict: str
    code: str
    is_branch: bool


class Evidence(Struct, frozen=True, kw_only=True):
    """What is stored of an organisation's ledger, read in one state."""

    org: str
    ops: Sequence[StoredOp]
    seals: Sequence[SealedStretch]
    values: Sequence[KeptValue]
    """`value.op` is not read: `index` names the op."""
    rows: Mapping[RowKey, bytes]
    """Without tombstones."""


class Finding(Struct, frozen=True):
    """One thing that is not as the log says."""

    table: str
    about: str
    """Which row of the table, in words."""
    problem: str


class LedgerReport(Struct, frozen=True):
    """What was compared, and what was wrong."""

    ops: int
    seals: int
    rows: int
    findings: Sequence[Finding]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def check_ledger(evidence: Evidence) -> LedgerReport:
    """Return what of the stored ledger does not follow from the bytes of its ops."""
    findings = list(_odd_ops(evidence.ops)) or list(_bytes(evidence.ops))
    if not findings:
        evidence, findings = _typed(evidence)
        decoded = [decode_op(stored.data) for stored in evidence.ops]
        findings += _chains(evidence.ops, decoded)
        findings += _derived(evidence, decoded)
    return LedgerReport(
        ops=len(evidence.ops),
        seals=len(evidence.seals),
        rows=len(evidence.rows),
        findings=findings[:FINDINGS_MAX],
    )


_ODD: Final = "is not of the type of its column"


def _odd_ops(ops: Sequence[StoredOp]) -> Iterator[Finding]:
    """Find leaves with columns of a type that is not theirs: nothing can be read from such a log."""
    for stored, field in parted(ops)[1]:
        yield Finding("ops", f"op {stored.leaf}", f"its {field} {_ODD}")


def _typed(evidence: Evidence) -> tuple[Evidence, list[Finding]]:
    """Return the evidence without seals, values and rows of a type that is not theirs, and a finding for each."""
    seals, odd_seals = parted(evidence.seals)
    values, odd_values = parted(evidence.values)
    odd = set(odd_rows(evidence.rows.items()))
    findings = [
        *(
            Finding("seals", f"seal of seq {seal.first_seq}", f"its {field} {_ODD}")
            for seal, field in odd_seals
        ),
        *(
            Finding("erasable_values", f"value of op {kept.index}", f"its {f} {_ODD}")
            for kept, f in odd_values
        ),
        *(Finding("ledger_rows", " ".join(map(str, key)), f"its key or value {_ODD}") for key in odd),
    ]
    rows = {key: value for key, value in evidence.rows.items() if key not in odd}
    return structs.replace(evidence, seals=seals, values=values, rows=rows), findings


def _derived(evidence: Evidence, decoded: Sequence[Op]) -> Iterator[Finding]:
    """Find what does not follow from sound bytes."""
    try:
        entries = replay([stored.data for stored in evidence.ops])
    except (DomainError, LookupError, ValueError) as error:
        yield Finding("ops", "sequenced", f"the log cannot be replayed: {error}")
        return
    directory = Directory()
    directory.apply(entries)
    yield from _genesis(evidence.org, decoded, directory)
    yield from _verdicts(evidence.ops, entries)
    fold = Fold()
    refold(fold, entries, decoded[0].device if decoded else b"")
    yield from _seals(evidence, decoded, DeviceKeys(directory, fold.sight), fold.sight)
    yield from _values(evidence.values, decoded)
    changes = fold.drain()
    yield from _rows(evidence.rows, {key: value for key, value in changes.rows.items() if value is not None})


def _bytes(ops: Sequence[StoredOp]) -> Iterator[Finding]:
    """Find leaves that are missing or whose columns are not those of their bytes."""
    for number, stored in enumerate(ops):
        about = f"op {stored.leaf}"
        if stored.leaf != number:
            yield Finding("ops", f"op {number}", "is missing")
            return
        try:
            op = decode_op(stored.data)
        except MalformedError as error:
            yield Finding("ops", about, f"its bytes are no op: {error.reason}")
            continue
        if leaf_hash(stored.data) != stored.hash:
            yield Finding("ops", about, "its bytes do not have the stored hash")
        if (op.device, op.epoch, op.seq, op.kind) != (stored.device, stored.epoch, stored.seq, stored.kind):
            yield Finding("ops", about, "its device, epoch, seq or kind is not that of its bytes")


def _chains(ops: Sequence[StoredOp], decoded: Sequence[Op]) -> Iterator[Finding]:
    """Find ops that do not follow an op of their device, and forks that are not marked as such."""
    enrolled = {
        body.device: body.was or leaf_hash(stored.data)
        for stored, op in zip(ops, decoded, strict=True)
        if op.kind == "enrol" and isinstance(body := _body(op), Enrol)
    }
    known: dict[bytes, StoredOp] = {}
    main: set[tuple[bytes, int, int]] = set()
    for stored, op in zip(ops, decoded, strict=True):
        dot, before = (op.device, op.epoch, op.seq), known.get(op.prev)
        follows = before is not None and before.device == op.device
        if before is not None and follows and op.seq > 1:
            follows = (before.epoch, before.seq) == (op.epoch, op.seq - 1)
        begins = op.seq == 1 and op.prev in {
            enrolled.get(op.device),
            GENESIS_PREV if not stored.leaf else None,
        }
        if not follows and not begins:
            yield Finding("ops", f"op {stored.leaf}", "does not follow an op of its device in the log")
        is_branch = dot in main or (before is not None and before.is_branch and before.epoch == op.epoch)
        if is_branch != stored.is_branch:
            word = "is the later branch of a fork" if is_branch else "is no branch of a fork"
            yield Finding("ops", f"op {stored.leaf}", f"{word}, but is not stored so")
        if not is_branch:
            main.add(dot)
        known[stored.hash] = stored


def _body(op: Op) -> Body | None:
    try:
        return parse_body(op.kind, op.body)
    except MalformedBodyError:
        return None


def _genesis(org: str, decoded: Sequence[Op], directory: Directory) -> Iterator[Finding]:
    """Find a log that does not begin with a genesis by its own server, signed by two of three root keys."""
    genesis = directory.genesis
    if not decoded or genesis is None or decoded[0].kind != "genesis":
        yield Finding("ops", "op 0", "it is no genesis")
        return
    if device_id(genesis.key) != decoded[0].device or decoded[0].org != org:
        yield Finding("ops", "op 0", "its genesis is that of another organisation or server")
    for index, op in enumerate(decoded):
        if op.kind != "genesis" or op.device != decoded[0].device:
            continue
        body = _body(op)
        if isinstance(body, Genesis) and (fault := genesis_fault(org, body)) is not None:
            yield Finding("ops", f"op {index}", f"its root keys do not vouch for it: {fault}")


def _verdicts(ops: Sequence[StoredOp], entries: Sequence[Logged]) -> Iterator[Finding]:
    """Find times and verdicts that are not those of the `sequenced` ops."""
    said = {entry.index: entry for entry in entries}
    for stored in ops:
        entry = said.get(stored.leaf)
        if entry is None:
            yield Finding("ops", f"op {stored.leaf}", "no sequenced op speaks of it")
        elif (entry.t, entry.err) != (stored.t, stored.err):
            yield Finding("ops", f"op {stored.leaf}", f"its time is {entry.t} ± {entry.err} in the log")
        elif (entry.verdict, entry.code) != (stored.verdict, stored.code):
            word = f"{entry.verdict} {entry.code}".strip()
            yield Finding("ops", f"op {stored.leaf}", f"its verdict is {word!r} in the log")


def _seals(evidence: Evidence, decoded: Sequence[Op], keys: DeviceKeys, sight: Sight) -> Iterator[Finding]:
    """Find seals that do not verify, and ops that none covers."""
    by_hash = {stored.hash: (stored.leaf, op) for stored, op in zip(evidence.ops, decoded, strict=True)}
    sealed: set[int] = set()
    for seal in evidence.seals:
        about = f"seal of {seal.device.hex()[:8]} epoch {seal.epoch} seq {seal.first_seq}"
        stretch = _stretch(seal, by_hash)
        if stretch is None or not keys.of(seal.device, 0):
            yield Finding("seals", about, "it is over ops, or of a device, that the log does not hold")
            continue
        hashes = [leaf_hash(evidence.ops[leaf].data) for leaf in stretch]
        name = (evidence.org, seal.device, seal.epoch, seal.first_seq)
        seen = sight.seen_of(decoded[stretch[-1]])
        if keys.have_sealed(*name, hashes, seen=seen, signature=seal.signature):
            sealed.update(stretch)
        else:
            yield Finding("seals", about, "it is not the device's signature over these ops")
    for stored in evidence.ops:
        if stored.leaf not in sealed:
            yield Finding("seals", f"op {stored.leaf}", "no seal of its device covers it")


def _stretch(seal: SealedStretch, by_hash: Mapping[bytes, tuple[int, Op]]) -> list[int] | None:
    """Return the leaves that a seal covers, walking back from its last op."""
    leaves: list[int] = []
    digest = seal.last_hash
    for seq in range(seal.first_seq + seal.count - 1, seal.first_seq - 1, -1):
        found = by_hash.get(digest)
        if found is None or (found[1].device, found[1].epoch, found[1].seq) != (seal.device, seal.epoch, seq):
            return None
        leaves.append(found[0])
        digest = found[1].prev
    leaves.reverse()
    return leaves


def _values(values: Sequence[KeptValue], decoded: Sequence[Op]) -> Iterator[Finding]:
    """Find erasable values that no op holds the digest of. A value that is gone is none: it may be erased."""
    for kept in values:
        number, about = kept.value.number, f"value {kept.value.number} of op {kept.index}"
        digests = decoded[kept.index].erasable if kept.index < len(decoded) else ()
        digest = sha256(kept.value.salt + kept.value.value).digest()
        if number >= len(digests) or digests[number] != digest:
            yield Finding("erasable_values", about, "the op holds another digest")


def _rows(stored: Mapping[RowKey, bytes], derived: Mapping[RowKey, bytes]) -> Iterator[Finding]:
    for key in sorted(stored.keys() | derived.keys()):
        bucket, table, name = key
        about = f"{table} {name!r} in {bucket}"
        if key not in stored:
            yield Finding("ledger_rows", about, "is missing")
        elif key not in derived:
            yield Finding("ledger_rows", about, "does not follow from the log")
        elif stored[key] != derived[key]:
            yield Finding("ledger_rows", about, "has another value in the log")
