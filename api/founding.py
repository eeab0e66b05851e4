"""Founding an organisation: three root keys for paper, two of which sign the genesis (DESIGN §9)."""

from collections.abc import Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from domain.canonical import encode

ROOT_KEYS: Final = 3
ROOT_SIGNATURES: Final = 2
"""Two of three: one sheet of paper may burn, and one thief is not enough."""

_LABEL: Final = b"gobi/genesis/1\0"


class Founding(Struct, frozen=True, kw_only=True):
    """What an organisation begins with."""

    org: str
    name: str
    admin: str
    """The id of the first admin."""
    admin_name: str
    utc_offset_minutes: int = 480


def genesis_message(org: str, fields: Sequence[object]) -> bytes:
    """Return what root keys sign: all fields of the genesis but the signatures themselves.

    `fields` are name, key, log vkey, root keys, witness policy, first admin, UTC offset.
    """
    return _LABEL + encode((org, *fields))


def genesis_fields(
    founding: Founding, *, server_key: bytes, log_key: str, root_seeds: Sequence[bytes]
) -> tuple[object, ...]:
    """Return the fields of the genesis, signed by the first two root keys; the seeds go to paper, not to disk."""
    assert len(root_seeds) == ROOT_KEYS, "three sheets of paper"
    roots = [Ed25519PrivateKey.from_private_bytes(seed) for seed in root_seeds]
    public = tuple(root.public_key().public_bytes_raw() for root in roots)
    admin = (founding.admin, founding.admin_name, None)
    offset = founding.utc_offset_minutes
    message = genesis_message(founding.org, (founding.name, server_key, log_key, public, "", admin, offset))
    signatures = tuple(
        root.sign(message) if number < ROOT_SIGNATURES else b"" for number, root in enumerate(roots)
    )
    return (founding.name, server_key, log_key, public, signatures, "", admin, offset)
