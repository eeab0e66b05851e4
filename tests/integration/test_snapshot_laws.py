"""Whatever a phone gets by snapshots, pages and changes, in whatever order, are the rows that stand.

The store and the rules are the real ones; commits write rows as the fold would, at random. A phone follows
docs/protocol/sync.md §5 and is killed, kept waiting and cut off at every step.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

import sync_engine.row_pages
import sync_engine.snapshots
from domain.canonical import encode
from sync_engine.adapters.ledger_store import StoredLedger
from sync_engine.adapters.snapshot_store import StoredSnapshots
from sync_engine.bucket_token import BucketTokenExpiredError, BucketTokens
from sync_engine.commit import Commit
from sync_engine.fold.rows import Changes
from sync_engine.row_pages import StalePageError, pull_rows
from sync_engine.snapshots import decode_manifest, rows_of, unpack
from sync_engine.snapshotter import KEPT_MS, Snapshotter
from sync_engine.wire import SnapshotHeld, SyncRequest
from tests.contracts.databases import SQLITE, database
from tests.contracts.test_ledger_store import _head, _leaves

if TYPE_CHECKING:
    from collections.abc import Iterator

ORG: Final = "lvyuan"
BUCKETS: Final = ("desk", "org", "site:R1")
Rows = dict[tuple[str, str, str], Any]


@pytest.fixture(autouse=True, scope="module")
def _small() -> Iterator[None]:
    """Snapshots, chunks, pages and memories so small that a few steps meet all their edges."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sync_engine.row_pages, "PAGE_ROWS", 3)
        patch.setattr(sync_engine.row_pages, "LONG_AWAY", 1)
        for name, value in {
            "ROWS_LEAST": 1,
            "ROWS_MEAN": 3,
            "ROWS_MOST": 4,
            "WORTH_ROWS": 3,
            "WORTH_CHANGED": 1,
            "TOMBSTONES_LEAST": 2,
        }.items():
            patch.setattr(sync_engine.snapshots, name, value)
        yield


class Server:
    def __init__(self, engine: Any) -> None:
        self.store = StoredLedger(engine, ORG)
        self.snapshots = StoredSnapshots(engine, ORG)
        self.now_ms = 0
        self.maker = Snapshotter(
            store=self.snapshots,
            sequencer=None,  # type: ignore[arg-type]  # it is told when to look, and follows nobody
            org=ORG,
            now_ms=lambda: self.now_ms,
        )
        self.tokens = BucketTokens(bytes(32), ORG)
        self.size = 0
        self.rows: Rows = {}
        self.was: dict[int, Rows] = {-1: {}}
        """The rows that stood as of each index."""
        self.leaves = _leaves(60)

    async def commit(self, changes: dict[tuple[str, str, str], Any], *, begins: bool = True) -> None:
        if self.size >= len(self.leaves):
            return
        # A fold tells of a deletion only where there was a row.
        real = {key: value for key, value in changes.items() if value is not None or key in self.rows}
        leaf = self.leaves[self.size]
        self.size += 1
        encoded = {key: None if value is None else encode(value) for key, value in real.items()}
        commit = Commit(server_ms=self.size, appended=[leaf], changes=Changes(encoded), log_size=self.size)
        if begins:
            await self.store.begin()
        await self.store.commit(commit, _head(self.size), ())
        self.rows.update(real)
        self.rows = {key: value for key, value in self.rows.items() if value is not None}
        self.was[self.size - 1] = dict(self.rows)


class Phone:
    """What survives a kill, and how a request and its reply change it."""

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.buckets: set[str] = set()
        self.cursor = -1
        self.page: bytes | None = None
        self.spool: list[Any] = []
        self.blobs: dict[bytes, bytes] = {}
        self.staged: dict[str, tuple[bytes, str]] = {}
        self.seen = -1
        """Up to which index it says in its ops that it has all."""

    def missing(self, bucket: str) -> list[bytes]:
        manifest, _ = self.staged[bucket]
        if manifest not in self.blobs:
            return [manifest]
        named = decode_manifest(unpack(self.blobs[manifest], manifest))
        assert named.bucket == bucket
        return [chunk.name for chunk in named.chunks if chunk.name not in self.blobs]

    def request(self) -> SyncRequest:
        held = tuple(
            SnapshotHeld(bucket, manifest, not self.missing(bucket))
            for bucket, (manifest, _) in sorted(self.staged.items())
        )
        return SyncRequest(
            device=bytes(16),
            now_ms=None,
            run=None,
            session=bytes(16),
            cursor=self.cursor,
            page=self.page,
            buckets=tuple(sorted(self.buckets)),
            frames=(),
            relayed=(),
            snapshots=held,
        )

    async def pull(self, server: Server, granted: tuple[str, ...]) -> bool:
        """One round trip; whether it completed a cut."""
        cut = await server.store.cut()
        try:
            reply = await pull_rows(cut, self.request(), granted, size=server.size, offers=True)
        except StalePageError:
            self.page, self.spool = None, []
            return False
        finally:
            await cut.close()
        if self.page is None:
            self.spool = []
        self.spool.append(reply)
        self.page = reply.page
        if reply.page is not None:
            return False
        self._apply(server, reply)
        _is_one_cut(self, server, granted)
        return True

    def _apply(self, server: Server, last: Any) -> None:
        dropped = {bucket for page in self.spool for bucket in page.dropped}
        self.rows = {key: value for key, value in self.rows.items() if key[0] not in dropped}
        self.buckets -= dropped
        for mark in last.based:
            manifest = decode_manifest(unpack(self.blobs[mark.manifest], mark.manifest))
            for chunk in manifest.chunks:
                for entry in rows_of(unpack(self.blobs[chunk.name], chunk.name)):
                    value = msgspec.msgpack.decode(entry.value)
                    self.rows[mark.bucket, entry.table, entry.key] = value
            self.buckets.add(mark.bucket)
        for page in self.spool:
            for row in page.rows:
                value = msgspec.msgpack.decode(row.value)
                self.buckets.add(row.bucket)
                self.rows[row.bucket, row.table, row.key] = value
        self.rows = {key: value for key, value in self.rows.items() if value is not None}
        offered = {mark.bucket for mark in last.offered}
        self.staged = {
            mark.bucket: (mark.manifest, server.tokens.make(mark.bucket, now_ms=server.now_ms))
            for mark in last.offered
        }
        self.rows = {key: value for key, value in self.rows.items() if key[0] in self.buckets | offered}
        self.cursor, self.spool = last.cursor, []
        if last.is_whole:
            self.seen = self.cursor

    async def fetch(self, server: Server) -> None:
        """One blob of the first snapshot that lacks one."""
        for bucket in self.staged:
            for name in self.missing(bucket)[:1]:
                try:
                    server.tokens.bucket_of(self.staged[bucket][1], now_ms=server.now_ms)
                except BucketTokenExpiredError:
                    return
                blob = await server.snapshots.blob(bucket, name)
                if blob is not None:
                    self.blobs[name] = blob
                return

    def lose_chunks(self) -> None:
        """What was being fetched is evicted: the next to be wanted is fetched again."""
        self.blobs = dict(list(self.blobs.items())[::2])

    def lose_pages(self) -> None:
        self.page, self.spool = None, []


KEYS = [(bucket, table, f"k{n}") for bucket in BUCKETS for table in ("balance", "item") for n in range(6)]
changes = st.dictionaries(
    st.sampled_from(KEYS), st.one_of(st.none(), st.integers(0, 99)), min_size=1, max_size=8
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), changes),
        st.tuples(
            st.sampled_from(
                [
                    "pull",
                    "pull",
                    "fetch",
                    "fetch",
                    "make",
                    "make",
                    "sweep",
                    "expire",
                    "lose chunks",
                    "lose pages",
                ]
            ),
            st.none(),
        ),
        st.tuples(st.just("catch up"), st.none()),
        st.tuples(st.sampled_from(["grant", "clear"]), st.sets(st.sampled_from(BUCKETS), min_size=1)),
    ),
    min_size=10,  # most short stories meet nothing
    max_size=40,
)

MUCH_CHANGED: Final[list[tuple[str, Any]]] = [
    ("clear", {"desk"}),
    ("commit", {key: 2 for key in KEYS if key[0] != "desk"}),
]
REVOKED_BETWEEN_PAGES: Final[list[tuple[str, Any]]] = [
    *[("pull", None)] * 3,  # the first rows are of the desk
    ("grant", {"desk"}),
    *[("pull", None)] * 8,
    ("grant", set(BUCKETS)),
    *[("pull", None)] * 8,
]


async def _run(story: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with database(SQLITE, Path(folder)) as engine:
            server, phone, granted = Server(engine), Phone(), BUCKETS
            await server.store.open()
            try:
                for what, given_value in [("commit", dict.fromkeys(KEYS[::2], 1)), *story]:
                    match what:
                        case "commit":
                            await server.commit(given_value)
                        case "catch up":
                            await _settle(phone, server, granted)
                        case "clear":
                            await server.commit({key: None for key in KEYS if key[0] in given_value})
                        case "pull":
                            await phone.pull(server, granted)
                        case "fetch":
                            await phone.fetch(server)
                        case "make":
                            await server.maker.make_due()
                        case "sweep":
                            server.now_ms += KEPT_MS + 1
                            await server.maker.make_due()
                        case "expire":
                            server.now_ms += 16 * 60_000
                        case "lose chunks":
                            phone.lose_chunks()
                        case "lose pages":
                            phone.lose_pages()
                        case _:
                            granted = tuple(sorted(given_value))
                await _settle(phone, server, granted)
            finally:
                await server.store.close()


def _is_one_cut(phone: Phone, server: Server, granted: tuple[str, ...]) -> None:
    """After every reply the rows of a phone are those that stood at its cursor, of every bucket that it has.

    And no op of it claims to have seen more: `seen` is at most the index to which every bucket of the reply is applied.
    """
    assert phone.buckets <= set(granted)
    standing = {key: value for key, value in server.was[phone.cursor].items() if key[0] in phone.buckets}
    assert phone.rows == standing
    assert phone.seen <= phone.cursor
    if phone.seen == phone.cursor and not phone.staged:
        assert phone.rows == {
            key: value for key, value in server.was[phone.seen].items() if key[0] in granted
        }


async def _settle(phone: Phone, server: Server, granted: tuple[str, ...]) -> None:
    for _ in range(200):
        is_whole = await phone.pull(server, granted)
        if is_whole and not phone.staged:
            break
        for _ in range(100):
            if all(not phone.missing(bucket) for bucket in phone.staged):
                break
            await phone.fetch(server)
    assert phone.rows == {key: value for key, value in server.rows.items() if key[0] in granted}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each step is a disk's: shrinking takes minutes
)
@given(steps)
@example([("pull", None), ("clear", {"desk", "org"}), ("make", None), ("catch up", None)])
@example([("catch up", None), *MUCH_CHANGED, ("make", None), ("pull", None), ("fetch", None), ("pull", None)])
@example([("catch up", None), *MUCH_CHANGED, *REVOKED_BETWEEN_PAGES])
def test_every_phone_ends_with_the_rows_that_stand(story: list[tuple[str, Any]]) -> None:
    asyncio.run(_run(story))


async def _turn_pages(folder: Path) -> None:
    async with database(SQLITE, folder) as engine:
        server, phone = Server(engine), Phone()
        await server.store.open()
        try:
            await server.commit(dict.fromkeys(KEYS[::2], 1))
            await _settle(phone, server, BUCKETS)
            await server.commit({key: None for key in KEYS if key[0] != "site:R1"})
            assert not await phone.pull(server, BUCKETS)
            await server.maker.make_due()
            pages = 1
            while not await phone.pull(server, BUCKETS):
                pages += 1
            assert (pages, phone.staged) == (4, {})
        finally:
            await server.store.close()


def test_a_snapshot_made_while_pages_are_turned_lets_the_cut_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_engine.snapshots, "TOMBSTONES_LEAST", 100)  # what is deleted stays remembered
    asyncio.run(_turn_pages(tmp_path))
