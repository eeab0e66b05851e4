"""A phone that speaks HTTP: the real phone of the engine, a key that makes DPoP proofs, and the manager's desk."""

import gzip
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import jwt

from domain.ops import LeafHash
from sync_engine.phone import Enrolment, Phone
from sync_engine.seal import PrivateKey, raw_key
from sync_engine.wire import MEDIA_TYPE, SyncReply
from tests.tools.op_chain import private_key


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class HttpPhone:
    """One device with a person at it."""

    client: httpx.AsyncClient
    key: PrivateKey
    clock_ms: int
    chance: Random = field(default_factory=lambda: Random(7))
    phone: Phone | None = None
    nonce: str = ""
    redeemed: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def numbered(cls, client: httpx.AsyncClient, number: int, clock_ms: int) -> "HttpPhone":
        return cls(client, private_key(number), clock_ms, Random(number))

    @property
    def it(self) -> Phone:
        assert self.phone is not None, "enrolled"
        return self.phone

    async def enrol(self, url: str, name: str = "phone") -> httpx.Response:
        code = url.partition("#")[2]
        key = base64url(raw_key(self.key.public_key()))
        answer = await self.client.post(
            "/api/v1/enrolments/redeem", json={"code": code, "key": key, "name": name, "pin_set": True}
        )
        if answer.status_code == 201:
            self.redeemed = answer.json()
            secret = self.redeemed["secret"]
            enrolment = Enrolment(
                self.redeemed["org"],
                __import__("base64").urlsafe_b64decode(secret + "=" * (-len(secret) % 4)),
                LeafHash(bytes.fromhex(self.redeemed["enrol"])),
            )
            self.phone = Phone(self.key, enrolment, lambda: self.chance.getrandbits(53))
        return answer

    def sign_in(self, person: str, *, hours: int = 12) -> None:
        self.it.sign_in(
            person,
            expires_ms=self.clock_ms + hours * 3_600_000,
            nonce=self.chance.randbytes(16),
            wall_ms=self.clock_ms,
            mono_ms=self.clock_ms,
        )

    def record(self, kind: str, *fields: Any, **more: Any) -> LeafHash:
        return self.it.record(kind, fields, wall_ms=self.clock_ms, mono_ms=self.clock_ms, **more)

    def proof(self, method: str, url: str, *, nonce: str | None = None, key: PrivateKey | None = None) -> str:
        raw = raw_key((key or self.key).public_key())
        jwk = {"kty": "EC", "crv": "P-256", "x": base64url(raw[1:33]), "y": base64url(raw[33:])}
        claims = {
            "htm": method, "htu": url, "jti": self.chance.randbytes(12).hex(), "iat": 0,
            "nonce": self.nonce if nonce is None else nonce,
        }  # fmt: skip
        return jwt.encode(claims, key or self.key, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": jwk})

    async def post(self, body: bytes, *, proof: str | None = None, packed: bool = False) -> httpx.Response:
        url = str(self.client.base_url.join("/api/v1/sync"))
        headers = {"Content-Type": MEDIA_TYPE, "DPoP": self.proof("POST", url) if proof is None else proof}
        if packed:
            headers["Content-Encoding"], body = "gzip", gzip.compress(body)
        answer = await self.client.post("/api/v1/sync", content=body, headers=headers)
        self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
        return answer

    async def sync(self, *, packed: bool = False) -> SyncReply:
        """Round trips until there is nothing more to send or to pull."""
        while True:
            body = self.it.request(wall_ms=self.clock_ms, mono_ms=self.clock_ms)
            answer = await self.post(body, packed=packed)
            assert answer.status_code == 200, answer.text
            reply = self.it.receive(
                answer.content,
                sent_wall_ms=self.clock_ms,
                sent_mono_ms=self.clock_ms,
                received_wall_ms=self.clock_ms + 20,
                received_mono_ms=self.clock_ms + 20,
            )
            self.clock_ms += 20
            if reply.pull == "use-dpop-nonce":
                continue
            if reply.page is None and (not self.it.unsent or reply.problems):
                return reply

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A JSON request as this device and person."""
        answer = await self._ask(method, path, **more)
        if answer.status_code == 401 and answer.json()["type"] == "/errors/use-dpop-nonce":
            answer = await self._ask(method, path, **more)
        return answer

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        url = str(self.client.base_url.join(path.partition("?")[0]))
        headers = {
            "DPoP": self.proof(method, url), "Gobi-Session": self.it.session.hex(), **more.pop("headers", {}),
        }  # fmt: skip
        answer = await self.client.request(method, path, headers=headers, **more)
        self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
        return answer
