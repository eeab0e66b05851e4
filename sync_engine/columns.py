"""Columns of a frame: what consecutive ops repeat is written once. Run lengths, and differences for `at`.

docs/protocol/operations.md §3; corpus: `tests/vectors/ops/columns.json`.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, groupby, pairwise, repeat
from typing import TypeVar

_T = TypeVar("_T")


def run_lengths(values: Iterable[_T]) -> tuple[tuple[int, _T], ...]:
    """Return (count, value) for each stretch of equal values, as long as it can be."""
    return tuple([(sum(1 for _ in group), value) for value, group in groupby(values)])


def length_of(runs: Sequence[tuple[int, object]]) -> int:
    """Return how many values the runs stand for, without laying them out."""
    return sum([count for count, _ in runs])


def expand_runs(runs: Sequence[tuple[int, _T]]) -> Iterator[_T]:
    """Lay out each value as often as its run says."""
    return chain.from_iterable([repeat(value, count) for count, value in runs])


def differences(values: Sequence[int]) -> tuple[int, ...]:
    """Return the first value, then each value less the one before it."""
    return (*values[:1], *(later - earlier for earlier, later in pairwise(values)))


def sums(steps: Iterable[int]) -> tuple[int, ...]:
    """Return the values whose `differences` these are."""
    return tuple(accumulate(steps))
