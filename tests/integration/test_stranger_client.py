"""A client written from docs/protocol alone meets the real server: the documents are enough.

What it may know stands in `tests/tools/stranger.py`. Each test enrols phones of its own into the demo
company, whose morning is played up to 07:41, and looks at differences: the tests share one server.
"""

import copy
from collections.abc import Callable

import httpx
import pytest

from tests.tools.stranger import Op, Reply, Stranger, open_checkpoint, proves_inclusion

Enrol = Callable[[str], Stranger]


def _pick(phone: Stranger, boxes: int = 1) -> Op:
    return phone.record("pick", None, None, [["TOM-5", "1121", "R1", "T1", boxes]])


def _boxes(phone: Stranger, place: str) -> int:
    row = phone.table("balance").get(f"TOM-5\x1f1121\x1f{place}")
    return 0 if row is None else row[3]


def _is_settled(reply: Reply, op: Op) -> bool:
    return any(epoch == op.epoch and first <= op.seq <= last for epoch, first, last in reply.settled)


def _is_acked(reply: Reply, op: Op) -> bool:
    return any(epoch == op.epoch and op.seq <= last for epoch, last in reply.acked)


def _verdict(phone: Stranger, op: Op) -> tuple[str, str] | None:
    for epoch, seq, _, verdict, code, _ in phone.table("verdict").values():
        if (epoch, seq) == (op.epoch, op.seq):
            return verdict, code
    return None


# -- the plain path --------------------------------------------------------------------------------------


def test_a_phone_that_enrolled_and_logged_in_gets_the_rows_of_its_role(enrol: Enrol) -> None:
    liu, limin = enrol("liu"), enrol("limin")

    assert liu.table("item")["TOM-5"][0] == "TOM-5"
    assert liu.table("balance")["MLK\x1f1120\x1fR2"][3] == 60
    assert "desk" not in {bucket for bucket, _, _ in liu.rows}
    assert "desk" in {bucket for bucket, _, _ in limin.rows}


def test_a_pick_recorded_offline_is_accepted_and_moves_the_balance(enrol: Enrol) -> None:
    liu = enrol("liu")
    room, truck = _boxes(liu, "R1"), _boxes(liu, "T1")

    pick = _pick(liu, 3)
    reply = liu.sync(liu.frame([pick]))

    assert _is_settled(reply, pick)
    assert _verdict(liu, pick) is None, "accepted"
    assert (_boxes(liu, "R1"), _boxes(liu, "T1")) == (room - 3, truck + 3)


def test_a_hundred_picks_travel_in_one_frame_under_two_seals(enrol: Enrol) -> None:
    liu = enrol("liu")
    truck = _boxes(liu, "T1")

    reply = liu.sync(liu.frame([_pick(liu) for _ in range(100)]))

    assert reply.acked == [[liu.epoch, 101]]
    assert _boxes(liu, "T1") == truck + 100


def test_the_manager_sees_the_variance_of_a_count(enrol: Enrol) -> None:
    zhang, limin = enrol("zhang"), enrol("limin")
    expected = zhang.table("balance")["TOM-5\x1f1123\x1fR1"][3]

    count = zhang.record("count", "R1", ["TOM-5"], False, False, [["TOM-5", "1123", expected - 21]])
    zhang.sync(zhang.frame([count]))
    limin.sync()

    [variance] = [row for row in limin.table("variance").values() if row[14][3] == count.leaf]
    assert variance[1:10] == ["TOM-5", "1123", "R1", expected, 0, expected - 21, 0, -21, 0]
    assert zhang.table("balance")["TOM-5\x1f1123\x1fR1"][3] == expected - 21


def test_the_signed_checkpoint_includes_an_op_of_the_phone(
    enrol: Enrol, url: str, http: httpx.Client
) -> None:
    liu = enrol("liu")
    pick = _pick(liu)
    receipt = open_checkpoint(liu.sync(liu.frame([pick])).checkpoint, liu.log_key)

    answer = http.get(f"{url}/api/v1/log/proof/{pick.leaf.hex()}").json()

    later = open_checkpoint(answer["checkpoint"], liu.log_key)
    path = [bytes.fromhex(sibling) for sibling in answer["proof"]]
    assert later.origin == receipt.origin == f"{liu.log_key.partition('+')[0]}"
    assert later.size == answer["size"] >= receipt.size
    assert proves_inclusion(pick.leaf, answer["index"], later.size, path, later.root)
    assert not proves_inclusion(bytes(32), answer["index"], later.size, path, later.root)
    assert (receipt.size, receipt.root[:16]) == liu.seen


# -- what goes wrong on the way ----------------------------------------------------------------------------


def test_a_frame_that_comes_twice_changes_nothing(enrol: Enrol) -> None:
    liu = enrol("liu")
    pick = _pick(liu)
    frame = liu.frame([pick])
    first = liu.sync(frame)
    rows = dict(liu.rows)

    again = liu.sync(frame, frame, relayed=[frame])

    assert again.problems == []
    assert (again.log_size, again.settled, again.acked) == (first.log_size, first.settled, first.acked)
    assert liu.rows == rows


@pytest.mark.parametrize("at", [5, 60, -40, -3], ids=["organisation", "head", "seal", "end of the seal"])
def test_a_flipped_byte_is_a_problem_of_that_frame_alone(enrol: Enrol, at: int) -> None:
    liu, zhang = enrol("liu"), enrol("zhang")
    mine, other = _pick(liu), _pick(zhang)
    broken = bytearray(liu.frame([mine]))
    broken[at] ^= 1

    reply = liu.sync(bytes(broken), relayed=[zhang.frame([other])])

    [[number, relayed, code, _]] = reply.problems
    assert (number, relayed) == (0, False)
    assert code in {"wrong-seal", "malformed-frame", "unknown-device"}
    assert not _is_acked(reply, mine)
    assert _is_settled(zhang.sync(), other), "the frame beside it was taken"
    assert _is_settled(liu.sync(liu.frame([mine])), mine), "and the whole one is welcome"


def test_an_op_of_a_kind_that_nobody_knows_yet_is_kept_and_waits(
    enrol: Enrol, url: str, http: httpx.Client
) -> None:
    liu = enrol("liu")

    op = liu.record("teleport", "TOM-5", ["R1", "T1"])
    reply = liu.sync(liu.frame([op, after := _pick(liu)]))

    assert _verdict(liu, op) == ("deferred", "unknown-kind")
    assert _is_acked(reply, op)
    assert not _is_settled(reply, op)
    assert _is_settled(reply, after), "what follows does not wait for it"
    assert http.get(f"{url}/api/v1/log/proof/{op.leaf.hex()}").is_success


def test_what_comes_before_its_predecessor_waits_for_it(enrol: Enrol) -> None:
    liu = enrol("liu")
    missing, late = _pick(liu), _pick(liu)
    truck = _boxes(liu, "T1")

    gap = liu.sync(liu.frame([late]))
    truck_then = _boxes(liu, "T1")
    closed = liu.sync(liu.frame([missing]))

    assert (gap.problems, truck_then) == ([], truck)
    assert not _is_settled(gap, late)
    assert _is_settled(closed, missing)
    assert _is_settled(closed, late)
    assert closed.acked == [[liu.epoch, late.seq]]
    assert _boxes(liu, "T1") == truck + 2


def test_a_later_epoch_that_comes_first_is_acked_while_it_waits(enrol: Enrol) -> None:
    liu = enrol("liu")
    missing = _pick(liu)
    liu.new_epoch()
    late = _pick(liu)

    gap = liu.sync(liu.frame([late]))
    closed = liu.sync(liu.frame([missing]))

    assert _is_acked(gap, late)
    assert not _is_settled(gap, late)
    assert _is_settled(closed, late)


def test_a_copied_phone_is_noticed_and_nothing_of_either_is_lost(
    enrol: Enrol, url: str, http: httpx.Client
) -> None:
    liu, limin = enrol("liu"), enrol("limin")
    clone = copy.copy(liu)
    truck = _boxes(liu, "T1")
    mine, his = _pick(liu, 1), _pick(clone, 2)
    liu.sync(liu.frame([mine]))

    reply = clone.sync(clone.frame([his]))

    assert reply.held == [[liu.epoch, mine.seq + 1, mine.leaf]]
    assert reply.held[0][2] != his.leaf, "so it knows that another goes by its name"
    assert _verdict(clone, his) == ("quarantined", "fork")
    assert all(http.get(f"{url}/api/v1/log/proof/{op.leaf.hex()}").is_success for op in (mine, his))
    limin.sync()
    assert any(row[1] == "forked-device" for row in limin.table("exception").values())

    clone.new_epoch()
    after = _pick(clone, 4)
    assert _is_settled(clone.sync(clone.frame([after])), after)
    assert _verdict(clone, after) is None
    assert _boxes(clone, "T1") == truck + 1 + 4


def test_a_phone_that_knows_more_than_the_log_gets_every_row_anew(enrol: Enrol) -> None:
    liu = enrol("liu")
    true_rows = dict(liu.rows)
    liu.rows["site:CO-OP", "balance", "TOM-5\x1flost\x1fR1"] = [
        "TOM-5",
        "lost",
        "R1",
        7,
        0,
        False,
        None,
        None,
    ]
    liu.cursor = 1_000_000

    reply = liu.sync()

    assert {"org", "site:CO-OP"} <= set(reply.dropped)
    assert liu.rows == true_rows
    assert liu.cursor < reply.log_size


def test_a_phone_whose_clone_was_quicker_sends_all_the_same_and_goes_on_under_a_new_epoch(
    enrol: Enrol,
) -> None:
    liu = enrol("liu")
    clone = copy.copy(liu)
    mine, his = _pick(liu, 1), _pick(clone, 2)
    clone.sync(clone.frame([his]))

    told = liu.sync()
    sent = liu.sync(liu.frame([mine]))

    assert _is_acked(told, mine), "by its seq, which is the clone's"
    assert told.held == [[liu.epoch, his.seq + 1, his.leaf]]
    assert sent.problems == []
    assert _verdict(liu, mine) == ("quarantined", "fork")
    liu.new_epoch()
    after = _pick(liu)
    assert _is_settled(liu.sync(liu.frame([after])), after)


def test_another_phone_brings_the_work_and_the_servers_word_on_it(enrol: Enrol) -> None:
    liu, zhang = enrol("liu"), enrol("zhang")
    first, last = _pick(liu), _pick(liu)
    before = liu.acknowledgement(liu.device)
    assert zhang.sync(relayed=[liu.frame([first, last])]).problems == []

    version, org, device, at_ms, log_size, root, covered, ends, values, documents, bearer, *_ = (
        zhang.acknowledgement(liu.device, first.leaf)
    )
    assert (version, org, device, covered, values, documents) == (1, liu.org, liu.device, 0, 0, 0)
    assert {tuple(end[:3]) for end in ends} == {(op.epoch, op.seq, op.leaf) for op in (first, last)}
    assert bearer == zhang.enrolment["name"] or bearer
    assert log_size > max(end[3] for end in ends)
    assert (len(root), at_ms > 0) == (32, True)
    assert [end[2] for end in before[7]] != [last.leaf]
