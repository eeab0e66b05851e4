"""The simulator bites: bugs planted in the engine are caught, by a world that is known to or by one of a few others.

Bugs of the phone are planted by patches of its sources: `pwa/tests/planted-bugs.json`, caught by the laws of
`pwa/tests/sim-*.test.ts`.
"""

from __future__ import annotations

import pytest

from api.simulation.plan import make_plan
from api.simulation.run import Theatre
from tests.simulation.planted import BUGS, planted

OTHERS = tuple(range(3, 15))
"""Worlds that most bugs show in; the engine changes, and what a seed does with it."""

pytestmark = [pytest.mark.needs_service("node"), pytest.mark.timeout(300)]


def test_there_are_enough_of_them() -> None:
    assert len(BUGS) >= 25


def test_the_worlds_that_catch_them_are_well_without_them(theatre: Theatre) -> None:
    seeds = {bug.seed for bug in BUGS.values()}
    assert [seed for seed in sorted(seeds) if theatre.outcome(make_plan(seed)).breaches] == []


@pytest.mark.parametrize("name", list(BUGS))
def test_a_planted_bug_is_caught(theatre: Theatre, name: str) -> None:
    bug = BUGS[name]
    with planted(bug):
        caught = next(
            (seed for seed in (bug.seed, *OTHERS) if theatre.outcome(make_plan(seed)).breaches), None
        )
    assert caught is not None
