"""Seals: one signature over at most 64 ops, and no other bytes pass for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.canonical import MalformedError
from domain.merkle import merkle_root
from domain.ops import LeafHash
from sync_engine.seal import (
    SEAL_OPS_MAX,
    load_key,
    raw_key,
    seal_message,
    sign_seal,
    verify_seal,
)
from tests.tools import make_op_vectors
from tests.tools.op_chain import ORG, Chain, private_key

CORPUS = json.loads((make_op_vectors.FOLDER / "seals.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CORPUS["good"], ids=lambda case: f"{len(case['hashes'])} ops")
def test_a_seal_covers_its_stretch(case: dict[str, Any]) -> None:
    hashes = [LeafHash(bytes.fromhex(digest)) for digest in case["hashes"]]
    message = seal_message(
        case["org"], bytes.fromhex(case["device"]), case["epoch"], case["first_seq"], hashes
    )
    assert merkle_root(hashes).hex() == case["root"]
    assert message.hex() == case["message"]
    assert verify_seal(load_key(bytes.fromhex(case["key"])), message, bytes.fromhex(case["signature"]))


@pytest.mark.parametrize("case", CORPUS["bad"], ids=lambda case: case["name"])
def test_nothing_else_passes_for_a_seal(case: dict[str, Any]) -> None:
    key, message = load_key(bytes.fromhex(case["key"])), bytes.fromhex(case["message"])
    assert not verify_seal(key, message, bytes.fromhex(case["signature"]))


@pytest.mark.parametrize("case", CORPUS["bad_keys"], ids=lambda case: case["name"])
def test_bytes_that_are_no_point_are_no_key(case: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        load_key(bytes.fromhex(case["key"]))


def test_a_key_keeps_its_raw_bytes() -> None:
    raw = raw_key(private_key(1).public_key())
    assert len(raw) == 65
    assert raw_key(load_key(raw)) == raw


def test_every_part_of_the_message_is_sealed() -> None:
    chain = Chain()
    hashes = [LeafHash(bytes([number]) * 32) for number in range(3)]
    message = seal_message(ORG, chain.device, 5, 1, hashes)
    signature = sign_seal(chain.key, message)
    key = load_key(chain.public)
    assert verify_seal(key, message, signature)
    for other in (
        seal_message("laozhou", chain.device, 5, 1, hashes),
        seal_message(ORG, bytes(16), 5, 1, hashes),
        seal_message(ORG, chain.device, 6, 1, hashes),
        seal_message(ORG, chain.device, 5, 2, hashes),
        seal_message(ORG, chain.device, 5, 1, hashes[:2]),
        seal_message(ORG, chain.device, 5, 1, [hashes[1], hashes[0], hashes[2]]),
    ):
        assert not verify_seal(key, other, signature)


def test_sealing_again_gives_the_same_bytes() -> None:
    assert sign_seal(private_key(1), b"m") == sign_seal(private_key(1), b"m")


def test_no_seal_covers_none_or_more_than_64() -> None:
    for count in (0, SEAL_OPS_MAX + 1):
        with pytest.raises(AssertionError):
            seal_message(ORG, bytes(16), 1, 1, [LeafHash(bytes(32))] * count)
