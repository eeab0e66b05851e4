"""What a count saw stays true, whatever the phones' clocks say and whenever their ops arrive."""

from bench.count_ours import ours
from bench.count_rivals import WAYS
from bench.count_truth import run
from bench.count_world import HOUR_MS, Scale, world

WRONG_MAX, UNFLAGGED_MAX = 0.5, 0.1
"""Percent: of 800 bins, 4 and none."""


def test_counts_hold_under_wrong_clocks_and_no_other_way_of_keeping_stock_holds_them_as_well() -> None:
    found = run(seeds=1)

    assert found["wrong_percent"] <= WRONG_MAX
    assert found["wrong_unflagged_percent"] <= UNFLAGGED_MAX
    for way in WAYS:
        assert found[way] > found["wrong_percent"], way


def test_a_world_and_what_is_made_of_it_are_its_seeds() -> None:
    scale = Scale(phones=6, days=2, bins=12, offline_ms=8 * HOUR_MS)

    assert world(5, scale) == world(5, scale)
    assert ours(world(5, scale), 5) == ours(world(5, scale), 5)
