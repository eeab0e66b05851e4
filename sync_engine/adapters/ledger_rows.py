"""Rows ↔ structs: for every table of the ledger one function each way. No statement stands here."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from domain.ops import decode_op
from sync_engine.commit import Appended, Contact, KeptValue, SealedStretch, WaitingFrame
from sync_engine.fold.rows import Changes
from sync_engine.logged import Logged, VerdictChange
from sync_engine.ports import SealedHead
from sync_engine.wire import Row

Record: TypeAlias = tuple[Any, ...]
"""Column values in the order of the table."""

DELETED = msgspec.Raw(msgspec.msgpack.encode(None))


def op_to_record(org: str, entry: Appended) -> Record:
    """Return the record of a leaf."""
    logged, op = entry.logged, entry.logged.op
    return (
        org, logged.index, logged.hash, op.device, op.epoch, op.seq, op.kind, entry.data, logged.t, logged.err,
        logged.verdict, logged.code, logged.arrived, entry.is_branch,
    )  # fmt: skip


def record_to_op(record: Sequence[Any]) -> Appended:
    """Return the leaf of a record. The bytes decide: columns that repeat them are not read.

    Raises MalformedError for bytes that are no op.
    """
    _, leaf, digest, _, _, _, _, data, t, err, verdict, code, arrived_ms, is_branch = record
    logged = Logged(leaf, digest, decode_op(data), t, err, verdict, code, arrived_ms)
    return Appended(logged, data, bool(is_branch))


def change_to_record(org: str, change: VerdictChange) -> Record:
    """Return what an update of the op's verdict binds: the new values, then which op."""
    return change.verdict, change.code, change.t, change.err, org, change.index


def seal_to_record(org: str, seal: SealedStretch) -> Record:
    """Return the record of a seal."""
    return org, seal.device, seal.epoch, seal.first_seq, seal.last_hash, seal.count, seal.signature


def record_to_seal(record: Sequence[Any]) -> SealedStretch:
    """Return the seal of a record."""
    _, device, epoch, first_seq, last_hash, count, signature = record
    return SealedStretch(device, epoch, first_seq, count, signature, last_hash)


def value_to_record(org: str, kept: KeptValue) -> Record:
    """Return the record of an erasable value."""
    return org, kept.index, kept.value.number, kept.value.salt, kept.value.value


def waiting_to_record(org: str, frame: WaitingFrame) -> Record:
    """Return the record of a frame beside the log."""
    return (org, *msgspec.structs.astuple(frame))


def record_to_waiting(record: Sequence[Any]) -> WaitingFrame:
    """Return the frame of a record."""
    return WaitingFrame(*record[1:])


def changes_to_records(org: str, changes: Changes, changed: int) -> Iterator[Record]:
    """Yield the records of the rows that changed, numbered within their commit."""
    for ordinal, ((bucket, table, key), value) in enumerate(changes.rows.items()):
        yield org, bucket, table, key, value, changed, ordinal


def record_to_row(record: Sequence[Any]) -> Row:
    """Return a row as it travels: its value is handed on as the bytes that it is."""
    bucket, table, key, value = record[1:5]
    return Row(bucket, table, key, DELETED if value is None else msgspec.Raw(value))


def head_to_records(org: str, head: SealedHead) -> list[Record]:
    """Return the records of the tiles that changed."""
    return [(org, *tile) for tile in head.tiles]


def contact_to_record(org: str, contact: Contact) -> Record:
    """Return the record of a device's last contact."""
    return (org, *msgspec.structs.astuple(contact))


def record_to_contact(record: Sequence[Any]) -> Contact:
    """Return the contact of a record."""
    return Contact(*record[1:])
