"""Laws of scans: any text is answered, and what is written is read back."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.digital_link import build_digital_link, parse_digital_link
from domain.errors import DomainError
from domain.gs1 import FNC1, Element, parse_bracketed, parse_elements, separated
from domain.gs1_ais import AIS
from domain.gtin import WrongCheckDigitError, check_digit, expand_upc_e, parse_gtin, shortest_gtin
from domain.match_item import ItemCodes, match_item, parse_item_code
from domain.scale_code import check_template, read_scale_code
from domain.scan import read_scan
from tests.tools.domain_cases import CATALOGUE, SCALES

ITEMS = [ItemCodes(name, codes) for name, codes in CATALOGUE]
DIGITS = st.text("0123456789", max_size=40)
CHARSET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
LOTS = st.text(CHARSET_82, min_size=1, max_size=20).filter(lambda lot: separated(lot) == lot)
PIECES = st.sampled_from(
    ["01", "10", "17", "37", "3103", "8008", "(01)", "(10)", "(17)", FNC1, "{GS}", "]C1", "]d2", "]Q3",
     "https://a/01/", "?17="]
)  # fmt: skip
SCANNED = st.lists(PIECES | DIGITS | st.text(max_size=10), max_size=8).map("".join) | st.text()


@given(SCANNED)
def test_whatever_is_scanned_is_read_or_refused(text: str) -> None:
    with suppress(DomainError):
        match_item(read_scan(text, SCALES), ITEMS)


@given(SCANNED)
def test_every_parser_reads_or_refuses(text: str) -> None:
    for parse in (
        parse_elements,
        parse_bracketed,
        parse_digital_link,
        parse_gtin,
        expand_upc_e,
        check_template,
    ):
        with suppress(DomainError):
            parse(text)
    parse_item_code(text)


@given(st.text("2IWPVC*0", max_size=20), DIGITS)
def test_every_readable_template_reads_or_refuses_every_number(template: str, text: str) -> None:
    with suppress(DomainError):
        read_scale_code(text, check_template(template))


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 12), st.integers(1, 9))
def test_every_single_wrong_digit_is_told(body: str, place: int, by: int) -> None:
    right = body + str(check_digit(body))
    wrong = right[:place] + str((int(right[place]) + by) % 10) + right[place + 1 :]
    assert parse_gtin(right) == right.zfill(14)
    assert parse_gtin(shortest_gtin(right.zfill(14))) == right.zfill(14)
    with pytest.raises(WrongCheckDigitError):
        parse_gtin(wrong)


@given(LOTS, LOTS)
def test_lot_and_serial_come_through_a_code_and_a_link_unchanged(lot: str, serial: str) -> None:
    elements = (Element("01", "09520200202017"), Element("10", lot), Element("21", serial))
    assert parse_elements("0109520200202017" + "10" + lot + FNC1 + "21" + serial) == elements
    assert parse_digital_link(build_digital_link("https://a", elements)) == elements


@given(st.data())
def test_a_value_that_fits_its_format_is_kept_as_it_is(data: st.DataObject) -> None:
    ai = data.draw(st.sampled_from([ai for ai in AIS.values() if not any(ai.checks)]))
    value = data.draw(st.from_regex(ai.pattern, fullmatch=True))
    assume(separated(value) == value)
    assert parse_elements(ai.ai + value + FNC1) == (Element(ai.ai, value),)
