"""The rows that the fold hands out, collected until drained. A row is (bucket, table, key) → canonical value."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from domain.canonical import INT_MAX, MalformedError, encode
from sync_engine.fold.findings import SEPARATOR
from sync_engine.logged import ACCEPTED, REFUSED, Logged

RowKey = tuple[str, str, str]


class Changes(Struct, frozen=True):
    """What one drain changed: rows by (bucket, table, key), None = deleted."""

    rows: Mapping[RowKey, bytes | None]
    is_whole: bool = False
    """These are all rows that there are: whatever else is stored goes."""


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
        self._spread_in: dict[tuple[str, str], tuple[str, ...]] = {}
        self.facts: dict[int, tuple[object, ...]] = {}
        """Index of an op → why it was refused, as `sequenced` said."""

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
        """Tell the device every verdict but acceptance. Two branches of a fork share a dot, never a hash."""
        op = entry.op
        key = f"{op.epoch}{SEPARATOR}{op.seq}{SEPARATOR}{entry.index}"
        value: list[object] | None = None
        if entry.verdict != ACCEPTED:
            value = [op.epoch, op.seq, entry.index, entry.verdict, entry.code, entry.hash]
            if entry.verdict == REFUSED and entry.index in self.facts:
                value.append(list(self.facts[entry.index]))
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

    def take(self) -> Changes:
        """Return what changed since the last call, and forget it."""
        changes, self._changed = Changes(self._changed), {}
        return changes
