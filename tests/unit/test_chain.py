"""Where a frame stands in the chain of its device, for every way in which frames overlap, lack and fork."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

import pytest

from domain.ops import LeafHash, leaf_hash
from sync_engine.chain import Fork, Ready, Redelivered, Standing, Waiting, place
from sync_engine.frame import FrameHeader
from sync_engine.seal import load_key
from tests.tools.op_chain import ENROL, ORG, Chain
from tests.tools.small_ledger import DeviceLog

EPOCH, LATER_EPOCH = 7, 8


def hashes(text: str) -> list[LeafHash]:
    """One op a letter."""
    return [leaf_hash(letter.encode()) for letter in text]


MAIN = hashes("abcde")
BRANCH = hashes("CDEFG")
"""Another device's c, d and e, and two more: it parted after b."""


def log_of(
    main: Sequence[LeafHash] = (), branch: Sequence[LeafHash] = (), later: Sequence[LeafHash] = ()
) -> DeviceLog:
    chain = Chain()
    log = DeviceLog(load_key(chain.public), chain.secret, ENROL)
    if main:
        log.main[EPOCH] = list(main)
    if later:
        log.main[LATER_EPOCH] = list(later)
    op = chain.record()
    log.branches.update(dict.fromkeys(branch, op))
    return log


def header(first_seq: int, first_prev: LeafHash, epoch: int = EPOCH) -> FrameHeader:
    return FrameHeader(1, ORG, Chain().device, epoch, first_seq, first_prev)


class Case(NamedTuple):
    what: str
    main: int
    """How many ops of the main branch the log holds."""
    branch: int
    """How many of the other branch."""
    ops: list[LeafHash]
    first_seq: int
    prev: LeafHash
    stands: str


A, B, C, D, E = MAIN
C2, D2, E2, F2, G2 = BRANCH
LOST = leaf_hash(b"nobody has this op")

CASES = [
    Case("the very first op", 0, 0, [A], 1, ENROL, "ready 0"),
    Case("the first frame", 0, 0, MAIN, 1, ENROL, "ready 0"),
    Case("the first op after one that nobody has", 0, 0, [A], 1, LOST, "waiting 0"),
    Case("a later op before the first", 0, 0, [B], 2, A, "waiting 1"),
    Case("much later ops before the first", 0, 0, [D, E], 4, C, "waiting 3"),
    Case("the next op", 2, 0, [C], 3, B, "ready 0"),
    Case("the next ops", 2, 0, [C, D, E], 3, B, "ready 0"),
    Case("a gap of one", 2, 0, [D], 4, C, "waiting 3"),
    Case("a gap of two", 2, 0, [E], 5, D, "waiting 4"),
    Case("one op of overlap", 2, 0, [B, C], 2, A, "ready 1"),
    Case("all from the start again, and more", 3, 0, MAIN, 1, ENROL, "ready 3"),
    Case("the head again", 3, 0, [C], 3, B, "redelivered"),
    Case("all again", 5, 0, MAIN, 1, ENROL, "redelivered"),
    Case("the middle again", 5, 0, [B, C], 2, A, "redelivered"),
    Case("the beginning again", 5, 0, [A], 1, ENROL, "redelivered"),
    Case("a fork at the head", 3, 0, [C2], 3, B, "fork 0 at 3"),
    Case("a fork at the head, and on", 3, 0, [C2, D2, E2], 3, B, "fork 0 at 3"),
    Case("a fork within known ops", 5, 0, [C2, D2], 3, B, "fork 0 at 3"),
    Case("a fork after shared ops", 5, 0, [A, B, C2, D2], 1, ENROL, "fork 2 at 3"),
    Case("a fork that grows beyond the main branch", 4, 0, BRANCH, 3, B, "fork 0 at 3"),
    Case("a fork of the first op", 3, 0, [C2, D2], 1, ENROL, "fork 0 at 1"),
    Case("the branch goes on", 5, 1, [D2, E2], 4, C2, "fork 0 at 4"),
    Case("the branch goes on beyond the main head", 4, 3, [F2], 6, E2, "fork 0 at 6"),
    Case("the branch is level with the main head", 5, 3, [F2], 6, E2, "fork 0 at 6"),
    Case("the branch overlaps and goes on", 5, 2, [C2, D2, E2], 3, B, "fork 2 at 5"),
    Case("the branch with shared ops again", 5, 5, [A, B, *BRANCH], 1, ENROL, "redelivered"),
    Case("the branch again", 5, 5, BRANCH, 3, B, "redelivered"),
    Case("the middle of the branch again", 5, 5, [D2, E2], 4, C2, "redelivered"),
    Case("the branch with a gap", 5, 1, [E2], 5, D2, "waiting 4"),
    Case("a branch of which nothing is known", 5, 0, [D2], 4, C2, "waiting 3"),
    Case("a branch at the head whose op before is missing", 2, 0, [D2], 3, LOST, "waiting 2"),
    Case("the main branch goes on beside a branch", 4, 5, [E], 5, D, "ready 0"),
]


def told(standing: Standing) -> str:
    match standing:
        case Ready(first):
            return f"ready {first}"
        case Redelivered():
            return "redelivered"
        case Waiting(seq):
            return f"waiting {seq}"
        case Fork(at, first):
            return f"fork {first} at {at.seq}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_a_frame_stands(case: Case) -> None:
    known = log_of(MAIN[: case.main], BRANCH[: case.branch])
    assert told(place(header(case.first_seq, case.prev), case.ops, known)) == case.stands


def test_a_later_epoch_begins_after_the_last_known_op_of_the_one_before() -> None:
    known = log_of(MAIN[:3])
    assert told(place(header(1, C, LATER_EPOCH), [D], known)) == "ready 0"


def test_a_later_epoch_waits_for_the_op_that_it_begins_after() -> None:
    known = log_of(MAIN[:3])
    standing = place(header(1, E, LATER_EPOCH), [D], known)
    assert standing == Waiting(0, E)


def test_a_later_epoch_may_begin_after_a_branch() -> None:
    assert told(place(header(1, C2, LATER_EPOCH), [D], log_of(MAIN, BRANCH[:1]))) == "ready 0"


def test_an_epoch_may_begin_anew_after_the_enrolment() -> None:
    assert told(place(header(1, ENROL, LATER_EPOCH), [D], log_of(MAIN))) == "ready 0"


def test_a_second_beginning_of_an_epoch_is_a_fork() -> None:
    known = log_of(MAIN[:3], later=hashes("x"))
    assert told(place(header(1, C, LATER_EPOCH), hashes("y"), known)) == "fork 0 at 1"


def test_a_fork_names_the_first_dot_claimed_twice() -> None:
    standing = place(header(1, ENROL), [A, B, C2], log_of(MAIN))
    assert isinstance(standing, Fork)
    assert standing.at == (Chain().device, EPOCH, 3)


def test_frames_in_every_order_end_as_one_chain() -> None:
    cuts = [(1, ENROL, [A, B]), (2, A, [B, C]), (3, B, [C]), (4, C, [D, E])]
    for order in permutations(cuts):
        known = log_of()
        waiting = list(order)
        while waiting:
            frame = next(
                f for f in waiting if not isinstance(place(header(f[0], f[1]), f[2], known), Waiting)
            )
            waiting.remove(frame)
            standing = place(header(frame[0], frame[1]), frame[2], known)
            if isinstance(standing, Ready):
                known.main.setdefault(EPOCH, []).extend(frame[2][standing.first :])
        assert known.main[EPOCH] == MAIN
