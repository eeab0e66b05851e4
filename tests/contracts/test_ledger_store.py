"""What every store of a ledger promises, whatever the database: atomic, durable, one writer, consistent cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import pytest_asyncio

from domain.errors import FaultError
from domain.ops import decode_op, encode_op, leaf_hash
from sync_engine.adapters.faults import DamagedLedgerError
from sync_engine.adapters.ledger_store import StoredLedger
from sync_engine.commit import Appended, Commit, Contact, KeptValue, SealedStretch, WaitingFrame
from sync_engine.fold.rows import Changes
from sync_engine.frame import ErasableValue
from sync_engine.logged import Logged, VerdictChange
from sync_engine.ports import Position, RowsWanted, Stored
from tests.contracts.databases import POSTGRESQL, SQLITE, database
from tests.tools.op_chain import Chain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncEngine

BACKENDS = [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.needs_service("postgresql"))]
START = (-1, -1)


class Head(msgspec.Struct):
    size: int
    root: bytes
    note: str
    tiles: list[tuple[int, int, bytes]]


@pytest_asyncio.fixture(params=BACKENDS)
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with database(request.param, tmp_path, "store") as engine:
        yield engine


@pytest_asyncio.fixture
async def store(engine: AsyncEngine) -> AsyncIterator[StoredLedger]:
    store = StoredLedger(engine, "lvyuan")
    await store.open()
    yield store
    await store.close()


def _leaves(count: int, first: int = 0) -> list[Appended]:
    chain = Chain()
    for _ in range(first + count):
        chain.record("pick", None, None, [["TOM-5", "1121", "R1", "T1", 40]])
    return [
        Appended(Logged(index, leaf_hash(data), decode_op(data), 1000 + index, 5, arrived=2000), data)
        for index, data in enumerate(map(encode_op, chain.ops))
    ][first:]


def _changes(rows: Mapping[tuple[str, str, str], Any]) -> Changes:
    encoded = {key: None if value is None else msgspec.msgpack.encode(value) for key, value in rows.items()}
    return Changes(encoded)


def _commit(appended: list[Appended], rows: Mapping[tuple[str, str, str], Any], **more: Any) -> Commit:
    size = appended[-1].logged.index + 1 if appended else 0
    fields: dict[str, Any] = {"log_size": size, "changes": _changes(rows)} | more
    return Commit(server_ms=3000, appended=appended, **fields)


def _head(size: int) -> Head:
    return Head(size, bytes(32), f"note {size}", [(0, 0, bytes(32) * size)])


def _wanted(**fields: Any) -> RowsWanted:
    asked: dict[str, Any] = {
        "known": (),
        "whole": (),
        "cursor": -1,
        "begun": -1,
        "after": START,
        "limit": 100,
    }
    return RowsWanted(**(asked | fields))


async def _put(
    store: StoredLedger, commit: Commit, head: Head | None, contacts: Sequence[Contact]
) -> Position:
    await store.begin()
    return await store.commit(commit, head, contacts)


async def _load(store: StoredLedger, begin: int = 0) -> Stored:
    cut = await store.cut()
    try:
        return await cut.stored(begin)
    finally:
        await cut.close()


async def _rows(store: StoredLedger, **fields: Any) -> list[tuple[str, str, Any]]:
    cut = await store.cut()
    found = await cut.rows(_wanted(**fields))
    await cut.close()
    return [(row.bucket, row.key, msgspec.msgpack.decode(row.value)) for row in found.rows]


async def test_what_was_committed_is_loaded_as_it_was(store: StoredLedger) -> None:
    leaves = _leaves(3)
    waiting = WaitingFrame(b"n" * 32, b"d" * 16, 7, 4, 9, b"p" * 32, b"frame", 99, -5, 3)
    branch = Appended(leaves[2].logged, leaves[2].data, is_branch=True)
    commit = _commit([*leaves[:2], branch], {}, waiting_added=[waiting])
    await _put(store, commit, _head(3), ())

    stored = await _load(store)
    assert list(stored.logged) == [leaf.logged for leaf in leaves]
    assert stored.branches == {2}
    assert list(stored.waiting) == [waiting]
    assert stored.note == "note 3"
    cut = await store.cut()
    assert await cut.tiles([(0, 0), (1, 0)]) == {(0, 0): bytes(96)}
    await cut.close()


async def test_an_empty_store_loads_as_an_empty_log(store: StoredLedger) -> None:
    stored = await _load(store)
    assert (list(stored.logged), stored.note) == ([], None)


async def test_a_later_verdict_is_the_one_that_stands(store: StoredLedger) -> None:
    await _put(store, _commit(_leaves(2), {}), _head(2), ())
    change = VerdictChange(1, "quarantined", "no-right", 1234, 6)
    await _put(store, _commit(_leaves(1, 2), {}, verdict_changes=[change]), _head(3), ())

    entry = (await _load(store)).logged[1]
    assert (entry.verdict, entry.code, entry.t, entry.err) == ("quarantined", "no-right", 1234, 6)


async def test_a_frame_waits_until_it_is_removed(store: StoredLedger) -> None:
    waiting = WaitingFrame(b"n" * 32, b"d" * 16, 7, 4, 9, b"p" * 32, b"frame", 99, None, None)
    await _put(store, _commit([], {}, waiting_added=[waiting]), None, ())
    await _put(store, _commit([], {}, waiting_added=[waiting]), None, ())
    assert list((await _load(store)).waiting) == [waiting]
    await _put(store, _commit([], {}, waiting_removed=[waiting.hash]), None, ())
    assert list((await _load(store)).waiting) == []


async def test_a_commit_that_fails_leaves_nothing_of_itself(store: StoredLedger) -> None:
    first = _leaves(2)
    await _put(store, _commit(first, {("org", "item", "a"): 1}), _head(2), ())
    clash = [*_leaves(1, 2), first[1]]
    with pytest.raises(FaultError):
        await _put(store, _commit(clash, {("org", "item", "a"): 2}, log_size=4), _head(4), ())

    await store.open()
    stored = await _load(store)
    assert (len(stored.logged), stored.note) == (2, "note 2")
    assert await _rows(store, whole=["org"]) == [("org", "a", 1)]
    await _put(store, _commit(_leaves(1, 2), {}), _head(3), ())
    assert len((await _load(store)).logged) == 3


async def test_each_commit_moves_the_position_and_a_turn_without_one_does_not(store: StoredLedger) -> None:
    begun = await store.begin()
    await store.release()
    assert await store.begin() == begun == Position()
    first = await store.commit(_commit(_leaves(2), {}), _head(2), ())
    assert (first.size, first.root) == (2, bytes(32))
    waiting = WaitingFrame(b"n" * 32, b"d" * 16, 7, 4, 9, b"p" * 32, b"frame", 99, None, None)
    second = await _put(store, _commit([], {}, waiting_added=[waiting]), None, ())

    assert (second.size, second.root) == (2, bytes(32))
    assert first != second
    cut = await store.cut()
    assert second == await store.position() == cut.position
    await cut.close()


async def test_a_log_that_is_not_as_long_as_its_head_says_is_damaged(
    store: StoredLedger, engine: AsyncEngine
) -> None:
    await _put(store, _commit(_leaves(3), {}), _head(3), ())
    async with engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM ops WHERE leaf = 2")
    with pytest.raises(DamagedLedgerError, match="3 leaves, and there are 2"):
        await _load(store)


async def test_the_end_of_a_log_is_loaded_by_itself(store: StoredLedger) -> None:
    await _put(store, _commit(_leaves(2), {}), _head(2), ())
    last = await _put(store, _commit(_leaves(3, 2), {}), _head(5), ())
    stored = await _load(store, 2)
    assert [entry.index for entry in stored.logged] == [2, 3, 4]
    assert (stored.position, stored.note) == (last, "note 5")


async def test_a_cut_does_not_see_what_is_committed_after_it(store: StoredLedger) -> None:
    await _put(store, _commit(_leaves(1), {("org", "item", "a"): 1}), _head(1), ())
    cut = await store.cut()
    await _put(store, _commit(_leaves(1, 1), {("org", "item", "a"): 2}), _head(2), ())

    found = await cut.rows(_wanted(whole=["org"]))
    await cut.close()
    assert [msgspec.msgpack.decode(row.value) for row in found.rows] == [1]
    assert await _rows(store, whole=["org"]) == [("org", "a", 2)]


async def test_rows_come_in_the_order_of_their_last_change(store: StoredLedger) -> None:
    await _put(store, _commit(_leaves(1), {("org", "item", key): key for key in "abc"}), _head(1), ())
    await _put(
        store, _commit(_leaves(1, 1), {("org", "item", "a"): "A", ("desk", "x", "y"): 1}), _head(2), ()
    )

    assert await _rows(store, whole=["org"]) == [("org", "b", "b"), ("org", "c", "c"), ("org", "a", "A")]
    assert await _rows(store, known=["org"], cursor=0) == [("org", "a", "A")]
    assert await _rows(store, known=["org"], cursor=0, whole=["desk"]) == [
        ("org", "a", "A"),
        ("desk", "y", 1),
    ]
    assert await _rows(store, known=["org"], cursor=1) == []
    assert await _rows(store) == []


async def test_a_deleted_row_is_told_to_those_who_may_have_it(store: StoredLedger) -> None:
    await _put(store, _commit(_leaves(1), {("org", "item", "a"): 1, ("org", "item", "b"): 2}), _head(1), ())
    await _put(store, _commit(_leaves(1, 1), {("org", "item", "a"): None}), _head(2), ())

    assert await _rows(store, known=["org"], cursor=0) == [("org", "a", None)]
    assert await _rows(store, whole=["org"], begun=1) == [("org", "b", 2)]
    assert await _rows(store, whole=["org"], begun=0) == [("org", "b", 2), ("org", "a", None)]


async def test_pages_of_rows_join_without_gap_or_overlap(store: StoredLedger) -> None:
    await _put(store, _commit(_leaves(1), {("org", "item", f"{n:02}"): n for n in range(7)}), _head(1), ())
    found: list[Any] = []
    after: tuple[int, int] | None = START
    while after is not None:
        cut = await store.cut()
        page = await cut.rows(_wanted(whole=["org"], after=after, limit=3))
        await cut.close()
        found += [msgspec.msgpack.decode(row.value) for row in page.rows]
        after = page.last
    assert found == list(range(7))


async def test_contacts_are_overwritten(store: StoredLedger, engine: AsyncEngine) -> None:
    await store.put_contacts([Contact(b"d" * 16, 1, 5, None)])
    await _put(store, _commit(_leaves(1), {}), _head(1), [Contact(b"d" * 16, 2, 0, -30)])
    async with engine.connect() as connection:
        found = (await connection.exec_driver_sql("SELECT last_sync_ms, pending, off_ms FROM contacts")).all()
    assert [tuple(row) for row in found] == [(2, 0, -30)]


async def test_seals_and_values_may_come_twice(store: StoredLedger, engine: AsyncEngine) -> None:
    seal = SealedStretch(b"d" * 16, 7, 1, 2, b"s" * 64, b"h" * 32)
    value = KeptValue(0, ErasableValue(0, 0, b"s" * 16, b"name"))
    await _put(store, _commit(_leaves(1), {}, seals=[seal], values=[value]), _head(1), ())
    again = _commit([], {}, seals=[seal], values=[value], log_size=1)
    await _put(store, again, None, ())
    async with engine.connect() as connection:
        for table in ("seals", "erasable_values"):
            assert (await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")).scalar() == 1
