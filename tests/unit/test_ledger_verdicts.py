"""What the ledger says of an op, and when it says another thing: verdicts, names, authority, a manager's word."""

from __future__ import annotations

import pytest

from domain import kinds
from domain.canonical import INT_MAX, MalformedError
from domain.kinds import MalformedBodyError
from domain.ops import OP_BYTES_MAX, LeafHash, leaf_hash
from sync_engine.commit import Delivery, Intention
from sync_engine.frame import Seal, encode_frame
from sync_engine.seal import seal_message, sign_seal
from sync_engine.sequenced import replay
from sync_engine.verdicts import OFFLINE_ALLOWANCE_MS
from tests.tools.company import DAY_MS, Company, codes, empty_ledger
from tests.tools.op_chain import ORG, Chain, private_key


@pytest.fixture
def company() -> Company:
    return Company()


# --- what an op says ----------------------------------------------------------------------------------------


def test_an_unknown_kind_is_kept_and_deferred_and_the_chain_goes_on(company: Company) -> None:
    company.record("liu", "teleport", "R1", "R2")
    unknown = company.chains["liu"].prev
    company.pick("liu")
    company.bring("liu")
    assert company.entry(unknown).verdict == "deferred"
    assert company.verdict("liu") == ("accepted", "")
    assert company.ledger.device_state(company.chains["liu"].device).settled == ((1, 1, 1), (1, 3, 3))


@pytest.mark.parametrize(
    "line",
    [
        ["TOM-5", "1121", "R1", "T1", -1],
        ["TOM-5", "1121", "R1", "T1", "three"],
        ["", "1121", "R1", "T1", 1],
        ["TOM-5", "1121", "R1"],
    ],
)
def test_a_fact_that_does_not_fit_its_kind_is_quarantined_and_an_intent_refused(
    company: Company, line: list[object]
) -> None:
    company.record("liu", "pick", None, None, [line])
    company.bring("liu")
    assert company.verdict("liu") == ("quarantined", "malformed-body")
    assert company.exceptions() == ["lapsed-permission"]
    company.record("limin", "reserve", None, [line], company.now_ms)
    company.bring("limin")
    assert company.verdict("limin") == ("refused", "malformed-body")
    assert company.on_hand() == 1000


def test_quantities_that_overflow_a_balance_stop_nobody(company: Company) -> None:
    for _ in range(3):
        company.record("limin", "receive", "wang", None, [["TOM-5", "1121", "", "R1", INT_MAX, INT_MAX]])
    company.bring("limin")
    company.pick("liu")
    company.bring("liu")
    assert company.verdict("liu") == ("accepted", "")
    company.restart()


def test_an_unknown_item_and_an_unknown_lot_are_facts_with_exceptions(company: Company) -> None:
    company.record("liu", "pick", None, None, [["GHOST", "L9", "R1", "T1", 4]])
    company.bring("liu")
    assert company.verdict("liu") == ("accepted", "")
    assert {"unknown-item", "unknown-lot", "negative-stock"} <= set(company.exceptions())


def test_one_bad_op_in_a_thousand_delays_no_other(company: Company) -> None:
    for number in range(1000):
        if number == 500:
            company.record("liu", "pick", None, None, [["TOM-5", "1121", "R1", "T1", -1]])
        else:
            company.pick("liu")
    chain = company.chains["liu"]
    frames = [chain.frame(first, min(first + 499, chain.seq)) for first in range(2, chain.seq + 1, 500)]
    company.take(Delivery(device=chain.device, now_ms=None, run=None, frames=frames))
    assert company.on_hand() == 1


# --- names --------------------------------------------------------------------------------------------------


def test_an_op_that_names_a_missing_one_is_deferred_until_it_arrives(company: Company) -> None:
    company.pick("zhang", 10)
    named = company.chains["zhang"].prev
    company.record("limin", "void", "counted twice", names=[named])
    void = company.chains["limin"].prev
    company.pick("limin")
    company.bring("limin")
    assert company.entry(void).verdict == "deferred"
    assert company.verdict("limin") == ("accepted", "")
    commit = company.bring("zhang")
    assert [(change.index, change.verdict) for change in commit.verdict_changes] == [
        (company.entry(void).index, "accepted")
    ]
    assert company.on_hand() == 999


def test_nothing_comes_before_what_it_names_nor_does_what_follows_it(company: Company) -> None:
    start = company.now_ms
    company.pick("zhang", at=start + 40_000)
    named = company.chains["zhang"].prev
    company.record("limin", "attach", b"\x01" * 32, "image/jpeg", 1, names=[named], at=start + 10_000)
    company.pick("limin", at=start + 20_000)
    company.bring("limin", at=start + 60_000)
    company.bring("zhang", at=start + 70_000)
    pick, (attach, after) = company.entry(named), map(company.entry, company.chains["limin"].hashes[-2:])
    assert attach.t == pick.t == start + 40_000
    assert after.t >= attach.t
    assert company.server.misfits(empty_ledger()) == []


def test_ops_that_name_each_others_chains_in_one_commit_need_no_second_word(company: Company) -> None:
    company.pick("zhang")
    company.record("limin", "void", "a slip", names=[company.chains["zhang"].prev])
    commit = company.take(company.delivery("limin"), company.delivery("zhang"))
    assert commit.verdict_changes == []
    assert company.verdict("limin") == ("accepted", "")
    assert company.on_hand() == 1000


def test_what_acts_on_an_op_of_another_log_cannot_be_read(company: Company) -> None:
    company.record("limin", "void", "theirs", names=[["laozhou.example", b"\x02" * 32]])
    company.bring("limin")
    assert company.verdict("limin") == ("refused", "malformed-body")


# --- authority ----------------------------------------------------------------------------------------------


def test_a_fact_beyond_ones_rights_is_quarantined_and_an_intent_refused(company: Company) -> None:
    company.record("sun", "adjust", "gift", [["TOM-5", "1121", "", "R1", 5]])
    company.record("sun", "task", "T-1", "pick", None, None, [])
    company.bring("sun")
    entries = [company.entry(digest) for digest in company.chains["sun"].hashes[-2:]]
    assert [(e.verdict, e.code) for e in entries] == [("quarantined", "no-right"), ("refused", "no-right")]
    assert company.exceptions() == ["lapsed-permission"]


def test_only_the_server_says_what_only_the_server_may(company: Company) -> None:
    company.record("limin", "grant", "liu", "admin")
    company.record("limin", "sequenced", 0, 0, [], [], [])
    company.bring("limin")
    entries = [company.entry(digest) for digest in company.chains["limin"].hashes[-2:]]
    assert [(e.verdict, e.code) for e in entries] == [("quarantined", "no-right")] * 2
    assert [entry.verdict for entry in replay(company.server.log)].count("quarantined") == 2


def test_without_a_session_of_its_own_device_nothing_counts(company: Company) -> None:
    company.pick("liu", actor=b"")
    company.pick("liu", actor=company.sessions["zhang"])
    company.bring("liu")
    entries = [company.entry(digest) for digest in company.chains["liu"].hashes[-2:]]
    assert {(e.verdict, e.code) for e in entries} == {("quarantined", "no-session")}


def test_a_right_that_ended_meanwhile_has_lapsed(company: Company) -> None:
    company.pick("liu")
    company.say("revoke", "person", "liu", None)
    company.bring("liu")
    assert company.verdict("liu") == ("quarantined", "lapsed-permission")


def test_a_right_given_later_does_not_count_for_what_was_done_before(company: Company) -> None:
    company.record("sun", "adjust", "gift", [["TOM-5", "1121", "", "R1", 5]])
    company.say("grant", "sun", "manager")
    company.bring("sun")
    assert company.verdict("sun") == ("quarantined", "no-right")


def test_a_revoked_device_counts_only_below_its_revocation(company: Company) -> None:
    company.pick("liu")
    company.bring("liu")
    company.say("revoke", "device", company.chains["liu"].device, None)
    company.pick("liu")
    company.bring("liu")
    assert company.verdict("liu") == ("quarantined", "revoked-device")
    assert company.on_hand() == 999


def _sealed_by(number: int, chain: Chain, first: int) -> Delivery:
    """The ops from seq `first` on, sealed by another key: a device keeps the name that its first key gave it."""
    ops = chain.ops[first - 1 :]
    message = seal_message(ORG, chain.device, chain.epoch, first, chain.hashes[first - 1 :])
    frame = encode_frame(ops, [Seal(len(ops), sign_seal(private_key(number), message))])
    return Delivery(device=chain.device, now_ms=None, run=None, frames=[frame])


def test_a_rotated_key_seals_from_then_on_and_the_old_one_no_more(company: Company) -> None:
    chain = company.chains["liu"]
    company.say("rotate", chain.device, Chain(private_key(55)).public)
    company.pick("liu")
    assert codes(company.bring("liu")) == ["wrong-seal"]
    assert codes(company.take(_sealed_by(55, chain, chain.seq))) == []
    assert company.on_hand() == 999


def test_what_was_sealed_before_the_device_learned_of_its_new_key_stands(company: Company) -> None:
    chain = company.chains["liu"]
    company.pick("liu")
    before = company.delivery("liu")
    company.pick("liu")
    company.say("rotate", chain.device, Chain(private_key(55)).public)
    assert codes(company.take(before, before)) == []
    assert codes(company.take(_sealed_by(55, chain, chain.seq))) == []  # the new key seals old work as well
    assert company.on_hand() == 998
    company.restart()
    assert codes(company.take(before)) == []
    assert company.server.misfits(empty_ledger()) == []


def test_nobody_rotates_the_key_of_the_ledger_nor_one_of_an_unknown_device(company: Company) -> None:
    server = company.ledger.server_device
    assert company.say("rotate", server, Chain(private_key(55)).public).code == "no-right"
    assert company.say("rotate", bytes(16), Chain(private_key(55)).public).code == "unknown-device"
    company.pick("liu")
    company.bring("liu")
    assert company.verdict("liu") == ("accepted", "")


def test_what_waited_when_its_device_was_revoked_is_kept_apart_until_a_manager_says_otherwise(
    company: Company,
) -> None:
    company.pick("liu")
    company.pick("liu", 5)
    late = company.chains["liu"].prev
    company.bring("liu", first=3)
    company.say("revoke", "device", company.chains["liu"].device, None)
    assert company.on_hand() == 1000
    company.bring("liu", first=2, last=2)
    assert company.verdict("liu") == ("quarantined", "revoked-device")
    assert company.on_hand() == 1000
    company.record("limin", "resolve", "accepted", "he did pick them", None, names=[late])
    company.bring("limin")
    assert company.verdict("liu") == ("accepted", "resolved")
    assert company.on_hand() == 995


def test_after_a_month_without_a_sync_nobody_can_say_what_it_knew(company: Company) -> None:
    company.pick("liu")
    company.bring("liu", at=company.now_ms + OFFLINE_ALLOWANCE_MS + 60_000)
    assert company.verdict("liu") == ("quarantined", "stale")


@pytest.mark.parametrize("beyond", [True, False])
def test_a_checkpoint_that_this_log_never_had_proves_nothing(company: Company, beyond: bool) -> None:
    size, root = company.server.seen
    company.pick("liu", seen=(size + 5, root) if beyond else (size, bytes(16)))
    company.bring("liu")
    assert company.verdict("liu") == ("quarantined", "false-seen")
    assert company.exceptions() == ["lapsed-permission"]


def test_back_dating_needs_the_right_to(company: Company) -> None:
    claim = (company.now_ms - 5_000, company.now_ms - 4_000, "paper")
    company.pick("liu", occurred=claim)
    company.bring("liu")
    assert company.verdict("liu") == ("quarantined", "no-right")
    company.pick("limin", occurred=claim)
    company.bring("limin")
    assert company.verdict("limin") == ("accepted", "")


# --- a manager's word ---------------------------------------------------------------------------------------


def quarantined(company: Company) -> LeafHash:
    company.record("sun", "adjust", "gift", [["TOM-5", "1121", "", "R1", 5]])
    company.bring("sun")
    return company.chains["sun"].prev


def test_a_manager_resolves_a_quarantined_fact_and_it_folds_at_its_own_time(company: Company) -> None:
    digest = quarantined(company)
    t = company.entry(digest).t
    company.record("limin", "resolve", "accepted", "she may", names=[digest])
    commit = company.bring("limin")
    entry = company.entry(digest)
    assert (entry.verdict, entry.code, entry.t) == ("accepted", "resolved", t)
    assert [change.index for change in commit.verdict_changes] == [entry.index]
    assert company.on_hand() == 1005
    assert company.exceptions() == []
    company.restart()
    assert company.on_hand() == 1005


def test_a_manager_may_change_her_mind(company: Company) -> None:
    digest = quarantined(company)
    for verdict in ("accepted", "refused"):
        company.record("limin", "resolve", verdict, "", names=[digest])
        company.bring("limin")
    assert company.entry(digest).verdict == "refused"
    assert company.on_hand() == 1000
    assert company.server.misfits(empty_ledger()) == []


def test_what_is_accepted_is_taken_back_by_void_alone(company: Company) -> None:
    company.pick("liu")
    company.bring("liu")
    company.record("limin", "resolve", "refused", "", names=[company.chains["liu"].prev])
    company.bring("limin")
    assert company.verdict("limin") == ("refused", "use-void")
    assert company.on_hand() == 999


def test_nobodys_word_makes_an_op_readable(company: Company) -> None:
    company.record("liu", "teleport")
    company.bring("liu")
    company.record("limin", "resolve", "accepted", "", names=[company.chains["liu"].prev])
    company.bring("limin")
    assert company.verdict("limin") == ("refused", "not-resolvable")


def test_a_managers_word_that_came_before_its_op_acts_when_that_arrives(company: Company) -> None:
    company.record("sun", "adjust", "found", [["TOM-5", "1121", "", "R1", 3]])
    adjust = company.chains["sun"].prev
    company.record("limin", "resolve", "accepted", "she is right", names=[adjust])
    company.bring("limin")
    assert company.verdict("limin") == ("deferred", "missing-op")
    company.bring("sun")
    assert company.verdict("limin") == ("accepted", "")
    assert company.verdict("sun") == ("accepted", "resolved")
    assert company.on_hand() == 1003


def test_a_word_that_stands_by_another_managers_word_acts(company: Company) -> None:
    digest = quarantined(company)
    company.record("liu", "resolve", "accepted", "not his to say", names=[digest])
    his = company.chains["liu"].prev
    company.bring("liu")
    assert company.entry(digest).verdict == "quarantined"
    company.record("limin", "resolve", "accepted", "he was right", names=[his])
    company.bring("limin")
    assert (company.entry(his).verdict, company.entry(his).code) == ("accepted", "resolved")
    assert (company.entry(digest).verdict, company.entry(digest).code) == ("accepted", "resolved")


def test_a_fork_can_be_resolved_too(company: Company) -> None:
    chain = company.chains["liu"]
    clone = Chain(chain.key, chain.epoch, chain.prev, chain.seq, list(chain.ops))
    company.pick("liu", 5)
    company.bring("liu")
    company.chains["clone"], company.sessions["clone"] = clone, company.sessions["liu"]
    company.pick("clone", 7)
    company.take(Delivery(device=clone.device, now_ms=None, run=None, frames=[clone.frame(2)]))
    company.record("limin", "resolve", "accepted", "both happened", names=[clone.prev])
    company.bring("limin")
    assert company.on_hand() == 988


# --- the server's own ---------------------------------------------------------------------------------------


def test_the_log_alone_tells_every_time_and_verdict(company: Company) -> None:
    company.record("liu", "teleport")
    company.pick("zhang", at=company.now_ms + DAY_MS)
    digest = quarantined(company)
    company.take(company.delivery("liu"), company.delivery("zhang"))
    company.record("limin", "resolve", "accepted", "", names=[digest])
    company.bring("limin")
    replayed = replay(company.server.log)
    assert len(replayed) == company.ledger.size
    for entry in replayed:
        known = company.entry(entry.hash)
        assert (entry.index, entry.t, entry.err, entry.verdict, entry.code) == (
            known.index, known.t, known.err, known.verdict, known.code,
        )  # fmt: skip


def test_a_long_commit_is_told_by_several_ops_each_within_its_size(company: Company) -> None:
    chain = company.chains["liu"]
    for number in range(2_000):
        if number % 2:
            company.record("liu", "pick", None, None, [["TOM-5"]])
        else:
            company.pick("liu")
    frames = [chain.frame(first, min(first + 499, chain.seq)) for first in range(2, chain.seq + 1, 500)]
    commit = company.take(Delivery(device=chain.device, now_ms=None, run=None, frames=frames))
    said = [entry for entry in commit.appended if entry.logged.op.kind == "sequenced"]
    assert len(said) > 2
    assert max(len(entry.data) for entry in said) <= OP_BYTES_MAX
    times = [entry.logged.t for entry in said]
    assert times == sorted(set(times))
    assert len(replay(company.server.log)) == company.ledger.size


def test_ops_that_nothing_covers_yet_are_not_read(company: Company) -> None:
    company.pick("liu")
    company.bring("liu")
    assert len(replay(company.server.log[:-1])) == company.ledger.size - 2


def test_an_idle_ledger_tells_the_time(company: Company) -> None:
    commit = company.take(at=company.now_ms + 3_600_000)
    assert [entry.logged.op.kind for entry in commit.appended] == ["sequenced"]
    assert company.ledger.server_ms == company.now_ms


def test_a_person_without_a_device_acts_through_the_server(company: Company) -> None:
    session = company.say("session", "limin", company.now_ms + DAY_MS, b"n", "form", None)
    entry = company.say("task", "T-9", "count", None, None, (), None, actor=session.hash[:16])
    assert entry.verdict == "accepted"
    farmer = company.say("session", "sun", company.now_ms + DAY_MS, b"n", "form", None)
    assert (
        company.say("task", "T-10", "count", None, None, (), None, actor=farmer.hash[:16]).code == "no-right"
    )


def test_what_the_server_cannot_record_is_found_out_before_it_joins_others(company: Company) -> None:
    with pytest.raises(MalformedError):
        company.ledger.refuse_unrecordable(Intention("set", (None, (), "item", "A", (("x", "y" * 9000),))))
    with pytest.raises(MalformedBodyError):
        company.ledger.refuse_unrecordable(Intention("set", (None, (), 5)))
    company.ledger.refuse_unrecordable(Intention("set", (None, (), "item", "A", ())))


def test_the_leaf_hash_of_every_appended_op_is_that_of_its_bytes(company: Company) -> None:
    company.pick("liu")
    for entry in company.bring("liu").appended:
        assert leaf_hash(entry.data) == entry.logged.hash


def test_a_later_version_reads_what_an_earlier_one_could_not(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.delitem(kinds.BODIES, "dispose")
        company.record("limin", "dispose", "mould", [["TOM-5", "1121", "R1", "", 4]])
        company.bring("limin")
        assert company.verdict("limin") == ("deferred", "unknown-kind")
    company.restart()
    company.take()
    assert company.verdict("limin") == ("accepted", "")
    assert company.on_hand() == 996
    assert company.server.misfits(empty_ledger()) == []


def test_what_was_known_earlier_is_still_known_after_a_restart(company: Company) -> None:
    digest = quarantined(company)
    before = company.ledger.size
    company.record("limin", "resolve", "accepted", "", names=[digest])
    company.bring("limin")
    for _ in range(2):
        known = company.ledger.fold.balances(None, before)
        assert known["TOM-5", "1121", "R1"][0] == 1000
        assert company.on_hand() == 1005
        company.restart()
