"""Bytes that are no op here: kept within a quota for who is enrolled, seen by the manager, read again later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from api.stores.unread import UPLOADER_BYTES_MAX
from api.unread import read_again
from domain.canonical import encode
from domain.ops import DeviceId, LeafHash, device_secret
from sync_engine.commit import Intention
from sync_engine.phone import Enrolment, Phone
from tests.integration.api_house import START_MS, Running, running
from tests.tools.op_chain import private_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.tools.http_phone import HttpPhone

STRANGER = 77


@pytest_asyncio.fixture
async def day(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as started:
        await started.import_world()
        yield started


def _stranger(day: Running) -> Phone:
    """A phone that this server never enrolled, though it has the organisation's secret for it: as after a restore."""
    key = private_key(STRANGER)
    probe = Phone(key, Enrolment("lvyuan", bytes(32), LeafHash(b"e" * 32)), lambda: 9)
    secret = device_secret(day.house.secrets.organisation, DeviceId(probe.device))
    phone = Phone(key, Enrolment("lvyuan", secret, LeafHash(b"e" * 32)), lambda: 9)
    phone.sign_in("liu", expires_ms=START_MS + 1, nonce=bytes(16), wall_ms=START_MS, mono_ms=0)
    return phone


async def _carry(carrier: HttpPhone, *frames: bytes) -> list[str]:
    answer = await carrier.ask("POST", "/api/v1/bundles", content=encode(list(frames)))
    return [problem["code"] for problem in answer.json()["problems"]]


async def _unread(desk: HttpPhone) -> list[dict[str, object]]:
    answer = await desk.ask("GET", "/api/v1/unread")
    assert answer.status_code == 200, answer.text
    frames: list[dict[str, object]] = answer.json()["frames"]
    return frames


async def test_frames_of_a_device_that_nobody_knows_wait_for_its_enrolment(day: Running) -> None:
    zhang, desk = await day.phone("zhang"), await day.phone("limin", purpose="desk")
    stranger = _stranger(day)
    frames = stranger.frames()
    for _ in range(2):
        assert await _carry(zhang, *frames) == ["kept-unread"]
    [line] = await _unread(desk)
    assert (line["device"], line["code"], line["uploader_name"]) == (
        stranger.device.hex(),
        "unknown-device",
        "phone",
    )

    made = await desk.ask("POST", "/api/v1/enrolments", json={"person": "liu"})
    newcomer = type(zhang).numbered(day.client, STRANGER, day.time.now_ms)
    assert (await newcomer.enrol(made.json()["url"])).status_code == 201

    assert await _unread(desk) == []
    # Its chain begins at an enrolment that this log does not hold: the frames are verified, and wait beside the log.
    [waiting] = day.house.ledger.waiting(stranger.device)
    assert (waiting.first_seq, waiting.last_seq, waiting.arrived_ms) == (1, 1, START_MS)


async def test_bytes_that_are_no_op_are_kept_for_the_manager_to_see_and_discard(day: Running) -> None:
    zhang, desk = await day.phone("zhang"), await day.phone("limin", purpose="desk")
    assert await _carry(zhang, b"junk", b"more junk") == ["malformed-frame", "malformed-frame"]
    kept = await _unread(desk)
    assert [(line["code"], line["device"]) for line in kept] == [("malformed-frame", "")] * 2
    assert await read_again(day.house) == 0

    names = [kept[0]["hash"]]
    refused = await zhang.ask("POST", "/api/v1/unread/discard", json={"hashes": names})
    assert refused.json()["type"] == "/errors/no-right"
    gone = await desk.ask("POST", "/api/v1/unread/discard", json={"hashes": names})
    assert gone.json() == {"frames": 1}
    assert [line["hash"] for line in await _unread(desk)] == [kept[1]["hash"]]


async def test_nothing_is_kept_for_strangers_and_nothing_of_another_organisation(day: Running) -> None:
    zhang, desk = await day.phone("zhang"), await day.phone("limin", purpose="desk")
    frames = _stranger(day).frames()
    zhang.it.carry([*frames, b"junk"])
    body = zhang.it.request(wall_ms=zhang.clock_ms, mono_ms=zhang.clock_ms)
    assert (await zhang.post(body, proof="")).status_code == 200
    foreign = frames[0].replace(b"lvyuan", b"nvyuan")
    assert await _carry(zhang, foreign) == ["unknown-device"]
    assert await _unread(desk) == []


async def test_a_full_quota_keeps_no_more_from_that_phone_and_says_so(day: Running) -> None:
    zhang, desk = await day.phone("zhang"), await day.phone("limin", purpose="desk")
    size = UPLOADER_BYTES_MAX // 8
    for number in range(9):
        await _carry(zhang, bytes([number]) * size)
    assert len(await _unread(desk)) == 8
    frames = _stranger(day).frames()
    assert await _carry(zhang, *frames) == ["too-many-unread"]
    assert await _carry(desk, *frames) == ["kept-unread"], "the quota is each device's own"


async def test_what_a_revoked_device_sends_is_kept_in_quarantine_but_nothing_unread(day: Running) -> None:
    liu, desk = await day.phone("liu"), await day.phone("limin", purpose="desk")
    await day.house.sequencer.record([_revoke(liu.it.device)])
    liu.record("pick", None, None, [["TOM-5", "1121", "R1", "T1-3", 3]])
    reply = await liu.sync()
    assert (reply.pull, reply.problems) == ("revoked", ())
    [line] = (await desk.ask("GET", "/api/v1/verdicts")).json()
    assert (line["kind"], line["verdict"], line["code"]) == ("pick", "quarantined", "revoked-device")

    assert await _carry(liu, b"junk", *_stranger(day).frames()) == ["malformed-frame", "unknown-device"]
    assert await _unread(desk) == []


def _revoke(device: bytes) -> Intention:
    return Intention("revoke", (None, (), "device", device, None))
