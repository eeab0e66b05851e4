"""What the server promises to phones: given before they go offline, used up, extended, asked back, promised anew."""

from __future__ import annotations

from typing import Any

import pytest

from domain.canonical import decode
from sync_engine.fold import effects
from sync_engine.seal import raw_key
from tests.tools.company import DAY_MS, SERVER_KEY, Company

HOUR_MS = 3_600_000
TERM_MS = 12 * HOUR_MS


class Floor(Company):
    """A company whose phones speak for themselves: each sync says up to where it has applied the rows."""

    def task(
        self, task: str, assignee: str | None, qty: int, *, lot: str = "", order: str | None = None
    ) -> None:
        line = ["TOM-5", lot, "", "T1", qty]
        self.record("limin", "task", task, "pick", assignee, order, [line])
        self.bring("limin")

    def take_for(self, name: str, task: str | None, qty: int, *, lot: str = "1121", **more: Any) -> None:
        self.record(name, "pick", None, task, [["TOM-5", lot, "R1", "T1", qty]], **more)

    def meet(
        self, name: str, *, cursor: int | None = None, pending: int = 0, as_of: int | None = None
    ) -> None:
        """The phone syncs: what it holds comes, and it says what it knew before, and when it says so."""
        known = self.server.ledger.size - 1 if cursor is None else cursor
        self.take(self.spoken(name, cursor=known, pending=pending, as_of=as_of))

    def spoken(self, name: str, *, cursor: int, pending: int = 0, as_of: int | None = None) -> Any:
        from msgspec import structs  # noqa: PLC0415  # only here

        chain = self.chains[name]
        said_ms = self.now_ms if as_of is None else as_of
        held = {epoch: seq for epoch, seq, _ in self.ledger.device_state(chain.device).held}
        if held.get(chain.epoch, 1) > len(chain.hashes):
            from sync_engine.commit import Delivery  # noqa: PLC0415  # only here

            return Delivery(device=chain.device, now_ms=said_ms, run=None, cursor=cursor, pending=pending)
        return structs.replace(self.delivery(name), cursor=cursor, pending=pending, now_ms=said_ms)

    def wait(self, ms: int) -> None:
        self.take(at=self.now_ms + ms)

    def rows(self, table: str) -> list[list[Any]]:
        found = {key[2]: decode(data) for key, data in self.server.rows.items() if key[1] == table}
        return [found[key] for key in sorted(found)]

    def leases(self) -> list[tuple[str, int, int, str]]:
        """Whose, quantity, used, state."""
        names = {chain.device.hex(): name for name, chain in self.chains.items()}
        return [(names[row[1]], row[5], row[6], row[8]) for row in self.rows("lease")]

    def free(self) -> int:
        atp = self.rows("atp")
        return atp[0][5] if atp else self.on_hand()


@pytest.fixture
def floor() -> Floor:
    return Floor()


def test_a_task_leases_its_stock_to_the_phone_of_whoever_is_to_do_it(floor: Floor) -> None:
    floor.task("T-1", "liu", 400)
    assert floor.leases() == [("liu", 400, 0, "live")]
    assert floor.free() == 600


def test_two_tasks_never_lease_the_same_boxes(floor: Floor) -> None:
    floor.task("T-1", "liu", 700)
    floor.task("T-2", "zhang", 700)
    assert floor.leases() == [("liu", 700, 0, "live"), ("zhang", 300, 0, "live")]
    assert floor.free() == 0


def test_however_many_leases_are_out_none_of_them_is_promised_twice(floor: Floor) -> None:
    for number in range(70):
        floor.task(f"T-{number}", "liu", 15)
    assert sum(qty for _, qty, _, _ in floor.leases()) == 1000
    assert floor.free() == 0


def test_a_lease_is_looked_through_no_more_once_it_is_returned(floor: Floor) -> None:
    floor.task("T-1", "liu", 400)
    floor.take_for("liu", "T-1", 400)
    floor.meet("liu")
    state, book = floor.ledger.fold.state, floor.ledger.fold.state.promises
    [lease] = book.grants
    assert floor.leases() == []
    assert book.grants_to[floor.chains["liu"].device] == set()
    [returned] = [
        index for index, noted in state.noted.items() if getattr(noted.body, "word", "") == "return"
    ]
    effects.leave(state, state.noted[returned])
    assert book.grants_to[floor.chains["liu"].device] == {lease}


def test_a_returned_lease_keeps_what_was_taken_under_it_from_others_that_stand(floor: Floor) -> None:
    floor.say("dispose", "rotten", (("TOM-5", "1121", "R1", "", 900),))
    floor.task("T-0", "liu", 150)
    floor.say("adjust", "found", (("TOM-5", "1121", "virtual:opening", "R1", 200),))
    floor.take_for("liu", "T-0", 100)
    floor.meet("liu")
    assert floor.leases() == [("liu", 50, 0, "live")]
    for number in range(1, 70):
        floor.task(f"T-{number}", "zhang", 1)
        floor.take_for("zhang", f"T-{number}", 1)
        floor.meet("zhang")
    assert floor.leases() == [("liu", 50, 0, "live")]


def test_what_was_short_is_leased_as_soon_as_there_is_more(floor: Floor) -> None:
    floor.task("T-1", "liu", 1200)
    floor.say("adjust", "found", (("TOM-5", "1122", "virtual:opening", "R1", 500),))
    assert floor.leases() == [("liu", 1000, 0, "live"), ("liu", 200, 0, "live")]


def test_a_pick_for_the_task_uses_its_lease_up(floor: Floor) -> None:
    floor.task("T-1", "liu", 400)
    floor.take_for("liu", "T-1", 150)
    floor.meet("liu")
    assert floor.leases() == [("liu", 400, 150, "live")]
    assert floor.on_hand() == 850
    assert floor.free() == 600
    assert floor.rows("lease")[0][11] == [[floor.last("liu").index, 150]]


def test_a_done_task_gives_back_what_is_left(floor: Floor) -> None:
    floor.task("T-1", "liu", 400, lot="1121")
    floor.say("adjust", "found", (("TOM-5", "1122", "virtual:opening", "R1", 500),))
    floor.take_for("liu", "T-1", 400, lot="1122")
    floor.meet("liu")
    assert floor.leases() == [("liu", 400, 0, "recalled")]
    floor.meet("liu")
    assert floor.leases() == []


def test_a_cancelled_task_frees_its_stock_once_the_phone_knows(floor: Floor) -> None:
    floor.task("T-1", "liu", 400)
    task = floor.chains["limin"].prev
    before = floor.server.ledger.size - 1
    floor.record("limin", "void", "cancelled", names=(task,))
    floor.bring("limin")
    assert floor.leases() == [("liu", 400, 0, "recalled")]
    assert floor.free() == 600
    floor.meet("liu", cursor=before)
    assert floor.free() == 600
    floor.meet("liu")
    assert floor.leases() == []
    assert floor.free() == 1000


def test_a_task_given_to_another_leases_what_is_free_and_the_rest_when_the_first_phone_knows(
    floor: Floor,
) -> None:
    floor.task("T-1", "liu", 700)
    floor.task("T-1", "zhang", 700)
    assert floor.leases() == [("liu", 700, 0, "recalled"), ("zhang", 300, 0, "live")]
    floor.meet("liu")
    assert floor.leases() == [("zhang", 300, 0, "live"), ("zhang", 400, 0, "live")]


def test_a_revoked_phone_holds_nothing(floor: Floor) -> None:
    floor.task("T-1", "liu", 700)
    floor.say("revoke", "device", floor.chains["liu"].device)
    floor.wait(1)
    assert floor.leases() == [("liu", 700, 0, "lapsed")]
    assert floor.free() == 1000


def test_a_lease_ends_by_the_servers_time_and_not_before(floor: Floor) -> None:
    floor.task("T-1", "liu", 700)
    until = floor.rows("lease")[0][7]
    floor.take(at=until - 1)
    assert floor.free() == 300
    floor.take(at=until)
    assert floor.leases() == [("liu", 700, 0, "lapsed")]
    assert floor.free() == 1000


def test_a_phone_that_meets_the_server_keeps_its_lease_alive(floor: Floor) -> None:
    floor.task("T-1", "liu", 700)
    until = floor.rows("lease")[0][7]
    floor.wait(TERM_MS // 2 + 60_000)
    floor.meet("liu")
    assert floor.rows("lease")[0][7] > until


def test_a_phone_that_still_holds_ops_has_not_reported(floor: Floor) -> None:
    floor.task("T-1", "liu", 700)
    floor.wait(TERM_MS + 1000)
    floor.meet("liu", pending=1)
    assert floor.leases() == [("liu", 700, 0, "lapsed")]
    floor.meet("liu")
    assert [lease[3] for lease in floor.leases()] == ["live"]


def test_a_report_that_hung_on_its_way_ends_no_lease_that_went_on_meanwhile(floor: Floor) -> None:
    floor.task("T-1", "liu", 700)
    until = floor.rows("lease")[0][7]
    floor.take(at=until + 1000)
    floor.meet("liu", as_of=until - 1)
    assert floor.leases() == [("liu", 700, 0, "lapsed")]
    floor.meet("liu", as_of=until)
    assert [lease[3] for lease in floor.leases()] == ["live"]


def test_what_is_promised_anew_before_the_holder_reported_is_at_risk(floor: Floor) -> None:
    floor.task("T-1", "liu", 700)
    floor.wait(TERM_MS + 1000)
    floor.task("T-2", "zhang", 300)
    assert floor.exceptions() == []
    floor.task("T-3", "zhang", 200)
    assert floor.exceptions() == ["lease-at-risk"]
    floor.meet("liu")
    assert floor.exceptions() == []


def test_a_late_report_that_clashes_stays_an_exception(floor: Floor) -> None:
    floor.task("T-1", "liu", 700)
    floor.take_for("liu", "T-1", 700)
    floor.wait(TERM_MS + 1000)
    floor.task("T-2", "zhang", 900)
    floor.meet("liu")
    assert floor.exceptions() == ["lease-at-risk", "promise-short"]
    assert floor.on_hand() == 300


def test_a_count_after_the_lapse_settles_the_doubt(floor: Floor) -> None:
    floor.task("T-1", "liu", 700)
    floor.wait(TERM_MS + 1000)
    floor.task("T-2", "zhang", 900)
    assert floor.exceptions() == ["lease-at-risk"]
    floor.record("limin", "count", "R1", None, False, True, [["TOM-5", "1121", 1000]])
    floor.bring("limin")
    assert floor.exceptions() == []


def test_a_count_below_the_leases_is_an_exception_with_its_holders(floor: Floor) -> None:
    floor.task("T-1", "liu", 700)
    floor.record("zhang", "count", "R1", None, False, False, [["TOM-5", "1121", 500]])
    floor.bring("zhang")
    assert floor.exceptions() == ["promise-short", "variance"]
    [row] = [row for row in floor.rows("exception") if row[1] == "promise-short"]
    assert row[2][3:5] == [500, 700]
    assert [holder[1:3] for holder in row[2][5]] == [["T-1", 700]]


def test_a_pick_beyond_the_lease_is_a_fact_and_an_exception(floor: Floor) -> None:
    floor.task("T-1", "liu", 700)
    floor.task("T-2", "zhang", 300)
    floor.take_for("liu", "T-1", 750)
    floor.meet("liu")
    assert floor.on_hand() == 250
    assert floor.exceptions() == ["lease-exceeded", "promise-short"]


def test_held_goods_are_asked_back_and_others_leased(floor: Floor) -> None:
    floor.say("adjust", "found", (("TOM-5", "1122", "virtual:opening", "R1", 500),))
    floor.task("T-1", "liu", 400)
    floor.record("limin", "hold", "TOM-5", "1121", None, "hold", "mould")
    floor.bring("limin")
    assert floor.leases() == [("liu", 400, 0, "recalled"), ("liu", 400, 0, "live")]
    assert [row[3] for row in floor.rows("lease")] == ["1121", "1122"]


def test_a_refusal_says_what_is_there_and_who_has_the_rest(floor: Floor) -> None:
    floor.task("T-1", "liu", 700)
    floor.record("limin", "reserve", None, [["TOM-5", "1121", "R1", "", 400]], floor.now_ms + DAY_MS)
    floor.bring("limin")
    [row] = [row for row in floor.rows("verdict") if row[4] == "insufficient-atp"]
    liu = floor.chains["liu"].device.hex()
    until = floor.rows("lease")[0][7]
    assert row[6] == ["TOM-5", "1121", "R1", 400, 1000, 300, [[liu, "T-1", 700, until]]]


def test_a_reservation_for_a_phone_is_a_lease_until_its_own_end(floor: Floor) -> None:
    until = floor.now_ms + DAY_MS
    device = floor.chains["liu"].device
    floor.record("limin", "reserve", None, [["TOM-5", "1121", "R1", "", 400]], until, device)
    floor.bring("limin")
    assert floor.leases() == [("liu", 400, 0, "live")]
    assert floor.free() == 600
    floor.take_for("liu", None, 100)
    floor.meet("liu")
    assert floor.leases() == [("liu", 400, 100, "live")]
    assert floor.free() == 600
    assert floor.rows("lease")[0][7] == until


def test_what_a_hold_took_back_of_a_reservation_is_leased_anew_when_the_hold_ends(floor: Floor) -> None:
    device = floor.chains["liu"].device
    floor.record("limin", "reserve", None, [["TOM-5", "1121", "R1", "", 400]], floor.now_ms + DAY_MS, device)
    floor.bring("limin")
    floor.take_for("liu", None, 100)
    floor.meet("liu")
    floor.record("limin", "hold", "TOM-5", "1121", None, "hold", "mould")
    floor.bring("limin")
    hold = floor.chains["limin"].prev
    floor.meet("liu")
    assert floor.leases() == []
    floor.record("limin", "release", "fine", names=(hold,))
    floor.bring("limin")
    assert floor.leases() == [("liu", 300, 0, "live")]
    assert floor.free() == 600


def test_a_used_up_reservation_is_not_leased_again(floor: Floor) -> None:
    device = floor.chains["liu"].device
    for _ in range(2):
        until = floor.now_ms + DAY_MS
        floor.record("limin", "reserve", None, [["TOM-5", "1121", "R1", "", 400]], until, device)
    floor.bring("limin")
    assert floor.leases() == [("liu", 400, 0, "live"), ("liu", 400, 0, "live")]
    floor.take_for("liu", None, 400)
    floor.meet("liu")
    floor.meet("liu")
    assert floor.leases() == [("liu", 400, 0, "live")]
    assert floor.free() == 200


def test_a_sales_order_is_reserved_first_expired_first_out_and_says_what_is_short(floor: Floor) -> None:
    floor.say("adjust", "more", (("TOM-5", "1120", "virtual:opening", "R1", 100),),
              (("TOM-5", "1120", (("expires_on", "2027-01-01"),)),))  # fmt: skip
    floor.record("limin", "order", "SO-1", "zhou", "sell", "2026-11-23", [["TOM-5", 1300, None]])
    floor.bring("limin")
    assert [(row[3], row[7]) for row in floor.rows("reservation")] == [("1120", 100), ("1121", 1000)]
    [order] = floor.rows("order")
    assert order[4] == [["TOM-5", 1300, None, 0, 0, 0, 0, 1100]]


def test_what_is_leased_for_an_order_is_part_of_what_it_reserved(floor: Floor) -> None:
    floor.record("limin", "order", "SO-1", "zhou", "sell", "2026-11-23", [["TOM-5", 600, None]])
    floor.task("T-1", "liu", 400, order="SO-1")
    assert floor.leases() == [("liu", 400, 0, "live")]
    assert floor.free() == 400
    floor.record("liu", "pick", "SO-1", "T-1", [["TOM-5", "1121", "R1", "T1", 400]])
    floor.meet("liu")
    assert floor.free() == 400
    assert floor.on_hand() == 600


def test_a_task_without_a_phone_waits_for_one(floor: Floor) -> None:
    floor.say("grant", "wu", "picker")
    floor.task("T-1", "wu", 400)
    assert floor.leases() == []
    floor.enrol("wu", "wu", 9)
    assert floor.leases() == [("wu", 400, 0, "live")]


def test_a_reloaded_ledger_says_the_same_and_owes_nothing_more(floor: Floor) -> None:
    floor.task("T-1", "liu", 400)
    floor.record("limin", "order", "SO-1", "zhou", "sell", "2026-11-23", [["TOM-5", 1300, None]])
    floor.bring("limin")
    before = dict(floor.server.rows)
    floor.restart()
    size = floor.ledger.size
    floor.take(at=floor.now_ms + 1)
    assert floor.ledger.size == size + 1
    assert floor.server.rows == before
    assert floor.ledger.fold.rows() == before


def test_an_order_whose_stock_is_gone_is_reserved_anew_and_says_what_it_lacks(floor: Floor) -> None:
    floor.record("limin", "order", "SO-1", "zhou", "sell", "2026-11-23", [["TOM-5", 900, None]])
    floor.bring("limin")
    floor.say("adjust", "found", (("TOM-5", "1122", "virtual:opening", "R1", 50),))
    floor.record("zhang", "count", "R1", None, False, False, [["TOM-5", "1121", 500]])
    floor.bring("zhang")
    assert floor.exceptions() == ["variance"]
    assert [(row[3], row[7]) for row in floor.rows("reservation")] == [("1121", 500), ("1122", 50)]
    assert floor.rows("order")[0][4][0][7] == 550


def test_a_log_that_lost_its_end_gives_no_lease_until_those_of_the_lost_end_are_over(floor: Floor) -> None:
    genesis = ("绿原合作社", raw_key(SERVER_KEY.public_key()), "", (), (), "", ("root", "根", None), 480)
    reopened = floor.ledger.reopen(genesis, epoch=8, now_ms=floor.now_ms + 1, seen=floor.server.seen)
    floor.server.kept(reopened)
    floor.task("T-1", "liu", 400)
    assert floor.leases() == []
    floor.wait(TERM_MS + 1000)
    assert floor.leases() == [("liu", 400, 0, "live")]


def test_to_ask_what_a_poll_owes_takes_nothing_of_it_away(floor: Floor) -> None:
    genesis = ("绿原合作社", raw_key(SERVER_KEY.public_key()), "", (), (), "", ("root", "根", None), 480)
    floor.server.kept(floor.ledger.reopen(genesis, epoch=8, now_ms=floor.now_ms + 1, seen=floor.server.seen))
    floor.task("T-1", "liu", 400)
    poll = floor.spoken("limin", cursor=floor.ledger.size - 1)
    later_ms = floor.now_ms + TERM_MS + 1000
    # As the sequencer does: a poll takes a turn to commit where something is owed.
    assert floor.ledger.owes([poll], now_ms=later_ms)
    floor.take(poll, at=later_ms)
    assert floor.leases() == [("liu", 400, 0, "live")]


def test_a_poll_that_ends_a_silence_finds_what_waited_for_it(floor: Floor) -> None:
    floor.task("T-1", "liu", 400)
    floor.wait(TERM_MS + 1000)
    floor.task("T-2", "liu", 300)
    assert floor.leases() == [("liu", 400, 0, "lapsed")]
    poll = floor.spoken("liu", cursor=floor.ledger.size - 1)
    assert floor.ledger.owes([poll], now_ms=floor.now_ms + 1)
    floor.take(poll, at=floor.now_ms + 1)
    assert floor.leases() == [("liu", 400, 0, "live"), ("liu", 300, 0, "live")]
