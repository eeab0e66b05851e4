"""Laws of quantities and stock rules: nothing is lost, nothing is invented, order does not matter."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.canonical import INT_MAX
from domain.errors import DomainError
from domain.fefo import LotBalance, allocate_fefo, is_usable
from domain.interval import Treatment, plot_interval
from domain.quantity import MASS_UNITS, format_quantity, parse_quantity, split_evenly, to_base, whole_units

DAYS = st.dates(date(2026, 11, 1), date(2026, 12, 31))
RATIOS = st.fractions(min_value=Fraction(1, 1000), max_value=1_000_000, max_denominator=1000)
TYPED = st.text(max_size=45) | st.text("0123456789.,/ 斤kgKG箱１。，+-", max_size=45)
BALANCES = st.lists(
    st.builds(LotBalance, st.text(max_size=3), st.integers(-5, 50), st.none() | DAYS, st.booleans()),
    unique_by=lambda balance: balance.lot,
    max_size=8,
)
TREATMENTS = st.lists(st.builds(Treatment, st.text(max_size=2), DAYS, st.none() | st.integers(0, INT_MAX)))


@given(TYPED)
def test_whatever_is_typed_is_a_quantity_or_refused(text: str) -> None:
    with suppress(DomainError):
        typed = parse_quantity(text, MASS_UNITS, "斤")
        assert 0 <= typed.qty <= INT_MAX
        assert typed.qty + typed.residue == typed.amount * MASS_UNITS[typed.unit]


@given(st.fractions(min_value=-1_000_000, max_value=1_000_000), RATIOS)
def test_a_conversion_loses_nothing(amount: Fraction, unit: Fraction) -> None:
    qty, residue = to_base(amount, unit)
    assert qty + residue == amount * unit
    assert -Fraction(1, 2) <= residue <= Fraction(1, 2)


@given(st.integers(-INT_MAX, INT_MAX), RATIOS)
def test_whole_units_and_what_is_left_are_the_quantity(qty: int, unit: Fraction) -> None:
    units, left = whole_units(qty, unit)
    assert abs(left) < unit + 1
    assert abs(units) * unit <= abs(qty)
    assert (abs(units) + 1) * unit > abs(qty)


@given(st.integers(-INT_MAX, INT_MAX), st.integers(1, 100))
def test_a_split_adds_up_and_is_even(total: int, parts: int) -> None:
    split = split_evenly(total, parts)
    assert len(split) == parts
    assert sum(split) == total
    assert max(split) - min(split) <= 1


@given(st.integers(0, 10**9))
def test_what_is_shown_in_kilograms_is_read_back(grams: int) -> None:
    assert parse_quantity(format_quantity(grams, MASS_UNITS["kg"]), MASS_UNITS, "kg").qty == grams


@given(st.integers(-5, 500), BALANCES, DAYS, st.randoms(use_true_random=False))
def test_an_allocation_meets_what_it_can_in_any_order_of_balances(
    demand: int, balances: list[LotBalance], as_of: date, order: Random
) -> None:
    allocation = allocate_fefo(demand, balances, as_of)
    shuffled = list(balances)
    order.shuffle(shuffled)
    assert allocate_fefo(demand, shuffled, as_of) == allocation

    usable = {balance.lot: balance.qty for balance in balances if is_usable(balance, as_of)}
    assert all(0 < pick.qty <= usable[pick.lot] for pick in allocation.picks)
    assert sum(pick.qty for pick in allocation.picks) == max(min(demand, sum(usable.values())), 0)
    assert allocation.short == max(demand - sum(usable.values()), 0)


@given(TREATMENTS, DAYS, st.randoms(use_true_random=False))
def test_an_interval_does_not_depend_on_the_order_of_treatments(
    treatments: list[Treatment], day: date, order: Random
) -> None:
    shuffled = list(treatments)
    order.shuffle(shuffled)
    found, again = plot_interval(treatments, day), plot_interval(shuffled, day)
    assert (found.light, found.clear_on, found.name) == (again.light, again.clear_on, again.name)
