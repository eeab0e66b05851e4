"""Proofs: every leaf is provable, every earlier tree a prefix, and no flipped bit passes."""

from __future__ import annotations

import json
from base64 import b64decode
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockchain_trace.ports import TilesInMemory
from blockchain_trace.proofs import (
    consistency_proof,
    consistency_tiles,
    inclusion_proof,
    inclusion_tiles,
    root_at,
)
from blockchain_trace.tiles import Edge, tiles_for_append
from blockchain_trace.verification import ProofRefusedError, verify_consistency, verify_inclusion
from domain.merkle import leaf_hash, merkle_root

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 1_200
LEAVES = [leaf_hash(b"%d" % number) for number in range(SIZE)]
CORPUS = Path(__file__).parent.parent / "vectors" / "trace" / "proofs.json"


@cache
def _tiles() -> TilesInMemory:
    _, written = tiles_for_append(Edge(), LEAVES)
    return TilesInMemory({(tile.level, tile.index): tile.data for tile in written})


@cache
def _root(size: int) -> bytes:
    return root_at(size, _tiles())


def _cases(folder: Path) -> Iterator[tuple[str, Any]]:
    for path in sorted(folder.rglob("*.json")):
        yield path.name, json.loads(path.read_text())


def _hashes(texts: list[str] | None) -> list[bytes]:
    return [b64decode(text) for text in texts or ()]


def test_inclusion_is_judged_as_the_public_vectors_say(vectors: Path) -> None:
    cases = list(_cases(vectors / "merkle-rfc6962" / "inclusion"))
    assert len(cases) == 49
    for name, case in cases:
        with pytest.raises(ProofRefusedError) if case["wantErr"] else nullcontext(name):
            verify_inclusion(
                leaf_hash=b64decode(case["leafHash"] or ""),
                index=case["leafIdx"],
                size=case["treeSize"],
                root=b64decode(case["root"] or ""),
                proof=_hashes(case["proof"]),
            )


def test_consistency_is_judged_as_the_public_vectors_say(vectors: Path) -> None:
    cases = list(_cases(vectors / "merkle-rfc6962" / "consistency"))
    assert len(cases) == 49
    for name, case in cases:
        with pytest.raises(ProofRefusedError) if case["wantErr"] else nullcontext(name):
            verify_consistency(
                old_size=case["size1"],
                old_root=b64decode(case["root1"] or ""),
                size=case["size2"],
                root=b64decode(case["root2"] or ""),
                proof=_hashes(case["proof"]),
            )


@given(st.integers(1, SIZE), st.data())
def test_every_leaf_of_every_tree_is_provable(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, _tiles())
    verify_inclusion(leaf_hash=LEAVES[index], index=index, size=size, root=_root(size), proof=proof)
    assert _root(size) == merkle_root(LEAVES[:size])


@given(st.integers(1, SIZE), st.data())
def test_every_earlier_tree_is_a_prefix_of_every_later_one(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(old, size, _tiles())
    verify_consistency(old_size=old, old_root=_root(old), size=size, root=_root(size), proof=proof)


@given(st.integers(2, SIZE), st.data())
def test_no_flipped_bit_of_a_proof_passes(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, _tiles())
    parts = [LEAVES[index], *proof]
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    flipped = bytearray(parts[which])
    flipped[bit // 8] ^= 1 << bit % 8
    parts[which] = bytes(flipped)
    with pytest.raises(ProofRefusedError):
        verify_inclusion(leaf_hash=parts[0], index=index, size=size, root=_root(size), proof=parts[1:])


@given(st.integers(2, SIZE), st.data())
def test_a_log_that_changed_its_past_cannot_prove_consistency(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, old - 1))
    forged = [*LEAVES[:size]]
    forged[changed] = leaf_hash(b"forged")
    _, written = tiles_for_append(Edge(), forged)
    tiles = TilesInMemory({(tile.level, tile.index): tile.data for tile in written})
    proof = consistency_proof(old, size, tiles)
    with pytest.raises(ProofRefusedError):
        verify_consistency(
            old_size=old, old_root=_root(old), size=size, root=root_at(size, tiles), proof=proof
        )


@given(st.integers(1, SIZE), st.data())
def test_a_proof_reads_only_the_tiles_that_it_named(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    names = {*inclusion_tiles(index, size), *consistency_tiles(old, size)}
    few = TilesInMemory(
        {(name.level, name.index): _tiles()(name.level, name.index, name.width) for name in names}
    )
    assert inclusion_proof(index, size, few) == inclusion_proof(index, size, _tiles())
    assert consistency_proof(old, size, few) == consistency_proof(old, size, _tiles())


def test_proofs_are_those_that_every_implementation_of_ours_makes() -> None:
    corpus = json.loads(CORPUS.read_text())
    for case in corpus["inclusion"]:
        root, proof = bytes.fromhex(case["root"]), [bytes.fromhex(part) for part in case["proof"]]
        leaf = bytes.fromhex(case["leaf"])
        verify_inclusion(leaf_hash=leaf, index=case["index"], size=case["size"], root=root, proof=proof)
    for case in corpus["consistency"]:
        old_root, root = bytes.fromhex(case["old_root"]), bytes.fromhex(case["root"])
        proof = [bytes.fromhex(part) for part in case["proof"]]
        verify_consistency(
            old_size=case["old_size"], old_root=old_root, size=case["size"], root=root, proof=proof
        )
