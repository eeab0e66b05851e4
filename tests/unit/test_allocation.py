"""Which lots are promised: first expired first out over what is free, and why the rest could not be."""

from __future__ import annotations

from datetime import date
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.allocation import Passed, Portion, Standing, allocate

MONDAY = date(2026, 11, 23)


def milk(lot: str, on_hand: int, day: int | None, *, free: int | None = None, held: bool = False) -> Standing:
    expires_on = None if day is None else date(2026, 11, day)
    return Standing(lot, "R2", on_hand, on_hand if free is None else free, expires_on, held)


def test_the_lot_that_expires_first_is_promised_first() -> None:
    found = allocate(72, [milk("1122", 120, 29), milk("1120", 60, 27)], MONDAY)
    assert found.portions == (Portion("1120", "R2", 60), Portion("1122", "R2", 12))
    assert (found.short, found.passed) == (0, ())


def test_a_short_promise_says_what_stood_there_and_why_it_could_not_be_used() -> None:
    standing = [
        milk("expired", 5, 22),
        milk("frozen", 7, 27, held=True),
        milk("taken", 9, 28, free=2),
    ]
    found = allocate(10, standing, MONDAY)
    assert found.portions == (Portion("taken", "R2", 2),)
    assert found.short == 8
    assert set(found.passed) == {
        Passed("expired", "R2", 5, "expired"),
        Passed("frozen", "R2", 7, "held"),
        Passed("taken", "R2", 7, "promised"),
    }


def test_a_lot_is_good_to_the_end_of_its_last_day() -> None:
    assert allocate(1, [milk("today", 1, 23)], MONDAY).short == 0


lots = st.builds(
    milk,
    st.sampled_from("abcd"),
    st.integers(0, 9),
    st.none() | st.integers(20, 30),
    free=st.integers(-3, 9),
    held=st.booleans(),
)


@given(st.integers(0, 30), st.lists(lots, max_size=6, unique_by=lambda lot: lot.lot), st.integers())
def test_whatever_order_lots_are_told_in_the_same_are_promised_and_never_more_than_is_free(
    demand: int, standing: list[Standing], seed: int
) -> None:
    found = allocate(demand, standing, MONDAY)
    shuffled = list(standing)
    Random(seed).shuffle(shuffled)
    assert allocate(demand, shuffled, MONDAY) == found
    assert sum(portion.qty for portion in found.portions) + found.short == demand
    by_lot = {one.lot: one for one in standing}
    for portion in found.portions:
        one = by_lot[portion.lot]
        assert 0 < portion.qty <= one.free
        assert not one.held
        assert one.expires_on is None or one.expires_on >= MONDAY
