"""An exception whose cause is gone ends by itself, and visibly: in a table of its own."""

from __future__ import annotations

from sync_engine.fold.fold import Fold
from sync_engine.logged import Logged
from tests.tools.company import Company, empty_ledger
from tests.tools.fold_log import FoldLog, at, line, open_exceptions, table

NEGATIVE = "negative-stock\x1fTOM\x1fL1\x1fR1"


def _introduced() -> FoldLog:
    log = FoldLog()
    log.log("set", "item", "TOM", [["unit", "each"]], t=at("06:00"))
    log.log("adjust", "opening", [line("TOM", "L1", "virtual:opening", "R1", 5)], t=at("06:00"))
    return log


def _taken(log: FoldLog, fold: Fold, *entries: Logged) -> None:
    fold.apply(entries)
    fold.drain(log.entries[-1].index)


def test_negative_stock_ends_by_itself_when_the_goods_turn_out_to_have_come() -> None:
    log, fold = _introduced(), Fold()
    _taken(log, fold, *log.entries)
    _taken(log, fold, log.log("pick", None, None, [line("TOM", "L1", "R1", "T1", 8)], t=at("07:00")))
    assert NEGATIVE.replace("\x1f", "/") in open_exceptions(fold)
    assert table(fold, "past_exception") == {}
    late = log.log("adjust", "late", [line("TOM", "L1", "virtual:opening", "R1", 10)], t=at("06:30"), by=2)
    _taken(log, fold, late)
    assert open_exceptions(fold) == set()
    past = table(fold, "past_exception", "desk")[NEGATIVE]
    assert past == [NEGATIVE, "negative-stock", ["TOM", "L1", "R1", -3, 0], [2], "manager", at("07:00"), 3]
    assert table(fold, "past_exception", "device:" + "01" * 16) == {NEGATIVE: past}


def test_what_is_open_again_is_not_past() -> None:
    log, fold = _introduced(), Fold()
    _taken(log, fold, *log.entries)
    _taken(log, fold, log.log("pick", None, None, [line("TOM", "L1", "R1", "T1", 8)], t=at("07:00")))
    _taken(log, fold, log.log("move", None, [line("TOM", "L1", "T1", "R1", 8)], t=at("07:10")))
    assert set(table(fold, "past_exception")) == {NEGATIVE}
    _taken(log, fold, log.log("pick", None, None, [line("TOM", "L1", "R1", "T1", 9)], t=at("07:20")))
    assert table(fold, "past_exception") == {}
    assert NEGATIVE.replace("\x1f", "/") in open_exceptions(fold)


def test_what_came_and_went_within_one_commit_was_never_open() -> None:
    log, fold = _introduced(), Fold()
    pick = log.log("pick", None, None, [line("TOM", "L1", "R1", "T1", 8)], t=at("07:00"))
    fold.apply(log.entries)
    fold.drain()
    assert NEGATIVE.replace("\x1f", "/") in open_exceptions(fold)
    _taken(log, fold, log.log("void", "typo", names=(pick.hash,), t=at("07:01")))
    assert (open_exceptions(fold), table(fold, "past_exception")) == (set(), {})


def test_what_an_op_closed_did_not_end_by_itself() -> None:
    log, fold = _introduced(), Fold()
    _taken(log, fold, *log.entries)
    _taken(log, fold, log.log("pick", None, None, [line("TOM", "L1", "R1", "T1", 8)], t=at("07:00")))
    _taken(log, fold, log.log("resolve", "accepted", "seen", NEGATIVE, t=at("07:05"), by=3))
    _taken(log, fold, log.log("move", None, [line("TOM", "L1", "T1", "R1", 8)], t=at("07:10")))
    assert table(fold, "past_exception") == {}


def test_a_ledger_that_is_loaded_anew_has_the_rows_of_the_one_that_lived() -> None:
    company = Company()
    company.pick("liu", 1200)
    company.bring("liu")
    assert "negative-stock" in company.exceptions()
    company.take()  # an hour goes by: a commit of nothing but the time
    company.say("adjust", "found", (("TOM-5", "1121", "virtual:opening", "R1", 500),))
    company.take()
    assert "negative-stock" not in company.exceptions()
    assert [
        key[2].split("\x1f")[0] for key in company.server.rows if key[:2] == ("desk", "past_exception")
    ] == ["negative-stock"]
    assert company.server.misfits(empty_ledger()) == []
    company.restart()
    company.pick("zhang", 1)
    company.bring("zhang")
    assert company.server.misfits(empty_ledger()) == []
