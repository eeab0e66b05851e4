"""One day at the co-op: in its order, and in a thousand disorders, it ends in the same tables."""

from __future__ import annotations

import os
from random import Random
from typing import Any

import pytest

from api.demo.day import DAY, ORG, Record, Sync, at
from api.demo.ends import differences, tables_of
from api.demo.play import Happening, Play, Shift, shift_to
from api.demo.shuffle import ShuffledDay, finished, found_in_memory, shuffled_days
from domain.canonical import decode
from sync_engine.ledger import Ledger
from sync_engine.sequenced import replay

SEEDS = int(os.environ.get("GOBI_SIM_SEEDS", "1000"))
SHARES = 8


class Day:
    """The day in its order, on a server in memory."""

    def __init__(self, seed: int = 1, shift: Shift | None = None) -> None:
        chance = Random(seed)
        self.server, self.secret, self.key = found_in_memory(chance)
        self.play = Play(self.server, self.secret, chance, shift or Shift())
        finished(self.play.prepare())

    def until(self, clock: str) -> list[Happening]:
        async def gather() -> list[Happening]:
            return [happening async for happening in self.play.until(clock)]

        return finished(gather())

    def rows(self, table: str, bucket: str = "desk") -> list[list[Any]]:
        return [
            decode(data)
            for (found, kind, _key), data in self.server.rows.items()
            if kind == table and found == bucket
        ]

    def verdict(self, label: str) -> tuple[str, str]:
        fold = self.server.ledger.fold
        index = fold.index_of(self.play.labels[label])
        assert index is not None
        entry = fold.logged(index)
        assert entry is not None
        return entry.verdict, entry.code

    def variance(self) -> list[Any]:
        return next(row for row in self.rows("exception") if row[1] == "variance")


@pytest.fixture
def day() -> Day:
    return Day()


def test_the_day_ends_as_the_demo_world_says(day: Day) -> None:
    day.until("24:00")
    assert differences(day.server.rows) == []


def test_every_op_of_the_day_has_a_verdict_and_only_the_early_certificate_is_refused(day: Day) -> None:
    day.until("24:00")
    entries = [day.server.ledger.fold.logged(index) for index in range(day.server.ledger.size)]
    others = [(e.op.kind, e.verdict, e.code) for e in entries if e is not None and e.verdict != "accepted"]
    assert others == [("certificate", "refused", "inside-pre-harvest-interval")]
    assert all(not held.phone.pending for held in day.play.phones.values())


def test_at_0820_the_count_shows_21_missing_and_at_0905_one(day: Day) -> None:
    day.until("08:20")
    assert day.variance()[2][7:9] == [-21, 0]
    assert day.variance()[2][9] == []
    day.until("09:05")
    assert day.variance()[2][7:9] == [-1, 0]
    pick = day.server.ledger.fold.index_of(day.play.labels["pick-tomato"])
    assert day.variance()[2][9] == [[pick, -20, 0]]


def test_the_variance_is_one_exception_before_and_after_its_cause_arrived(day: Day) -> None:
    day.until("08:20")
    before = day.variance()[0]
    day.until("24:00")
    assert day.variance()[0] == before


def test_cucumber_is_negative_until_the_paper_is_typed(day: Day) -> None:
    day.until("10:57")
    assert "negative-stock" in tables_of(day.server.rows).exceptions
    day.until("11:05")
    assert "negative-stock" not in tables_of(day.server.rows).exceptions


def test_the_farmer_cannot_promise_what_was_sprayed_but_the_harvest_stands(day: Day) -> None:
    day.until("06:05")
    assert day.verdict("certificate-pak") == ("refused", "inside-pre-harvest-interval")
    assert day.verdict("harvest-pak") == ("accepted", "")
    assert ("PAK", "1123-P3", "F3") in tables_of(day.server.rows).held


def test_milk_that_left_before_the_excursion_is_not_held(day: Day) -> None:
    day.until("24:00")
    held = tables_of(day.server.rows).held
    assert {(item, place) for item, _lot, place in held if item == "MLK"} == {("MLK", "HOLD")}


def test_the_cucumbers_that_were_not_there_yet_end_by_themselves_when_the_weighbill_is_typed(
    day: Day,
) -> None:
    day.until("10:59")
    before = {row[1] for row in day.rows("exception") if row[7] == "open"}
    assert {"negative-stock", "unknown-lot"} <= before
    earlier = {row[0] for row in day.rows("past_exception")}
    day.until("11:06")
    ended = {row[1]: row[2][:3] for row in day.rows("past_exception") if row[0] not in earlier}
    assert ended == {"negative-stock": ["CUC", "1123-P2", "R1"], "unknown-lot": ["CUC", "1123-P2"]}
    day.until("24:00")
    assert sum(row[7] == "open" for row in day.rows("exception")) == 4  # as the demo world says


def test_a_clock_two_hours_fast_suspects_nobody_and_errs_by_less_than_a_second(day: Day) -> None:
    day.until("24:00")
    fold = day.server.ledger.fold
    index = fold.index_of(day.play.labels["pick-tomato"])
    assert index is not None
    entry = fold.logged(index)
    assert entry is not None
    assert abs(entry.t - at("07:42")) <= entry.err < 1_000


def test_the_day_can_be_moved_so_that_its_0741_is_now() -> None:
    now_ms = at("07:41") + 12 * 86_400_000 + 5 * 3_600_000
    shift = shift_to(now_ms)
    assert (shift.instant("07:41"), shift.days) == (now_ms, 12)
    moved = Day(shift=shift)
    moved.until("07:41")
    assert moved.server.ledger.server_ms <= now_ms
    moved.until("24:00")
    assert differences(moved.server.rows) == []


def test_the_log_alone_gives_every_table_time_and_verdict(day: Day) -> None:
    day.until("24:00")
    assert day.server.misfits(Ledger(ORG, day.secret, day.key)) == []
    fold = day.server.ledger.fold
    for entry in replay(day.server.log):
        known = fold.logged(entry.index)
        assert known is not None
        assert (entry.hash, entry.t, entry.err, entry.verdict, entry.code) == (
            known.hash, known.t, known.err, known.verdict, known.code,
        )  # fmt: skip


def test_every_label_that_a_step_names_was_recorded_before() -> None:
    known: set[str] = set()
    for step in DAY:
        if isinstance(step, Record):
            assert set(step.names) <= known
            known.add(step.label)
    assert sum(isinstance(step, Sync) for step in DAY) > len(known) // 3


@pytest.mark.parametrize("share", range(SHARES))
def test_in_any_disorder_the_day_ends_in_the_same_tables(share: int) -> None:
    first, last = share * SEEDS // SHARES, (share + 1) * SEEDS // SHARES
    assert [outcome for outcome in shuffled_days(last - first, first=first) if not outcome.is_well] == []


def test_a_seed_plays_the_same_day_again() -> None:
    logs = []
    for _ in range(2):
        shuffled = ShuffledDay(7)
        shuffled.outcome()
        logs.append(shuffled.server.log)
    assert logs[0] == logs[1]


def test_a_server_in_memory_notices_a_table_that_is_not_what_the_log_gives(day: Day) -> None:
    row = next(key for key in day.server.rows if key[1] == "balance")
    del day.server.rows[row]
    assert day.server.misfits(Ledger(ORG, day.secret, day.key)) == ["rows"]
