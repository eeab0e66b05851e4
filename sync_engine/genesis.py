"""The genesis and its root keys: three keys on paper, of which two sign how an organisation begins (DESIGN §9)."""

from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.canonical import encode
from domain.kinds import Genesis

ROOT_KEYS: Final = 3
ROOT_SIGNATURES: Final = 2
"""Two of three: one sheet of paper may burn, and one thief is not enough."""

_LABEL: Final = b"gobi/genesis/1\0"


def genesis_message(org: str, fields: Sequence[object]) -> bytes:
    """Return what root keys sign: the organisation's id and all fields of its genesis but the signatures themselves.

    `fields` are name, key, log vkey, root keys, witness policy, first admin, UTC offset; and what it follows, where it
    is a later one.
    """
    return _LABEL + encode((org, *fields))


def signed_genesis(org: str, fields: Sequence[object], root_seeds: Sequence[bytes]) -> tuple[object, ...]:
    """Return the fields of the genesis (operations.md §4), signed by the first two root keys.

    `fields` are name, key, log vkey, witness policy, first admin, UTC offset; the seeds go to paper, not to disk.
    """
    assert len(root_seeds) == ROOT_KEYS, "three sheets of paper"
    roots = [Ed25519PrivateKey.from_private_bytes(seed) for seed in root_seeds]
    public = tuple(root.public_key().public_bytes_raw() for root in roots)
    name, key, log_key, *rest = fields
    message = genesis_message(org, (name, key, log_key, public, *rest))
    signatures = tuple(
        root.sign(message) if number < ROOT_SIGNATURES else b"" for number, root in enumerate(roots)
    )
    return (name, key, log_key, public, signatures, *rest)


def genesis_fault(org: str, genesis: Genesis) -> str | None:
    """Return what is wrong with the root signatures of a genesis, None when two of three keys signed it."""
    roots, signatures = genesis.root_keys, genesis.root_signatures
    if len(roots) != ROOT_KEYS or len(set(roots)) != ROOT_KEYS:
        return f"it names {len(set(roots))} root keys, not {ROOT_KEYS}"
    if len(signatures) != ROOT_KEYS:
        return f"it has {len(signatures)} places for root signatures, not {ROOT_KEYS}"
    begun = (genesis.name, genesis.key, genesis.log_key, roots)
    message = genesis_message(org, (*begun, *_rest(genesis)))
    made = [number for number, signature in enumerate(signatures) if signature]
    wrong = [number for number in made if not _is_signed(roots[number], signatures[number], message)]
    if wrong:
        return f"signature {wrong[0] + 1} is not that of its root key"
    if len(made) < ROOT_SIGNATURES:
        return f"{len(made)} root keys signed it, not {ROOT_SIGNATURES}"
    return None


def _rest(genesis: Genesis) -> tuple[object, ...]:
    rest = (genesis.witness_policy, genesis.admin, genesis.utc_offset_minutes)
    return rest if genesis.follows is None else (*rest, genesis.follows)


def reopened_genesis(
    org: str,
    first: Genesis,
    *,
    log_key: str,
    follows: tuple[str, int, bytes, int],
    root_seeds: Sequence[bytes],
) -> tuple[object, ...]:
    """Return the fields of the genesis by which a restored log goes on under a new origin, signed by its root keys.

    `first` is the genesis that stands; all of it but the log's key stays. `follows` is the origin, size and root of the
    last head that was signed, and how many leaves are kept. A seed that is none of the root keys' signs nothing.
    """
    begun = (first.name, first.key, log_key, first.root_keys)
    rest = (first.witness_policy, first.admin, first.utc_offset_minutes, follows)
    message = genesis_message(org, (*begun, *rest))
    made = {}
    for seed in root_seeds:
        root = Ed25519PrivateKey.from_private_bytes(seed)
        made[root.public_key().public_bytes_raw()] = root.sign(message)
    signatures = tuple(made.get(public, b"") for public in first.root_keys)
    return (*begun, signatures, *rest)


def _is_signed(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
