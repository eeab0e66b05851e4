"""Passkey assertions (Web Authentication Level 3 §7.2): who was there, and said yes to what; docs/protocol/identity.md.

Pure: a challenge is a hash over what is agreed to, never a server's nonce, so that a person can sign in and sign with
no network, and anybody can check it years later. Twin: `pwa/src/codec/assertion.ts`; corpus:
`tests/vectors/identity/assertions.json`.
"""

import json
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any, ClassVar, Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from msgspec import Struct

from domain.canonical import MalformedError, decode_as, encode
from domain.errors import DomainError

ES256: Final = -7
RS256: Final = -257
ALGORITHMS: Final = (ES256, RS256)
"""COSE algorithms (RFC 9053, RFC 8812) that every platform's authenticators have one of."""

RSA_BITS: Final = range(2048, 4097)

USER_PRESENT: Final = 0x01
USER_VERIFIED: Final = 0x04
BACKED_UP: Final = 0x10

_SESSION_LABEL: Final = b"gobi/session/1\0"
_SIGN_LABEL: Final = b"gobi/sign/1\0"
_HEAD_BYTES: Final = 37
"""rpIdHash, flags and signCount of the authenticator data (§6.1); extensions may follow."""
CLIENT_DATA_BYTES_MAX: Final = 2048
_ORIGIN: Final = re.compile(
    r"(?:https://([a-z0-9.-]{1,253})|http://((?:[a-z0-9-]{1,63}\.){0,3}localhost))(?::[0-9]{1,5})?"
)
"""A web origin as browsers write it; without TLS they have passkeys on this machine alone."""


class WrongAssertionError(DomainError):
    """The assertion is not one of this passkey over this challenge; `reason` is a word for a screen."""

    code: ClassVar[str] = "wrong-assertion"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"the passkey's answer does not hold: {reason}")
        self.reason = reason


class Passkey(Struct, frozen=True, array_like=True):
    """A credential of a person: `key` is the public key as SubjectPublicKeyInfo (DER), `rp` the relying party's id."""

    id: bytes
    person: str
    alg: int
    key: bytes
    rp: str


class Assertion(Struct, frozen=True, array_like=True):
    """What an authenticator answered, as it came: the proof of a `session`, and the fields of a `sign`."""

    credential: bytes
    authenticator_data: bytes
    client_data: bytes
    signature: bytes


class Presence(Struct, frozen=True):
    """What a good assertion tells besides: the signature counter (0: the authenticator keeps none), and backup."""

    counter: int
    is_backed_up: bool


_decoder: Final = msgspec.msgpack.Decoder(Assertion)


def session_challenge(
    org: str, device: bytes, device_key: bytes, person: str, expires_ms: int, nonce: bytes
) -> bytes:
    """Return what a person's passkey signs to be at a device until an instant: it binds the person to its key."""
    told = encode((org, device, device_key, person, expires_ms, nonce))
    return sha256(_SESSION_LABEL + told).digest()


def sign_challenge(org: str, op_hash: bytes) -> bytes:
    """Return what a person's passkey signs to stand for an op of this organisation."""
    return sha256(_SIGN_LABEL + encode((org, op_hash))).digest()


def encode_assertion(assertion: Assertion) -> bytes:
    """Return the assertion as the `proof` of a session."""
    return encode(msgspec.structs.astuple(assertion))


def decode_assertion(proof: bytes) -> Assertion:
    """Return the assertion that a session's `proof` holds.

    Raises MalformedError.
    """
    assertion = decode_as(_decoder, proof)
    if encode_assertion(assertion) != proof:
        raise MalformedError(reason="a proof in another form than the canonical one")
    return assertion


def verify_assertion(assertion: Assertion, passkey: Passkey, challenge: bytes) -> Presence:
    """Check that the person behind a passkey was present, verified, and said yes to this challenge.

    Raises WrongAssertionError.
    """
    if assertion.credential != passkey.id:
        raise WrongAssertionError(reason="credential")
    _check_client_data(assertion.client_data, passkey.rp, challenge)
    data = assertion.authenticator_data
    if len(data) < _HEAD_BYTES:
        raise WrongAssertionError(reason="authenticator-data")
    if data[:32] != sha256(passkey.rp.encode()).digest():
        raise WrongAssertionError(reason="relying-party")
    flags = data[32]
    if not flags & USER_PRESENT or not flags & USER_VERIFIED:
        raise WrongAssertionError(reason="user-verification")
    signed = data + sha256(assertion.client_data).digest()
    if not _is_signed(passkey, assertion.signature, signed):
        raise WrongAssertionError(reason="signature")
    return Presence(int.from_bytes(data[33:_HEAD_BYTES], "big"), bool(flags & BACKED_UP))


def _check_client_data(client_data: bytes, rp: str, challenge: bytes) -> None:
    if len(client_data) > CLIENT_DATA_BYTES_MAX:
        raise WrongAssertionError(reason="client-data")
    try:
        told: Any = json.loads(client_data.decode())
    except (ValueError, RecursionError):
        raise WrongAssertionError(reason="client-data") from None
    if not isinstance(told, dict) or told.get("type") != "webauthn.get":
        raise WrongAssertionError(reason="type")
    if told.get("challenge") != urlsafe_b64encode(challenge).decode().rstrip("="):
        raise WrongAssertionError(reason="challenge")
    if told.get("crossOrigin", False) is not False:
        raise WrongAssertionError(reason="cross-origin")
    if not is_at_home(told.get("origin"), rp):
        raise WrongAssertionError(reason="origin")


def is_at_home(origin: object, rp: str) -> bool:
    """Whether a page of this origin may use passkeys of the relying party: its host, or one below it, over TLS."""
    found = _ORIGIN.fullmatch(origin) if isinstance(origin, str) else None
    if found is None:
        return False
    host = found[1] or found[2]
    return host == rp or host.endswith(f".{rp}")


def _is_signed(passkey: Passkey, signature: bytes, signed: bytes) -> bool:
    try:
        key = load_passkey(passkey.alg, passkey.key)
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(SHA256()))
        else:
            key.verify(signature, signed, padding.PKCS1v15(), SHA256())
    except (InvalidSignature, MalformedError):
        return False
    return True


def load_passkey(alg: int, key: bytes) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    """Return a public key of one of the algorithms: P-256, or RSA of 2048 to 4096 bits.

    Raises MalformedError.
    """
    try:
        loaded = load_der_public_key(key)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise MalformedError(reason="a passkey's key that is no SubjectPublicKeyInfo") from error
    if (
        alg == ES256
        and isinstance(loaded, ec.EllipticCurvePublicKey)
        and isinstance(loaded.curve, ec.SECP256R1)
    ):
        return loaded
    if alg == RS256 and isinstance(loaded, rsa.RSAPublicKey) and loaded.key_size in RSA_BITS:
        return loaded
    raise MalformedError(reason="a passkey's key of another algorithm than it says")
