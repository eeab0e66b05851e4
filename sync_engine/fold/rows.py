"""The rows that the fold hands out, collected until drained. A row is (bucket, table, key) → canonical value."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from domain.canonical import INT_MAX, MalformedError, encode
from domain.lowering import Lowered
from sync_engine.fold.findings import SEPARATOR
from sync_engine.fold.origin import Origin
from sync_engine.logged import ACCEPTED, Logged

RowKey = tuple[str, str, str]


class EntryRow(NamedTuple):
    """One stock entry as storage keeps it; `data` = canonical [q, w, estimated, other place, picked]."""

    item: str
    place: str
    lot: str
    o: int
    leaf: int
    line: int
    what: int
    data: bytes


class Changes(Struct, frozen=True):
    """What one drain changed: rows by (bucket, table, key), None = deleted; stock entries to delete, then to put."""

    rows: Mapping[RowKey, bytes | None]
    entries: Sequence[EntryRow]
    entries_removed: Sequence[int]


OUT: Final = 0
COUNTED: Final = 1
FINISHED: Final = 3


def encode_row(value: object) -> bytes:
    """Return the bytes of a row; a figure beyond what the profile can say stands at its limit.

    Ops hold integers within ±(2⁵³−1), sums of them need not: no op may stop the ledger.
    """
    try:
        return encode(value)
    except MalformedError:
        return encode(_within_limits(value))


def _within_limits(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_within_limits(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-INT_MAX, min(INT_MAX, value))
    return value


_EXACT: Final = range(-INT_MAX, INT_MAX + 1)
"""The integers that a row may hold as they are."""
_pack: Final = msgspec.msgpack.Encoder().encode
"""For rows made of checked integers and names only."""


class Rows:
    """Collects changes between drains; writing a row's present value again is no change."""

    def __init__(self) -> None:
        self._held: dict[RowKey, bytes] = {}
        self._bucket_of: dict[tuple[str, str], str] = {}
        self._changed: dict[RowKey, bytes | None] = {}
        self._entered: dict[int, list[EntryRow]] = {}
        self._left: list[int] = []
        self._spread_in: dict[tuple[str, str], tuple[str, ...]] = {}

    def put(self, bucket: str, table: str, key: str, value: object) -> None:
        """Write a row; None deletes it. A row that moved to another bucket leaves the old one."""
        before = self._bucket_of.get((table, key))
        if before is not None and before != bucket:
            self._drop((before, table, key))
        row = (bucket, table, key)
        if value is None:
            self._drop(row)
            return
        self._bucket_of[table, key] = bucket
        self._write(row, encode_row(value))

    def put_balance(
        self, bucket: str, item: str, lot: str, place: str, rest: tuple[object, ...] | None
    ) -> None:
        """Write the row of a balance; `rest` is q, w, estimated, base, hold state, None when nothing is to be told."""
        key = f"{item}{SEPARATOR}{lot}{SEPARATOR}{place}"
        if rest is None:
            self.put(bucket, "balance", key, None)
            return
        q, w = rest[0], rest[1]
        if q not in _EXACT or w not in _EXACT:
            self.put(bucket, "balance", key, (item, lot, place, *rest))
            return
        known = ("balance", key)
        before = self._bucket_of.get(known)
        if before != bucket:
            if before is not None:
                self._drop((before, "balance", key))
            self._bucket_of[known] = bucket
        self._write((bucket, "balance", key), _pack((item, lot, place, *rest)))

    def _write(self, row: RowKey, data: bytes) -> None:
        if self._held.get(row) != data:
            self._held[row] = data
            self._changed[row] = data

    def _drop(self, row: RowKey) -> None:
        if self._held.pop(row, None) is not None:
            self._changed[row] = None
            self._bucket_of.pop((row[1], row[2]), None)

    def held(self, bucket: str, table: str, key: str) -> bytes | None:
        """Return the present value of a row."""
        return self._held.get((bucket, table, key))

    def bucket_of(self, table: str, key: str) -> str | None:
        """Return the bucket in which a row stands now."""
        return self._bucket_of.get((table, key))

    def all(self) -> dict[RowKey, bytes]:
        """Return every row that stands."""
        return dict(self._held)

    # --- verdicts and exceptions -------------------------------------------------------------------------------

    def verdict(self, entry: Logged) -> None:
        """Tell the device every verdict but acceptance. Two branches of a fork share a dot, never an index."""
        op = entry.op
        key = f"{op.epoch}{SEPARATOR}{op.seq}{SEPARATOR}{entry.index}"
        value = (
            None if entry.verdict == ACCEPTED else [op.epoch, op.seq, entry.index, entry.verdict, entry.code]
        )
        self.put(f"device:{op.device.hex()}", "verdict", key, value)

    def spread(self, table: str, key: str, buckets: Sequence[str], value: object | None) -> None:
        """Show a row in these buckets and in no other: an exception concerns the desk and some phones."""
        for bucket in self._spread_in.get((table, key), ()):
            if bucket not in buckets:
                self._drop((bucket, table, key))
        if buckets:
            data = encode_row(value)
            for bucket in buckets:
                self._write((bucket, table, key), data)
            self._spread_in[table, key] = tuple(buckets)
        else:
            self._spread_in.pop((table, key), None)

    # --- stock entries -----------------------------------------------------------------------------------------

    def stock_entered(self, origin: Origin, lowered: Lowered) -> None:
        """Note the entries of an op, as storage keeps them."""
        o, index = origin.o, origin.index
        rows = self._entered.setdefault(index, [])
        for m in lowered.movements:
            out = _pack([-m.qty, -m.weight, m.estimated, m.to_place, m.picked])
            into = _pack([m.qty, m.weight, m.estimated, m.from_place, False])
            rows.append(EntryRow(m.item, m.from_place, m.lot, o, index, 2 * m.line, OUT, out))
            rows.append(EntryRow(m.item, m.to_place, m.lot, o, index, 2 * m.line + 1, OUT, into))
        seen = lowered.observation
        for number, line in enumerate(() if seen is None else seen.lines):
            assert seen is not None
            data = _pack([line.qty, line.weight, False, "", seen.complete])
            rows.append(
                EntryRow(
                    line.item,
                    seen.place,
                    line.lot or "",
                    o - line.before_ms,
                    index,
                    2 * number,
                    COUNTED,
                    data,
                )
            )
        if lowered.residue is not None:
            item, lot, place = lowered.residue
            rows.append(
                EntryRow(item, place, lot, o, index, 0, FINISHED, _pack([None, None, False, "", False]))
            )

    def stock_left(self, index: int) -> None:
        """Note that an op has no entries any more."""
        if self._entered.pop(index, None) is None or index not in self._left:
            self._left.append(index)

    def take(self) -> Changes:
        """Return what changed since the last call, and forget it."""
        entered = [row for rows in self._entered.values() for row in rows]
        changes = Changes(self._changed, entered, self._left)
        self._changed, self._entered, self._left = {}, {}, []
        return changes
