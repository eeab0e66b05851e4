"""Holds follow the goods, excursions hold what stood there meanwhile, a release lifts what it names (fold.md §3)."""

import pytest

from sync_engine.fold.fold import Fold
from tests.tools.fold_log import FoldLog, at, line, open_exceptions, table

WARM = ("milk above 6.5 °C", [at("09:30"), at("10:05")])


@pytest.fixture
def log() -> FoldLog:
    """Sixty milk on the truck's zone 2 since 08:00."""
    log = FoldLog()
    log.log("set", "item", "MLK", [["unit", "each"]], t=at("05:00"))
    log.log("adjust", "opening", [line("MLK", "1120", "virtual:opening", "R2", 60)], t=at("06:00"))
    log.log("move", None, [line("MLK", "1120", "R2", "T1-2", 60)], t=at("08:00"))
    return log


def excursion(log: FoldLog, **more: object) -> bytes:
    reason, interval = WARM
    return log.log("hold", "", "", "T1-2", "hold", reason, interval, t=at("10:10"), by=9, **more).hash  # type: ignore[arg-type]  # a test's own options


def deliver(log: FoldLog, clock: str, qty: int, refused: int = 0) -> bytes:
    lines = [line("MLK", "1120", "T1-2", "", qty)]
    left = [["MLK", "1120", "T1-2", refused, None, "warm"]] if refused else []
    return log.log("deliver", "weiyuan", None, None, lines, left, t=at(clock)).hash


def held(fold: Fold, item: str = "MLK", lot: str = "1120") -> dict[str | None, tuple[str, int]]:
    """place → (state, quantity)."""
    row = table(fold, "hold").get(f"{item}\x1f{lot}")
    if row is None:
        return {}
    causes = row[2]
    assert isinstance(causes, list)
    return {place: (state, q) for place, state, _reason, _source, q, _w in causes}


def test_an_excursion_holds_only_what_stood_there_then(log: FoldLog) -> None:
    deliver(log, "09:15", 48)
    excursion(log)
    fold = log.fold()
    assert held(fold) == {"T1-2": ("hold", 12)}
    shown = {str(row[2]): row[7] for row in table(fold, "balance").values()}
    assert shown["T1-2"] == "hold"
    assert shown["partner:weiyuan"] is None


def test_an_excursion_exposes_what_only_passed_through(log: FoldLog) -> None:
    log.log("move", None, [line("MLK", "1122", "R2", "T1-2", 5)], t=at("09:40"))
    log.log("move", None, [line("MLK", "1122", "T1-2", "R2", 5)], t=at("09:50"))
    excursion(log)
    assert held(log.fold(), lot="1122") == {}, "R2 lacks as many as it got back: nothing stands there"
    log.log("adjust", "opening", [line("MLK", "1122", "virtual:opening", "R2", 5)], t=at("06:00"))
    assert held(log.fold(), lot="1122") == {"R2": ("hold", 5)}


def test_goods_loaded_after_an_excursion_are_free_of_it(log: FoldLog) -> None:
    deliver(log, "09:15", 60)
    log.log("adjust", "opening", [line("MLK", "1122", "virtual:opening", "R2", 5)], t=at("06:00"))
    log.log("move", None, [line("MLK", "1122", "R2", "T1-2", 5)], t=at("10:30"))
    excursion(log)
    fold = log.fold()
    assert held(fold) == {}
    assert held(fold, lot="1122") == {}
    assert open_exceptions(fold) == set(), "nothing was exposed"


def test_a_hold_at_a_place_follows_the_goods_and_leaves_an_empty_place(log: FoldLog) -> None:
    deliver(log, "09:15", 36)
    excursion(log)
    log.log("move", None, [line("MLK", "1120", "T1-2", "HOLD", 24)], t=at("12:00"))
    fold = log.fold()
    assert held(fold) == {"HOLD": ("hold", 24)}
    log.log("move", None, [line("MLK", "1120", "HOLD", "R9", 4)], t=at("12:30"))
    assert held(log.fold()) == {"HOLD": ("hold", 20), "R9": ("hold", 4)}


def test_a_late_delivery_before_the_excursion_takes_its_goods_out_of_the_hold(log: FoldLog) -> None:
    excursion(log)
    fold = log.fold()
    assert held(fold) == {"T1-2": ("hold", 60)}
    deliver(log, "09:15", 60)
    fold.apply(log.entries)
    fold.drain()
    assert held(fold) == {}
    assert open_exceptions(fold) == set()


def test_crates_are_not_spoilt_by_warmth(log: FoldLog) -> None:
    log.log("set", "item", "CRT", [["returnable", True]], t=at("05:00"))
    log.log("adjust", "opening", [line("CRT", "", "virtual:opening", "T1-2", 10)], t=at("06:00"))
    excursion(log)
    assert held(log.fold(), "CRT", "") == {}


def test_refused_goods_that_a_breach_holds_are_told_once(log: FoldLog) -> None:
    deliver(log, "10:20", 0, refused=24)
    excursion(log)
    assert open_exceptions(log.fold()) == {"cold-chain-breach/4"}


def test_refused_goods_that_no_breach_explains_wait_for_an_answer(log: FoldLog) -> None:
    handed = deliver(log, "10:20", 58, refused=2)
    assert open_exceptions(log.fold()) == {"refused-goods/3/0"}
    log.log("dispose", "crushed", [line("MLK", "1120", "T1-2", "", 2)], t=at("12:00"), names=(handed,))
    fold = log.fold()
    assert open_exceptions(fold) == set()
    [row] = table(fold, "exception", "desk").values()
    assert row[7:] == ["closed", "4"]


def test_a_breach_elsewhere_does_not_excuse_a_refusal(log: FoldLog) -> None:
    log.log("move", None, [line("MLK", "1120", "T1-2", "T2", 10)], t=at("08:30"))
    excursion(log)
    refused = [["MLK", "1120", "T2", 2, None, "crushed"]]
    log.log("deliver", "school", None, None, [], refused, t=at("10:20"), by=3)
    assert open_exceptions(log.fold()) == {"cold-chain-breach/4", "refused-goods/5/0"}


def test_a_later_version_of_an_excursion_stands_instead_of_the_earlier(log: FoldLog) -> None:
    first = excursion(log)
    longer = [at("07:00"), at("10:05")]
    log.log(
        "hold", "", "", "T1-2", "hold", "late readings", longer, None, 2, t=at("11:00"), by=9, names=(first,)
    )
    fold = log.fold()
    assert open_exceptions(fold) == {"cold-chain-breach/4"}
    row = table(fold, "hold")["MLK\x1f1120"]
    assert row[2] == [["T1-2", "hold", "late readings", 4, 60, 0]]


def test_a_release_lifts_only_the_holds_that_it_names(log: FoldLog) -> None:
    breach = excursion(log)
    log.log("hold", "MLK", "1120", None, "inspect", "smells", t=at("10:20"))
    log.log("release", "lab says fine", t=at("11:00"), names=(breach,))
    fold = log.fold()
    assert held(fold) == {None: ("inspect", 60)}
    assert open_exceptions(fold) == set()
    exceptions = table(fold, "exception", "desk")
    assert exceptions["cold-chain-breach\x1f3"][7:] == ["closed", "5"]


def test_the_most_restrictive_of_several_holds_stands(log: FoldLog) -> None:
    log.log("hold", "MLK", "1120", None, "inspect", "smells", t=at("09:00"))
    log.log("hold", "MLK", "1120", "T1-2", "reject", "leaks", t=at("09:00"), by=2, seen=0)
    shown = {str(row[2]): row[7] for row in table(log.fold(), "balance").values()}
    assert shown["T1-2"] == "reject"
    log.log("recall", [["MLK", "1120"]], "salmonella", t=at("10:00"))
    shown = {str(row[2]): row[7] for row in table(log.fold(), "balance").values()}
    assert shown["T1-2"] == "recall"


def test_a_hold_on_an_item_holds_every_lot_of_it_that_comes_later_too(log: FoldLog) -> None:
    log.log("hold", "MLK", "", None, "hold", "label misprint", t=at("09:00"))
    fold = log.fold()
    log.log("receive", "dairy", None, [line("MLK", "1122", "", "R2", 12)], t=at("09:30"))
    fold.apply(log.entries)
    fold.drain()
    assert held(fold, lot="1122") == {None: ("hold", 12)}


def test_an_account_never_carries_the_mark_of_a_hold(log: FoldLog) -> None:
    deliver(log, "08:30", 10)
    log.log("hold", "MLK", "1120", None, "reject", "smells", t=at("10:20"), by=8)
    fold = log.fold()
    marks = {row[2]: row[7] for row in table(fold, "balance").values()}
    assert {place for place, mark in marks.items() if mark is not None} == {"T1-2"}
    assert fold.state.held_at("MLK", "1120", "partner:weiyuan") is None
    assert fold.state.held_at("MLK", "1120", "T1-2") == "reject"


def test_a_voided_hold_holds_nothing(log: FoldLog) -> None:
    hold = log.log("hold", "MLK", "1120", None, "hold", "smells", t=at("09:00")).hash
    log.log("void", "wrong lot", t=at("09:10"), names=(hold,))
    assert held(log.fold()) == {}


def spray(log: FoldLog, stopped_on: str, days: int | None) -> None:
    used = [["Dimethoate", "dimethoate", "PD20080000", "1:1000", days]]
    log.log("farm_work", ["P3"], "spray", used, stopped_on, stopped_on, t=at("05:00"))


def harvest(log: FoldLog) -> bytes:
    return log.log("harvest", "P3", [line("PAK", "1123", "", "F3", 80_000)], t=at("06:00"), by=4).hash


def test_a_harvest_inside_the_interval_is_accepted_and_held() -> None:
    log = FoldLog()
    spray(log, "2026-11-19", 7)
    log.log("set", "item", "PAK", [["unit", "g"]], t=at("05:00"))
    gathered = harvest(log)
    fold = log.fold()
    assert held(fold, "PAK", "1123") == {None: ("hold", 80_000)}
    assert open_exceptions(fold) == {"harvest-inside-interval/2"}
    row = table(fold, "exception", "desk")["harvest-inside-interval\x1f2"]
    assert row[2] == ["P3", "PAK", "1123", "2026-11-26", "Dimethoate", "2026-11-19"]
    log.log("release", "residue test passed", t=at("09:00"), names=(gathered,))
    assert held(log.fold(), "PAK", "1123") == {}
    assert open_exceptions(log.fold()) == set()


@pytest.mark.parametrize(("stopped_on", "days", "is_held"), [
    ("2026-11-16", 7, False), ("2026-11-16", 8, True), ("2026-11-01", None, True), ("2026-11-24", 7, False),
])  # fmt: skip
def test_the_clear_day_is_allowed_and_an_unknown_interval_never_is(
    stopped_on: str, days: int | None, is_held: bool
) -> None:
    log = FoldLog()
    spray(log, stopped_on, days)
    harvest(log)
    assert bool(held(log.fold(), "PAK", "1123")) is is_held


def test_farm_work_that_is_told_after_the_harvest_holds_it_all_the_same() -> None:
    log = FoldLog()
    harvest(log)
    fold = log.fold()
    spray(log, "2026-11-19", 7)
    fold.apply(log.entries)
    fold.drain()
    assert held(fold, "PAK", "1123") == {None: ("hold", 80_000)}
