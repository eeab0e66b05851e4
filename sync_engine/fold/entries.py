"""What the stock of one item at one place is made of: effects in effective order, and what walking them finds."""

from typing import Final, NamedTuple

from sync_engine.fold.origin import Origin

MOVE: Final = 0
COUNT: Final = 1
CLOSE: Final = 2
FINISH: Final = 3
CLOSE_LINE: Final = 2**40
"""A complete count closes after all of its lines."""

OrderKey = tuple[int, int, int]
"""(o, index, line): effects of all ops stand in this order."""


class Entry(NamedTuple):
    """One effect on the group. For a count `q` and `w` are what was seen, None if not measured.

    `other` is the counter place of a movement; `listed` the lots that a complete count had lines for, and `first_o`
    the instant of its first line. The first three fields are the order key, unique within a group.
    """

    o: int
    leaf: int
    line: int
    what: int
    lot: str | None
    q: int | None
    w: int | None
    estimated: bool
    origin: Origin
    other: str = ""
    picked: bool = False
    listed: frozenset[str] = frozenset()
    first_o: int = 0


class Balance(NamedTuple):
    """What stands at one key: base unit, grams, whether any of it is estimated, and the order of its last count."""

    q: int = 0
    w: int = 0
    estimated: bool = False
    base: OrderKey | None = None


EMPTY: Final = Balance()


class Variance(NamedTuple):
    """What one count found at one key, and why: `late` are movements before it that were uploaded after it."""

    counted_by: Origin
    line: int
    lot: str
    o: int
    expected: Balance
    counted_q: int
    counted_w: int
    dq: int
    dw: int
    late: tuple[tuple[int, int, int], ...]

    @property
    def first_dq(self) -> int:
        """The variance as it stood before the late movements arrived."""
        return self.dq + sum(q for _index, q, _w in self.late)

    @property
    def first_dw(self) -> int:
        """The same in grams."""
        return self.dw + sum(w for _index, _q, w in self.late)


class Pick(NamedTuple):
    """A lot that somebody chose here, and the lots that stood beside it."""

    leaf: int
    line: int
    lot: str
    o: int
    beside: tuple[str, ...]


def round_half_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded half up (towards +∞), exactly; the denominator is positive."""
    return (2 * numerator + denominator) // (2 * denominator)


def in_proportion(other: int, counted: int, expected: int) -> int:
    """Return the measure that was not counted, moved with the one that was; zero is zero in both."""
    if counted == 0:
        return 0
    if expected <= 0:
        return other
    return round_half_up(other * counted, expected)


def after_count(expected: Balance, q: int | None, w: int | None) -> tuple[int, int, bool]:
    """Return what stands after a count: (q, w, estimated).

    A measure that was not counted moves in proportion, and is an estimate if that changed it.
    """
    if q is not None and w is not None:
        return q, w, False
    if q is not None:
        moved = in_proportion(expected.w, q, expected.q)
        return q, moved, moved != 0 and (expected.estimated or moved != expected.w)
    if w is not None:
        moved = in_proportion(expected.q, w, expected.w)
        return moved, w, moved not in {0, expected.q}
    return expected.q, expected.w, expected.estimated
