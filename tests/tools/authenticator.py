"""An authenticator in software: passkeys that answer as Web Authentication says, and as attackers would."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.assertion import ES256, RS256, USER_PRESENT, USER_VERIFIED, Assertion, Passkey
from tests.tools.op_chain import private_key

RP = "stock.example"
_ATTESTED = 0x40
_DETERMINISTIC = ec.ECDSA(SHA256(), deterministic_signing=True)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class Authenticator:
    """One passkey of a person; `counter` 0: it keeps none, as synced passkeys do."""

    person: str
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = field(default_factory=lambda: private_key(500))
    id: bytes = b"credential-of-the-tests"
    rp: str = RP
    counter: int = 0

    @property
    def passkey(self) -> Passkey:
        alg = ES256 if isinstance(self.key, ec.EllipticCurvePrivateKey) else RS256
        spki = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return Passkey(self.id, self.person, alg, spki, self.rp)

    def answer(
        self,
        challenge: bytes,
        *,
        origin: str = f"https://{RP}",
        flags: int = USER_PRESENT | USER_VERIFIED,
        **more: object,
    ) -> Assertion:
        """Say yes to a challenge; `more` are members of the client data beside or instead of the usual ones."""
        told = {
            "type": "webauthn.get",
            "challenge": _text(challenge),
            "origin": origin,
            "crossOrigin": False,
            **more,
        }
        client_data = json.dumps(told, separators=(",", ":")).encode()
        if self.counter:
            self.counter += 1
        data = sha256(self.rp.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")
        return Assertion(self.id, data, client_data, self._sign(data + sha256(client_data).digest()))

    def create(
        self,
        options: dict[str, Any],
        *,
        origin: str = f"https://{RP}",
        flags: int = USER_PRESENT | USER_VERIFIED,
        **more: object,
    ) -> dict[str, Any]:
        """Answer `navigator.credentials.create()` with attestation `none`, as its `toJSON` has it."""
        told = {"type": "webauthn.create", "challenge": options["challenge"], "origin": origin, **more}
        assert isinstance(self.key, ec.EllipticCurvePrivateKey), "the tests make keys of P-256"
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: ES256, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(cose)
        head = sha256(self.rp.encode()).digest() + bytes([flags | _ATTESTED]) + bytes(4)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": head + attested})
        name = _text(self.id)
        return {
            "id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": _text(json.dumps(told).encode()), "attestationObject": _text(attestation),
                "transports": ["internal"],
            },
        }  # fmt: skip

    def _sign(self, signed: bytes) -> bytes:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(signed, _DETERMINISTIC)
        return self.key.sign(signed, padding.PKCS1v15(), SHA256())
