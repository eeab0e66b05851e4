"""The op: its fields, its bytes, its hash and the names in it."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from domain.canonical import MalformedError, decode, encode
from domain.ops import (
    NAMES_MAX,
    OP_BYTES_MAX,
    Dot,
    Nonces,
    Op,
    WiderOp,
    decode_op,
    device_id,
    device_secret,
    encode_op,
    foreign_names,
    leaf_hash,
    named_hashes,
    occurred,
)
from tests.tools import make_op_vectors
from tests.tools.op_chain import Chain
from tests.unit.test_canonical import value_of

CORPUS = json.loads((make_op_vectors.FOLDER / "ops.json").read_text(encoding="utf-8"))
NONCES = json.loads((make_op_vectors.FOLDER / "nonces.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CORPUS["good"], ids=lambda case: case["kind"])
def test_fields_bytes_and_hash_of_an_op_belong_together(case: dict[str, Any]) -> None:
    fields = {name: value_of(value) for name, value in case["fields"].items()}
    data = bytes.fromhex(case["hex"])
    op = decode_op(data)
    assert encode_op(Op(**fields)) == data
    assert encode_op(op) == data
    assert {name: value_of(make_op_vectors.plain(getattr(op, name))) for name in fields} == fields
    assert leaf_hash(data).hex() == case["hash"]


def test_each_op_of_the_corpus_follows_the_one_before() -> None:
    ops = [decode_op(bytes.fromhex(case["hex"])) for case in CORPUS["good"]]
    for before, after in pairwise(ops):
        assert after.prev == leaf_hash(encode_op(before))
        assert after.seq == before.seq + 1


@pytest.mark.parametrize("case", CORPUS["bad"], ids=lambda case: case["name"])
def test_bytes_that_are_no_op_are_refused_with_a_reason(case: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as refusal:
        decode_op(bytes.fromhex(case["hex"]))
    assert refusal.value.reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"seq": 0}, "seq: Expected `int` >= 1"),
        ({"device": b"short"}, "device: Expected `bytes` of length >= 16"),
        ({"seen": (-1, bytes(16))}, "seen[0]: Expected `int` >= 0"),
        ({"actor": b"x"}, "actor: 1 bytes, not 0 or 16"),
        ({"erasable": (bytes(31),)}, "erasable[0]: Expected `bytes` of length >= 32"),
        ({"body": (None, (), 0.5)}, "not in the profile: float"),
    ],
)
def test_the_reason_names_the_field(change: dict[str, Any], reason: str) -> None:
    op = msgspec.structs.replace(Chain().record("finish", "TOM-5", "1121", "R1"), **change)
    with pytest.raises(MalformedError) as refusal:
        encode_op(op)
    assert refusal.value.reason == reason


def test_an_op_may_fill_its_limit_to_the_byte() -> None:
    empty = len(encode_op(Chain().record("attach", bytes(300))))
    room = OP_BYTES_MAX - empty + 300
    assert len(encode_op(Chain().record("attach", bytes(room)))) == OP_BYTES_MAX
    with pytest.raises(MalformedError, match="8193"):
        Chain().record("attach", bytes(room + 1))


def test_a_later_version_and_an_unknown_kind_are_ops() -> None:
    op = decode_op(encode_op(Chain().record("a_kind_of_tomorrow", 1, v=7)))
    assert (op.v, op.kind) == (7, "a_kind_of_tomorrow")


def test_elements_that_only_a_later_version_knows_are_kept_byte_for_byte() -> None:
    fields = decode(encode_op(Chain().record("move", None, [], v=2)))
    data = encode([*fields, [1, b"new"], "and more"])
    op = decode_op(data)
    assert isinstance(op, WiderOp)
    assert op.more == ([1, b"new"], "and more")
    assert encode_op(op) == data
    assert op.kind == "move"


def test_the_dot_names_an_op() -> None:
    chain = Chain()
    chain.record()
    op = chain.record()
    assert op.dot == Dot(chain.device, chain.epoch, 2)


def test_names_are_those_of_the_own_log_and_of_others() -> None:
    mine, yours = bytes(range(32)), bytes(range(1, 33))
    op = decode_op(encode_op(Chain().record("take", [], names=[mine, ("gobi.example/laozhou", yours)])))
    assert named_hashes(op) == (mine,)
    assert foreign_names(op) == (("gobi.example/laozhou", yours),)


@pytest.mark.parametrize(
    "body", [(), (None,), (None, 5), (None, [1, b"short", ["a"], [b"x", bytes(32)], None]), (5, "no array")]
)
def test_a_body_of_another_shape_names_nothing_and_claims_nothing(body: tuple[Any, ...]) -> None:
    op = msgspec.structs.replace(Chain().record(), body=body)
    assert named_hashes(op) == ()
    assert foreign_names(op) == ()
    assert occurred(op) is None


def test_no_more_than_64_names_count() -> None:
    op = Chain().record("release", "", names=[bytes([n]) * 32 for n in range(NAMES_MAX + 1)])
    assert len(named_hashes(op)) == NAMES_MAX


@pytest.mark.parametrize(
    ("claim", "read"),
    [
        (None, None),
        ([5, 9, "paper"], (5, 9, "paper")),
        ([5, 5, "memory"], (5, 5, "memory")),
        ([9, 5, "paper"], None),
        ([5, 9], None),
        (["5", 9, "paper"], None),
    ],
)
def test_a_claim_of_when_it_happened_is_read_or_is_none(claim: object, read: object) -> None:
    assert occurred(decode_op(encode_op(Chain().record("harvest", occurred=claim)))) == read


@pytest.mark.parametrize("case", NONCES["devices"], ids=lambda case: case["device"][:8])
def test_devices_secrets_and_nonces_follow_from_the_keys(case: dict[str, Any]) -> None:
    device, secret = device_id(bytes.fromhex(case["key"])), bytes.fromhex(case["device_secret"])
    assert device.hex() == case["device"]
    assert device_secret(bytes.fromhex(NONCES["organisation_secret"]), device) == secret
    for nonce in case["nonces"]:
        assert Nonces(secret).of(nonce["epoch"], nonce["seq"]).hex() == nonce["nonce"]


def test_a_nonce_is_the_hmac_that_the_protocol_names() -> None:
    secret = sha256(b"secret").digest()
    message = (7).to_bytes(8, "big") + (9).to_bytes(8, "big")
    assert Nonces(secret).of(7, 9) == hmac.digest(secret, message, "sha256")[:16]
