"""The tree of RFC 6962: its roots, and the frontier that grows to the same ones."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.merkle import EMPTY_ROOT, Frontier, leaf_hash, merkle_root, node_hash

CORPUS = Path(__file__).parent.parent / "vectors" / "trace" / "roots.json"
LEAVES = st.lists(st.binary(max_size=4).map(leaf_hash), max_size=70)


def _by_the_book(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(_by_the_book(leaves[:k]), _by_the_book(leaves[k:]))


def test_leaves_and_nodes_have_the_hashes_of_the_standard() -> None:
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == (
        "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    )
    assert merkle_root([]) == EMPTY_ROOT


@given(LEAVES)
def test_pairing_neighbours_gives_the_tree_of_the_standard(leaves: list[bytes]) -> None:
    assert merkle_root(leaves) == _by_the_book(leaves)


@given(LEAVES, st.lists(st.integers(0, 70), max_size=6))
def test_a_frontier_grows_to_the_same_root_however_it_is_fed(leaves: list[bytes], cuts: list[int]) -> None:
    frontier = Frontier()
    at = 0
    for cut in [*sorted(cuts), len(leaves)]:
        frontier = frontier.append_many(leaves[at:cut])
        at = max(at, min(cut, len(leaves)))
    assert (frontier.size, frontier.root()) == (len(leaves), merkle_root(leaves))


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_every_leaf_counts_for_the_root(entries: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf_hash(entry) for entry in entries]
    at = data.draw(st.integers(0, len(leaves) - 1))
    changed = [*leaves]
    changed[at] = leaf_hash(entries[at] + b"!")
    assert merkle_root(changed) != merkle_root(leaves)
    assert merkle_root(leaves[:-1]) != merkle_root(leaves)


@pytest.mark.parametrize("case", json.loads(CORPUS.read_text()), ids=lambda case: str(case["size"]))
def test_roots_are_those_that_every_implementation_of_ours_computes(case: dict[str, object]) -> None:
    leaves = [leaf_hash(b"entry %d" % number) for number in range(int(str(case["size"])))]
    assert merkle_root(leaves).hex() == case["root"]
