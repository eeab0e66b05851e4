"""Making a passkey (Web Authentication Level 3 §7.1): what the browser is asked, and what its answer must be.

The challenge carries its own age and device under a MAC, so that nothing is kept between the two requests and any
process may take the second.
"""

import hmac
import json
import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import webauthn
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct
from webauthn.helpers import base64url_to_bytes, parse_registration_credential_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import decode_credential_public_key
from webauthn.helpers.decoded_public_key_to_cryptography import decoded_public_key_to_cryptography
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from domain.assertion import ALGORITHMS, Passkey, WrongAssertionError, is_at_home
from domain.errors import DomainError

LOCAL: Final = "localhost"
LIFE_MS: Final = 5 * 60_000
"""How long somebody may look for the sensor."""
_LABEL: Final = b"gobi/passkey/1\0"
_MAC_BYTES: Final = 16
_NONCE_BYTES: Final = 16
_TIME_BYTES: Final = 8
_ALGORITHMS: Final = [COSEAlgorithmIdentifier(number) for number in ALGORITHMS]


class NoPasskeysHereError(DomainError):
    """Browsers have passkeys only for names, and only over TLS or on this machine."""

    code: ClassVar[str] = "no-passkeys-here"

    def __init__(self, *, host: str) -> None:
        super().__init__(f"browsers make no passkeys for {host!r}: the server needs a name and https")
        self.host = host


class Made(Struct, frozen=True):
    """A passkey that an authenticator made just now."""

    passkey: Passkey
    is_backed_up: bool


def relying_party(host: str, public_url: str) -> str:
    """Return the relying party's id for a page under this Host: the public name, or this machine's own.

    Raises NoPasskeysHereError.
    """
    name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    if name == LOCAL or name.endswith(f".{LOCAL}"):
        return name
    public = urlsplit(public_url)
    told = public.hostname or ""
    is_named = public.scheme == "https" and not told.replace(".", "").isdecimal() and ":" not in told
    if is_named and (name == told or name.endswith(f".{told}")):
        return told
    raise NoPasskeysHereError(host=name)


def creation_options(
    *, rp: str, organisation: str, person: str, name: str, challenge: bytes, known: list[bytes]
) -> dict[str, Any]:
    """Return what the browser is asked for, as `PublicKeyCredential.parseCreationOptionsFromJSON` takes it.

    Discoverable, with user verification; authenticators that hold one of `known` already are left out.
    """
    options = webauthn.generate_registration_options(
        rp_id=rp,
        rp_name=organisation,
        user_id=sha256(f"{organisation}\0{person}".encode()).digest(),
        user_name=person,
        user_display_name=name,
        challenge=challenge,
        timeout=LIFE_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        supported_pub_key_algs=_ALGORITHMS,
    )
    asked: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return asked


def make_challenge(secret: bytes, device: bytes, person: str, now_ms: int) -> bytes:
    """Return a challenge for this person on this device, good for `LIFE_MS`."""
    head = secrets.token_bytes(_NONCE_BYTES) + (now_ms + LIFE_MS).to_bytes(_TIME_BYTES, "big")
    return head + _mac(secret, head, device, person)


def is_our_challenge(challenge: bytes, secret: bytes, device: bytes, person: str, now_ms: int) -> bool:
    """Whether `make_challenge` made it for these, not too long ago."""
    head, mac = challenge[:-_MAC_BYTES], challenge[-_MAC_BYTES:]
    ends_ms = int.from_bytes(head[_NONCE_BYTES:], "big")
    return hmac.compare_digest(mac, _mac(secret, head, device, person)) and now_ms < ends_ms


def _mac(secret: bytes, head: bytes, device: bytes, person: str) -> bytes:
    return hmac.digest(secret, _LABEL + head + device + person.encode(), "sha256")[:_MAC_BYTES]


def made_passkey(
    answer: dict[str, Any], *, rp: str, person: str, challenge_is_ours: Callable[[bytes], bool]
) -> Made:
    """Return the passkey of what `navigator.credentials.create()` answered, as its `toJSON` gives it.

    Raises WrongAssertionError.
    """
    try:
        credential = parse_registration_credential_json(answer)
        told = json.loads(credential.response.client_data_json)
        challenge, origin = base64url_to_bytes(told["challenge"]), told["origin"]
        _refuse_foreign(origin, rp, is_ours=challenge_is_ours(challenge))
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp,
            expected_origin=origin,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
        decoded = decode_credential_public_key(verified.credential_public_key)
        key = decoded_public_key_to_cryptography(decoded)
    except WrongAssertionError:
        raise
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongAssertionError(reason="registration") from error
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    passkey = Passkey(verified.credential_id, person, int(decoded.alg), spki, rp)
    is_synced = verified.credential_device_type == CredentialDeviceType.MULTI_DEVICE
    return Made(passkey, is_synced and verified.credential_backed_up)


def _refuse_foreign(origin: object, rp: str, *, is_ours: bool) -> None:
    if not is_ours:
        raise WrongAssertionError(reason="challenge")
    if not is_at_home(origin, rp):
        raise WrongAssertionError(reason="origin")
