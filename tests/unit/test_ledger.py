"""The ledger on bad days: what is wrong with one frame or one op is its own; nothing is lost and nobody else waits."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import msgspec
import pytest

from domain.ops import NOTHING_SEEN
from sync_engine.commit import Delivery, KeptValue
from sync_engine.device_chain import WAITING_FRAMES_MAX
from sync_engine.frame import FRAME_BYTES_MAX, ErasableValue, Seal, encode_frame
from tests.tools.company import DAY_MS, Company, codes, empty_ledger
from tests.tools.op_chain import Chain, private_key


@pytest.fixture
def company() -> Company:
    return Company()


# --- frames -------------------------------------------------------------------------------------------------


def test_what_a_phone_brings_is_logged_judged_and_folded(company: Company) -> None:
    company.pick("liu", 3)
    commit = company.bring("liu")
    assert [entry.logged.op.kind for entry in commit.appended] == ["pick", "sequenced"]
    assert company.verdict("liu") == ("accepted", "")
    assert company.on_hand() == 997


def test_redelivery_gives_the_same_verdict_and_changes_nothing(company: Company) -> None:
    company.pick("liu")
    company.bring("liu")
    before = (company.ledger.size, company.verdict("liu"), company.on_hand())
    commit = company.bring("liu", first=1)
    assert (commit.appended, commit.problems) == ([], [[]])
    assert (company.ledger.size, company.verdict("liu"), company.on_hand()) == before


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "malformed-frame"),
        (b"\xc1", "malformed-frame"),
        (b"\x91" * 5000, "malformed-frame"),
        (bytes(FRAME_BYTES_MAX + 1), "frame-too-large"),
    ],
)
def test_bytes_that_are_no_frame_are_a_problem_of_that_frame_alone(
    company: Company, data: bytes, code: str
) -> None:
    company.pick("liu")
    good = company.delivery("liu")
    commit = company.take(msgspec.structs.replace(good, frames=[data, *good.frames, data], relayed=[data]))
    assert [(p.frame, p.relayed, p.code) for p in commit.problems[0]] == [
        (0, False, code), (2, False, code), (0, True, code),
    ]  # fmt: skip
    assert company.verdict("liu") == ("accepted", "")


def test_a_device_that_nobody_enrolled_is_unknown(company: Company) -> None:
    stranger = Chain(private_key(77))
    stranger.record()
    commit = company.take(Delivery(device=stranger.device, now_ms=None, run=None, frames=[stranger.frame()]))
    assert codes(commit) == ["unknown-device"]
    assert commit.appended == []


def test_a_frame_of_another_organisation_is_not_ours(company: Company) -> None:
    company.pick("liu")
    frame = msgspec.msgpack.decode(company.delivery("liu").frames[0])
    frame[1] = "laozhou"
    commit = company.take(
        Delivery(device=None, now_ms=None, run=None, frames=[msgspec.msgpack.encode(frame)])
    )
    assert codes(commit) == ["unknown-device"]


def test_a_wrong_seal_refuses_its_stretch_and_leaves_the_earlier_one(company: Company) -> None:
    chain = company.chains["liu"]
    for _ in range(4):
        company.pick("liu")
    ops = chain.ops[1:]
    forged = Seal(2, bytes(64))
    frame = encode_frame(ops, [chain.seal(ops[:2]), forged])
    commit = company.take(Delivery(device=chain.device, now_ms=None, run=None, frames=[frame]))
    assert codes(commit) == ["wrong-seal"]
    assert company.on_hand() == 998
    company.bring("liu")
    assert company.on_hand() == 996


def test_nobody_seals_for_another_device(company: Company) -> None:
    company.pick("liu")
    chain = company.chains["liu"]
    ops = chain.ops[1:]
    hashes_sealed_by_zhang = Chain(company.chains["zhang"].key, epoch=chain.epoch).seal(ops).signature
    frame = encode_frame(ops, [Seal(1, hashes_sealed_by_zhang)])
    commit = company.take(
        Delivery(device=company.chains["zhang"].device, now_ms=None, run=None, frames=[frame])
    )
    assert codes(commit) == ["wrong-seal"]
    assert company.on_hand() == 1000


def test_anybody_may_carry_a_frame_and_it_counts_once(company: Company) -> None:
    company.pick("liu")
    frames = company.delivery("liu").frames
    zhang = company.chains["zhang"].device
    company.take(Delivery(device=zhang, now_ms=None, run=None, relayed=frames))
    company.take(Delivery(device=None, now_ms=None, run=None, frames=frames))
    company.bring("liu", first=1)
    assert company.on_hand() == 999


def test_who_carries_a_frame_cannot_make_the_values_beside_it_get_lost(company: Company) -> None:
    salt, name = bytes(16), b"Wang"
    company.record("liu", "deliver", "P1", None, None, [], erasable=[sha256(salt + name).digest()])
    chain = company.chains["liu"]
    without = chain.frame(chain.seq)
    company.take(Delivery(device=None, now_ms=None, run=None, relayed=[without]))
    full = chain.frame(chain.seq, values=[ErasableValue(0, 0, salt, name)])
    commit = company.take(Delivery(device=chain.device, now_ms=None, run=None, frames=[full]))
    assert commit.appended == []
    assert commit.values == [KeptValue(company.last("liu").index, ErasableValue(0, 0, salt, name))]


def test_an_enrolled_key_that_is_no_point_seals_nothing(company: Company) -> None:
    chain = Chain(private_key(78))
    company.say("enrol", chain.device, bytes(65), "broken", "liu", "phone")
    chain.record("pick")
    commit = company.take(Delivery(device=chain.device, now_ms=None, run=None, frames=[chain.frame()]))
    assert codes(commit) == ["wrong-seal"]


# --- gaps ---------------------------------------------------------------------------------------------------


def test_what_is_ahead_of_a_gap_waits_acked_and_goes_on_when_the_gap_is_filled(company: Company) -> None:
    for _ in range(3):
        company.pick("liu")
    waiting = company.bring("liu", first=4)
    assert len(waiting.waiting_added) == 1
    assert company.on_hand() == 1000
    filled = company.bring("liu", first=2, last=3)
    assert filled.waiting_removed == [waiting.waiting_added[0].hash]
    assert company.on_hand() == 997
    state = company.ledger.device_state(company.chains["liu"].device)
    assert (state.acked, state.settled) == (((1, 4),), ((1, 1, 4),))


def test_what_waits_survives_a_restart_and_is_kept_once(company: Company) -> None:
    company.pick("liu")
    company.pick("liu")
    for _ in range(3):
        company.bring("liu", first=3)
    company.restart()
    assert len(company.ledger.waiting(company.chains["liu"].device)) == 1
    company.bring("liu", first=2, last=2)
    assert company.on_hand() == 998


def test_what_another_process_kept_beside_the_log_is_logged_by_whoever_may(company: Company) -> None:
    company.pick("liu")
    company.ledger.is_recovering = True
    kept = company.bring("liu").waiting_added
    assert len(kept) == 1
    company.restart()
    beside = empty_ledger()
    logged = [entry for n in range(company.ledger.size) if (entry := company.ledger.fold.logged(n))]
    beside.load(logged)
    before = beside.owes_release
    beside.follow((), (), kept)
    assert (before, beside.owes_release) == (False, True)
    assert (
        len(beside.take((), (), now_ms=company.ledger.server_ms + 1, seen=NOTHING_SEEN).waiting_removed) == 1
    )


def test_a_whole_later_epoch_waits_for_the_end_of_the_earlier_one_and_is_acked(company: Company) -> None:
    company.pick("liu")
    earlier = company.delivery("liu")
    chain = company.chains["liu"]
    chain.epoch, chain.seq, chain.ops = 99, 0, []
    company.pick("liu")
    later = Delivery(device=chain.device, now_ms=None, run=None, frames=[chain.frame()])
    company.take(later)
    assert (99, 1) in company.ledger.device_state(chain.device).acked
    company.take(earlier)
    assert company.on_hand() == 998


def test_what_a_copy_has_waiting_acknowledges_nothing_of_the_other(company: Company) -> None:
    company.pick("liu")
    company.bring("liu")
    original = company.chains["liu"]
    copied = company.chains["liu"] = replace(original, ops=list(original.ops))
    for _ in range(3):
        company.pick("liu", 7)
    company.chains["liu"] = original
    company.pick("liu")
    company.bring("liu")
    frame = copied.frame(original.seq + 1, copied.seq)
    company.take(Delivery(device=None, now_ms=None, run=None, relayed=[frame]))
    assert len(company.ledger.waiting(original.device)) == 1
    assert dict(company.ledger.device_state(original.device).acked) == {original.epoch: original.seq}


def test_only_so_many_frames_wait_and_the_rest_come_again(company: Company) -> None:
    for _ in range(WAITING_FRAMES_MAX + 2):
        company.pick("liu")
    chain = company.chains["liu"]
    frames = [chain.frame(seq, seq) for seq in range(3, chain.seq + 1)]
    commit = company.take(Delivery(device=chain.device, now_ms=None, run=None, frames=frames))
    assert codes(commit) == ["too-many-waiting"]
    company.bring("liu")
    assert company.on_hand() == 1000 - WAITING_FRAMES_MAX - 2


# --- forks --------------------------------------------------------------------------------------------------


def test_a_clone_forks_the_device_both_branches_are_kept_and_the_later_is_not_folded(
    company: Company,
) -> None:
    chain = company.chains["liu"]
    clone = Chain(chain.key, chain.epoch, chain.prev, chain.seq, list(chain.ops))
    company.pick("liu", 5)
    company.bring("liu")
    company.chains["clone"], company.sessions["clone"] = clone, company.sessions["liu"]
    company.pick("clone", 7)
    company.pick("clone", 7)
    commit = company.take(Delivery(device=clone.device, now_ms=None, run=None, frames=[clone.frame(2)]))
    branch = [entry for entry in commit.appended if entry.is_branch]
    assert [(entry.logged.verdict, entry.logged.code) for entry in branch] == [("quarantined", "fork")] * 2
    assert company.on_hand() == 995
    assert company.exceptions().count("forked-device") == 1
    assert (
        company.take(Delivery(device=clone.device, now_ms=None, run=None, frames=[clone.frame(2)])).appended
        == []
    )


def test_the_clone_goes_on_under_a_new_epoch_and_a_restart_remembers_the_branch(company: Company) -> None:
    chain = company.chains["liu"]
    clone = Chain(chain.key, chain.epoch, chain.prev, chain.seq, list(chain.ops))
    company.pick("liu", 5)
    company.bring("liu")
    company.chains["clone"], company.sessions["clone"] = clone, company.sessions["liu"]
    company.pick("clone", 7)
    company.take(Delivery(device=clone.device, now_ms=None, run=None, frames=[clone.frame(2)]))
    company.restart()
    clone.epoch, clone.seq, clone.ops = 1234, 0, []
    company.pick("clone", 2)
    company.bring("clone")
    assert company.verdict("clone") == ("accepted", "")
    assert company.on_hand() == 993
    assert company.server.misfits(empty_ledger()) == []


# --- clocks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off_ms", [-3650 * DAY_MS, -DAY_MS, DAY_MS, 3650 * DAY_MS])
def test_a_clock_cannot_put_an_op_before_what_it_had_seen_nor_after_its_arrival(
    company: Company, off_ms: int
) -> None:
    seen_ms = company.ledger.server_ms
    company.pick("liu", at=company.now_ms + off_ms)
    company.bring("liu", at=company.now_ms + 60_000)
    assert seen_ms <= company.last("liu").t <= company.now_ms


def test_ops_of_the_run_that_syncs_are_corrected_and_earlier_runs_claim_less(company: Company) -> None:
    hour = 3_600_000
    true_ms = company.now_ms + hour
    company.pick("liu", at=true_ms - 2 * hour, run=1, err=50)
    company.pick("liu", at=true_ms + 1000 - hour, run=2, err=50)
    delivery = company.delivery("liu")
    arrived = true_ms + 5_000
    company.take(
        msgspec.structs.replace(delivery, now_ms=arrived - hour, run=2, arrived_ms=arrived), at=arrived + 3
    )
    first, second = (company.entry(digest) for digest in company.chains["liu"].hashes[-2:])
    assert (second.t, second.err) == (true_ms + 1000, 50)
    assert first.err == arrived - first.t, "an hour before what it had seen: only the bounds are known"


def test_an_op_is_no_later_than_the_arrival_of_what_follows_it(company: Company) -> None:
    company.pick("liu", at=company.now_ms + DAY_MS)
    company.pick("liu", at=company.now_ms + DAY_MS)
    company.bring("liu", first=3)
    early = company.now_ms
    company.bring("liu", first=2, last=2, at=early + 3_600_000)
    assert company.entry(company.chains["liu"].hashes[-2]).t == early


def test_server_time_never_stands_still_and_never_goes_back(company: Company) -> None:
    company.take(at=company.now_ms + 50)
    for at in (company.now_ms, company.now_ms - DAY_MS, company.now_ms - DAY_MS):
        before = company.ledger.server_ms
        company.pick("liu")
        company.bring("liu", at=at)
        assert company.ledger.server_ms > before
        assert company.last("liu").t <= company.ledger.server_ms
