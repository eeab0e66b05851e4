"""RFC 6962 tree arithmetic: hashes of leaves and nodes, the root of a list, and the edge that a log grows from.

Only arithmetic lives here, because a seal (at most 64 leaves) and the log share it. Proofs, tiles and
checkpoints are built on it in `blockchain_trace`. Twin: `pwa/src/trace/merkle.ts`; corpus:
`tests/vectors/trace/roots.json`.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec

HASH_BYTES: Final = 32
"""SHA-256, the only hash of RFC 6962 trees."""
EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves."""

_NODE: Final = b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash under which an entry stands in the tree."""
    # The prefixes 0x00 and 0x01 keep a leaf from posing as a node (RFC 6962, 2.1).
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two subtrees."""
    return sha256(_NODE + left + right).digest()


def merkle_root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the RFC 6962 root over hashes of leaves.

    Pairing neighbours level by level and carrying an odd last one up unchanged gives the tree that the RFC
    defines by its largest power of two, without recursion: seals are checked on the path of every op.
    """
    if not leaf_hashes:
        return EMPTY_ROOT
    level = leaf_hashes
    while len(level) > 1:
        level = pair_up(level)
    return level[0]


def pair_up(level: Sequence[bytes]) -> list[bytes]:
    """Return the level above a level of hashes; an odd last one is carried up unchanged."""
    above = [
        sha256(_NODE + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)
    ]
    if len(level) % 2:
        above.append(level[-1])
    return above


class Frontier(msgspec.Struct, frozen=True):
    """All that an append-only tree must remember to grow and to state its root.

    `hashes` are the roots of the perfect subtrees that make up `size` leaves, the largest first: one for each
    bit that is set in `size`.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        assert self.size >= 0
        assert self.size.bit_count() == len(self.hashes), "a frontier holds one hash for each bit of its size"

    def append_many(self, leaf_hashes: Sequence[bytes]) -> "Frontier":
        """Return the frontier of the tree with these leaves added on its right."""
        size = self.size + len(leaf_hashes)
        held = list(self.hashes)  # what is left of it stands above the levels already done
        grown: list[bytes] = []  # smallest subtree first
        level: Sequence[bytes] = leaf_hashes
        rest = self.size
        while level:
            if rest & 1:
                level = [held.pop(), *level]
            if len(level) % 2:
                grown.append(level[-1])
                level = level[:-1]
            level = pair_up(level)
            rest >>= 1
        return Frontier(size, (*held, *reversed(grown)))

    def root(self) -> bytes:
        """Return the root of the tree."""
        if not self.hashes:
            return EMPTY_ROOT
        *larger, root = self.hashes
        for left in reversed(larger):
            root = sha256(_NODE + left + root).digest()
        return root


def audit_path(leaf_hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return what leads from a leaf of a short list to the root over it: its sibling at each level that has one."""
    assert 0 <= index < len(leaf_hashes), "the leaf is one of the list"
    path: list[bytes] = []
    level = leaf_hashes
    while len(level) > 1:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        level, index = pair_up(level), index >> 1
    return tuple(path)


def root_over(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the only root to which leaf and path can belong in a list of `size`; None for a path of another shape."""
    if not 0 <= index < size or any(len(one) != HASH_BYTES for one in path):
        return None
    rest = iter(path)
    while size > 1:
        if index ^ 1 < size:
            sibling = next(rest, None)
            if sibling is None:
                return None
            leaf = node_hash(sibling, leaf) if index & 1 else node_hash(leaf, sibling)
        index, size = index >> 1, (size + 1) >> 1
    return leaf if next(rest, None) is None else None
