"""What the store of unread frames promises, whatever the database: durable within its quotas, the first one stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from api.stores.unread import UPLOADER_BYTES_MAX, UPLOADER_FRAMES_MAX, UnreadFrame, UnreadStore
from tests.contracts.databases import POSTGRESQL, SQLITE, database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BACKENDS = [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.needs_service("postgresql"))]
ZHANG, LIU = b"z" * 16, b"l" * 16


@pytest_asyncio.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[UnreadStore]:
    async with database(request.param, tmp_path, "unread") as engine:
        yield UnreadStore(engine, "lvyuan")


def _frame(number: int, size: int = 10, *, uploader: bytes = ZHANG, arrived_ms: int = 5) -> UnreadFrame:
    name = number.to_bytes(32, "big")
    return UnreadFrame(name, uploader, LIU, "unknown-device", "said", bytes(size), arrived_ms)


async def test_what_is_kept_comes_back_as_it_came_first(store: UnreadStore) -> None:
    assert await store.keep([_frame(1), _frame(2, arrived_ms=3)]) == {_frame(1).hash, _frame(2).hash}
    assert await store.keep([_frame(1, arrived_ms=99, uploader=LIU)]) == {_frame(1).hash}
    assert await store.frames([_frame(1).hash, _frame(2).hash, b"n" * 32]) == [
        _frame(2, arrived_ms=3),
        _frame(1),
    ]
    [second, first] = await store.lines()
    assert (second.hash, first.size, first.uploader, first.arrived_ms) == (_frame(2).hash, 10, ZHANG, 5)


async def test_a_device_brings_so_many_bytes_and_no_more(store: UnreadStore) -> None:
    half = UPLOADER_BYTES_MAX // 2
    kept = await store.keep([_frame(1, half), _frame(2, half), _frame(3, 1), _frame(4, 1, uploader=LIU)])
    assert kept == {_frame(number).hash for number in (1, 2, 4)}
    assert await store.keep([_frame(1, half), _frame(3, 1)]) == {_frame(1).hash}
    assert await store.discard([_frame(1).hash]) == 1
    assert await store.keep([_frame(3, 1)]) == {_frame(3).hash}


async def test_a_device_brings_so_many_frames_and_no_more(store: UnreadStore) -> None:
    frames = [_frame(number, 1) for number in range(UPLOADER_FRAMES_MAX + 1)]
    assert len(await store.keep(frames)) == UPLOADER_FRAMES_MAX


async def test_discarding_twice_is_discarding_once(store: UnreadStore) -> None:
    await store.keep([_frame(1)])
    assert [await store.discard([_frame(1).hash]), await store.discard([_frame(1).hash])] == [1, 0]
    assert (await store.discard([]), await store.lines()) == (0, [])
