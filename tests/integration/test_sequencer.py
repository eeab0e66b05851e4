"""The sequencer on a real database: it answers only what is durable, and no fault loses or doubles anything."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pytest

import sync_engine.row_pages
from bench.company import Company, Time, genesis, open_company
from blockchain_trace.adapters.pin_file import PinFaultError, PinFile
from blockchain_trace.adapters.stored_tiles import StoredLog
from blockchain_trace.log import RollbackError, SignedHead
from blockchain_trace.verification import verify_consistency, verify_inclusion
from domain.canonical import MalformedError
from domain.errors import FaultError
from domain.ops import NOTHING_SEEN
from storage.writer_lock import LedgerInUseError
from sync_engine.adapters.faults import StorageFaultError, StorageFullError
from sync_engine.adapters.ledger_store import StoredCut, StoredLedger
from sync_engine.commit import Commit, Contact, Delivery, Intention
from sync_engine.ports import LedgerUnavailableError
from sync_engine.pull import answer
from sync_engine.recovering import LedgerRecoveringError
from sync_engine.wire import decode_request
from tests.contracts.databases import POSTGRESQL, SQLITE, database_url
from tests.tools.op_chain import Chain, private_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from sync_engine.ledger import Ledger
    from sync_engine.phone import Phone
    from sync_engine.ports import LedgerStore, Position, SealedHead

BACKENDS = [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.needs_service("postgresql"))]


@pytest.fixture(params=BACKENDS)
async def company(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Company]:
    async with database_url(request.param, tmp_path, "sequencer") as url:
        company = await open_company(tmp_path, url=url)
        yield company
        await company.close()


async def _picked(company: Company, phone: Phone, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        company.time.now_ms += 1000
        company.pick(phone, number)


async def _count(company: Company, table: str, where: str = "1 = 1") -> int:
    async with company.engine.connect() as connection:
        found = (await connection.exec_driver_sql(f"SELECT count(*) FROM {table} WHERE {where}")).scalar()
    assert isinstance(found, int)
    return found


async def test_what_a_phone_brings_is_durable_folded_and_signed_when_it_is_answered(company: Company) -> None:
    phone = await company.hire(1)
    await _picked(company, phone, 70)
    reply = await company.sync(phone)

    assert (reply.pull, reply.problems, phone.unsent, phone.pending) == ("ok", (), [], [])
    assert reply.seen == company.sequencer.head.seen
    assert await _count(company, "ops") == reply.log_size
    assert await _count(company, "ops", "kind = 'pick' AND verdict = 'accepted'") == 70
    assert await _count(company, "ledger_rows", "name = 'balance' AND key LIKE '%T1'") > 0
    size = company.sequencer.head.size
    log = StoredLog(company.engine, "lvyuan")
    assert await log.checkpoint() == reply.checkpoint
    index = await log.index_of(reply.held[0].last_hash)
    assert index is not None
    proof = await log.inclusion(index, size)
    root = company.sequencer.head.root
    verify_inclusion(leaf_hash=reply.held[0].last_hash, index=index, size=size, root=root, proof=proof)


async def test_redelivery_changes_nothing_and_costs_no_leaf(company: Company) -> None:
    phone = await company.hire(1)
    await _picked(company, phone, 5)
    frames = phone.frames()
    first = await company.sequencer.submit(
        Delivery(device=phone.device, now_ms=None, run=None, frames=frames)
    )
    again = await company.sequencer.submit(
        Delivery(device=phone.device, now_ms=None, run=None, frames=frames)
    )
    assert again == first


async def test_requests_that_come_together_share_one_commit(company: Company) -> None:
    phones = [await company.hire(number) for number in range(1, 9)]
    before = await _count(company, "checkpoints")
    for phone in phones:
        await _picked(company, phone, 3)
    await asyncio.gather(*[company.sync(phone) for phone in phones])
    assert await _count(company, "checkpoints") <= before + 2
    assert all(not phone.unsent for phone in phones)


async def test_a_bad_frame_is_its_own_problem(company: Company) -> None:
    phone, stranger = await company.hire(1), Chain(private_key(99))
    await _picked(company, phone, 2)
    stranger.record("pick", None, None, [["TOM-5", "1121", "R1", "T1", 40]])
    frames = [b"\xc1", stranger.frame(), *phone.frames()]
    receipt = await company.sequencer.submit(
        Delivery(device=phone.device, now_ms=None, run=None, frames=frames)
    )
    assert [(problem.frame, problem.code) for problem in receipt.problems] == [
        (0, "malformed-frame"),
        (1, "unknown-device"),
    ]
    await company.sync(phone)
    assert phone.pending == []


async def test_frames_ahead_of_a_gap_wait_through_a_restart(tmp_path: Path) -> None:
    company = await open_company(tmp_path)
    phone = await company.hire(1)
    await company.sync(phone)
    await _picked(company, phone, 3)
    (early,) = phone.frames()
    await company.sequencer.submit(Delivery(device=None, now_ms=None, run=None, relayed=[early]))
    phone.outbox[phone.epoch].acked_to = phone.seq
    await _picked(company, phone, 3, first=3)
    (late,) = phone.frames()
    await company.close()

    company = await open_company(tmp_path, time=company.time)
    phone.outbox[phone.epoch].acked_to = phone.seq
    await _picked(company, phone, 2, first=6)
    (latest,) = phone.frames()
    await company.sequencer.submit(Delivery(device=None, now_ms=None, run=None, relayed=[latest]))
    assert await _count(company, "waiting_frames") == 1
    size = company.sequencer.head.size
    await company.close()

    company = await open_company(tmp_path, time=company.time)
    assert company.sequencer.head.size == size
    await company.sequencer.submit(Delivery(device=None, now_ms=None, run=None, relayed=[late]))
    assert await _count(company, "waiting_frames") == 0
    await company.sync(phone)
    assert phone.pending == []
    await company.close()


async def test_the_server_records_what_it_is_asked_and_refuses_what_no_op_can_hold(company: Company) -> None:
    name = Intention("set", (None, (), "item", "TOM-5", [["name", "番茄"]]))
    other = Intention("set", (None, (), "item", "PEA", [["name", "豌豆"]]))
    (first, digest), (second, _) = await company.sequencer.record([name, other])
    assert second == first + 1
    assert await StoredLog(company.engine, "lvyuan").index_of(digest) == first
    with pytest.raises(MalformedError):
        await company.sequencer.record([name, Intention("set", (None, (), "item", "x", [["a", 1.5]]))])
    assert await company.sequencer.record([]) == []


async def test_whoever_listens_is_told_the_latest_size(company: Company) -> None:
    async with company.sequencer.subscribe() as pokes:
        await company.hire(1)
        await company.hire(2)
        assert pokes.get_nowait() == company.sequencer.head.size
        assert pokes.empty()


async def test_a_second_process_on_one_ledger_is_refused(tmp_path: Path) -> None:
    company = await open_company(tmp_path)
    with pytest.raises(LedgerInUseError):
        await open_company(tmp_path)
    await company.close()
    await (await open_company(tmp_path)).close()


async def test_after_a_restart_the_log_goes_on_as_a_prefix_of_itself(tmp_path: Path) -> None:
    company = await open_company(tmp_path)
    phone = await company.hire(1)
    await company.sync(phone)
    before = company.sequencer.head
    await company.close()

    company = await open_company(tmp_path, time=company.time)
    assert company.sequencer.head == before
    await _picked(company, phone, 300)
    await company.sync(phone)
    after = company.sequencer.head
    proof = await StoredLog(company.engine, "lvyuan").consistency(before.size, after.size)
    verify_consistency(
        old_size=before.size, old_root=before.root, size=after.size, root=after.root, proof=proof
    )
    await company.close()


async def test_a_restored_backup_is_not_signed(tmp_path: Path) -> None:
    company = await open_company(tmp_path)
    backup = tmp_path / "backup.db"
    async with company.engine.connect() as connection:
        await connection.commit()
        await connection.exec_driver_sql("ROLLBACK")
        await connection.exec_driver_sql(f"VACUUM INTO '{backup}'")
        await connection.exec_driver_sql("BEGIN")
    await company.hire(1)
    await company.close()
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    backup.rename(tmp_path / "ledger.db")

    restored = await open_company(tmp_path)
    assert isinstance(restored.sequencer.refusal, RollbackError)
    with pytest.raises(LedgerRecoveringError):
        await restored.hire(2)
    await restored.close()


# --- faults -----------------------------------------------------------------------------------------------------


class FaultyStore:
    """A store whose next commit fails, before or after it is durable."""

    def __init__(self, inner: LedgerStore) -> None:
        self._inner = inner
        self.next: Literal["", "lost", "kept", "full"] = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def commit(self, commit: Commit, head: SealedHead | None, contacts: Sequence[Contact]) -> Position:
        fault, self.next = self.next, ""
        if fault == "full":
            raise StorageFullError
        if fault == "lost":
            raise StorageFaultError(reason="the disk went away")
        position = await self._inner.commit(commit, head, contacts)
        if fault == "kept":
            raise StorageFaultError(reason="the connection broke after the commit")
        return position


class FaultyPin:
    """A file of the last signed head that cannot be written once, before or after it is on the disk."""

    def __init__(self, inner: PinFile) -> None:
        self._inner = inner
        self.next: Literal["", "lost", "kept"] = ""

    def read(self) -> SignedHead | None:
        return self._inner.read()

    def write(self, head: SignedHead) -> None:
        fault, self.next = self.next, ""
        if fault != "lost":
            self._inner.write(head)
        if fault:
            raise PinFaultError(reason="the volume went away")

    def replace(self, head: SignedHead) -> None:
        self._inner.replace(head)


STEPS = [("commit", "lost"), ("commit", "kept"), ("commit", "full"), ("pin", "lost"), ("pin", "kept")]


@pytest.mark.parametrize(("step", "fault"), STEPS)
async def test_a_step_that_fails_acknowledges_nothing_and_sending_again_heals(
    tmp_path: Path, step: str, fault: Any
) -> None:
    stores: list[Any] = []
    pin = FaultyPin(PinFile(tmp_path / "last-signed"))

    def wrap(store: LedgerStore) -> LedgerStore:
        faulty: Any = FaultyStore(store)
        stores.append(faulty)
        made: LedgerStore = faulty
        return made

    company = await open_company(tmp_path, wrap=wrap, pin=pin)
    phone = await company.hire(1)
    await company.sync(phone)
    size = company.sequencer.head.size
    await _picked(company, phone, 4)
    failing: Any = stores[0] if step == "commit" else pin
    failing.next = fault
    with pytest.raises(FaultError) as failed:
        await company.sync(phone)
    assert failed.value.retryable
    assert (failed.value.retry_after_s or 0) > 0
    assert len(phone.unsent) == 4

    await company.sync(phone)
    assert (phone.unsent, phone.pending) == ([], [])
    assert company.sequencer.head.size == size + 5
    assert await _count(company, "ops") == size + 5
    assert await _count(company, "ops", "kind = 'pick'") == 4
    await company.close()
    await (await open_company(tmp_path)).close()


def _tick(ledger: Ledger, now_ms: int) -> Commit:
    return ledger.take((), now_ms=now_ms, seen=NOTHING_SEEN)


async def test_a_ledger_that_a_fault_threw_away_is_loaded_before_the_turn_is_taken(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise StorageFaultError(reason="the disk went away")

    with monkeypatch.context() as away:
        away.setattr(StoredLedger, "commit", fails)
        away.setattr(StoredLedger, "cut", fails)
        with pytest.raises(StorageFaultError):
            await company.sequencer.found(_tick, anew=True)
    begin, calls = StoredLedger.begin, list[str]()
    cut = StoredLedger.cut

    async def noted_begin(store: StoredLedger) -> Position:
        calls.append("begin")
        return await begin(store)

    async def noted_cut(store: StoredLedger) -> StoredCut:
        calls.append("cut")
        return await cut(store)

    monkeypatch.setattr(StoredLedger, "begin", noted_begin)
    monkeypatch.setattr(StoredLedger, "cut", noted_cut)
    await company.sequencer.found(_tick, anew=True)
    assert calls[:2] == ["cut", "begin"]


async def test_a_caller_who_goes_away_leaves_a_sound_ledger(company: Company) -> None:
    phone = await company.hire(1)
    await _picked(company, phone, 4)
    leaving = asyncio.create_task(company.sync(phone))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await company.sync(phone)
    assert await _count(company, "ops", "kind = 'pick'") == 4


async def test_a_server_that_stops_answers_whoever_waits_with_a_fault(tmp_path: Path) -> None:
    company = await open_company(tmp_path)
    phone = await company.hire(1)
    await _picked(company, phone, 4)
    waiting = asyncio.create_task(company.sync(phone))
    await asyncio.sleep(0)
    await company.close()
    with suppress(FaultError):
        await waiting

    company = await open_company(tmp_path, time=company.time)
    await company.sync(phone)
    assert await _count(company, "ops", "kind = 'pick'") == 4
    await company.close()


async def test_a_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    company = await open_company(tmp_path)
    phone = await company.hire(1)
    await company.sync(phone)
    await _limit_pages(company, 0)
    await _picked(company, phone, 2_000)
    with pytest.raises(StorageFullError) as failed:
        await company.sync(phone)
    assert failed.value.retry_after_s == 60
    assert len(phone.unsent) == 2_000

    await _limit_pages(company, 1_000_000)
    while phone.unsent:
        await company.sync(phone)
    assert await _count(company, "ops", "kind = 'pick'") == 2_000
    await company.close()


async def _limit_pages(company: Company, pages: int) -> None:
    """Bound the file by the pages that it has: SQLite takes no smaller limit."""
    writer: Any = company.store
    writer = writer._writer
    await writer._run(lambda: writer._connection.execute(f"PRAGMA max_page_count = {pages or 1}"))


async def test_a_bug_that_one_request_meets_does_not_fail_its_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = await open_company(tmp_path)
    phone, unlucky = await company.hire(1), await company.hire(2)
    ledger: Any = type(company.sequencer.ledger)
    take = ledger.take

    def stumble(self: Any, deliveries: Sequence[Delivery], *args: Any, **more: Any) -> Commit:
        assert all(delivery.device != unlucky.device for delivery in deliveries), "a bug"
        commit: Commit = take(self, deliveries, *args, **more)
        return commit

    monkeypatch.setattr(ledger, "take", stumble)
    met = await asyncio.gather(company.sync(unlucky), company.sync(phone), return_exceptions=True)
    assert isinstance(met[0], AssertionError)
    assert phone.unsent == []
    monkeypatch.undo()
    await company.sync(unlucky)
    assert unlucky.unsent == []
    await company.close()


# --- pulls ------------------------------------------------------------------------------------------------------


async def test_a_poll_with_nothing_new_writes_nothing_and_brings_nothing(company: Company) -> None:
    phone = await company.hire(1)
    await company.sync(phone)
    await company.sync(phone)
    before = company.sequencer.head
    reply = await company.sync(phone)
    assert (reply.rows, reply.dropped, reply.page) == ((), (), None)
    assert company.sequencer.head == before


async def test_a_picker_of_one_site_gets_that_site_and_no_desk(company: Company) -> None:
    await company.sequencer.record([Intention("set", (None, (), "place", "K1", [["name", "Kitchen"]]))])
    picker, manager = await company.hire(1, places=["R3"]), await company.hire(2, role="manager")
    await _picked(
        company, manager, 40
    )  # onto a truck, which is a site that the picker's grant does not reach
    await company.sync(manager)
    await company.sync(picker)
    await company.sync(manager)
    assert set(picker.rows) <= {"org", "site:W1", f"device:{picker.device.hex()}"}
    assert {"org", "site:W1", "site:T1", "desk"} <= set(manager.rows)


async def test_pages_join_into_the_same_rows_while_the_ledger_moves(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, reader, other = [await company.hire(number, role="manager") for number in (1, 2, 3)]
    await _picked(company, worker, 60)
    await company.sync(worker)
    monkeypatch.setattr(sync_engine.row_pages, "PAGE_ROWS", 25)
    pages = 0
    while (await company.sync(reader)).page is not None:
        pages += 1
        await _picked(company, worker, 1, first=pages)
        await company.sequencer.submit(
            Delivery(device=worker.device, now_ms=None, run=None, frames=worker.frames())
        )
    monkeypatch.undo()
    await company.sync(other)
    await company.sync(reader)
    mine, whole = ({b: r for b, r in p.rows.items() if not b.startswith("device:")} for p in (reader, other))
    assert pages > 3
    assert mine == whole


@pytest.mark.parametrize(
    "case", ["not-enrolled", "revoked", "use-dpop-nonce", "no-session", "session-expired"]
)
async def test_rows_are_refused_with_the_reason_and_frames_are_taken_all_the_same(
    tmp_path: Path, case: str
) -> None:
    company = await open_company(tmp_path, time=Time())
    phone = await company.hire(1)
    await company.sync(phone)
    await _picked(company, phone, 2)
    match case:
        case "revoked":
            revoke = Intention("revoke", (None, (), "device", phone.device.hex(), None))
            await company.sequencer.record([revoke])
        case "no-session":
            phone.session = b""
        case "session-expired":
            company.time.now_ms += 31 * 86_400_000
        case _:
            pass
    request = decode_request(phone.request(wall_ms=company.time(), mono_ms=0))
    if case == "not-enrolled":
        request = msgspec.structs.replace(request, device=b"x" * 16)
    receipt = await company.sequencer.submit(
        Delivery(device=request.device, now_ms=None, run=None, frames=request.frames)
    )
    proven = case != "use-dpop-nonce"
    reply = await answer(company.sequencer, request, receipt, is_proven=proven, now_ms=company.time())
    assert (reply.pull, reply.rows, reply.settled, reply.cursor) == (case, (), (), request.cursor)
    assert reply.seen is None
    assert await _count(company, "ops", "kind = 'pick'") == 2
    await company.close()


async def test_an_empty_ledger_has_no_founder_but_one(tmp_path: Path) -> None:
    company = await open_company(tmp_path)
    with pytest.raises(LedgerUnavailableError):
        await company.sequencer.found(genesis)
    await company.hire(1)
    await company.close()
