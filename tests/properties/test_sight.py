"""What an op had seen: no claim counts for more than its author can have known, whatever was lost and restored."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from domain.ops import NOTHING_SEEN
from sync_engine.sight import LostTail, Sight


def root(origin: int, size: int) -> bytes:
    """A checkpoint of one origin: above what was kept, another origin has other roots at the same size."""
    return sha256(b"%d/%d" % (origin, size)).digest()[:16]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int]]:
    """(kept, size) of each origin's end: it kept so many leaves of the one before, and grew to a size."""
    ends: list[tuple[int, int]] = [(0, draw(st.integers(1, 60)))]
    for _ in range(draw(st.integers(0, 3))):
        kept = draw(st.integers(ends[-1][0] + 1, max(ends[-1][0] + 1, ends[-1][1])))
        ends.append((kept, kept + draw(st.integers(1, 60))))
    return ends


def origin_of(ends: list[tuple[int, int]], size: int, signer: int) -> int:
    """By which origin the leaf below a size of a signer's log was signed first: what was kept keeps its roots."""
    while signer and size <= ends[signer][0]:
        signer -= 1
    return signer


def sight_of(ends: list[tuple[int, int]]) -> Sight:
    """The last origin's log as a server knows it."""
    sight, last = Sight(), len(ends) - 1
    for size in range(1, ends[-1][1] + 1):
        sight.checkpoint((size, root(origin_of(ends, size, last), size)))
    for (kept, _), (_, before) in zip(ends[1:], ends[:-1], strict=True):
        sight._lost.append(LostTail(kept, before))
    return sight


@given(histories(), st.data())
def test_an_honest_claim_of_any_origin_counts_and_never_for_more_than_was_common(
    ends: list[tuple[int, int]], data: st.DataObject
) -> None:
    signer = data.draw(st.integers(0, len(ends) - 1))
    size = data.draw(st.integers(1, ends[signer][1]))
    counted = sight_of(ends).counted((size, root(origin_of(ends, size, signer), size)))
    common = size if signer == len(ends) - 1 else min([size, *(kept for kept, _ in ends[signer + 1 :])])
    assert counted is not None, "whoever had truly seen it is no liar"
    assert counted <= common


@given(histories(), st.integers(0, 200), st.binary(min_size=16, max_size=16))
def test_a_made_up_claim_counts_for_nothing_or_for_what_every_origin_kept(
    ends: list[tuple[int, int]], size: int, claimed: bytes
) -> None:
    counted = sight_of(ends).counted((size, claimed))
    kepts = [kept for kept, _ in ends[1:]]
    assert counted is None or counted in kepts or (size, claimed) == NOTHING_SEEN


@given(histories())
def test_beyond_every_head_that_was_ever_signed_nothing_counts(ends: list[tuple[int, int]]) -> None:
    beyond = max(size for _, size in ends) + 1
    assert sight_of(ends).counted((beyond, bytes(16))) is None
