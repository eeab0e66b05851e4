"""Simulated weeks with every fault: the laws hold, a seed is a world, and a failing plan becomes small."""

from __future__ import annotations

import os

import pytest

from api.simulation.plan import FAULTS, RESTORED, make_plan
from api.simulation.run import Theatre
from api.simulation.shrink import shrunk, told
from tests.simulation.planted import BUGS, planted

SEEDS = int(os.environ.get("GOBI_SIM_WEEKS", "120"))
SHARES = 8

pytestmark = [pytest.mark.needs_service("node"), pytest.mark.timeout(900)]


@pytest.mark.parametrize("share", range(SHARES))
def test_after_every_fault_the_laws_hold(theatre: Theatre, share: int) -> None:
    for seed in range(1000 + share, 1000 + SEEDS, SHARES):
        outcome = theatre.outcome(make_plan(seed))
        again = f"gobi simulate --seeds 1 --first {seed} --shrink"
        assert outcome.breaches == [], again


def test_a_seed_is_the_same_world_again(theatre: Theatre) -> None:
    for seed in (4, 11):
        first, second = (theatre.outcome(make_plan(seed)) for _ in range(2))
        assert first.digest == second.digest
        assert (first.saved, first.logged) == (second.saved, second.logged)


def test_worlds_have_every_fault_and_some_have_none() -> None:
    plans = [make_plan(seed) for seed in range(200)]
    assert frozenset().union(*(plan.faults for plan in plans)) == {*FAULTS, RESTORED}
    assert any(not plan.faults for plan in plans)
    for plan in plans:
        assert {step.what for step in plan.steps} - {"work", "sync"} <= plan.faults


def test_a_failing_plan_shrinks_to_the_steps_that_it_needs(theatre: Theatre) -> None:
    bug = BUGS["what is quarantined is folded"]
    with planted(bug):
        plan = make_plan(bug.seed)
        least = shrunk(plan, lambda smaller: bool(theatre.outcome(smaller).breaches))
        assert len(least.steps) < len(plan.steps) // 3
        assert theatre.outcome(least).breaches
    assert theatre.outcome(least).breaches == []
    assert len(told(least)) > len(least.steps)
