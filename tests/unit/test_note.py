"""Signed notes: what other people's tools wrote is read, and what is written they read; nothing false gets through."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockchain_trace.note import (
    COSIGNATURE,
    SIGNATURES_MAX,
    MalformedNoteError,
    NoteRefusedError,
    SignerKey,
    VerifierKey,
    cosigned_at_s,
    format_skey,
    parse_note,
    parse_skey,
    parse_vkey,
    sign_note,
    verify_note,
)

if TYPE_CHECKING:
    from pathlib import Path

OURS = SignerKey("gobi.example/lvyuan", bytes(range(32)))
OTHER = SignerKey("gobi.example/other", bytes(range(1, 33)))
COSIGNED = (
    "rome2026h1.example.org\n300\nlCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=\n\n— witness.example.org "
    "uKLPIAAAAABpVGeAhm2bOvKc3LaB9PFN1ruG19Y5yqslmcAAbhftnn1Zznmo0LXFZq4LGvqKqLX8jWlwLKasxEGTLIqAVusneCBmBw==\n"
)
WITNESS = "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN"


@pytest.fixture(scope="module")
def notes(vectors: Path) -> Any:
    return json.loads((vectors / "signed-note" / "note_vectors.json").read_text("utf-8"))


def test_known_keys_are_read_and_written_as_they_were(notes: Any) -> None:
    for vkey in notes["vkeys"]:
        assert parse_vkey(vkey).vkey == vkey
    assert format_skey(parse_skey(notes["skey"])) == notes["skey"]


def test_keys_of_another_length_or_algorithm_are_refused(notes: Any) -> None:
    for vkey in notes["bad_vkeys"]:
        with pytest.raises(MalformedNoteError):
            parse_vkey(vkey)


def test_a_note_is_signed_byte_for_byte_as_others_sign_it(notes: Any) -> None:
    assert sign_note(notes["sign"]["text"], parse_skey(notes["skey"])) == notes["sign"]["note"]


def test_a_note_tells_who_of_the_known_signed_it(notes: Any) -> None:
    for case in notes["open_ok"]:
        _, signers = verify_note(case["note"], map(parse_vkey, case["vkeys"]))
        assert [key.name for key in signers] == case["verified"]


def test_a_note_that_must_not_open_does_not(notes: Any) -> None:
    for case in notes["open_fail"]:
        with pytest.raises((MalformedNoteError, NoteRefusedError)):
            verify_note(case["note"], map(parse_vkey, case["vkeys"]))


def test_a_witness_vouches_with_its_time() -> None:
    key = parse_vkey(WITNESS)
    note, signers = verify_note(COSIGNED, [key])
    assert (key.algorithm, signers) == (COSIGNATURE, [key])
    assert cosigned_at_s(note.signatures[0]) == 1_767_139_200
    with pytest.raises(NoteRefusedError):
        verify_note(COSIGNED.replace("\n300\n", "\n301\n"), [key])


def test_signatures_of_strangers_are_kept_and_not_judged() -> None:
    note = sign_note("a text\n", OURS, OTHER)
    parsed, signers = verify_note(note, [OURS.verifier])
    assert [signature.name for signature in parsed.signatures] == [OURS.name, OTHER.name]
    assert signers == [OURS.verifier]
    assert parsed.whole == note


def test_one_false_signature_of_a_known_key_spoils_the_note() -> None:
    _, _, stolen = sign_note("another text\n", OTHER).rpartition("\n\n")
    with pytest.raises(NoteRefusedError):
        verify_note(sign_note("a text\n", OURS) + stolen, [OURS.verifier, OTHER.verifier])


def test_a_name_alone_does_not_make_a_signer() -> None:
    impostor = SignerKey(OURS.name, OTHER.seed)
    with pytest.raises(NoteRefusedError):
        verify_note(sign_note("a text\n", impostor), [OURS.verifier])


def test_a_note_of_too_many_lines_is_refused() -> None:
    note = sign_note("a text\n", *[OURS] * (SIGNATURES_MAX + 1))
    with pytest.raises(MalformedNoteError):
        parse_note(note)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_comes_is_a_note_or_refused(data: bytes) -> None:
    with suppress(MalformedNoteError):
        assert parse_note(data).whole.encode() == data


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_of_a_note_passes(at: int, change: int) -> None:
    note = bytearray(sign_note("origin\n3\nroot\n", OURS).encode())
    note[at % len(note)] ^= change
    with pytest.raises((MalformedNoteError, NoteRefusedError)):
        verify_note(bytes(note), [OURS.verifier])


@given(st.text(max_size=80))
def test_no_text_but_a_key_is_one(text: str) -> None:
    with pytest.raises(MalformedNoteError):
        parse_vkey(text)
    with pytest.raises(MalformedNoteError):
        parse_skey(text)


def test_a_vkey_names_its_algorithm() -> None:
    key = VerifierKey("w", COSIGNATURE, OURS.verifier.public)
    assert parse_vkey(key.vkey) == key
    assert key.id != OURS.verifier.id
