"""Expiry, first expired first out, and the pre-harvest interval."""

from __future__ import annotations

from datetime import date

from domain.expiry import day_of, days_after, end_of_day_ms, expires_on, is_expired, parse_day
from domain.fefo import LotBalance, Pick, allocate_fefo
from domain.health import lot_health
from domain.interval import Treatment, plot_interval

MONDAY = date(2026, 11, 23)
SHOUGUANG = 480
MONDAY_MS = 1_795_363_200_000


def milk(lot: str, qty: int, day: int | None, *, held: bool = False) -> LotBalance:
    return LotBalance(lot, qty, None if day is None else date(2026, 11, day), held)


def sprayed(day: int, interval: int | None, name: str = "吡虫啉") -> Treatment:
    return Treatment(name, date(2026, 11, day), interval)


def test_an_expiry_on_the_label_counts_before_a_shelf_life() -> None:
    assert expires_on(expires=date(2026, 11, 27), produced=date(2026, 11, 1), life_days=7) == date(
        2026, 11, 27
    )
    assert expires_on(produced=date(2026, 11, 20), harvested=date(2026, 11, 1), life_days=7) == date(
        2026, 11, 27
    )
    assert expires_on(harvested=date(2026, 11, 20), life_days=7) == date(2026, 11, 27)


def test_without_day_or_life_nobody_can_tell() -> None:
    assert expires_on(produced=MONDAY) is None
    assert expires_on(life_days=7) is None


def test_a_lot_is_good_to_the_last_millisecond_of_its_local_day() -> None:
    assert day_of(MONDAY_MS, SHOUGUANG) == MONDAY
    end = end_of_day_ms(MONDAY, SHOUGUANG)
    assert end == MONDAY_MS + 86_400_000 - 1
    assert not is_expired(MONDAY, end, SHOUGUANG)
    assert is_expired(MONDAY, end + 1, SHOUGUANG)
    assert not is_expired(None, end, SHOUGUANG)


def test_no_calendar_ends_however_long_a_life_is_stated() -> None:
    assert days_after(MONDAY, 2**53 - 1) == date(2126, 10, 30)
    assert days_after(date.max, 1) == date.max
    assert day_of(2**53 - 1, 840) == date.max


def test_a_day_is_written_one_way() -> None:
    assert parse_day("2026-11-23") == MONDAY
    assert [parse_day(text) for text in ("20261123", "2026-W48-1", "2026-11-31", "", None, 7)] == [None] * 6


def test_the_sooner_lot_is_picked_first() -> None:
    allocation = allocate_fefo(72, [milk("1122", 120, 29), milk("1120", 60, 27)], MONDAY)
    assert allocation == ((Pick("1120", 60), Pick("1122", 12)), 0)


def test_an_expired_lot_is_never_picked_and_its_last_day_is_no_expiry() -> None:
    lots = [milk("1120", 60, 27)]
    assert allocate_fefo(60, lots, date(2026, 11, 27)).short == 0
    assert allocate_fefo(60, lots, date(2026, 11, 28)) == ((), 60)


def test_a_held_lot_is_never_picked() -> None:
    assert allocate_fefo(1, [milk("1120", 60, 27, held=True)], MONDAY) == ((), 1)


def test_lots_without_expiry_come_last_and_ties_go_by_lot() -> None:
    lots = [milk("b", 1, None), milk("a", 1, None), milk("d", 1, 29), milk("c", 1, 29)]
    assert [pick.lot for pick in allocate_fefo(4, lots, MONDAY).picks] == ["c", "d", "a", "b"]


def test_sun_may_harvest_from_the_26th() -> None:
    assert plot_interval([sprayed(19, 7)], MONDAY).light == "running"
    assert plot_interval([sprayed(19, 7)], date(2026, 11, 25)).forbids
    clear = plot_interval([sprayed(19, 7)], date(2026, 11, 26))
    assert (clear.light, clear.clear_on, clear.forbids) == ("clear", date(2026, 11, 26), False)


def test_the_latest_of_several_intervals_binds() -> None:
    binding = plot_interval([sprayed(20, 3), sprayed(19, 7, "阿维菌素"), sprayed(1, 14)], MONDAY)
    assert (binding.name, binding.clear_on) == ("阿维菌素", date(2026, 11, 26))


def test_an_unknown_interval_is_red_whatever_else_is_known() -> None:
    assert plot_interval([sprayed(19, 1), sprayed(1, None, "自配药")], MONDAY).light == "unknown"


def test_what_was_sprayed_after_the_harvest_does_not_bind_it() -> None:
    assert plot_interval([sprayed(24, 7)], MONDAY).light == "clear"
    assert plot_interval([], MONDAY).light == "clear"


def test_the_gravest_word_on_a_lot_stands() -> None:
    day = date(2026, 11, 22)
    assert lot_health(hold="recall", expires_on=day, as_of=MONDAY, warning_days=3) == "recall"
    assert lot_health(hold=None, expires_on=day, as_of=MONDAY, warning_days=3) == "expired"


def test_a_lot_is_expiring_on_its_last_days_and_good_before() -> None:
    last = date(2026, 11, 26)
    assert lot_health(hold=None, expires_on=last, as_of=MONDAY, warning_days=3) == "expiring"
    assert lot_health(hold=None, expires_on=last, as_of=MONDAY, warning_days=2) == "good"
    assert lot_health(hold=None, expires_on=None, as_of=MONDAY, warning_days=2) == "good"


def test_the_last_day_of_the_calendar_has_an_end() -> None:
    assert end_of_day_ms(date.max, 0) == 253_402_300_799_999
    assert not is_expired(date.max, 2**40, SHOUGUANG)
