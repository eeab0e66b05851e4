"""Frames: what they leave out comes back byte for byte, and what is not sealed does not stand."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from domain.errors import ProtocolError
from domain.ops import encode_op, leaf_hash
from sync_engine.columns import differences, expand_runs, length_of, run_lengths, sums
from sync_engine.frame import (
    FRAME_OPS_MAX,
    ErasableValue,
    FrameTooLargeError,
    MalformedFrameError,
    Seal,
    UnknownDeviceError,
    decode_frame,
    encode_frame,
    peek_header,
    sealed_ops,
)
from sync_engine.seal import load_key
from tests.tools import bad_frames, make_op_vectors
from tests.tools.bad_frames import deep_chain, oversized_frame, pick_chain, wide_chain
from tests.tools.op_chain import ENROL, ORG, Chain
from tests.unit.test_canonical import value_of

CORPUS = json.loads((make_op_vectors.FOLDER / "frames.json").read_text(encoding="utf-8"))
COLUMNS = json.loads((make_op_vectors.FOLDER / "columns.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CORPUS["good"], ids=lambda case: case["name"])
def test_decoding_rebuilds_every_op_byte_for_byte(case: dict[str, Any]) -> None:
    frame = decode_frame(bytes.fromhex(case["hex"]), lambda _: bytes.fromhex(case["secret"]))
    assert [data.hex() for data in frame.data] == case["ops"]
    assert [encode_op(op) for op in frame.ops] == list(frame.data)
    assert frame.hashes == tuple(map(leaf_hash, frame.data))
    assert frame.hashes[-1].hex() == case["last_hash"]
    assert [[seal.ops, seal.signature.hex()] for seal in frame.seals] == case["seals"]
    assert [[v.op, v.number, v.salt.hex(), v.value.hex()] for v in frame.values] == case["values"]
    assert len(frame.false_values) == case["false_values"]
    assert sealed_ops(frame, load_key(bytes.fromhex(case["key"]))) == case["standing"] == len(frame.ops)


@pytest.mark.parametrize("case", CORPUS["good"], ids=lambda case: case["name"])
def test_a_relay_reads_the_header_and_no_more(case: dict[str, Any]) -> None:
    header = peek_header(bytes.fromhex(case["hex"]))
    assert (header.org, header.device.hex(), header.epoch) == (case["org"], case["device"], case["epoch"])
    assert (header.first_seq, header.first_prev.hex()) == (case["first_seq"], case["first_prev"])


@pytest.mark.parametrize("case", CORPUS["good"], ids=lambda case: case["name"])
def test_what_was_decoded_encodes_to_the_same_frame(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    frame = decode_frame(data, lambda _: bytes.fromhex(case["secret"]))
    if not frame.false_values:
        assert encode_frame(frame.ops, frame.seals, frame.values) == data


@pytest.mark.parametrize("case", CORPUS["wrong_seals"], ids=lambda case: case["name"])
def test_ops_stand_up_to_the_first_stretch_that_is_not_sealed(case: dict[str, Any]) -> None:
    frame = decode_frame(bytes.fromhex(case["hex"]), lambda _: bytes.fromhex(case["secret"]))
    standing = sealed_ops(frame, load_key(bytes.fromhex(case["key"])))
    assert standing == case["standing"] < len(frame.ops)


@pytest.mark.parametrize("case", CORPUS["bad"], ids=lambda case: case["name"])
def test_bytes_that_are_no_frame_are_refused_whole(case: dict[str, Any]) -> None:
    chain = pick_chain(1)
    assert chain.secret.hex() == case["secret"] or case["code"] == "unknown-device"
    with pytest.raises(ProtocolError) as refusal:
        decode_frame(bytes.fromhex(case["hex"]), chain.secret_of)
    assert refusal.value.code == case["code"]


def test_a_frame_longer_than_the_limit_is_not_even_parsed() -> None:
    for read in (peek_header, lambda data: decode_frame(data, lambda _: bytes(32))):
        with pytest.raises(FrameTooLargeError):
            read(oversized_frame())


def test_a_frame_that_would_be_too_long_is_not_made() -> None:
    chain = Chain()
    for _ in range(40):
        chain.record("attach", bytes(8000))
    with pytest.raises(FrameTooLargeError):
        chain.frame()


def test_the_largest_number_of_ops_fits() -> None:
    chain = pick_chain(FRAME_OPS_MAX)
    frame = decode_frame(chain.frame(), chain.secret_of)
    assert len(frame.ops) == FRAME_OPS_MAX
    assert sealed_ops(frame, load_key(chain.public)) == FRAME_OPS_MAX


def test_the_wrong_secret_makes_ops_that_nobody_sealed() -> None:
    chain = pick_chain(3)
    frame = decode_frame(chain.frame(), lambda _: bytes(32))
    assert sealed_ops(frame, load_key(chain.public)) == 0


def test_a_frame_begins_at_the_enrolment_or_after_any_op() -> None:
    chain = pick_chain(10)
    assert peek_header(chain.frame()).first_prev == ENROL
    assert peek_header(chain.frame(4, 6)).first_prev == chain.hashes[2]


def test_values_travel_only_with_the_op_that_holds_their_digest() -> None:
    chain = Chain()
    name = ErasableValue(0, 0, b"\x01" * 16, "赵国强".encode())
    chain.record("offer", "zhao", None, [], erasable=[name.digest])
    chain.record("finish", "TOM-5", "1121", "R1")
    wrong = [
        name._replace(op=1),
        name._replace(op=2),
        name._replace(number=1),
        name._replace(salt=bytes(16)),
        name._replace(value=b""),
    ]
    frame = decode_frame(chain.frame(values=[*wrong, name]), chain.secret_of)
    assert frame.values == (name,)
    assert frame.false_values == tuple(wrong)
    assert sealed_ops(frame, load_key(chain.public)) == 2


def test_elements_of_a_later_frame_are_read_over() -> None:
    chain = pick_chain(3)
    wire = msgspec.msgpack.decode(chain.frame())
    longer = msgspec.msgpack.encode([*wire, [], ["of tomorrow"]])
    assert decode_frame(longer, chain.secret_of).data == decode_frame(chain.frame(), chain.secret_of).data


def test_an_op_is_as_deep_in_a_frame_as_it_may_be_by_itself() -> None:
    for chain in (deep_chain(), wide_chain()):
        assert decode_frame(chain.frame(), chain.secret_of).ops[-1].seq == chain.seq


def test_an_unknown_device_is_named() -> None:
    chain = pick_chain(1)
    with pytest.raises(UnknownDeviceError) as refusal:
        decode_frame(chain.frame(), lambda _: None)
    assert refusal.value.device == chain.device.hex()


def test_the_size_of_a_run_is_checked_before_it_is_laid_out() -> None:
    wire = msgspec.msgpack.decode(pick_chain(2).frame())
    wire[6][0] = [[FRAME_OPS_MAX, 1]] * 20_000
    with pytest.raises(MalformedFrameError):
        decode_frame(msgspec.msgpack.encode(wire), pick_chain(1).secret_of)


def test_only_consecutive_ops_with_covering_seals_make_a_frame() -> None:
    chain = pick_chain(3)
    with pytest.raises(AssertionError):
        encode_frame([chain.ops[0], chain.ops[2]], [Seal(2, bytes(64))])
    with pytest.raises(AssertionError):
        encode_frame(chain.ops, chain.seals(chain.ops[:2]))


@pytest.mark.parametrize("case", COLUMNS["run_lengths"], ids=lambda case: str(case["values"])[:40])
def test_runs_stand_for_their_values(case: dict[str, Any]) -> None:
    values, runs = value_of(case["values"]), value_of(case["runs"])
    assert value_of(make_op_vectors.plain(run_lengths(values))) == runs
    assert list(expand_runs(runs)) == values
    assert length_of(runs) == len(values)


@pytest.mark.parametrize("case", COLUMNS["differences"], ids=lambda case: str(case["values"])[:40])
def test_differences_stand_for_their_values(case: dict[str, Any]) -> None:
    assert list(differences(case["values"])) == case["steps"]
    assert list(sums(case["steps"])) == case["values"]


def test_the_corpus_has_every_refusal_of_a_frame() -> None:
    codes = {code for _, _, code in bad_frames.refused_frames().values()}
    assert codes == {"malformed-frame", "unknown-device"}
    assert CORPUS["good"][0]["org"] == ORG
