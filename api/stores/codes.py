"""One-time enrolment codes: known by their hash, used once, gone after a quarter of an hour."""

from hashlib import sha256
from typing import Final

from msgspec import Struct
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.engine import deciding
from storage.tables import enrolment_codes

LIFE_MS: Final = 15 * 60_000
KEPT_MS: Final = 24 * 3_600_000
"""A used code is remembered for a day, so that a phone that lost the answer may ask again."""

_CODES: Final = enrolment_codes.c


class Code(Struct, frozen=True, kw_only=True):
    """What a code entitles to: a device for a person, or for everybody at a place."""

    person: str | None
    name: str
    purpose: str
    expires_ms: int
    used_ms: int | None = None
    device: bytes | None = None
    """The device that gets a new key by it; None: whoever redeems it joins."""


class CodeStore:
    """The codes of one organisation."""

    def __init__(self, engine: AsyncEngine, org: str) -> None:
        self._engine, self._org = deciding(engine), org

    async def put(self, code: str, entitled: Code, *, now_ms: int) -> None:
        """Keep a fresh code, and forget those of yesterday."""
        values = {
            "org": self._org, "code_hash": _hash(code), "person": entitled.person, "name": entitled.name,
            "purpose": entitled.purpose, "expires_ms": entitled.expires_ms, "used_ms": None,
            "device": entitled.device,
        }  # fmt: skip
        async with self._engine.begin() as connection:
            await connection.execute(
                delete(enrolment_codes).where(_CODES.org == self._org, _CODES.expires_ms < now_ms - KEPT_MS)
            )
            await connection.execute(insert(enrolment_codes).values(values))

    async def use(self, code: str, *, now_ms: int) -> Code | None:
        """Use a code up; None when it is unknown, expired or used. Two callers never use one code."""
        mark = update(enrolment_codes).where(
            _CODES.org == self._org,
            _CODES.code_hash == _hash(code),
            _CODES.used_ms.is_(None),
            _CODES.expires_ms > now_ms,
        )
        async with self._engine.begin() as connection:
            marked = await connection.execute(mark.values(used_ms=now_ms))
        return await self.find(code) if marked.rowcount == 1 else None

    async def find(self, code: str) -> Code | None:
        """Return what a code entitles or entitled to."""
        query = select(enrolment_codes).where(_CODES.org == self._org, _CODES.code_hash == _hash(code))
        async with self._engine.connect() as connection:
            record = (await connection.execute(query)).first()
        if record is None:
            return None
        return Code(
            person=record.person,
            name=record.name,
            purpose=record.purpose,
            expires_ms=record.expires_ms,
            used_ms=record.used_ms,
            device=record.device,
        )


def _hash(code: str) -> bytes:
    return sha256(b"gobi/enrol/" + code.encode("utf-8", "replace")).digest()
