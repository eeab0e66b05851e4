"""A phone's line to the server: HTTP/1.1 over one connection, with the proof of the device's key on every request."""

import asyncio
import gzip
from base64 import urlsafe_b64encode
from random import Random
from typing import Final, Self

import jwt

from bench.peers.fleet import wall_ms
from sync_engine.phone import Phone
from sync_engine.seal import raw_key
from sync_engine.wire import MEDIA_TYPE, SyncReply

PATH: Final = "/api/v1/sync"
PACKED_FROM: Final = 512
"""As the app does: what is shorter hardly shrinks."""


class Line:
    """One open connection of one phone."""

    def __init__(self, phone: Phone, port: int) -> None:
        self.phone, self.port = phone, port
        self._nonce = ""
        self._chance = Random(phone.device + port.to_bytes(2, "big"))
        raw = raw_key(phone.key.public_key())
        self._jwk = {"kty": "EC", "crv": "P-256", "x": _base64url(raw[1:33]), "y": _base64url(raw[33:])}

    async def open(self) -> Self:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def push(self) -> SyncReply:
        """Make round trips until the server has all that the phone recorded; ask for no rows."""
        session, self.phone.session = self.phone.session, b""
        try:
            while True:
                reply = await self.trip()
                if not self.phone.unsent or reply.problems:
                    return reply
        finally:
            self.phone.session = session

    async def trip(self) -> SyncReply:
        """Make one round trip."""
        sent_ms = wall_ms()
        body = self.phone.request(wall_ms=sent_ms, mono_ms=sent_ms)
        status, answer = await self._post(body)
        if status != 200:
            raise RuntimeError(f"HTTP {status}: {answer[:500]!r}")
        now_ms = wall_ms()
        return self.phone.receive(
            answer,
            sent_wall_ms=sent_ms,
            sent_mono_ms=sent_ms,
            received_wall_ms=now_ms,
            received_mono_ms=now_ms,
        )

    async def _post(self, body: bytes) -> tuple[int, bytes]:
        packing = ""
        if len(body) >= PACKED_FROM:
            body, packing = gzip.compress(body, 6, mtime=0), "Content-Encoding: gzip\r\n"
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: localhost:{self.port}\r\nContent-Type: {MEDIA_TYPE}\r\n{packing}"
            f"Accept-Encoding: gzip\r\nDPoP: {self._proof()}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        lines = answer.decode().split("\r\n")
        named = (line.partition(": ") for line in lines[1:] if line)
        headers = {name.lower(): value for name, _, value in named}
        self._nonce = headers.get("dpop-nonce", self._nonce)
        data = await self._reader.readexactly(int(headers["content-length"]))
        if headers.get("content-encoding") == "gzip":
            data = gzip.decompress(data)
        return int(lines[0].split()[1]), data

    def _proof(self) -> str:
        claims = {
            "htm": "POST",
            "htu": f"http://localhost:{self.port}{PATH}",
            "jti": self._chance.randbytes(12).hex(),
            "iat": wall_ms() // 1000,
            "nonce": self._nonce,
        }
        head = {"typ": "dpop+jwt", "jwk": self._jwk}
        return jwt.encode(claims, self.phone.key, algorithm="ES256", headers=head)


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
