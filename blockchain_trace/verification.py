"""Checking proofs, step by step as RFC 9162 writes them (2.1.3.2, 2.1.4.2); keep the two side by side.

Nothing of the log is needed or trusted here. Twin: `pwa/src/trace/merkle.ts`; corpus: `merkle-rfc6962/` of the public
vectors and `tests/vectors/trace/proofs.json`.
"""

from collections.abc import Sequence

from domain.errors import ProtocolError
from domain.merkle import HASH_BYTES, node_hash


class ProofRefusedError(ProtocolError):
    """A proof does not show what it is said to show."""

    code = "proof-refused"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"proof refused: {reason}")
        self.reason = reason


def verify_inclusion(*, leaf_hash: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Return when leaf `index` of the tree of `size` leaves with this root has this hash.

    Raises ProofRefusedError.
    """
    if root_from_inclusion(leaf_hash=leaf_hash, index=index, size=size, proof=proof) != root:
        raise ProofRefusedError(reason="the hashes do not lead to the root")


def root_from_inclusion(*, leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the only root to which leaf and proof can belong.

    Raises ProofRefusedError for a proof of the wrong shape.
    """
    _refuse_non_hashes((leaf_hash, *proof))
    # 1. Compare leaf_index to tree_size.
    if not 0 <= index < size:
        raise ProofRefusedError(reason=f"leaf {index} is not in a tree of {size}")
    # 2. fn is leaf_index, sn is tree_size - 1.  3. r is the hash of the leaf.
    fn, sn, r = index, size - 1, leaf_hash
    # 4. For each value p of the path:
    for p in proof:
        if sn == 0:
            raise ProofRefusedError(reason="more hashes than the tree has levels")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            r = node_hash(r, p)
        fn >>= 1
        sn >>= 1
    # 5. Compare sn to 0; the caller compares r to the root.
    if sn != 0:
        raise ProofRefusedError(reason="fewer hashes than the tree has levels")
    return r


def verify_consistency(
    *, old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Return when the tree of `size` leaves with this root begins with the tree of `old_size` leaves and its root.

    From the empty tree nothing can be shown, so it is refused, as in RFC 6962; who follows a log from its beginning
    asks no proof (C2SP tlog-witness).

    Raises ProofRefusedError.
    """
    if not 0 < old_size <= size:
        raise ProofRefusedError(reason=f"from size {old_size} to size {size}")
    if old_size == size:
        if proof:
            raise ProofRefusedError(reason="hashes between equal sizes")
        if old_root != root:
            raise ProofRefusedError(reason=f"two roots for size {size}")
        return
    _refuse_non_hashes((old_root, *proof))
    # 1. An empty path proves nothing.
    if not proof:
        raise ProofRefusedError(reason="no hashes between different sizes")
    # 2. A tree of a power of two is a subtree of the later one, so its root starts the path.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else [*proof]
    # 3. fn is first - 1, sn is second - 1.  4. Shift both while fn is odd.
    fn, sn = old_size - 1, size - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    # 5. fr and sr start as the first value of the path.  6. For each further value c:
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            raise ProofRefusedError(reason="more hashes than the tree has levels")
        if fn & 1 or fn == sn:
            fr = node_hash(c, fr)
            sr = node_hash(c, sr)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            sr = node_hash(sr, c)
        fn >>= 1
        sn >>= 1
    # 7. Both roots must come out and sn must be used up.
    if sn != 0:
        raise ProofRefusedError(reason="fewer hashes than the tree has levels")
    if fr != old_root:
        raise ProofRefusedError(reason="the hashes do not lead to the earlier root")
    if sr != root:
        raise ProofRefusedError(reason="the hashes do not lead to the later root")


def _refuse_non_hashes(hashes: Sequence[bytes]) -> None:
    # Two short values side by side could pose as one node, so every part must have its full length.
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofRefusedError(reason=f"a hash of other than {HASH_BYTES} bytes")
