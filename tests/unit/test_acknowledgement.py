"""Acknowledgements: what the server signed, and nothing else passes for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ProtocolError
from sync_engine.acknowledgement import is_covered, open_acknowledgement, unacknowledged
from sync_engine.seal import load_key
from tests.tools import make_relay_examples, make_relay_vectors
from tests.tools.code_parts import part

CORPUS = json.loads((make_relay_vectors.FOLDER / "acknowledgements.json").read_text(encoding="utf-8"))
KEY = load_key(bytes.fromhex(CORPUS["key"]))


@pytest.mark.parametrize("case", CORPUS["good"], ids=lambda case: case["name"])
def test_what_the_server_signed_is_read(case: dict[str, Any]) -> None:
    found = open_acknowledgement(bytes.fromhex(case["hex"]), KEY, CORPUS["org"])
    ends = [[end.epoch, end.seq, end.hash.hex(), end.leaf] for end in found.ends]
    assert (found.device.hex(), found.at_ms, found.log_size) == (
        case["device"],
        case["at_ms"],
        case["log_size"],
    )
    assert (ends, found.covered, found.root.hex()) == (case["ends"], case["covered"], case["root"])
    assert (found.missing_values, found.missing_evidence, found.bearer) == (
        case["missing_values"],
        case["missing_evidence"],
        case["bearer"],
    )


@pytest.mark.parametrize("case", CORPUS["bad"], ids=lambda case: case["name"])
def test_nothing_else_passes_for_the_servers_word(case: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError) as refusal:
        open_acknowledgement(bytes.fromhex(case["hex"]), KEY, CORPUS["org"])
    assert refusal.value.code == case["code"]


@pytest.mark.parametrize("case", CORPUS["heads"], ids=lambda case: case["name"])
def test_a_head_counts_only_where_it_is_named(case: dict[str, Any]) -> None:
    said = open_acknowledgement(bytes.fromhex(CORPUS["good"][0]["hex"]), KEY, CORPUS["org"])
    heads = [(epoch, seq, bytes.fromhex(digest)) for epoch, seq, digest in case["heads"]]
    assert unacknowledged(said, heads) == [heads[number] for number in case["missing"]]
    assert unacknowledged(None, heads) == heads


def test_a_backup_covers_it_only_if_it_covers_every_end() -> None:
    partly, _, empty = (
        open_acknowledgement(bytes.fromhex(case["hex"]), KEY, CORPUS["org"]) for case in CORPUS["good"]
    )
    assert not is_covered(partly)
    assert is_covered(empty)


@pytest.mark.parametrize("name", ["parts.json", "acknowledgements.json"])
def test_the_corpus_is_what_the_code_makes(name: str) -> None:
    committed = (make_relay_vectors.FOLDER / name).read_text(encoding="utf-8")
    assert make_relay_vectors.documents()[name] == committed, (
        "run `python -m tests.tools.make_relay_vectors` and look at what changed"
    )


def test_a_part_fits_a_code_of_version_12() -> None:
    assert len(part(bytes(320 * 3), 2)) <= 535


def test_the_examples_are_what_the_code_makes() -> None:
    assert make_relay_examples.DOCUMENT.read_text(encoding="utf-8") == make_relay_examples.document(), (
        "run python -m tests.tools.make_relay_examples"
    )


@given(st.binary(max_size=200), st.integers(0, 200), st.integers(1, 255))
def test_no_bytes_break_the_reader(junk: bytes, at: int, flip: int) -> None:
    good = bytearray.fromhex(CORPUS["good"][0]["hex"])
    good[at % len(good)] ^= flip
    for data in (junk, bytes(good), bytes(good[:at])):
        with pytest.raises(ProtocolError):
            open_acknowledgement(data, KEY, CORPUS["org"])
