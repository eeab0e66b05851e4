"""The body of every kind: read, written, grown at its end, and refused when it does not fit."""

from __future__ import annotations

import pytest

from domain.canonical import decode, encode, encode_trusted
from domain.kinds import BODIES, MalformedBodyError, parse_body
from domain.lowering import lower
from tests.tools.domain_bodies import (
    FIELDS,
    LINE,
    SHORT_LINE,
    full_body,
    least_body,
    placeless_bodies,
    short_body,
)


def test_every_kind_has_a_sample() -> None:
    assert FIELDS.keys() == BODIES.keys()


@pytest.mark.parametrize("kind", FIELDS)
def test_a_full_body_is_read_and_means_the_same_when_written_again(kind: str) -> None:
    body = parse_body(kind, decode(encode(full_body(kind))))
    assert body is not None
    assert body.kind == kind
    assert len(body.__struct_fields__) == len(full_body(kind))
    assert parse_body(kind, decode(encode_trusted(body))) == body


@pytest.mark.parametrize("kind", FIELDS)
def test_trailing_defaults_may_be_left_out_and_what_a_later_version_adds_is_read_over(kind: str) -> None:
    least = parse_body(kind, decode(encode(least_body(kind))))
    assert least is not None
    full = decode(encode(full_body(kind)))
    assert parse_body(kind, [*full, "later"]) == parse_body(kind, full)


@pytest.mark.parametrize("kind", FIELDS)
def test_a_body_that_misses_a_field_is_refused(kind: str) -> None:
    with pytest.raises(MalformedBodyError):
        parse_body(kind, short_body(kind))


@pytest.mark.parametrize(
    ("kind", "body"), [(kind, body) for kind in FIELDS for body in placeless_bodies(kind)]
)
def test_a_line_that_does_not_say_where_the_goods_were_or_went_is_refused(
    kind: str, body: tuple[object, ...]
) -> None:
    with pytest.raises(MalformedBodyError, match="line 1 of its"):
        parse_body(kind, body)


@pytest.mark.parametrize("kind", ["offer", "task", "reserve", "adjust"])
def test_lines_that_plan_or_that_have_an_account_on_both_sides_may_leave_places_empty(kind: str) -> None:
    body = [(SHORT_LINE,) if field == (LINE,) else field for field in least_body(kind)]
    assert parse_body(kind, body) is not None


def test_a_line_of_nothing_moves_nothing_whatever_it_is_weighed() -> None:
    body = parse_body(
        "pick", (None, (), None, None, (("TOM", "L", "R1", "T1", 0), ("TOM", "L", "R1", "T1", 2)))
    )
    assert body is not None
    assert [(m.line, m.qty, m.weight) for m in lower(body, {0: 500, 1: 900}).movements] == [(1, 2, 900)]


def test_a_kind_of_a_later_version_is_none_of_ours() -> None:
    assert parse_body("kind_of_tomorrow", [None, []]) is None
