"""Quantities, weighings and money: the vectors of the field's own accidents and the demo's sums."""

from __future__ import annotations

from fractions import Fraction

import pytest

from domain.kinds import SettleLine
from domain.money import (
    RoundingTooLargeError,
    balance_fen,
    deposit_due_fen,
    line_amount_fen,
    rounding_down_fen,
    settlement,
)
from domain.quantity import (
    MASS_UNITS,
    MalformedQuantityError,
    QuantityTooLargeError,
    book_residues,
    format_quantity,
    parse_quantity,
    round_half_up,
    split_evenly,
    to_base,
    whole_units,
)
from domain.weighing import (
    DeductionExceedsNetError,
    TareExceedsGrossError,
    estimate_weight,
    is_within_tolerance,
    payable_g,
    weigh,
)

UNITS = {**MASS_UNITS, "each": Fraction(1), "箱": Fraction(12), "case": Fraction(1000)}


def line(qty: int, price: int, unit: str, *, weight: int | None = None, deduction: int = 0) -> SettleLine:
    return SettleLine(None, "ITEM", "", qty, weight, price, unit, deduction)


def test_a_sixth_of_a_case_six_times_is_exactly_one_case() -> None:
    assert 6 * parse_quantity("1/6", UNITS, "箱").qty == 12

    sixth = parse_quantity("1/6", UNITS, "case")
    booked = book_residues([sixth.residue] * 6)
    assert (sixth.qty, booked) == (167, (-2, Fraction(0)))
    assert 6 * sixth.qty + booked.qty == 1000


def test_twelve_times_two_point_eight_kilograms_is_33_point_6() -> None:
    assert format_quantity(12 * parse_quantity("2.8 kg", UNITS, "kg").qty, UNITS["kg"]) == "33.6"


def test_whole_units_of_minus_384_kilograms_are_minus_384() -> None:
    assert whole_units(-384_000, UNITS["kg"]) == (-384, 0)


@pytest.mark.parametrize(
    ("text", "unit", "qty"),
    [
        ("12.5", "斤", 6250),
        ("12,5 kg", "斤", 12_500),
        ("１２．５斤", "g", 6250),
        ("3 两", "g", 150),
        ("2 1/2 箱", "each", 30),
        ("3KG", "g", 3000),
        ("1,250,000", "g", 1_250_000),
        ("0,125", "kg", 125),
    ],
)
def test_a_quantity_means_what_was_typed(text: str, unit: str, qty: int) -> None:
    assert parse_quantity(text, UNITS, unit).qty == qty


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("-3", "not-a-quantity"),
        ("1.2.3", "not-a-quantity"),
        ("1/0", "not-a-quantity"),
        ("1,250", "ambiguous-comma"),
        ("3 筐", "unknown-unit"),
        ("1" * 41, "too-long"),
    ],
)
def test_what_is_no_quantity_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(MalformedQuantityError) as refusal:
        parse_quantity(text, UNITS, "g")
    assert refusal.value.reason == reason


def test_a_crate_has_a_weight_only_where_the_item_says_so() -> None:
    assert parse_quantity("2 筐", {**UNITS, "筐": Fraction(20_000)}, "g").qty == 40_000


def test_beyond_what_both_languages_count_a_quantity_is_refused() -> None:
    assert parse_quantity("9007199254740991", UNITS, "g").qty == 2**53 - 1
    with pytest.raises(QuantityTooLargeError):
        parse_quantity("9007199254740992", UNITS, "g")


def test_a_quantity_that_needs_more_digits_is_shown_as_about() -> None:
    assert format_quantity(1000, Fraction(3)) == "≈333.333"
    assert format_quantity(-12_500, Fraction(500)) == "-25"


def test_halves_round_up_whatever_their_sign() -> None:
    assert [round_half_up(n, 2) for n in (-3, -1, 1, 3)] == [-1, 0, 1, 2]
    assert to_base(Fraction(1, 2), Fraction(1)) == (1, Fraction(-1, 2))


def test_a_split_gives_every_part_and_no_more() -> None:
    assert split_evenly(1000, 6) == (166, 167, 167, 166, 167, 167)


def test_wang_delivers_400_kilograms_net_and_is_paid_for_392() -> None:
    weighing = weigh(436_000, 20, 1800)
    assert (weighing.tare_g, weighing.net_g) == (36_000, 400_000)
    assert payable_g(weighing.net_g, 8000) == 392_000


def test_crates_heavier_than_the_scale_showed_are_refused() -> None:
    with pytest.raises(TareExceedsGrossError):
        weigh(1799, 1, 1800)


def test_more_than_was_delivered_cannot_be_deducted() -> None:
    with pytest.raises(DeductionExceedsNetError):
        payable_g(7999, 8000)


def test_ten_crates_of_cucumber_weigh_two_thirds_of_fifteen_until_they_are_weighed() -> None:
    assert estimate_weight(10, 15, 315_600) == (210_400, True)
    assert estimate_weight(10, 0, 0) == (0, True)


def test_a_weight_is_judged_in_thousandths_of_what_was_expected() -> None:
    assert is_within_tolerance(20_460, 20_000, 23)
    assert not is_within_tolerance(20_461, 20_000, 23)


def test_the_money_of_the_demo_day_adds_up() -> None:
    assert line_amount_fen(line(400_000, 24_000, "斤", deduction=8000)) == 188_160
    assert line_amount_fen(line(15, 18_000, "斤", weight=315_600)) == 113_616
    zhou = settlement([line(58, 310_000, "each"), line(10, 26_000, "斤", weight=210_400)], -8)
    assert (zhou.amounts_fen, zhou.due_fen) == ((179_800, 109_408), 289_200)
    assert balance_fen([zhou.due_fen], [150_000]) == 139_200
    weiyuan = settlement(
        [line(48, 65_000, "each"), line(2, 580_000, "kg", weight=40_580), line(10, 310_000, "each")]
    )
    assert weiyuan.amounts_fen == (31_200, 235_364, 31_000)
    assert weiyuan.due_fen == 297_564


def test_a_line_is_rounded_once_and_the_sum_never() -> None:
    assert settlement([line(0, 10_000, "斤", weight=3)] * 3).amounts_fen == (1, 1, 1)
    assert line_amount_fen(line(1, 50, "each")) == 1
    assert line_amount_fen(line(1, 49, "each")) == 0


def test_small_change_is_rounded_down_and_stays_small() -> None:
    assert rounding_down_fen(289_208, 10) == -8
    with pytest.raises(RoundingTooLargeError):
        settlement([line(1, 10_000_000, "each")], -1000)
    with pytest.raises(RoundingTooLargeError):
        settlement([line(1, 10_000, "each")], -101)


def test_crates_that_a_partner_keeps_are_due_as_their_deposit() -> None:
    assert deposit_due_fen(26, 1500) == 39_000
