"""Logged ops in a few words: what the tests, laws and vectors of the fold are told with.

The fold reads an op's fields and never its bytes, so hashes here are only names.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from domain.ops import NOTHING_SEEN, DeviceId, LeafHash, Op
from sync_engine.fold.fold import Fold
from sync_engine.fold.rows import RowKey
from sync_engine.logged import Logged, Verdict

MINUTE = 60_000
START = 1_795_384_800_000
"""2026-11-23 06:00 at UTC+8."""


def at(clock: str) -> int:
    """The instant of a clock on that day: at("07:42")."""
    hours, minutes = clock.split(":")
    return START + (60 * (int(hours) - 6) + int(minutes)) * MINUTE


def device(number: int) -> DeviceId:
    return DeviceId(bytes([number]) * 16)


def line(
    item: str, lot: str, out: str, into: str, qty: int, weight: int | None = None, *, estimated: bool = False
) -> list[object]:
    return [item, lot, out, into, qty, weight, int(estimated)]


@dataclass
class FoldLog:
    """A log that grows at its end; `t` of an op is given, as the sequencer would have stated it."""

    entries: list[Logged] = field(default_factory=list)
    _seqs: dict[int, int] = field(default_factory=dict)

    def log(
        self,
        kind: str,
        *fields: object,
        t: int,
        by: int = 1,
        seen: int | None = None,
        err: int = 0,
        names: tuple[object, ...] = (),
        occurred: tuple[int, int, str] | None = None,
        verdict: Verdict = "accepted",
        code: str = "",
        run: int = 1,
        off: int = 0,
    ) -> Logged:
        """Add an op. By default its device had seen all that was logged before it."""
        index = len(self.entries)
        seq = self._seqs[by] = self._seqs.get(by, 0) + 1
        size = index if seen is None else seen
        body = (occurred, tuple(names), *fields)
        root = NOTHING_SEEN[1]
        op = Op(
            1,
            "lvyuan",
            device(by),
            7,
            seq,
            LeafHash(bytes(32)),
            bytes(16),
            (size, root),
            t - off,
            err,
            run,
            b"",
            kind,
            body,
            (),
        )
        entry = Logged(index, LeafHash(sha256(b"op %d" % index).digest()), op, t, err, verdict, code, t)
        self.entries.append(entry)
        return entry

    def fold(self) -> Fold:
        """The fold of all of it, drained."""
        return folded(self.entries)


def folded(entries: list[Logged]) -> Fold:
    fold = Fold()
    fold.apply(entries)
    fold.drain()
    return fold


def decoded(fold: Fold) -> dict[RowKey, list[object]]:
    """Every row by (bucket, table, key)."""
    from domain.canonical import decode  # noqa: PLC0415  # only the tests that look at rows need it

    found = {}
    for key, data in fold.rows().items():
        value = decode(data)
        assert isinstance(value, list)
        found[key] = value
    return found


def table(fold: Fold, name: str, bucket: str | None = None) -> dict[str, list[object]]:
    """The rows of one table by key."""
    return {
        key: value
        for (where, what, key), value in decoded(fold).items()
        if what == name and bucket in {None, where}
    }


def open_exceptions(fold: Fold) -> set[str]:
    """What the manager must look at: code and what it is about, joined by slashes."""
    return {
        key.replace("\x1f", "/") for key, row in table(fold, "exception", "desk").items() if row[7] == "open"
    }


def on_hand(fold: Fold, item: str, lot: str, place: str) -> tuple[int, int]:
    q, w, _estimated = fold.balances().get((item, lot, place), (0, 0, False))
    return q, w
