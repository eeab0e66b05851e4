"""A phone: what it records survives lost replies, reloads, copies, wrong clocks and a restored server."""

from __future__ import annotations

import pytest
from msgspec import structs

from domain.canonical import MalformedError
from domain.ops import leaf_hash
from sync_engine.frame import FRAME_BYTES_MAX, decode_frame, sealed_ops
from sync_engine.outbox import FRAME_OPS
from sync_engine.phone_clock import PARTING_MS, READING_MS, UNSET_ERR_MS
from sync_engine.seal import load_key, raw_key
from sync_engine.wire import (
    FRAMES_MAX,
    Held,
    MalformedReplyError,
    Problem,
    Settled,
    SyncReply,
    decode_reply,
    decode_request,
    encode_reply,
)
from tests.tools.op_chain import ENROL, START_MS
from tests.tools.phone_world import SECRET, World


@pytest.fixture
def world() -> World:
    return World()


def test_the_first_op_follows_the_enrolment_and_each_op_the_one_before(world: World) -> None:
    phone = world.phone()
    first, second = world.pick(phone), world.pick(phone)
    ops = [entry.op for entry in phone.pending]
    assert [op.prev for op in ops] == [ENROL, first]
    assert [op.seq for op in ops] == [1, 2]
    assert phone.prev == second


def test_an_op_is_pending_until_its_verdict_is_in_the_rows(world: World) -> None:
    phone = world.phone()
    digest = world.pick(phone)
    assert [entry.hash for entry in phone.pending] == [digest]
    world.sync(phone)
    assert phone.pending == []
    assert phone.unsent == []
    assert phone.rows["org"]["op", digest.hex()] == ["pick"]
    assert phone.seen[0] == phone.log_size == 1
    assert phone.cursor == 0


def test_a_lost_reply_costs_nothing(world: World) -> None:
    phone = world.phone()
    world.pick(phone)
    for _ in range(3):
        world.sync(phone, is_lost=True)
        world.pick(phone)
    world.sync(phone)
    assert len(world.ledger.log) == 4
    assert phone.unsent == []
    assert world.ledger.forks == 0


def test_a_retry_sends_the_same_bytes(world: World) -> None:
    phone = world.phone()
    world.pick(phone)
    assert phone.frames() == phone.frames()


def test_a_person_signs_in_and_acts(world: World) -> None:
    phone = world.phone()
    session = phone.sign_in("liu", expires_ms=1, nonce=b"n", wall_ms=START_MS, mono_ms=0)
    world.pick(phone)
    assert phone.pending[0].op.actor == b""
    assert phone.pending[1].op.actor == session[:16] == phone.session


def test_what_cannot_be_an_op_is_not_recorded(world: World) -> None:
    phone = world.phone()
    world.pick(phone)
    before = phone.prev
    with pytest.raises(MalformedError):
        phone.record("count", [0.5], wall_ms=START_MS, mono_ms=0)
    assert (phone.prev, phone.seq) == (before, 1)


def test_erasable_values_travel_beside_their_op(world: World) -> None:
    phone = world.phone()
    phone.record(
        "offer", ["zhao", None, []], wall_ms=START_MS, mono_ms=0, erasable=[(b"s" * 16, "赵国强".encode())]
    )
    frame = decode_frame(phone.frames()[0], lambda _: SECRET)
    assert frame.values[0].value.decode() == "赵国强"
    assert frame.ops[0].erasable == (frame.values[0].digest,)


def test_a_long_outbox_goes_up_in_frames_of_500_and_in_several_trips(world: World) -> None:
    phone = world.phone()
    for _ in range(FRAME_OPS * 2 + 1):
        world.pick(phone)
    frames = phone.frames()
    assert [len(decode_frame(frame, lambda _: SECRET).ops) for frame in frames] == [500, 500, 1]
    key = load_key(raw_key(phone.key.public_key()))
    assert sealed_ops(decode_frame(frames[0], lambda _: SECRET), key) == FRAME_OPS
    world.sync(phone)
    assert len(world.ledger.log) == FRAME_OPS * 2 + 1


def test_large_ops_make_small_frames(world: World) -> None:
    phone = world.phone()
    for number in range(400):
        phone.record(
            "attach",
            [bytes([number % 256]) * 7000],
            wall_ms=START_MS,
            mono_ms=0,
            erasable=[(bytes(16), bytes(3000))] if number % 2 else [],
        )
    assert max(map(len, phone.frames())) <= FRAME_BYTES_MAX
    trips = 0
    while phone.unsent:
        world.sync(phone)
        trips += 1
    assert trips == 2
    assert len(world.ledger.log) == 400


def test_relayed_frames_arrive_unopened_through_another_phone(world: World) -> None:
    stranger, carrier = world.phone(1), world.phone(2)
    digest = world.pick(stranger)
    carrier.carry(stranger.frames())
    carrier.carry(stranger.frames())
    assert len(carrier.relayed) == 1
    world.sync(carrier)
    assert carrier.relayed == []
    assert digest in world.logged
    world.sync(stranger)
    assert len(world.ledger.log) == 1
    assert stranger.pending == []


def test_what_the_server_keeps_back_stays_with_the_carrier_and_what_it_refuses_goes(world: World) -> None:
    first, second, carrier = world.phone(1), world.phone(2), world.phone(3)
    for phone in (first, second):
        world.pick(phone)
        carrier.carry(phone.frames())
    kept, refused = carrier.relayed
    request = carrier.request(wall_ms=world.now_ms, mono_ms=0)
    problems = (Problem(0, True, "too-many-unread"), Problem(1, True, "wrong-seal"))
    reply = structs.replace(decode_reply(world.ledger.sync(request, now_ms=world.now_ms)), problems=problems)
    trip = {
        "sent_wall_ms": world.now_ms,
        "sent_mono_ms": 0,
        "received_wall_ms": world.now_ms,
        "received_mono_ms": 1,
    }
    carrier.receive(encode_reply(reply), **trip)
    assert carrier.relayed == [kept]
    assert kept != refused


def test_more_frames_than_a_request_may_have_go_up_in_two(world: World) -> None:
    other, carrier = world.phone(1), world.phone(2)
    world.pick(other)
    frame = decode_request(other.request(wall_ms=world.now_ms, mono_ms=0)).frames[0]
    carrier.relayed = [frame[:8] + number.to_bytes(2) for number in range(FRAMES_MAX + 1)]
    world.sync(carrier)
    assert len(carrier.relayed) == 1
    world.sync(carrier)
    assert carrier.relayed == []


def test_relayed_frames_that_arrive_before_their_predecessors_wait(world: World) -> None:
    phone, carrier = world.phone(1), world.phone(2)
    world.pick(phone)
    early = phone.frames()
    world.pick(phone)
    tail = decode_frame(phone.frames()[0], lambda _: SECRET)
    later = phone._frame(phone.unsent[1:])
    carrier.carry([later])
    world.sync(carrier)
    assert world.ledger.log == []
    carrier.carry(early)
    world.sync(carrier)
    assert [digest for digest, _ in world.ledger.log] == list(tail.hashes)


def test_pages_are_applied_in_one_step_with_the_last(world: World) -> None:
    writer, reader = world.phone(1), world.phone(2)
    for _ in range(25):
        world.pick(writer)
    world.sync(writer)
    world.ledger.page_rows = 10
    assert world.sync(reader).page is not None  # type: ignore[union-attr]
    assert reader.rows == {}
    assert (reader.cursor, reader.seen[0]) == (-1, 0)
    world.pick(writer)
    world.sync(writer)
    world.sync(reader)
    world.sync(reader)
    assert len(reader.rows["org"]) == 25, "the cut is that of the first page"
    assert (reader.cursor, reader.seen[0], reader.page) == (24, 25, None)


def test_pages_of_a_reload_are_asked_for_again(world: World) -> None:
    writer, reader = world.phone(1), world.phone(2)
    for _ in range(25):
        world.pick(writer)
    world.sync(writer)
    world.ledger.page_rows = 10
    world.sync(reader)
    reader.reload()
    for _ in range(3):
        world.sync(reader)
    assert len(reader.rows["org"]) == 25


def test_a_reply_that_is_none_changes_nothing(world: World) -> None:
    phone = world.phone()
    world.pick(phone)
    phone.request(wall_ms=world.now_ms, mono_ms=0)
    with pytest.raises(MalformedReplyError):
        phone.receive(b"<html>", sent_wall_ms=0, sent_mono_ms=0, received_wall_ms=0, received_mono_ms=0)
    assert len(phone.unsent) == 1


# --- clocks --------------------------------------------------------------------------------------------------------


def test_a_clock_two_hours_fast_tells_server_time_after_one_sync(world: World) -> None:
    phone, skew = world.phone(), 7_200_000
    world.pick(phone, skew_ms=skew)
    assert phone.pending[0].op.err == UNSET_ERR_MS
    world.sync(phone, skew_ms=skew)
    world.sync(phone, skew_ms=skew, trip_ms=80)
    world.pick(phone, skew_ms=skew)
    op = phone.pending[0].op
    assert abs(op.at - world.now_ms) <= op.err == 40 + 1 + READING_MS


def test_the_request_says_now_by_the_estimate_that_stamped_its_ops(world: World) -> None:
    phone, skew = world.phone(), 3_600_000
    world.sync(phone)
    world.pick(phone)
    world.pick(phone, skew_ms=skew)
    request = decode_request(phone.request(wall_ms=world.now_ms + skew, mono_ms=world.now_ms - START_MS))
    last = phone.pending[-1].op
    assert request.run == last.run != phone.pending[0].op.run
    assert request.now_ms is not None
    correction = world.now_ms - request.now_ms
    assert abs(last.at + correction - world.now_ms) <= last.err


def test_an_op_made_while_the_reply_travels_keeps_its_correction(world: World) -> None:
    phone, skew = world.phone(), 3_600_000
    world.sync(phone)
    world.pick(phone, skew_ms=skew)
    mono = world.now_ms - START_MS
    request = phone.request(wall_ms=world.now_ms + skew, mono_ms=mono)
    reply = world.ledger.sync(request, now_ms=world.now_ms)
    world.pick(phone, skew_ms=skew, seconds=1)
    made_at = world.now_ms
    phone.receive(
        reply,
        sent_wall_ms=world.now_ms + skew - 1000,
        sent_mono_ms=mono,
        received_wall_ms=world.now_ms + skew,
        received_mono_ms=mono + 1000,
    )
    request = phone.request(wall_ms=world.now_ms + skew, mono_ms=mono + 1000)
    late = phone.pending[-1].op
    now_ms = decode_request(request).now_ms
    assert now_ms is not None
    assert abs(late.at + (world.now_ms - now_ms) - made_at) <= late.err


@pytest.mark.parametrize(
    ("wall_ms", "mono_ms", "is_new"),
    [
        (10_000, 10_000, False),
        (10_000 + PARTING_MS - 1, 10_000, False),
        (10_000 + PARTING_MS, 10_000, True),
        (10_000 - PARTING_MS, 10_000, True),
        (10_000, 500, True),
        (-86_400_000, 10_000, True),
    ],
)
def test_a_new_run_begins_when_the_clocks_part(wall_ms: int, mono_ms: int, is_new: bool) -> None:
    phone = World().phone()
    phone.record("finish", ["A", "", "R1"], wall_ms=START_MS, mono_ms=0)
    phone.record("finish", ["A", "", "R1"], wall_ms=START_MS + wall_ms, mono_ms=mono_ms)
    first, second = (entry.op.run for entry in phone.pending)
    assert (second != first) is is_new


def test_a_reload_begins_a_new_run(world: World) -> None:
    phone = world.phone()
    world.pick(phone)
    phone.reload()
    world.pick(phone)
    assert phone.pending[0].op.run != phone.pending[1].op.run


def test_the_claim_grows_with_the_time_since_the_last_sync(world: World) -> None:
    phone = world.phone()
    world.sync(phone, trip_ms=200)
    world.pick(phone, seconds=10_000)
    assert phone.pending[0].op.err == 100 + 500 + READING_MS


def test_a_slow_trip_does_not_spoil_a_good_estimate(world: World) -> None:
    phone = world.phone()
    world.sync(phone, trip_ms=60)
    world.sync(phone, trip_ms=40_000)
    assert phone.clock.half_trip_ms == 30


def test_a_slow_trip_that_contradicts_the_estimate_is_believed(world: World) -> None:
    phone = world.phone()
    world.sync(phone, trip_ms=60)
    phone.clock.offset_ms += 3_600_000
    world.sync(phone, trip_ms=40_000)
    assert phone.clock.offset_ms == 0


def test_seen_never_decreases(world: World) -> None:
    phone = world.phone()
    for _ in range(3):
        world.pick(phone)
        world.sync(phone)
    seen = phone.seen
    world.ledger.log.clear()
    world.ledger.devices[phone.device].main.clear()
    phone.cursor = -1
    world.sync(phone)
    assert phone.seen == seen


def test_the_hash_that_recording_returns_is_that_of_the_bytes(world: World) -> None:
    phone = world.phone()
    digest = world.pick(phone)
    assert digest == leaf_hash(phone.pending[0].data)


def test_a_request_says_how_many_ops_stay_behind(world: World) -> None:
    phone = world.phone()
    for _ in range(3):
        world.pick(phone)
    request = phone.request(wall_ms=world.now_ms, mono_ms=world.now_ms - START_MS)
    assert decode_request(request).pending == 0
    for _ in range(2200):
        phone.record("finish", ["A" * 2000, "", "R1"], wall_ms=world.now_ms, mono_ms=world.now_ms - START_MS)
    asked = decode_request(phone.request(wall_ms=world.now_ms, mono_ms=world.now_ms - START_MS))
    carried = sum(len(decode_frame(frame, lambda _: SECRET).ops) for frame in asked.frames)
    assert 0 < asked.pending == len(phone.unsent) - carried


def test_what_was_never_sent_is_not_settled_by_what_a_clone_sent_in_its_place(world: World) -> None:
    phone = world.phone()
    world.pick(phone)
    world.sync(phone)
    digest = world.pick(phone)
    reply = SyncReply(
        now_ms=world.now_ms, log_size=9, pull="ok", cursor=8, page=None, dropped=(), rows=(),
        settled=(Settled(phone.epoch, 1, 5),), held=(Held(phone.epoch, 2, phone.outbox[phone.epoch].entries[0].hash),),
        problems=(), checkpoint="", seen=None, acked=(),
    )  # fmt: skip
    mono = world.now_ms - START_MS
    phone.request(wall_ms=world.now_ms, mono_ms=mono)
    phone.receive(
        encode_reply(reply), sent_wall_ms=world.now_ms, sent_mono_ms=mono, received_wall_ms=world.now_ms,
        received_mono_ms=mono,
    )  # fmt: skip
    assert [entry.hash for entry in phone.pending] == [digest]


def test_times_that_lie_too_far_apart_for_one_frame_go_into_two(world: World) -> None:
    phone = world.phone()
    for wall_ms in (-(2**53) + 1, 2**53 - 1):
        phone.record("finish", ["A", "", "R1"], wall_ms=wall_ms, mono_ms=0)
    assert [len(decode_frame(frame, lambda _: SECRET).ops) for frame in phone.frames()] == [1, 1]


def test_frames_for_codes_hold_as_few_ops_as_asked(world: World) -> None:
    phone = world.phone()
    for _ in range(5):
        world.pick(phone)
    assert [len(decode_frame(frame, lambda _: SECRET).ops) for frame in phone.frames(2)] == [2, 2, 1]
