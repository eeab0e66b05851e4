"""Seals: one signature of the device key over at most 64 consecutive ops; docs/protocol/operations.md §3.

Keys are P-256 points as 65 raw bytes, signatures raw r ‖ s, as WebCrypto gives them. Which stretches a device seals is
its own choice. Corpus: `tests/vectors/ops/seals.json`.
"""

from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.canonical import MalformedError, encode
from domain.merkle import merkle_root
from domain.ops import LeafHash

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey

SEAL_OPS_MAX: Final = 64
"""One op is proved by at most six hashes and one signature."""
KEY_BYTES: Final = 65
SIGNATURE_BYTES: Final = 64

Stretch = tuple[str, bytes, int, int, int]
"""Organisation, device, epoch, first seq, last seq."""

_LABEL: Final = b"gobi/seal/1\0"
_SCALAR_BYTES: Final = 32
# RFC 6979: a phone that signs the same stretch again gives the same bytes, so frames repeat byte for byte.
_SIGNING: Final = ec.ECDSA(SHA256(), deterministic_signing=True)
_VERIFYING: Final = ec.ECDSA(SHA256())


def seal_message(org: str, device: bytes, epoch: int, first_seq: int, hashes: Sequence[LeafHash]) -> bytes:
    """Return what the seal of the consecutive ops with these leaf hashes signs."""
    assert 1 <= len(hashes) <= SEAL_OPS_MAX, "a seal covers 1 to 64 ops"
    last_seq = first_seq + len(hashes) - 1
    return stretch_message((org, device, epoch, first_seq, last_seq), hashes[-1], merkle_root(hashes))


def stretch_message(stretch: Stretch, last_hash: bytes, root: bytes) -> bytes:
    """Return what a seal signs, for who has the root over a stretch and not all of its hashes."""
    return _LABEL + encode((*stretch, last_hash, root))


def sign_seal(key: PrivateKey, message: bytes) -> bytes:
    """Return the raw signature of a seal message."""
    r, s = decode_dss_signature(key.sign(message, _SIGNING))
    return r.to_bytes(_SCALAR_BYTES, "big") + s.to_bytes(_SCALAR_BYTES, "big")


def verify_seal(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether the holder of the key signed the message."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    r = int.from_bytes(signature[:_SCALAR_BYTES], "big")
    s = int.from_bytes(signature[_SCALAR_BYTES:], "big")
    try:
        key.verify(encode_dss_signature(r, s), message, _VERIFYING)
    except InvalidSignature:
        return False
    return True


def load_key(raw: bytes) -> PublicKey:
    """Return the key of a 65-byte uncompressed point; loading costs as much as a signature, so callers keep it.

    Raises MalformedError for bytes that are no such point.
    """
    if len(raw) != KEY_BYTES:
        raise MalformedError(reason=f"a key of {len(raw)} bytes, not {KEY_BYTES}")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError as error:
        raise MalformedError(reason="a key that is no point of P-256") from error


def raw_key(key: PublicKey) -> bytes:
    """Return the key as a 65-byte uncompressed point."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
