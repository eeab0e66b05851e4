"""Counts are observations (fold.md §2): what stands follows them, what they found is derived, never written."""

import pytest

from sync_engine.fold.fold import Fold
from sync_engine.logged import VerdictChange
from tests.tools.fold_log import MINUTE, FoldLog, at, folded, line, on_hand, open_exceptions, table

TOM = ("TOM-5", "1123", "R1")


@pytest.fixture
def log() -> FoldLog:
    """A cold room with 76 boxes of a lot."""
    log = FoldLog()
    log.log("set", "item", "TOM-5", [["unit", "each"]], t=at("05:00"))
    log.log("adjust", "opening", [line("TOM-5", "1123", "virtual:opening", "R1", 76)], t=at("06:00"))
    return log


def count(log: FoldLog, clock: str, *lines: list[object], **more: object) -> bytes:
    """A count of R1 by device 2."""
    options: dict[str, object] = {"by": 2, **more}
    complete = bool(options.pop("complete", False))
    items = options.pop("items", None)
    return log.log("count", "R1", items, complete, False, list(lines), t=at(clock), **options).hash  # type: ignore[arg-type]  # a test's own options


def pick(log: FoldLog, clock: str, qty: int, *, lot: str = "1123", **more: object) -> bytes:
    """A pick from R1 onto T1 by device 1."""
    taken = line("TOM-5", lot, "R1", "T1", qty)
    return log.log("pick", None, None, [taken], t=at(clock), **more).hash  # type: ignore[arg-type]  # a test's own options


def variance(fold: Fold, lot: str = "1123") -> list[object]:
    """dq of each count of the lot, oldest first."""
    rows = sorted(table(fold, "variance").values(), key=lambda row: str(row[0]))
    return [row[8] for row in rows if row[2] == lot]


def test_stock_is_the_last_count_and_what_moved_after_it(log: FoldLog) -> None:
    pick(log, "07:00", 6)
    count(log, "07:50", ["TOM-5", "1123", 69])
    pick(log, "08:00", 10)
    assert on_hand(log.fold(), *TOM) == (59, 0)
    assert variance(log.fold()) == [-1]
    assert on_hand(log.fold(), "TOM-5", "1123", "virtual:variance") == (1, 0)


def test_the_variance_is_derived_anew_when_a_late_pick_arrives(log: FoldLog) -> None:
    count(log, "07:50", ["TOM-5", "1123", 55], seen=2)
    before = log.fold()
    assert variance(before) == [-21]
    pick(log, "07:42", 20, seen=2)
    after = log.fold()
    assert on_hand(after, *TOM) == (55, 0)
    row = next(iter(table(after, "variance").values()))
    assert row[4:10] == [56, 0, 55, 0, -1, 0]
    assert row[12] == [[3, -20, 0]]
    assert open_exceptions(after) == {"variance/2/TOM-5/1123/R1"}


def test_a_variance_that_late_work_explains_closes_by_its_arrival(log: FoldLog) -> None:
    count(log, "07:50", ["TOM-5", "1123", 56], seen=2)
    pick(log, "07:42", 20, seen=2)
    [row] = table(log.fold(), "exception", "desk").values()
    assert row[7:] == ["closed", "3"]


def test_work_before_the_last_count_explains_no_later_one(log: FoldLog) -> None:
    count(log, "07:00", ["TOM-5", "1123", 76], seen=2)
    count(log, "08:00", ["TOM-5", "1123", 70], seen=3)
    pick(log, "06:30", 4, seen=2)
    rows = table(log.fold(), "variance")
    late = {str(row[0]): row[12] for row in rows.values()}
    assert late == {"2": [[4, -4, 0]], "3": []}


def test_a_line_without_lot_leaves_its_difference_at_the_item(log: FoldLog) -> None:
    log.log("adjust", "opening", [line("TOM-5", "1121", "virtual:opening", "R1", 40)], t=at("06:00"))
    count(log, "07:00", ["TOM-5", None, 110])
    fold = log.fold()
    assert on_hand(fold, "TOM-5", "?", "R1") == (-6, 0)
    assert on_hand(fold, *TOM) == (76, 0)
    assert open_exceptions(fold) == {"variance/3/TOM-5/?/R1"}, (
        "the residual lot is a difference, not missing goods"
    )


def test_a_count_by_lot_first_absorbs_what_was_left_at_the_item(log: FoldLog) -> None:
    log.log("adjust", "opening", [line("TOM-5", "1121", "virtual:opening", "R1", 40)], t=at("06:00"))
    count(log, "07:00", ["TOM-5", None, 110])
    count(log, "08:00", ["TOM-5", "1123", 68])
    fold = log.fold()
    assert on_hand(fold, "TOM-5", "?", "R1") == (0, 0)
    assert on_hand(fold, *TOM) == (68, 0)
    assert variance(fold) == [-2]


def test_a_residual_of_the_other_sign_absorbs_nothing(log: FoldLog) -> None:
    count(log, "07:00", ["TOM-5", None, 80])
    count(log, "08:00", ["TOM-5", "1123", 70])
    fold = log.fold()
    assert on_hand(fold, "TOM-5", "?", "R1") == (4, 0)
    assert variance(fold) == [-6]


def test_found_goods_without_lot_can_be_moved_like_any_lot(log: FoldLog) -> None:
    count(log, "07:00", ["TOM-5", None, 80])
    log.log("move", None, [line("TOM-5", "?", "R1", "R2", 4)], t=at("07:30"))
    fold = log.fold()
    assert on_hand(fold, "TOM-5", "?", "R1") == (0, 0)
    assert on_hand(fold, "TOM-5", "?", "R2") == (4, 0)


def test_what_a_complete_count_does_not_list_is_not_there(log: FoldLog) -> None:
    log.log("adjust", "opening", [line("TOM-5", "1121", "virtual:opening", "R1", 40)], t=at("06:00"))
    log.log("adjust", "opening", [line("MLK", "1120", "virtual:opening", "R1", 3)], t=at("06:00"))
    count(log, "07:00", ["TOM-5", "1123", 76], complete=True, items=["TOM-5"])
    fold = log.fold()
    assert on_hand(fold, "TOM-5", "1121", "R1") == (0, 0)
    assert on_hand(fold, "MLK", "1120", "R1") == (3, 0), "out of scope"


def test_a_complete_count_without_lots_says_nothing_more_of_the_lots(log: FoldLog) -> None:
    count(log, "07:00", ["TOM-5", None, 74], complete=True)
    fold = log.fold()
    assert on_hand(fold, *TOM) == (76, 0)
    assert on_hand(fold, "TOM-5", "?", "R1") == (-2, 0)


def test_what_is_in_a_logistic_unit_is_no_part_of_the_count_of_its_place(log: FoldLog) -> None:
    log.log("pack", "952", "R1", [line("TOM-5", "1123", "R1", "", 24)], t=at("06:30"))
    count(log, "07:00", ["TOM-5", "1123", 52], complete=True)
    fold = log.fold()
    assert on_hand(fold, *TOM) == (52, 0)
    assert on_hand(fold, "TOM-5", "1123", "lpn:952") == (24, 0)
    assert variance(fold) == [0]


def test_goods_that_arrive_late_for_a_complete_count_are_counted_as_missing(log: FoldLog) -> None:
    count(log, "07:00", complete=True, seen=2)
    log.log("adjust", "found", [line("CUC", "9", "virtual:opening", "R1", 5)], t=at("06:50"), seen=2)
    assert on_hand(log.fold(), "CUC", "9", "R1") == (0, 0)


def test_a_measure_that_was_not_counted_moves_in_proportion_as_an_estimate() -> None:
    log = FoldLog()
    log.log("adjust", "opening", [line("BEEF", "B77", "virtual:opening", "R1", 8, 163_400)], t=at("06:00"))
    count(log, "07:00", ["BEEF", "B77", 6])
    assert log.fold().balances()["BEEF", "B77", "R1"] == (6, 122_550, True)
    count(log, "07:30", ["BEEF", "B77", 6, 122_820])
    assert log.fold().balances()["BEEF", "B77", "R1"] == (6, 122_820, False)
    count(log, "08:00", ["BEEF", "B77", 0])
    assert on_hand(log.fold(), "BEEF", "B77", "R1") == (0, 0)


def test_a_movement_about_the_time_of_a_count_contests_it_when_neither_knew_the_other(log: FoldLog) -> None:
    count(log, "07:50", ["TOM-5", "1123", 76], err=MINUTE, seen=2)
    pick(log, "07:51", 20, err=MINUTE, seen=2)
    assert "contested-count/2/TOM-5/1123/R1" in open_exceptions(log.fold())


def test_a_movement_that_had_seen_the_count_contests_nothing(log: FoldLog) -> None:
    count(log, "07:50", ["TOM-5", "1123", 76], err=MINUTE, seen=2)
    pick(log, "07:51", 20, err=MINUTE, seen=3)
    assert open_exceptions(log.fold()) == set()


def test_work_of_the_same_phone_contests_nothing(log: FoldLog) -> None:
    count(log, "07:50", ["TOM-5", "1123", 76], err=MINUTE, seen=2, by=1)
    pick(log, "07:51", 20, err=MINUTE, seen=2)
    assert open_exceptions(log.fold()) == set()


def test_a_late_claim_contests_any_count_that_it_spans(log: FoldLog) -> None:
    count(log, "07:50", ["TOM-5", "1123", 76], seen=2)
    pick(log, "11:00", 20, occurred=(at("07:00"), at("07:20"), "paper"))
    fold = log.fold()
    assert "contested-count/2/TOM-5/1123/R1" in open_exceptions(fold)
    assert on_hand(fold, *TOM) == (76, 0), "the point estimate: the pick was before the count"


def test_an_unseen_movement_within_a_complete_count_contests_it(log: FoldLog) -> None:
    count(log, "08:00", ["TOM-5", "1123", 76, None, 30 * MINUTE], complete=True, seen=2)
    log.log("move", None, [line("TOM-5", "1121", "T1", "R1", 5)], t=at("07:45"), seen=2)
    assert "contested-count/2/TOM-5/1121/R1" in open_exceptions(log.fold())


def test_a_lot_with_a_line_of_its_own_is_doubted_about_that_instant_alone(log: FoldLog) -> None:
    count(log, "08:00", ["TOM-5", "1123", 76, None, 30 * MINUTE], complete=True, seen=2)
    pick(log, "07:45", 20, seen=2)
    fold = log.fold()
    assert open_exceptions(fold) == set()
    assert on_hand(fold, *TOM) == (56, 0), "the shelf was looked at at 07:30, before the pick"


def test_a_later_uncontested_count_settles_the_doubt(log: FoldLog) -> None:
    count(log, "07:50", ["TOM-5", "1123", 76], err=MINUTE, seen=2)
    pick(log, "07:51", 20, err=MINUTE, seen=2)
    count(log, "09:00", ["TOM-5", "1123", 56])
    fold = log.fold()
    assert open_exceptions(fold) == set()
    [row] = table(fold, "exception", "desk").values()
    assert row[7:] == ["closed", "4"]


def test_an_approved_variance_is_closed(log: FoldLog) -> None:
    counted = count(log, "07:50", ["TOM-5", "1123", 75])
    log.log("approve", "TOM-5", "1123", "R1", -1, t=at("09:00"), names=(counted,))
    fold = log.fold()
    assert open_exceptions(fold) == set()
    assert on_hand(fold, "TOM-5", "1123", "virtual:variance") == (1, 0)


def test_what_changes_after_an_approval_goes_to_suspense(log: FoldLog) -> None:
    counted = count(log, "07:50", ["TOM-5", "1123", 55], seen=2)
    log.log("approve", "TOM-5", "1123", "R1", -21, t=at("08:30"), names=(counted,))
    pick(log, "07:42", 20, seen=2)
    fold = log.fold()
    assert on_hand(fold, *TOM) == (55, 0), "stock follows the count either way"
    assert on_hand(fold, "TOM-5", "1123", "virtual:variance") == (21, 0)
    assert on_hand(fold, "TOM-5", "1123", "virtual:suspense") == (-20, 0)
    assert open_exceptions(fold) == {"change-after-approval/2/TOM-5/1123/R1"}


def test_a_voided_count_derives_nothing(log: FoldLog) -> None:
    counted = count(log, "07:50", ["TOM-5", "1123", 55])
    log.log("void", "wrong shelf", t=at("09:00"), names=(counted,))
    fold = log.fold()
    assert on_hand(fold, *TOM) == (76, 0)
    assert table(fold, "variance") == {}
    assert open_exceptions(fold) == set()


def test_two_lines_of_one_count_about_one_lot_tell_one_variance(log: FoldLog) -> None:
    counted = count(log, "07:50", ["TOM-5", "1123", 70, None, 10 * MINUTE], ["TOM-5", "1123", 69])
    log.log("approve", "TOM-5", "1123", "R1", -7, t=at("09:00"), names=(counted,))
    fold = log.fold()
    assert variance(fold) == [-7]
    assert on_hand(fold, "TOM-5", "1123", "virtual:suspense") == (0, 0)


def test_a_variance_within_tolerance_troubles_nobody(log: FoldLog) -> None:
    count(log, "07:50", ["TOM-5", "1123", 74])
    fold = log.fold()
    assert open_exceptions(fold) == {"variance/2/TOM-5/1123/R1"}
    fold.apply([log.log("set", "rule", "count_tolerance", [["value", 2]], t=at("08:00"))])
    fold.drain()
    assert open_exceptions(fold) == set()


def test_what_is_left_of_a_finished_lot_is_shrinkage(log: FoldLog) -> None:
    pick(log, "07:00", 75)
    log.log("finish", "TOM-5", "1123", "R1", t=at("08:00"))
    fold = log.fold()
    assert on_hand(fold, *TOM) == (0, 0)
    assert on_hand(fold, "TOM-5", "1123", "virtual:shrinkage") == (1, 0)


def test_a_count_of_an_item_without_lots_names_the_empty_lot() -> None:
    log = FoldLog()
    log.log("adjust", "opening", [line("CRT", "", "virtual:opening", "DEPOT", 200)], t=at("06:00"))
    log.log("count", "DEPOT", None, True, False, [["CRT", "", 198]], t=at("07:00"))
    assert on_hand(log.fold(), "CRT", "", "DEPOT") == (198, 0)
    assert on_hand(log.fold(), "CRT", "?", "DEPOT") == (0, 0)


def test_a_count_that_is_accepted_later_counts_from_its_own_instant(log: FoldLog) -> None:
    count(log, "07:50", ["TOM-5", "1123", 55], verdict="quarantined", code="no-right")
    pick(log, "08:00", 5)
    fold = log.fold()
    assert on_hand(fold, *TOM) == (71, 0)
    fold.amend([VerdictChange(2, "accepted", "", at("07:50"), 0)])
    fold.drain()
    assert on_hand(fold, *TOM) == (50, 0)


def test_a_word_on_an_op_may_come_before_the_op(log: FoldLog) -> None:
    counted = count(log, "07:50", ["TOM-5", "1123", 55], verdict="quarantined", code="no-right")
    change = VerdictChange(2, "accepted", "", at("07:50"), 0)
    early = Fold()
    early.amend([change])
    early.apply(log.entries)
    early.drain()
    late = folded(log.entries)
    late.amend([change])
    late.drain()
    assert early.rows() == late.rows()
    assert early.index_of(counted) == 2
