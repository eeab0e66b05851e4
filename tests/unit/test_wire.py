"""The two messages of a round trip: what a later version adds is read over, what is malformed is refused."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.canonical import decode
from sync_engine.wire import (
    REPLY_BYTES_MAX,
    REQUEST_BYTES_MAX,
    MalformedReplyError,
    MalformedRequestError,
    Problem,
    RequestTooLargeError,
    Row,
    SnapshotHeld,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)
from tests.tools import make_op_vectors
from tests.tools.sync_messages import (
    empty_request,
    full_reply,
    new_reply,
    new_requests,
    recovering_reply,
    sample_reply,
    sample_request,
)
from tests.unit.test_canonical import value_of

FIRST_REQUEST = 10
"""Elements of a request of the first version."""
FIRST_REPLY = 14
LATER = st.recursive(st.none() | st.integers(-5, 5) | st.text(max_size=3), st.lists, max_leaves=3)

CORPUS = json.loads((make_op_vectors.FOLDER / "sync.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CORPUS["requests"], ids=lambda case: f"{len(case['hex'])}")
def test_a_request_and_its_bytes_are_one(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    assert encode_request(decode_request(data)) == data
    assert decode(data) == value_of(case["fields"])


@pytest.mark.parametrize("case", CORPUS["replies"], ids=lambda case: case["name"])
def test_a_reply_and_its_bytes_are_one(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    assert encode_reply(decode_reply(data)) == data
    assert decode(data) == value_of(case["fields"])


@pytest.mark.parametrize("case", CORPUS["bad_requests"], ids=lambda case: case["name"])
def test_what_is_no_request_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(MalformedRequestError):
        decode_request(bytes.fromhex(case["hex"]))


@pytest.mark.parametrize("case", CORPUS["bad_replies"], ids=lambda case: case["name"])
def test_what_is_no_reply_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(MalformedReplyError):
        decode_reply(bytes.fromhex(case["hex"]))


def test_messages_longer_than_their_limit_are_not_parsed() -> None:
    with pytest.raises(RequestTooLargeError):
        decode_request(bytes(REQUEST_BYTES_MAX + 1))
    with pytest.raises(MalformedReplyError):
        decode_reply(bytes(REPLY_BYTES_MAX + 1))


def test_a_phone_that_holds_a_thousand_sites_of_any_name_still_brings_its_frames() -> None:
    sites = (*(f"site:{number:04}" for number in range(1_100)), "site:" + "长" * 5_000)
    held = tuple(SnapshotHeld(site, bytes(32), True) for site in sites)
    request = msgspec.structs.replace(sample_request(), buckets=sites, snapshots=held)
    assert decode_request(encode_request(request)) == request


def test_a_session_has_16_bytes_or_none() -> None:
    for session in (b"x", bytes(15)):
        with pytest.raises(MalformedRequestError):
            decode_request(encode_request(msgspec.structs.replace(sample_request(), session=session)))
    assert decode_request(encode_request(empty_request())).session == b""


def test_what_a_later_version_adds_is_read_over() -> None:
    request = msgspec.msgpack.decode(encode_request(sample_request()))
    assert decode_request(msgspec.msgpack.encode([*request, 0, None, "", ["new"]])) == sample_request()
    reply = msgspec.msgpack.decode(encode_reply(full_reply()))
    reply[7][0].append("new in a row")
    reply[9][0].append("new in a head")
    assert decode_reply(msgspec.msgpack.encode([*reply, [], [], [], [], None, 1])) == full_reply()


@pytest.mark.parametrize("case", CORPUS["requests"], ids=lambda case: f"{len(case['hex'])}")
def test_a_request_of_any_older_phone_says_nothing_of_what_came_later(case: dict[str, Any]) -> None:
    whole = msgspec.msgpack.decode(bytes.fromhex(case["hex"]))
    request = decode_request(bytes.fromhex(case["hex"]))
    for length in range(FIRST_REQUEST, len(whole) + 1):
        later = {"pending": 0, "snapshots": None, "known": ""}
        missing = dict(list(later.items())[length - FIRST_REQUEST :])
        cut = decode_request(msgspec.msgpack.encode(whole[:length]))
        assert cut == msgspec.structs.replace(request, **missing)
    with pytest.raises(MalformedRequestError):
        decode_request(msgspec.msgpack.encode(whole[: FIRST_REQUEST - 1]))


@pytest.mark.parametrize("case", CORPUS["replies"], ids=lambda case: case["name"])
def test_a_reply_of_any_older_server_says_nothing_of_what_came_later(case: dict[str, Any]) -> None:
    whole = msgspec.msgpack.decode(bytes.fromhex(case["hex"]))
    reply = decode_reply(bytes.fromhex(case["hex"]))
    for length in range(FIRST_REPLY, len(whole) + 1):
        later = {"snapshots": (), "based": (), "covered": (), "branches": (), "recovering": None}
        missing = dict(list(later.items())[length - FIRST_REPLY :])
        cut = decode_reply(msgspec.msgpack.encode(whole[:length]))
        assert cut == msgspec.structs.replace(reply, **missing)
    with pytest.raises(MalformedReplyError):
        decode_reply(msgspec.msgpack.encode(whole[: FIRST_REPLY - 1]))


@given(st.lists(LATER, min_size=1, max_size=4))
def test_whatever_a_later_version_adds_to_a_message_or_to_an_entry_is_read_over(added: list[Any]) -> None:
    request = msgspec.msgpack.decode(encode_request(new_requests()[1]))
    request += [None, "", ""][len(request) - FIRST_REQUEST :]
    request[11] = [[*held, *added] for held in request[11]]
    assert decode_request(msgspec.msgpack.encode([*request, *added])) == new_requests()[1]
    for reply in (new_reply(), recovering_reply()):
        said = msgspec.msgpack.decode(encode_reply(reply))
        said += [[], [], [], [], None][len(said) - FIRST_REPLY :]
        for place in (7, 8, 9, 10, 13, 14, 15, 16, 17):
            said[place] = [[*entry, *added] for entry in said[place]]
        said[18] = said[18] and [*said[18], *added]
        read = decode_reply(msgspec.msgpack.encode([*said, *added]))
        assert msgspec.structs.replace(read, problems=()) == msgspec.structs.replace(reply, problems=())


def test_words_that_only_a_newer_server_says_are_read() -> None:
    row = Row("org", "hologram", "H1", [1, ["whatever"]])
    later = msgspec.structs.replace(
        sample_reply(), pull="wrong-phase-of-the-moon", rows=(row,), problems=(Problem(0, False, "too-blue"),)
    )
    assert decode_reply(encode_reply(later)) == later


def test_a_request_says_what_the_phone_still_holds_and_an_older_one_holds_nothing() -> None:
    request = msgspec.msgpack.decode(encode_request(sample_request()))
    assert decode_request(msgspec.msgpack.encode([*request, 1200])).pending == 1200
    assert decode_request(msgspec.msgpack.encode(request)).pending == 0


def test_a_stored_row_travels_as_it_is_stored() -> None:
    stored = msgspec.Raw(msgspec.msgpack.encode(["TOM-5", 45]))
    reply = msgspec.structs.replace(sample_reply(), rows=(Row("org", "item", "TOM-5", stored),))
    assert decode_reply(encode_reply(reply)).rows == (Row("org", "item", "TOM-5", ["TOM-5", 45]),)


@pytest.mark.parametrize("value", [0.5, {}, [[2**53]], [[[[[[[[[]]]]]]]]]], ids=repr)
def test_a_row_outside_the_profile_refuses_the_reply(value: object) -> None:
    reply = msgspec.structs.replace(sample_reply(), rows=(Row("org", "item", "TOM-5", value),))
    with pytest.raises(MalformedReplyError):
        decode_reply(encode_reply(reply))


def test_nothing_new_is_less_than_a_kilobyte_both_ways() -> None:
    assert len(encode_request(msgspec.structs.replace(sample_request(), frames=(), relayed=()))) < 100
    assert len(encode_reply(sample_reply())) < 200
