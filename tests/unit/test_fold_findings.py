"""Every exception opens for its cause and closes, by an op or by itself, when the cause is gone (fold.md §6)."""

import pytest

from sync_engine.fold.findings import OWNERS
from sync_engine.logged import VerdictChange
from tests.tools.fold_log import MINUTE, FoldLog, at, folded, line, on_hand, open_exceptions, table


def known(*items: str) -> FoldLog:
    log = FoldLog()
    for item in items:
        log.log("set", "item", item, [["unit", "each"]], t=at("05:00"))
    return log


def stocked(qty: int = 40, lot: str = "1121", item: str = "TOM-5") -> FoldLog:
    log = known(item)
    log.log("adjust", "opening", [line(item, lot, "virtual:opening", "R1", qty)], t=at("06:00"))
    return log


def pick(log: FoldLog, clock: str, qty: int, lot: str = "1121", item: str = "TOM-5", **more: object) -> bytes:
    return log.log("pick", None, None, [line(item, lot, "R1", "T1", qty)], t=at(clock), **more).hash  # type: ignore[arg-type]  # a test's own options


def test_stock_below_nothing_is_accepted_and_told_until_the_goods_are_found() -> None:
    log = stocked(5)
    pick(log, "07:00", 10)
    fold = log.fold()
    assert on_hand(fold, "TOM-5", "1121", "R1") == (-5, 0)
    assert open_exceptions(fold) == {"negative-stock/TOM-5/1121/R1"}
    row = table(fold, "exception", "desk")["negative-stock\x1fTOM-5\x1f1121\x1fR1"]
    assert row[2:6] == [["TOM-5", "1121", "R1", -5, 0], [2], "manager", at("07:00")]
    log.log(
        "receive",
        "wang",
        None,
        [line("TOM-5", "1121", "", "R1", 5)],
        t=at("11:00"),
        occurred=(at("06:30"), at("06:30"), "paper"),
    )
    fold.apply(log.entries)
    fold.drain()
    assert open_exceptions(fold) == set()
    assert table(fold, "exception") == {}


def test_an_exception_goes_to_the_desk_and_to_the_devices_concerned() -> None:
    log = stocked(5)
    pick(log, "07:00", 10, by=3)
    buckets = {bucket for bucket, name, _key in log.fold().rows() if name == "exception"}
    assert buckets == {"desk", f"device:{bytes([3]).hex() * 16}"}


def test_an_item_is_unknown_until_somebody_introduces_it() -> None:
    log = FoldLog()
    log.log("receive", "wang", None, [line("KIWI", "1", "", "R1", 5)], t=at("07:00"))
    fold = log.fold()
    assert open_exceptions(fold) == {"unknown-item/KIWI"}
    fold.apply([log.log("set", "item", "KIWI", [["unit", "each"]], t=at("08:00"))])
    fold.drain()
    assert open_exceptions(fold) == set()


def test_a_lot_is_unknown_until_it_comes_from_somewhere() -> None:
    log = known("TOM-5")
    pick(log, "07:00", 1, lot="9")
    fold = log.fold()
    assert "unknown-lot/TOM-5/9" in open_exceptions(fold)
    fold.apply([log.log("receive", "wang", None, [line("TOM-5", "9", "", "R1", 5)], t=at("06:00"))])
    fold.drain()
    assert open_exceptions(fold) == set(), "also where the lot went meanwhile"


def test_an_expired_lot_that_is_picked_is_told_to_quality() -> None:
    log = stocked(item="MLK", lot="1")
    log.log("set", "lot", "MLK\x1f1", [["expires_on", "2026-11-22"]], t=at("05:00"))
    pick(log, "08:00", 1, lot="1", item="MLK")
    fold = log.fold()
    assert open_exceptions(fold) == {"expired-picked/3/0"}
    assert next(iter(table(fold, "exception", "desk").values()))[4] == "qa"


def test_a_lot_is_good_to_the_end_of_its_local_day_also_by_production_day_and_life() -> None:
    log = stocked(item="MLK", lot="1")
    log.log("set", "lot", "MLK\x1f1", [["produced_on", "2026-11-16"]], t=at("05:00"))
    log.log("set", "item", "MLK", [["life_days", 7]], t=at("05:00"))
    pick(log, "23:59", 1, lot="1", item="MLK")
    assert open_exceptions(log.fold()) == set()
    log.log("pick", None, None, [line("MLK", "1", "R1", "T1", 1)], t=at("23:59") + MINUTE)
    assert open_exceptions(log.fold()) == {"expired-picked/5/0"}


def two_lots() -> FoldLog:
    log = stocked(item="MLK", lot="sooner")
    log.log("adjust", "opening", [line("MLK", "later", "virtual:opening", "R1", 9)], t=at("06:00"))
    log.log("set", "lot", "MLK\x1fsooner", [["expires_on", "2026-11-27"]], t=at("05:00"))
    log.log("set", "lot", "MLK\x1flater", [["expires_on", "2026-11-29"]], t=at("05:00"))
    return log


def test_passing_over_the_lot_that_expires_sooner_is_told() -> None:
    log = two_lots()
    pick(log, "08:00", 1, lot="later", item="MLK")
    fold = log.fold()
    assert open_exceptions(fold) == {"fefo-overridden/5/0"}
    assert next(iter(table(fold, "exception", "desk").values()))[2] == ["MLK", "later", "R1", "sooner"]


def test_passing_over_a_held_lot_is_right() -> None:
    log = two_lots()
    hold = log.log("hold", "MLK", "sooner", None, "hold", "smells", t=at("07:00")).hash
    pick(log, "08:00", 1, lot="later", item="MLK")
    assert open_exceptions(log.fold()) == set()
    log.log("release", "fine", t=at("09:00"), names=(hold,))
    assert open_exceptions(log.fold()) == set(), "it was held when the pick was made"


def test_a_lot_that_was_gone_by_then_was_not_passed_over() -> None:
    log = two_lots()
    pick(log, "08:00", 1, lot="later", item="MLK", by=2)
    pick(log, "07:00", 40, lot="sooner", item="MLK")
    assert open_exceptions(log.fold()) == set()


def ordered() -> FoldLog:
    log = known("TOM-L")
    log.log("order", "PO-1", "wang", "buy", "2026-11-23", [["TOM-L", 400, None]], t=at("05:30"))
    return log


@pytest.mark.parametrize(("qty", "complete", "found"), [
    (400, True, set()), (401, False, {"over-receipt/PO-1/TOM-L"}), (399, False, set()),
    (399, True, {"short-receipt/PO-1/TOM-L"}),
])  # fmt: skip
def test_what_comes_against_an_order_is_compared_with_it(qty: int, complete: bool, found: set[str]) -> None:
    log = ordered()
    log.log("receive", "wang", "PO-1", [line("TOM-L", "1123", "", "DOCK", qty)], [], complete, t=at("06:30"))
    fold = log.fold()
    assert open_exceptions(fold) == found
    for row in table(fold, "exception", "desk").values():
        assert row[5] == at("06:30")


def test_what_nobody_ordered_came_over_the_order() -> None:
    log = ordered()
    log.log("set", "item", "CUC", [["unit", "g"]], t=at("05:00"))
    log.log("receive", "wang", "PO-1", [line("CUC", "1", "", "DOCK", 3)], t=at("06:30"))
    assert open_exceptions(log.fold()) == {"over-receipt/PO-1/CUC"}


def test_missing_goods_and_open_offers_wait_for_the_taking_side() -> None:
    log = stocked()
    offer = log.log("offer", "zhou", None, [line("TOM-5", "1121", "R1", "T1", 40)], t=at("08:00")).hash
    assert open_exceptions(log.fold()) == {"hand-over-open/2"}
    missing = [["TOM-5", "1121", "R1", 1, None, "not on the pallet"]]
    log.log("take", [line("TOM-5", "1121", "R1", "T1", 39)], [], missing, t=at("09:00"), by=5, names=(offer,))
    fold = log.fold()
    assert open_exceptions(fold) == {"hand-over-missing/3/0"}
    assert on_hand(fold, "TOM-5", "1121", "T1") == (39, 0), "only what is taken moves"


def test_concurrent_different_values_that_matter_are_a_conflict_until_somebody_who_knows_both_decides() -> (
    None
):
    log = known("TOM-5")
    log.log("set", "item", "TOM-5", [["weight_g", 5000], ["name", "box"]], t=at("06:00"), by=2, seen=1)
    log.log("set", "item", "TOM-5", [["weight_g", 4900], ["name", "tomato box"]], t=at("06:05"), by=3, seen=1)
    fold = log.fold()
    assert open_exceptions(fold) == {"attribute-conflict/item/TOM-5/weight_g"}, (
        "a name in conflict harms nobody"
    )
    assert table(fold, "item")["TOM-5"][1:] == [
        [["name", "tomato box"], ["unit", "each"], ["weight_g", 4900]], ["name", "weight_g"],
    ]  # fmt: skip
    fold.apply([log.log("set", "item", "TOM-5", [["weight_g", 5000]], t=at("07:00"), by=2)])
    fold.drain()
    assert open_exceptions(fold) == set()


def test_one_serial_in_two_places_is_a_finding_and_both_claims_stand() -> None:
    log = stocked()
    for by, place in ((2, "T1"), (3, "T2")):
        moved = [*line("TOM-5", "1121", "R1", place, 1), None, None, ["S-1"]]
        log.log("move", None, [moved], t=at("07:00") + by, by=by)
    fold = log.fold()
    assert open_exceptions(fold) == {"serial-in-two-places/S-1"}
    assert on_hand(fold, "TOM-5", "1121", "R1") == (38, 0)


def test_a_fact_without_the_right_waits_with_the_manager_until_it_is_accepted() -> None:
    log = stocked()
    pick(log, "07:00", 5, verdict="quarantined", code="lapsed-permission")
    fold = log.fold()
    assert on_hand(fold, "TOM-5", "1121", "R1") == (40, 0)
    assert open_exceptions(fold) == {"lapsed-permission/2"}
    assert [row[2:5] for row in table(fold, "verdict").values()] == [[2, "quarantined", "lapsed-permission"]]
    fold.amend([VerdictChange(2, "accepted", "", at("07:00"), 0, 3)])
    fold.drain()
    assert on_hand(fold, "TOM-5", "1121", "R1") == (35, 0)
    assert open_exceptions(fold) == set()
    assert table(fold, "verdict") == {}


def test_a_fork_names_the_device_once_however_long_the_branch() -> None:
    log = stocked()
    for minute in range(3):
        pick(log, f"07:0{minute}", 1, verdict="quarantined", code="fork", by=4)
    fold = log.fold()
    assert open_exceptions(fold) == {f"forked-device/{bytes([4]).hex() * 16}/7"}
    assert table(fold, "exception", "desk").popitem()[1][3] == [2, 3, 4]


def test_a_clock_that_stepped_is_told_once_per_run_and_a_claimed_doubt_is_not() -> None:
    log = stocked()
    pick(log, "07:00", 1, off=3 * MINUTE)
    pick(log, "07:10", 1, off=3 * MINUTE)
    pick(log, "07:20", 1, off=3 * MINUTE, err=3 * MINUTE, run=2)
    assert open_exceptions(log.fold()) == {f"suspect-clock/{bytes([1]).hex() * 16}/1"}


def test_grams_that_a_transform_loses_or_makes_are_told() -> None:
    log = known("TOM-5")
    log.log("set", "item", "TOM-5", [["weight_g", 5000]], t=at("05:00"))
    log.log("set", "item", "TOM-L", [["unit", "g"]], t=at("05:00"))
    log.log("adjust", "opening", [line("TOM-L", "1123", "virtual:opening", "DOCK", 400_000)], t=at("06:00"))
    inputs, outputs = [line("TOM-L", "1123", "DOCK", "", 400_000)], [line("TOM-5", "1123", "", "R1", 76)]
    log.log("transform", "pack", inputs, outputs, [line("TOM-L", "1123", "", "", 20_000)], t=at("07:00"))
    assert open_exceptions(log.fold()) == set()
    log.log("transform", "pack", [], outputs, t=at("08:00"))
    assert open_exceptions(log.fold()) == {"mass-balance/5"}


def test_mass_is_balanced_anew_when_somebody_says_what_a_box_weighs() -> None:
    log = known("TOM-5", "TOM-L")
    log.log(
        "transform",
        "pack",
        [line("TOM-5", "1", "R1", "", 2)],
        [line("TOM-5", "2", "", "R1", 1)],
        t=at("07:00"),
    )
    fold = log.fold()
    assert "mass-balance/2" not in open_exceptions(fold)
    fold.apply([log.log("set", "item", "TOM-5", [["weight_g", 5000]], t=at("08:00"))])
    fold.drain()
    assert "mass-balance/2" in open_exceptions(fold)


def test_a_word_closes_an_exception_until_something_new_comes_under_it() -> None:
    log = stocked(5)
    pick(log, "07:00", 10)
    exception = "negative-stock\x1fTOM-5\x1f1121\x1fR1"
    log.log("resolve", "accepted", "counted wrongly", exception, t=at("08:00"), by=9)
    fold = log.fold()
    assert open_exceptions(fold) == set()
    assert table(fold, "exception", "desk")[exception][7:] == ["closed", "3"]
    pick(log, "09:00", 1)
    assert open_exceptions(log.fold()) == {"negative-stock/TOM-5/1121/R1"}


def test_a_weighing_replaces_the_estimate_from_the_instant_of_the_pick() -> None:
    log = known("BEEF")
    log.log("adjust", "opening", [line("BEEF", "B77", "virtual:opening", "R1", 8, 163_400)], t=at("06:00"))
    taken = [line("BEEF", "B77", "R1", "T1", 1, 20_000, estimated=True)]
    picked = log.log("pick", None, None, taken, t=at("08:00")).hash
    assert log.fold().balances()["BEEF", "B77", "T1"] == (1, 20_000, True)
    log.log("weigh", [[0, 20_400]], t=at("09:00"), names=(picked,))
    log.log("weigh", [[0, 20_460]], t=at("09:01"), names=(picked,))
    fold = log.fold()
    assert fold.balances(at("08:30"))["BEEF", "B77", "T1"] == (1, 20_460, False)
    assert on_hand(fold, "BEEF", "B77", "R1") == (7, 142_940)


def test_a_voided_pick_never_left() -> None:
    log = stocked()
    picked = pick(log, "07:00", 5)
    log.log("void", "wrong pallet", t=at("08:00"), names=(picked,))
    fold = log.fold()
    assert on_hand(fold, "TOM-5", "1121", "R1") == (40, 0)
    assert not fold.is_live(2)
    assert fold.logged(2) is not None, "the original stays visible"


def test_a_correction_of_another_organisations_op_corrects_nothing_here() -> None:
    log = stocked()
    log.log("void", "theirs", t=at("08:00"), names=(["zhou.example/log", bytes(32)],))
    assert on_hand(log.fold(), "TOM-5", "1121", "R1") == (40, 0)


def test_figures_beyond_what_a_row_can_say_stand_at_its_limit() -> None:
    log = known("TOM-5")
    for _ in range(5):
        log.log("adjust", "typo", [line("TOM-5", "1", "virtual:opening", "R1", 2**53 - 1)], t=at("07:00"))
    fold = log.fold()
    assert table(fold, "balance")["TOM-5\x1f1\x1fR1"][3] == 2**53 - 1
    assert on_hand(fold, "TOM-5", "1", "R1") == (5 * (2**53 - 1), 0)


def test_a_place_that_moves_takes_its_rows_to_another_bucket() -> None:
    log = stocked()
    log.log("pack", "952", "R1", [line("TOM-5", "1121", "R1", "", 4)], t=at("07:00"))
    fold = log.fold()
    assert ("site:R1", "balance", "TOM-5\x1f1121\x1flpn:952") in fold.rows()
    fold.apply([log.log("set", "place", "R1", [["parent", "DEPOT"]], t=at("08:00"))])
    changes = fold.drain()
    assert changes.rows["site:R1", "balance", "TOM-5\x1f1121\x1flpn:952"] is None
    assert ("site:DEPOT", "balance", "TOM-5\x1f1121\x1flpn:952") in fold.rows()


def test_what_is_no_identifier_is_no_parent_of_a_place() -> None:
    for parent in ("", "长" * 65, 7, None, ["DEPOT"]):
        log = stocked()
        log.log("set", "place", "R1", [["parent", parent]], t=at("07:00"))
        assert ("site:R1", "balance", "TOM-5\x1f1121\x1fR1") in log.fold().rows()


def test_units_packed_into_each_other_stand_somewhere_all_the_same() -> None:
    log = stocked()
    log.log(
        "move",
        None,
        [line("TOM-5", "1121", "R1", "lpn:1", 4)],
        [["1", "lpn:2"], ["2", "lpn:1"]],
        t=at("07:00"),
    )
    assert ("desk", "balance", "TOM-5\x1f1121\x1flpn:1") in log.fold().rows()


def test_orders_and_tasks_say_how_far_they_have_come() -> None:
    log = stocked()
    log.log("order", "SO-1", "zhou", "sell", "2026-11-23", [["TOM-5", 10, None]], t=at("05:00"))
    log.log("task", "T-1", "pick", "liu", "SO-1", [line("TOM-5", "1121", "R1", "T1", 10)], t=at("05:00"))
    log.log("pick", "SO-1", "T-1", [line("TOM-5", "1121", "R1", "T1", 10)], t=at("07:00"))
    fold = log.fold()
    assert table(fold, "task")["T-1"][5:] == [[["TOM-5", "1121", 10, 0]], None, "done"]
    assert table(fold, "order")["SO-1"][4:] == [[["TOM-5", 10, None, 10, 0, 0, 0, 0]], "open"]
    log.log("deliver", "zhou", "SO-1", None, [line("TOM-5", "1121", "T1", "", 10)], t=at("09:00"))
    assert table(log.fold(), "order")["SO-1"][4:] == [[["TOM-5", 10, None, 10, 0, 10, 0, 0]], "done"]


def test_a_statement_adds_up_what_is_settled_and_paid() -> None:
    log = FoldLog()
    sold = [[None, "TOM-5", "1121", 58, None, 310_000, "each"], [None, "CUC", "1", 10, 210_400, 26_000, "斤"]]
    log.log("settle", "zhou", "sell", sold, -8, t=at("09:00"))
    log.log("payment", "zhou", "in", 150_000, "cash", t=at("09:10"))
    row = table(log.fold(), "statement")["zhou"]
    assert row[:3] == ["zhou", 0, 139_200]


def test_a_statement_tells_which_delivery_each_line_settles() -> None:
    log = FoldLog()
    goods = line("TOM-5", "1121", "T1", "", 10)
    first = log.log("deliver", "zhou", None, None, [goods], t=at("08:00"))
    second = log.log("deliver", "zhou", None, None, [goods], t=at("09:00"))
    sold = [[0, "TOM-5", "1121", 10, None, 310_000, "each"]]
    log.log("settle", "zhou", "sell", sold, 0, t=at("10:00"), names=(first.hash,))
    row = table(log.fold(), "statement")["zhou"]
    settled = log.entries[-1].index
    assert row[3] == [[settled, "sell", 31_000, "TOM-5", "1121", 10, None, 310_000, "each", first.hash.hex()]]
    assert first.hash != second.hash


def test_the_last_grant_of_a_role_stands_whatever_came_first() -> None:
    log = FoldLog()
    log.log("grant", "liu", "picker", None, None, at("12:00"), t=at("05:00"))
    log.log("grant", "liu", "picker", ["R1"], None, at("18:00"), t=at("05:00"))
    turned = folded(list(reversed(log.entries)))
    assert turned.rows() == log.fold().rows()
    assert table(turned, "grant")["liu\x1fpicker"] == ["liu", "picker", ["R1"], None, at("18:00"), 1]


def test_every_code_has_an_owner_and_a_deadline() -> None:
    assert all(role in {"manager", "qa"} and hours > 0 for role, hours in OWNERS.values())


def test_a_right_that_was_ended_has_no_row_and_one_that_is_given_anew_has() -> None:
    log = FoldLog()
    log.log("grant", "liu", "picker", None, None, None, t=at("05:00"))
    log.log("grant", "liu", "driver", None, None, None, t=at("05:00"))
    log.log("revoke", "role", "liu", "picker", t=at("06:00"))
    assert list(table(log.fold(), "grant")) == ["liu\x1fdriver"]
    log.log("revoke", "person", "liu", None, t=at("07:00"))
    assert table(log.fold(), "grant") == {}
    log.log("grant", "liu", "picker", None, None, None, t=at("08:00"))
    assert list(table(log.fold(), "grant")) == ["liu\x1fpicker"]
    assert table(folded(log.entries[::-1]), "grant") == table(log.fold(), "grant"), "whatever came first"
