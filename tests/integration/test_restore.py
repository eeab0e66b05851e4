"""A server is lost and restored: nothing that a phone acknowledged to its user is lost, and nothing is signed twice."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

import pytest

from api.backups.archive import WrongBackupError, read_archive
from api.backups.derive import check, derive
from api.backups.recover import (
    NewerHeadKnownError,
    NotRecoveringError,
    go_on_with_tail,
    keep_origin,
    open_origin,
    standing,
)
from api.bootstrap import PIN
from api.settings import SettingError
from blockchain_trace.adapters.pin_file import PinFaultError, PinFile
from blockchain_trace.log import PinLostError, RollbackError
from sync_engine.adapters.ledger_store import StoredLedger
from sync_engine.commit import Intention
from sync_engine.ports import LedgerUnavailableError
from sync_engine.recovering import LedgerRecoveringError
from sync_engine.seal import raw_key
from tests.contracts.databases import POSTGRESQL, database_url
from tests.tools.restored_house import PEOPLE, SEEDS, Day

if TYPE_CHECKING:
    from pathlib import Path

    from api.bootstrap import House
    from domain.errors import FaultError

STEPS = 6


@pytest.fixture
async def day(tmp_path: Path) -> Day:
    day = Day(tmp_path / "data")
    await day.found()
    return day


async def _act(day: Day, house: House, step: int) -> None:
    """A small day, step by step: work, counts, corrections, a new phone, a manager's word."""
    match step:
        case 0:
            day.pick("liu", 5)
            await day.sync(house, "liu")
        case 1:
            day.pick("zhang", 3)
            day.pick("zhang", 2)
            await day.sync(house, "zhang")
        case 2:
            mistake = day.pick("liu", 40)
            day.record("liu", "void", "typing error", names=[mistake])
            await day.sync(house, "liu")
        case 3:
            await day.hire(house, "zhang", "zhang's second phone")
            day.pick("zhang's second phone", 7)
            await day.sync(house, "zhang's second phone")
        case 4:
            day.record("limin", "count", "R1", ["TOM-5"], False, False, [["TOM-5", "1121", 940, None, 0]])
            await day.sync(house, "limin")
        case _:
            day.pick("liu", 1)
            await day.sync_all(house, rounds=1)


async def test_a_server_restored_at_every_step_of_a_day_loses_nothing_that_was_acknowledged(
    day: Day, tmp_path: Path
) -> None:
    backups = []
    async with day.open() as house:
        for step in range(STEPS):
            backups.append(await day.back_up(f"step {step}"))
            await _act(day, house, step)
        end = house.sequencer.head
        balances = house.ledger.fold.balances()
    for step, backup in enumerate(backups):
        restored = await day.restored(tmp_path / f"restored {step}", backup)
        async with restored.open() as house:
            assert isinstance(house.sequencer.refusal, RollbackError)
            before = house.sequencer.head
            await restored.sync_all(house)
            assert house.sequencer.head == before, "nothing is signed"
        lost, origin = await open_origin(restored.settings, SEEDS[:2], restored)
        assert (lost.signed_size, lost.signed_root) == (end.size, end.root)
        async with restored.open() as house:
            assert house.sequencer.refusal is None
            if step <= 3:
                # It joined in what was lost: a new code, and its chain goes on from where it began.
                await _rejoin(restored, house, "zhang's second phone")
            await restored.sync_all(house, rounds=3)
            assert restored.missing(house) == []
            assert [name for name, phone in restored.phones.items() if phone.unsent or phone.pending] == []
            codes = [entry.code for n in range(house.ledger.size) if (entry := house.ledger.fold.logged(n))]
            assert "false-seen" not in codes
            assert house.ledger.fold.balances() == balances
            assert house.sequencer.head.note.startswith(f"{origin}\n")
        assert await restored.findings() == []


async def _rejoin(day: Day, house: House, name: str) -> None:
    phone = day.phones[name]
    assert (await day.sync(house, name)).pull == "not-enrolled"
    key, was = raw_key(phone.key.public_key()), phone.enrolment.enrol
    body = (None, (), phone.device, key, name, "zhang", "phone", was)
    await house.sequencer.record([Intention("enrol", body)])


@pytest.mark.needs_service("postgresql")
async def test_a_backup_of_sqlite_comes_back_on_postgresql_and_goes_on_there(
    day: Day, tmp_path: Path
) -> None:
    backup = await day.back_up("before")
    async with day.open() as house:
        for step in range(STEPS):
            await _act(day, house, step)
        balances = house.ledger.fold.balances()
    async with database_url(POSTGRESQL, tmp_path, "restored") as url:
        restored = await day.restored(tmp_path / "restored", backup, url=url)
        async with restored.open() as house:
            await restored.sync_all(house)
            assert isinstance(house.sequencer.refusal, RollbackError)
        await open_origin(restored.settings, SEEDS[:2], restored)
        async with restored.open() as house:
            await _rejoin(restored, house, "zhang's second phone")
            await restored.sync_all(house, rounds=3)
            assert restored.missing(house) == []
            assert house.ledger.fold.balances() == balances
        again = await restored.back_up("from postgresql")
        archive, _ = read_archive(again)
        assert check(archive, derive(archive)) == []
        assert await restored.findings() == []


async def test_the_identical_log_rebuilt_from_a_tail_goes_on_under_its_name(day: Day, tmp_path: Path) -> None:
    whole = await day.back_up("whole")
    begin = read_archive(whole)[0].head.size
    async with day.open() as house:
        for step in range(STEPS):
            await _act(day, house, step)
        end = house.sequencer.head
    tail = await day.back_up("tail", begin=begin)
    restored = await day.restored(tmp_path / "restored", whole)
    assert (await standing(restored.settings)).lost == end.size - begin
    assert await go_on_with_tail(restored.settings, tail) is None
    async with restored.open() as house:
        assert (house.sequencer.refusal, house.sequencer.head) == (None, end)
        cursors = [phone.cursor for phone in restored.phones.values()]
        await restored.sync_all(house)
        assert [phone.cursor for phone in restored.phones.values()] >= cursors
        assert restored.missing(house) == []
    assert await restored.findings() == []
    both = await day.restored(tmp_path / "at once", whole, tail)
    async with both.open() as house:
        assert house.sequencer.head == end


async def test_without_the_record_of_what_was_signed_a_phone_shows_that_the_server_is_older(
    day: Day, tmp_path: Path
) -> None:
    backup = await day.back_up("before")
    async with day.open() as house:
        for step in (0, 1, 2):
            await _act(day, house, step)
        end = house.sequencer.head
    restored = await day.restored(tmp_path / "restored", backup, keeps_pin=False)
    async with restored.open() as house:
        assert isinstance(house.sequencer.refusal, PinLostError)
        with pytest.raises(LedgerRecoveringError):
            await house.sequencer.record([Intention("grant", (None, (), "liu", "driver"))])
        await restored.sync_all(house)
        assert isinstance(house.sequencer.refusal, RollbackError)
    with pytest.raises(NewerHeadKnownError):
        await keep_origin(restored.settings)
    lost, _ = await open_origin(restored.settings, SEEDS[1:], restored)
    assert (lost.signed_size, lost.signed_root) == (end.size, end.root)
    async with restored.open() as house:
        await restored.sync_all(house, rounds=3)
        assert restored.missing(house) == []
    assert await restored.findings() == []


async def test_a_whole_machine_that_was_put_back_is_found_out_by_the_first_phone_that_saw_more(
    day: Day, tmp_path: Path
) -> None:
    backup = await day.back_up("before")
    pin = (day.folder / PIN).read_bytes()
    async with day.open() as house:
        for step in (0, 1):
            await _act(day, house, step)
    restored = await day.restored(tmp_path / "restored", backup)
    (restored.folder / PIN).write_bytes(pin)
    async with restored.open() as house:
        assert _refusal(house) is None, "nothing on this machine can know"
        await restored.sync(house, "liu")
        before = house.sequencer.head
        await restored.sync(house, "liu")
        assert isinstance(_refusal(house), RollbackError)
        await restored.sync_all(house)
        assert house.sequencer.head == before
    async with restored.open() as house:
        assert isinstance(house.sequencer.refusal, RollbackError), "a restart does not forget it"
    await open_origin(restored.settings, SEEDS[:2], restored)
    async with restored.open() as house:
        await restored.sync_all(house, rounds=3)
        assert restored.missing(house) == []
    assert await restored.findings() == []


async def test_a_lost_pin_alone_is_a_word_of_the_operator_and_nothing_else_changes(
    day: Day, tmp_path: Path
) -> None:
    backup = await day.back_up("now")
    restored = await day.restored(tmp_path / "restored", backup, keeps_pin=False)
    kept = await keep_origin(restored.settings)
    with pytest.raises(NotRecoveringError):
        await keep_origin(restored.settings)
    async with restored.open() as house:
        assert house.sequencer.head.size == kept.size
        restored.pick("liu")
        await restored.sync_all(house)
        assert restored.missing(house) == []
    assert await restored.findings() == []


async def test_recovering_twice_does_it_once_and_fewer_than_two_root_keys_do_nothing(
    day: Day, tmp_path: Path
) -> None:
    backup = await day.back_up("before")
    async with day.open() as house:
        await _act(day, house, 0)
    restored = await day.restored(tmp_path / "restored", backup)
    for seeds in ((), SEEDS[:1], (SEEDS[0], SEEDS[0]), (SEEDS[0], bytes(32))):
        with pytest.raises(SettingError):
            await open_origin(restored.settings, seeds, restored)
    await open_origin(restored.settings, (SEEDS[2], SEEDS[0]), restored)
    with pytest.raises(NotRecoveringError):
        await open_origin(restored.settings, SEEDS[:2], restored)


async def test_a_crash_between_the_new_origin_and_its_pin_leaves_the_new_origin(
    day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = await day.back_up("before")
    async with day.open() as house:
        await _act(day, house, 0)
    restored = await day.restored(tmp_path / "restored", backup)

    def dies(*_: object) -> None:
        raise PinFaultError(reason="the power went")

    monkeypatch.setattr(PinFile, "replace", dies)
    with pytest.raises(PinFaultError):
        await open_origin(restored.settings, SEEDS[:2], restored)
    monkeypatch.undo()
    assert await restored.findings() == []
    async with restored.open() as house:
        assert house.sequencer.refusal is None
        await restored.sync_all(house)
        assert restored.missing(house) == []
    assert PinFile(restored.folder / PIN).read() is not None
    assert await restored.findings() == []


async def test_a_crash_before_the_new_origin_is_durable_leaves_the_server_recovering(
    day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = await day.back_up("before")
    async with day.open() as house:
        await _act(day, house, 0)
    restored = await day.restored(tmp_path / "restored", backup)
    before = await standing(restored.settings)

    async def dies(*_: object) -> None:
        raise LedgerUnavailableError(reason="the power went")

    monkeypatch.setattr(StoredLedger, "commit", dies)
    with pytest.raises(LedgerUnavailableError):
        await open_origin(restored.settings, SEEDS[:2], restored)
    monkeypatch.undo()
    assert before.lost > 0
    assert await standing(restored.settings) == before


async def test_a_phone_that_comes_back_after_a_month_brings_what_was_lost(day: Day, tmp_path: Path) -> None:
    backup = await day.back_up("before")
    async with day.open() as house:
        day.pick("liu", 9)
        await day.sync(house, "liu")
        day.pick("zhang")
        await day.sync(house, "zhang")
    restored = await day.restored(tmp_path / "restored", backup)
    away = restored.phones.pop("liu")
    await open_origin(restored.settings, SEEDS[:2], restored)
    async with restored.open() as house:
        for _ in range(40):
            restored.pick("zhang")
            await restored.sync(house, "zhang")
        assert house.sequencer.head.size > away.seen[0], (
            "the new log has outgrown what the phone saw of the old one"
        )
        restored.now_ms += 29 * 86_400_000
        restored.phones["liu"] = away
        await restored.sync_all(house)
        assert restored.missing(house) == []
        [back] = [
            house.ledger.fold.logged(house.ledger.fold.index_of(d) or 0)
            for d in restored.acknowledged["liu"][-1:]
        ]
        assert back is not None
        assert (back.verdict, back.code) == ("accepted", "")
        assert back.t < restored.now_ms - 28 * 86_400_000, "it counts at its own time"
        assert restored.phones["liu"].seen == house.sequencer.head.seen


async def test_what_a_phone_may_forget_is_what_a_confirmed_backup_holds(day: Day) -> None:
    async with day.open() as house:
        for _ in range(5):
            day.pick("liu")
        await day.sync(house, "liu")
        liu = day.phones["liu"]
        reply = await day.sync(house, "liu")
        assert reply.covered == ()
        liu.forget_settled()
        kept = len(liu.outbox[liu.epoch].entries)
        assert kept == 6
        path = await day.back_up("confirmed")
        archive, digest = read_archive(path)
        await house.backups.confirm(begin=0, size=archive.head.size, digest=digest, now_ms=day.now_ms)
        day.now_ms += 60_000
        day.pick("liu")
        reply = await day.sync(house, "liu")
        assert [one.last_seq for one in reply.covered] == [6]
        liu.forget_settled()
        assert len(liu.outbox[liu.epoch].entries) == 1


async def test_a_tail_covers_only_what_a_confirmed_backup_comes_before(day: Day) -> None:
    async with day.open() as house:
        backups = house.backups
        await backups.confirm(begin=50, size=70, digest=b"t", now_ms=1)
        assert await backups.covered_now() == 0
        await backups.confirm(begin=0, size=60, digest=b"w", now_ms=2)
        assert await backups.covered_now() == 70
        await backups.confirm(begin=60, size=70, digest=b"u", now_ms=3)
        assert await backups.covered_now() == 70


@pytest.mark.parametrize("at", [0, 20, 200, -40, -1])
async def test_a_backup_with_one_wrong_byte_or_without_its_end_is_refused(day: Day, at: int) -> None:
    path = await day.back_up("whole")
    archive, _ = read_archive(path)
    assert check(archive, derive(archive)) == []
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(WrongBackupError):
        read_archive(path)
    data[at] ^= 1
    path.write_bytes(data[: len(data) + min(at, -1)])
    with pytest.raises(WrongBackupError):
        read_archive(path)


@pytest.mark.parametrize("seed", range(5))
async def test_any_day_survives_two_losses_to_any_backup(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    day = Day(tmp_path / "data", chance=Random(seed))
    await day.found()
    backups: list[Path] = []
    for loss in range(3):
        async with day.open() as house:
            await day.sync_all(house)
            for act in range(12):
                name = chance.choice(sorted(PEOPLE))
                day.pick(name, chance.randrange(1, 9))
                if chance.random() < 0.6:
                    await day.sync(house, name)
                if chance.random() < 0.2:
                    backups.append(await day.back_up(f"backup {loss} {act}"))
        if loss == 2 or not backups:
            break
        keeps_pin = chance.random() < 0.7
        day = await day.restored(tmp_path / f"loss {loss}", chance.choice(backups), keeps_pin=keeps_pin)
        async with day.open() as house:
            for name in chance.sample(sorted(PEOPLE), chance.randrange(1, 4)):
                await day.sync(house, name)
                await day.sync(house, name)
        with suppress(NotRecoveringError):  # the backup was the whole log
            await open_origin(day.settings, SEEDS[:2], day)
    async with day.open() as house:
        await day.sync_all(house, rounds=3)
        assert day.missing(house) == []
        assert [name for name, phone in day.phones.items() if phone.unsent or phone.pending] == []
        picked = sum(
            entry.op.kind == "pick" and entry.verdict == "accepted"
            for n in range(house.ledger.size)
            if (entry := house.ledger.fold.logged(n)) is not None
        )
        recorded = sum(len(found) for found in day.acknowledged.values()) - len(PEOPLE)
        assert picked == recorded, "each counts once"
    assert await day.findings() == []


def _refusal(house: House) -> FaultError | None:
    return house.sequencer.refusal
