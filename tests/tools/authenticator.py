"""An authenticator in software: passkeys that answer as Web Authentication says, and as attackers would."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.assertion import ES256, RS256, USER_PRESENT, USER_VERIFIED, Assertion, Passkey
from tests.tools.op_chain import private_key

RP = "stock.example"
_DETERMINISTIC = ec.ECDSA(SHA256(), deterministic_signing=True)


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
        text = urlsafe_b64encode(challenge).decode().rstrip("=")
        told = {"type": "webauthn.get", "challenge": text, "origin": origin, "crossOrigin": False, **more}
        client_data = json.dumps(told, separators=(",", ":")).encode()
        if self.counter:
            self.counter += 1
        data = sha256(self.rp.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")
        return Assertion(self.id, data, client_data, self._sign(data + sha256(client_data).digest()))

    def _sign(self, signed: bytes) -> bytes:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(signed, _DETERMINISTIC)
        return self.key.sign(signed, padding.PKCS1v15(), SHA256())
