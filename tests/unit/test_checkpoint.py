"""Checkpoints: a log says how long it is and what its tree is, under its own name and key."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockchain_trace.checkpoint import (
    Checkpoint,
    MalformedCheckpointError,
    parse_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from blockchain_trace.note import NoteRefusedError, SignerKey, parse_vkey
from blockchain_trace.tile_paths import decode_bundle
from blockchain_trace.tiles import split_hashes
from domain.merkle import EMPTY_ROOT, leaf_hash, merkle_root

if TYPE_CHECKING:
    from pathlib import Path

KEY = SignerKey("gobi.example/lvyuan", bytes(range(32)))
ROOT = bytes(range(32))


@pytest.mark.parametrize("size", range(8))
def test_the_log_of_another_implementation_verifies(vectors: Path, size: int) -> None:
    folder = vectors / "tessera-tlog-tiles"
    key = parse_vkey((folder / "vkey.txt").read_text())
    checkpoint = verify_checkpoint(
        (folder / f"checkpoint.{size}").read_bytes(), key, "example.com/log/testdata"
    )
    hashes: list[bytes] = []
    if size:
        hashes = split_hashes((folder / "tile" / "0" / "000.p" / str(size)).read_bytes())
        bundle = (folder / "tile" / "entries" / "000.p" / str(size)).read_bytes()
        assert [leaf_hash(entry) for entry in decode_bundle(bundle, size)] == hashes

    assert checkpoint.size == size
    assert checkpoint.root == merkle_root(hashes)
    assert size or checkpoint.root == EMPTY_ROOT


def test_a_checkpoint_is_read_as_it_was_signed() -> None:
    checkpoint = Checkpoint(KEY.name, 70_000, ROOT)
    assert verify_checkpoint(sign_checkpoint(checkpoint, KEY), KEY.verifier, KEY.name) == checkpoint


def test_a_checkpoint_of_another_log_is_refused() -> None:
    note = sign_checkpoint(Checkpoint("gobi.example/other", 1, ROOT), KEY)
    with pytest.raises(MalformedCheckpointError):
        verify_checkpoint(note, KEY.verifier, KEY.name)


def test_a_checkpoint_signed_by_somebody_else_is_refused() -> None:
    note = sign_checkpoint(Checkpoint(KEY.name, 1, ROOT), SignerKey(KEY.name, bytes(32)))
    with pytest.raises(NoteRefusedError):
        verify_checkpoint(note, KEY.verifier, KEY.name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n",
        "origin\n1\n",
        "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n٣\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n9223372036854775808\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n1\nAAAA\n",
        "origin\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
        "origin\n1\nnot base64\n",
        "origin\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nmore\n",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(MalformedCheckpointError):
        parse_checkpoint(text)


def test_extension_lines_are_kept() -> None:
    checkpoint = Checkpoint("origin", 0, EMPTY_ROOT, ("one", "two"))
    assert parse_checkpoint(checkpoint.text) == checkpoint


@given(st.text(max_size=120))
def test_whatever_comes_is_a_checkpoint_or_refused(text: str) -> None:
    with suppress(MalformedCheckpointError):
        assert parse_checkpoint(text).text == text
