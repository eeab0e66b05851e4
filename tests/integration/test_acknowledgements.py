"""What the server signs about a phone: true to the log, for whoever asks, and never more than is durable."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from sqlalchemy import insert

from api.stores import evidence
from domain.canonical import encode
from storage.tables import erasable_values
from sync_engine.acknowledgement import Acknowledgement, is_covered, open_acknowledgement, unacknowledged
from sync_engine.phone import Phone
from sync_engine.seal import load_key
from tests.integration.api_house import Running, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from domain.ops import LeafHash
    from tests.tools.http_phone import HttpPhone

PICK = (None, None, [["TOM-5", "1121", "R1", "T1-3", 3]])


@pytest_asyncio.fixture
async def day(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as started:
        await started.import_world()
        yield started


async def _ask(day: Running, asker: HttpPhone, device: bytes, *named: bytes) -> tuple[Acknowledgement, bytes]:
    path = f"/api/v1/devices/{device.hex()}/acknowledgement"
    query = ".".join(digest.hex() for digest in named)
    answer = await asker.ask("GET", f"{path}?ops={query}" if named else path)
    assert answer.status_code == 200, answer.text
    key = load_key(day.house.genesis.key)
    return open_acknowledgement(answer.content, key, "lvyuan"), answer.content


def _heads(phone: Phone) -> list[tuple[int, int, LeafHash]]:
    return [
        (number, len(epoch.entries), epoch.entries[-1].hash)
        for number, epoch in phone.outbox.items()
        if epoch.entries
    ]


async def test_a_phone_that_sent_everything_is_acknowledged_to_its_last_op(day: Running) -> None:
    liu = await day.phone("liu")
    liu.record("pick", *PICK)
    before, _ = await _ask(day, liu, liu.it.device)
    assert unacknowledged(before, _heads(liu.it)) == _heads(liu.it)
    await liu.sync()

    said, data = await _ask(day, liu, liu.it.device)
    assert unacknowledged(said, _heads(liu.it)) == []
    assert (said.log_size, said.root) == (day.house.sequencer.head.size, day.house.sequencer.head.root)
    assert (said.device, said.bearer, said.covered) == (liu.it.device, "", 0)
    assert (said.missing_values, said.missing_evidence) == (0, 0)
    assert len(data) < 400


async def test_who_carried_another_phones_work_brings_back_the_word_for_it(day: Running) -> None:
    liu, zhang = await day.phone("liu"), await day.phone("zhang")
    liu.record("pick", *PICK)
    zhang.it.carry(liu.it.frames())
    await zhang.sync()

    said, _ = await _ask(day, zhang, liu.it.device)
    assert unacknowledged(said, _heads(liu.it)) == []
    assert said.bearer == "phone"
    other, _ = await _ask(day, zhang, zhang.it.device)
    assert unacknowledged(other, _heads(liu.it)) == _heads(liu.it), (
        "another phone's word says nothing of this one"
    )


async def test_what_waits_beside_the_log_is_not_acknowledged(day: Running) -> None:
    liu, desk = await day.phone("liu"), await day.phone("limin", purpose="desk")
    liu.record("pick", *PICK)
    liu.record("pick", *PICK)
    _, later = liu.it.frames(most=1)
    await desk.ask("POST", "/api/v1/bundles", content=encode([later]))
    said, _ = await _ask(day, desk, liu.it.device)
    assert unacknowledged(said, _heads(liu.it)) == _heads(liu.it)
    [line] = [
        one for one in (await desk.ask("GET", "/api/v1/devices")).json() if one["id"] == liu.it.device.hex()
    ]
    assert (line["is_safe"], len(line["waiting"])) == (False, 1)


async def test_documents_and_values_that_never_came_are_counted(day: Running) -> None:
    liu, desk = await day.phone("liu"), await day.phone("limin", purpose="desk")
    pick = liu.record("pick", *PICK)
    photo = b"a photo"
    liu.record("attach", sha256(photo).digest(), "image/jpeg", len(photo), names=[pick])
    await liu.sync()
    said, _ = await _ask(day, liu, liu.it.device)
    assert (said.missing_values, said.missing_evidence) == (0, 1)

    await liu.ask("PUT", f"/api/v1/evidence/{sha256(photo).hexdigest()}", content=photo)
    said, _ = await _ask(day, liu, liu.it.device)
    assert said.missing_evidence == 0
    [line] = [
        one for one in (await desk.ask("GET", "/api/v1/devices")).json() if one["id"] == liu.it.device.hex()
    ]
    assert (line["is_safe"], line["missing_evidence"]) == (True, 0)


async def test_only_the_documents_that_are_asked_about_are_looked_for(
    day: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "_DIGESTS_AT_ONCE", 2)
    liu = await day.phone("liu")
    digests = [sha256(bytes([number])).digest() for number in range(6)]
    for number in range(5):
        path = f"/api/v1/evidence/{digests[number].hex()}"
        await liu.ask("PUT", path, content=bytes([number]))
    assert await day.house.evidence.held_of(digests[1:]) == set(digests[1:5])
    assert await day.house.evidence.held_of(()) == set()


async def test_the_values_of_one_device_are_counted_as_among_those_of_all(day: Running) -> None:
    liu, zhang = await day.phone("liu"), await day.phone("zhang")
    for phone in (liu, zhang):
        phone.record("pick", *PICK)
        await phone.sync()
        [leaf] = await day.house.reads.indexes(device=phone.it.device, limit=1)
        value = {"org": day.house.org, "leaf": leaf, "number": 0, "salt": b"", "value": b""}
        async with day.house.engine.begin() as connection:
            await connection.execute(insert(erasable_values).values(value))
    counts = await day.house.reads.value_counts()
    assert set(counts) == {liu.it.device, zhang.it.device}
    for device, held in counts.items():
        assert await day.house.reads.value_counts(device) == {device: held}
    assert await day.house.reads.value_counts(bytes(16)) == {}


async def test_an_op_that_is_asked_about_by_name_is_told_of_if_it_is_that_devices(day: Running) -> None:
    liu, zhang = await day.phone("liu"), await day.phone("zhang")
    first = _heads(liu.it)
    liu.record("pick", *PICK)
    await liu.sync()
    said, _ = await _ask(day, liu, liu.it.device)
    assert unacknowledged(said, first) == first, "a longer branch says nothing of a copy that stopped before"
    said, _ = await _ask(day, liu, liu.it.device, first[0][2], _heads(zhang.it)[0][2], b"n" * 32)
    assert unacknowledged(said, first) == []
    assert len(said.ends) == 2


async def test_nobody_without_a_device_is_told_and_nonsense_is_refused(day: Running) -> None:
    liu = await day.phone("liu")
    path = f"/api/v1/devices/{liu.it.device.hex()}/acknowledgement"
    assert (await day.client.get(path)).status_code == 401
    assert (await liu.ask("GET", "/api/v1/devices/zz/acknowledgement")).status_code == 404
    assert (await liu.ask("GET", f"/api/v1/devices/{'00' * 16}/acknowledgement")).status_code == 404
    for query in ("zz", "00" * 31, ".".join(["00" * 32] * 65)):
        answer = await liu.ask("GET", f"{path}?ops={query}")
        assert answer.json()["type"] == "/errors/malformed-request"


async def test_it_says_how_far_a_confirmed_backup_reaches(day: Running) -> None:
    liu = await day.phone("liu")
    before, _ = await _ask(day, liu, liu.it.device)
    size = day.house.sequencer.head.size
    await day.house.backups.confirm(begin=0, size=size, digest=b"d" * 32, now_ms=day.time.now_ms)
    day.time.now_ms += 60_000
    said, _ = await _ask(day, liu, liu.it.device)
    assert (before.covered, is_covered(before)) == (0, False)
    assert (said.covered, is_covered(said)) == (size, True)

    liu.record("pick", *PICK)
    await liu.sync()
    said, _ = await _ask(day, liu, liu.it.device)
    assert not is_covered(said), "what came after the backup is not in it"
