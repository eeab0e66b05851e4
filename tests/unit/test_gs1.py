"""GS1 numbers, element strings, scales' codes and scans: the demo's codes and the traps of the field."""

from __future__ import annotations

import pytest

from domain.gs1 import parse_bracketed, parse_elements, parse_gs1_day
from domain.gs1_ais import AIS
from domain.gs1_fields import gs1_fields
from domain.gtin import MalformedCodeError, WrongCheckDigitError, expand_upc_e, parse_gtin
from domain.match_item import ItemCodes, ItemMatch, match_item, parse_item_code
from domain.scale_code import MalformedTemplateError, check_template, price_check_digit
from domain.scan import Gs1Reading, LinkReading, OwnReading, PlaceReading, ScaleReading, read_scan
from tests.tools.domain_cases import CATALOGUE, GS

ITEMS = [ItemCodes(name, codes) for name, codes in CATALOGUE]


def fields_of(text: str) -> dict[str, object]:
    meaning = gs1_fields(parse_elements(text))
    return {
        name: value
        for name in meaning.__struct_fields__
        if name != "elements" and (value := getattr(meaning, name)) not in {None, False}
    }


def test_a_gtin_is_kept_as_14_digits_whatever_was_printed() -> None:
    assert parse_gtin("96385074") == "00000096385074"
    assert parse_gtin("036000291452") == "00036000291452"
    assert parse_gtin("9520200202017") == parse_gtin("09520200202017") == "09520200202017"


def test_a_wrong_check_digit_is_told_with_the_right_one() -> None:
    with pytest.raises(WrongCheckDigitError) as refusal:
        parse_gtin("9520200202018")
    assert refusal.value.facts == {"text": "9520200202018", "expected": 7}


def test_eight_digits_are_a_upc_e_only_when_the_scanner_says_so() -> None:
    assert expand_upc_e("425261") == "042100005264"
    assert parse_gtin("04252614", upc_e=True) == "00042100005264"
    with pytest.raises(WrongCheckDigitError):
        parse_gtin("04252614")


def test_every_identifier_of_the_general_specifications_stands_in_the_table_and_none_begins_another() -> None:
    assert len(AIS) == 541
    assert [ai for ai in AIS if any(other != ai and other.startswith(ai) for other in AIS)] == []


def test_the_box_of_beef_is_read_with_lot_and_grams() -> None:
    assert fields_of("0199520300303013" + "3102002046" + "10B77") == {
        "gtin": "99520300303013",
        "lot": "B77",
        "weight_g": 20_460,
    }


def test_best_before_is_no_expiry() -> None:
    assert fields_of("15261128") == {"best_before_on": "2026-11-28"}
    assert fields_of("17261129") == {"expires_on": "2026-11-29"}


def test_day_zero_is_the_last_of_its_month() -> None:
    assert parse_gs1_day("260200", year=2026) == "2026-02-28"
    assert parse_gs1_day("240200", year=2026) == "2024-02-29"


def test_37_counts_the_pieces_in_a_logistic_unit() -> None:
    assert fields_of("0209520200202017" + "3712" + GS + "00952012345678912345") == {
        "gtin": "09520200202017",
        "contained": True,
        "count": 12,
        "sscc": "952012345678912345",
    }


@pytest.mark.parametrize("separator", [GS, "{GS}", "<GS>", "~1", "\u241d", "^", "\\x1d"])
def test_the_separator_is_heard_in_whatever_dress_the_scanner_sends_it(separator: str) -> None:
    assert fields_of("101122" + separator + "17261129") == {"lot": "1122", "expires_on": "2026-11-29"}


def test_a_variable_field_whose_separator_is_missing_keeps_what_it_swallowed() -> None:
    assert fields_of("10112217261129") == {"lot": "112217261129"}


def test_a_field_that_swallowed_more_than_it_may_hold_is_refused() -> None:
    with pytest.raises(MalformedCodeError):
        parse_elements("101122172611291526112521S1")


def test_weights_finer_than_a_gram_are_rounded_half_up_and_say_so() -> None:
    assert fields_of("3104204605") == {"weight_g": 20_461, "rounded": True}
    assert fields_of("3104204604") == {"weight_g": 20_460, "rounded": True}
    assert fields_of("3104204600") == {"weight_g": 20_460}


def test_pounds_become_grams_by_their_definition() -> None:
    assert fields_of("3200000001") == {"weight_g": 454, "rounded": True}


def test_one_identifier_with_two_values_is_refused() -> None:
    with pytest.raises(MalformedCodeError):
        parse_bracketed("(17)261129(17)261130")


def test_the_price_check_digits_are_those_of_the_general_specifications() -> None:
    assert price_check_digit("2875") == 9
    assert price_check_digit("14685") == 6


@pytest.mark.parametrize("template", ["20IIIIIWWWWW", "IIIIIIWWWWWWC", "20IIIIIIIIIIC", "20IIIIIVWWWC"])
def test_a_template_that_cannot_be_read_is_refused_when_it_is_set(template: str) -> None:
    with pytest.raises(MalformedTemplateError):
        check_template(template)


@pytest.mark.parametrize(
    ("text", "item", "factor"),
    [
        ("1001", "TOM-L", 1),
        ("09520100101014", "TOM-5", 1),
        ("9520100101014", "TOM-5", 1),
        ("09520200202017", "MLK", 1),
        ("19520200202014", "MLK", 12),
        ("]C10119520200202014", "MLK", 12),
        ("(01)99520300303013(3102)002046(10)B77", "BEEF", 1),
        ("https://trace.example/01/09520100101014/10/1123", "TOM-5", 1),
        ("2001001020460", "TOM-L", 1),
        ("TOM-L", "TOM-L", 1),
    ],
)
def test_the_codes_of_the_demo_name_their_items(text: str, item: str, factor: int) -> None:
    assert match_item(read_scan(text, ["20IIIIIWWWWWC"]), ITEMS) == ItemMatch(item, factor)


def test_an_unknown_code_names_no_item() -> None:
    assert match_item(read_scan("nobody"), ITEMS) is None


def test_a_code_without_a_factor_is_one_piece() -> None:
    assert parse_item_code("1001") == ("1001", 1)
    assert parse_item_code("19520200202014:12") == ("19520200202014", 12)
    assert parse_item_code("a:0") == ("a:0", 1)


def test_each_kind_of_label_is_told_apart() -> None:
    assert read_scan("gobi:place:R1") == PlaceReading("R1")
    assert read_scan("1001") == OwnReading("1001")
    assert read_scan("2001001020460", ["20IIIIIWWWWWC"]) == ScaleReading("01001", 2046, None)
    assert isinstance(read_scan("9520200202017"), Gs1Reading)
    assert isinstance(read_scan("HTTPS://A/T/7K2M9QXT4R8W3VZ5H6PN"), LinkReading)


def test_without_a_template_a_scales_code_is_a_number_like_any_other() -> None:
    assert isinstance(read_scan("2001001020460"), Gs1Reading)


@pytest.mark.parametrize(
    "text", ["", "  ", "]C1", "gobi:place:", "https://trace.example/", "a\x00b", "x" * 3000]
)
def test_what_is_no_code_is_refused_with_its_reason(text: str) -> None:
    with pytest.raises(MalformedCodeError):
        read_scan(text)
