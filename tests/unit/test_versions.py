"""Another version of the software meets a log: what it can read anew counts, what it cannot any more waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from domain import kinds
from domain.ops import decode_op
from sync_engine.commit import Delivery
from tests.tools.company import DAY_MS, Company, empty_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN = ("deferred", "unknown-kind")


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
def older() -> Iterator[pytest.MonkeyPatch]:
    """The version before this one, as long as nobody undoes it: it did not know `dispose`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(kinds.BODIES, "dispose")
        yield patch


def _disposed(company: Company, qty: int = 4) -> None:
    company.record("limin", "dispose", "mould", [["TOM-5", "1121", "R1", "", qty]])
    company.bring("limin")


def _poll(company: Company) -> None:
    company.take(Delivery(device=company.chains["liu"].device, now_ms=None, run=None))


def _settled(company: Company) -> set[int]:
    """Seqs of the manager's phone that have a final verdict."""
    ranges = company.ledger.device_state(company.chains["limin"].device).settled
    return {seq for _, first, last in ranges for seq in range(first, last + 1)}


def _changes(company: Company) -> list[tuple[object, ...]]:
    """The later words of the last op that said any."""
    for data in reversed(company.server.log):
        op = decode_op(data)
        if op.kind == "sequenced" and len(op.body) > 6 and op.body[6]:
            return [tuple(change) for change in op.body[6]]
    return []


def test_what_an_older_version_deferred_counts_from_its_own_time_once_a_newer_one_starts(
    company: Company, older: pytest.MonkeyPatch
) -> None:
    _disposed(company)
    then = company.last("limin")
    assert (then.verdict, then.code) == UNKNOWN
    assert company.on_hand() == 1000
    company.now_ms += 3 * DAY_MS
    older.undo()
    company.restart()
    assert company.ledger.owes_release
    company.take()
    now = company.last("limin")
    assert (now.verdict, now.code, now.t) == ("accepted", "", then.t)
    assert _changes(company) == [(now.index, "accepted", "", now.t, now.err)]
    assert company.on_hand() == 996
    assert company.chains["limin"].seq in _settled(company)
    assert company.server.misfits(empty_ledger()) == []


def test_a_phone_that_only_asks_does_not_make_the_newer_version_forget_to_say_it(
    company: Company, older: pytest.MonkeyPatch
) -> None:
    _disposed(company)
    older.undo()
    company.restart()
    _poll(company)
    assert company.verdict("limin") == ("accepted", "")
    assert not company.ledger.owes_release
    company.restart()
    assert not company.ledger.owes_release
    assert company.on_hand() == 996


def test_an_older_version_that_is_put_back_lets_wait_what_it_cannot_read_and_the_next_one_counts_it_again(
    company: Company, older: pytest.MonkeyPatch
) -> None:
    with pytest.MonkeyPatch.context() as newer:
        newer.setitem(kinds.BODIES, "dispose", kinds.Dispose)
        _disposed(company)
        assert company.verdict("limin") == ("accepted", "")
    company.restart()
    company.take()
    assert company.verdict("limin") == UNKNOWN
    assert company.on_hand() == 1000
    assert company.server.misfits(empty_ledger()) == []
    assert company.chains["limin"].seq not in _settled(company)
    company.pick("liu")
    company.bring("liu")
    assert company.verdict("liu") == ("accepted", "")
    assert company.on_hand() == 999
    older.undo()
    company.restart()
    _poll(company)
    assert company.verdict("limin") == ("accepted", "")
    assert company.on_hand() == 995
    assert company.server.misfits(empty_ledger()) == []


def test_the_bytes_of_an_op_survive_every_version_that_could_not_read_it(
    company: Company, older: pytest.MonkeyPatch
) -> None:
    _disposed(company)
    index = company.last("limin").index
    data = company.server.log[index]
    older.undo()
    company.restart()
    _poll(company)
    assert company.server.log[index] == data
    assert decode_op(data).body[2] == "mould"


def test_a_managers_word_is_not_lost_by_an_older_version_in_between(company: Company) -> None:
    company.enrol("thief", None, 9)
    company.say("revoke", "device", company.chains["thief"].device)
    stray = company.chains["thief"]
    stray.record("dispose", "mould", [["TOM-5", "1121", "R1", "", 4]], seen=company.server.seen)
    company.bring("thief", first=1)
    assert company.verdict("thief") == ("quarantined", "revoked-device")
    company.record("limin", "resolve", "accepted", "it was the old phone", names=[stray.prev])
    company.bring("limin")
    assert company.verdict("thief") == ("accepted", "resolved")
    with pytest.MonkeyPatch.context() as older:
        older.delitem(kinds.BODIES, "dispose")
        company.restart()
        company.take()
        assert company.verdict("thief") == UNKNOWN
    company.restart()
    company.take()
    assert company.verdict("thief") == ("accepted", "resolved")
    assert company.on_hand() == 996


@pytest.mark.usefixtures("older")
def test_two_versions_side_by_side_do_not_answer_each_other_forever(company: Company) -> None:
    with pytest.MonkeyPatch.context() as newer:
        newer.setitem(kinds.BODIES, "dispose", kinds.Dispose)
        beside = company.server.copy(empty_ledger()).ledger
        first = company.ledger.size
        _disposed(company)
    entries = [company.ledger.fold.logged(index) for index in range(first, company.ledger.size)]
    beside.follow([entry for entry in entries if entry is not None])
    assert beside.fold.unreadable
    assert not beside.owes_release
    commit = beside.take(
        [Delivery(device=company.chains["liu"].device, now_ms=None, run=None)],
        now_ms=company.now_ms + 1000,
        seen=company.server.seen,
    )
    assert not commit.adds


def test_a_later_version_of_the_op_itself_waits_and_does_not_stop_the_server(company: Company) -> None:
    company.record("liu", "pick", None, None, [["TOM-5", "1121", "R1", "T1", 1]], v=2)
    company.bring("liu")
    assert company.verdict("liu") == UNKNOWN
    company.restart()
    assert not company.ledger.owes_release
    assert company.verdict("liu") == UNKNOWN
