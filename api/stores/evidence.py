"""Photos, signatures and documents: named by the SHA-256 of their bytes, so sending one twice is sending it once."""

from collections.abc import Collection
from typing import Final

from msgspec import Struct
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.engine import deciding
from storage.tables import attachments

EVIDENCE_BYTES_MAX: Final = 10 * 1024 * 1024
"""A photo of a phone is 2–5 MB; a lab report as PDF may be more."""

_FILES: Final = attachments.c
_DIGESTS_AT_ONCE: Final = 1_000


class Evidence(Struct, frozen=True):
    """A document with its media type."""

    media_type: str
    data: bytes


class EvidenceStore:
    """The evidence of one organisation."""

    def __init__(self, engine: AsyncEngine, org: str) -> None:
        self._engine, self._org = deciding(engine), org

    async def put(self, digest: bytes, evidence: Evidence, *, device: bytes, now_ms: int) -> bool:
        """Keep a document whose digest was checked; False when it is there already."""
        if await self.has(digest):
            return False
        values = {
            "org": self._org, "sha256": digest, "media_type": evidence.media_type, "data": evidence.data,
            "device": device, "received_ms": now_ms,
        }  # fmt: skip
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(attachments).values(values))
        except IntegrityError:  # somebody else was first with the same bytes
            return False
        return True

    async def has(self, digest: bytes) -> bool:
        """Whether the document is there."""
        query = select(_FILES.received_ms).where(_FILES.org == self._org, _FILES.sha256 == digest)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).first() is not None

    async def get(self, digest: bytes) -> Evidence | None:
        """Return the document."""
        query = select(_FILES.media_type, _FILES.data).where(_FILES.org == self._org, _FILES.sha256 == digest)
        async with self._engine.connect() as connection:
            record = (await connection.execute(query)).first()
        return None if record is None else Evidence(record.media_type, record.data)

    async def held(self) -> set[bytes]:
        """Return the digests of all documents that are there."""
        query = select(_FILES.sha256).where(_FILES.org == self._org)
        async with self._engine.connect() as connection:
            return set((await connection.execute(query)).scalars())

    async def held_of(self, digests: Collection[bytes]) -> set[bytes]:
        """Return which of these documents are there."""
        query = select(_FILES.sha256).where(_FILES.org == self._org)
        asked, held = list(digests), set[bytes]()
        async with self._engine.connect() as connection:
            for first in range(0, len(asked), _DIGESTS_AT_ONCE):
                some = query.where(_FILES.sha256.in_(asked[first : first + _DIGESTS_AT_ONCE]))
                held.update((await connection.execute(some)).scalars())
        return held
