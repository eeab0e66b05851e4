"""What every memory of used proofs promises: each proof once, also when two ask at one instant, until it is old."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest
import pytest_asyncio

from api.dpop import ProofsInMemory
from api.stores.proofs import FORGET_EVERY_MS, StoredProofs
from storage.engine import open_engine
from tests.contracts.databases import POSTGRESQL, SQLITE, database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from api.dpop import UsedProofs

NOW: Final = 1_795_400_000_000
LIFE: Final = 600_000
MEMORIES: Final = ["memory", SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.needs_service("postgresql"))]


@pytest_asyncio.fixture(params=MEMORIES)
async def used(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[UsedProofs]:
    if request.param == "memory":
        yield ProofsInMemory()
        return
    async with database(request.param, tmp_path, "proofs") as engine:
        yield StoredProofs(engine, "lvyuan")


def _name(number: int) -> bytes:
    return number.to_bytes(32, "big")


async def _take(used: UsedProofs, number: int, now_ms: int = NOW) -> bool:
    return await used.take(_name(number), now_ms=now_ms, expires_ms=now_ms + LIFE)


async def test_a_proof_is_taken_once(used: UsedProofs) -> None:
    assert [await _take(used, number) for number in (1, 2, 1, 2, 3)] == [True, True, False, False, True]


async def test_of_many_who_bring_one_proof_at_once_one_is_heard(used: UsedProofs) -> None:
    assert sum(await asyncio.gather(*[_take(used, 1) for _ in range(8)])) == 1


async def test_a_proof_is_remembered_as_long_as_its_nonce_lives(used: UsedProofs) -> None:
    await _take(used, 1)
    for now_ms in range(NOW, NOW + LIFE, FORGET_EVERY_MS):
        await _take(used, now_ms, now_ms)
        assert not await _take(used, 1, now_ms)


@pytest.mark.needs_service("postgresql")
async def test_a_proof_that_one_process_took_is_taken_by_no_other(tmp_path: Path) -> None:
    async with database(POSTGRESQL, tmp_path, "shared_proofs") as engine:
        other_engine = open_engine(engine.url)
        one, other = StoredProofs(engine, "lvyuan"), StoredProofs(other_engine, "lvyuan")
        elsewhere = StoredProofs(other_engine, "another")
        assert await _take(one, 1)
        assert not await _take(other, 1)
        assert await _take(elsewhere, 1)
        await _take(other, 2, NOW + LIFE + FORGET_EVERY_MS)
        async with engine.connect() as connection:
            found = await connection.exec_driver_sql("SELECT org FROM used_proofs ORDER BY org")
            assert list(found.scalars()) == ["another", "lvyuan"]
        await other_engine.dispose()
