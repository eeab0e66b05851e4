"""A code that gives a device a new key is for that device alone, and for who holds the key that it has."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.ops import device_id
from sync_engine.seal import PrivateKey, raw_key
from tests.integration.api_house import Running, running
from tests.tools.http_phone import HttpPhone, base64url
from tests.tools.op_chain import private_key

REDEEM = "/api/v1/enrolments/redeem"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as house:
        await house.import_world()
        yield house


async def _code_for(desk: HttpPhone, phone: HttpPhone) -> str:
    made = await desk.ask("POST", "/api/v1/enrolments", json={"device": phone.it.device.hex()})
    assert made.status_code == 201, made.text
    url: str = made.json()["url"]
    return url.partition("#")[2]


async def _redeem(
    phone: HttpPhone,
    code: str,
    key: PrivateKey,
    *,
    before: PrivateKey,
    signer: PrivateKey | None = None,
    **more: str,
) -> httpx.Response:
    body: dict[str, Any] = {
        "code": code, "key": base64url(raw_key(key.public_key())),
        "before": base64url(raw_key(before.public_key())), "was": phone.it.enrolment.enrol.hex(), **more,
    }  # fmt: skip
    url = str(phone.client.base_url.join(REDEEM))
    proof = phone.proof("POST", url, key=signer or before)
    return await phone.client.post(REDEEM, json=body, headers={"DPoP": proof})


async def test_the_device_gets_its_new_key_and_may_ask_again(house: Running) -> None:
    desk, liu = await house.phone("limin", purpose="desk"), await house.phone("liu")
    code, new = await _code_for(desk, liu), private_key(70)
    answer = await _redeem(liu, code, new, before=liu.key)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["device"], told["enrol"]) == (liu.it.device.hex(), liu.it.enrolment.enrol.hex())
    assert told["key"] == base64url(raw_key(new.public_key()))
    assert (await _redeem(liu, code, new, before=liu.key)).json()["key"] == told["key"]
    other = await _redeem(liu, code, private_key(71), before=liu.key)
    assert other.status_code >= 400, "a code is used once"
    directory = house.house.ledger.directory
    assert [device.key for device in directory.devices() if device.id == liu.it.device] == [
        raw_key(new.public_key())
    ]


async def test_a_phone_that_never_heard_of_its_new_key_gets_another_by_the_next_code(house: Running) -> None:
    desk, liu = await house.phone("limin", purpose="desk"), await house.phone("liu")
    assert (
        await _redeem(liu, await _code_for(desk, liu), private_key(70), before=liu.key)
    ).status_code == 201
    house.time.now_ms += 3_600_000
    newest = private_key(71)
    for code in [await _code_for(desk, liu)] * 2:
        answer = await _redeem(liu, code, newest, before=liu.key)
        assert answer.status_code == 201, answer.text
        assert answer.json()["device"] == liu.it.device.hex()
    device = house.house.ledger.directory.device(liu.it.device)
    assert device is not None
    assert device.key == raw_key(newest.public_key())


async def test_a_phone_with_a_later_key_names_its_device_and_an_ordinary_code_makes_no_ghost(
    house: Running,
) -> None:
    desk, liu = await house.phone("limin", purpose="desk"), await house.phone("liu")
    later, fresh = private_key(70), private_key(71)
    assert (await _redeem(liu, await _code_for(desk, liu), later, before=liu.key)).status_code == 201
    made = await desk.ask("POST", "/api/v1/enrolments", json={"person": "liu"})
    code = made.json()["url"].partition("#")[2]
    answer = await _redeem(liu, code, fresh, before=later, device=liu.it.device.hex())
    assert answer.status_code == 201, answer.text
    directory = house.house.ledger.directory
    assert answer.json()["device"] == device_id(raw_key(fresh.public_key())).hex()
    assert directory.device(device_id(raw_key(later.public_key()))) is None


async def test_a_stranger_with_the_code_gets_neither_the_device_nor_its_secret(house: Running) -> None:
    desk, liu = await house.phone("limin", purpose="desk"), await house.phone("liu")
    zhang = await house.phone("zhang")
    code, new = await _code_for(desk, liu), private_key(72)
    for attempt in (
        await _redeem(liu, code, new, before=zhang.key),
        await _redeem(liu, code, new, before=liu.key, signer=zhang.key),
        await _redeem(liu, code, new, before=private_key(73)),
    ):
        assert attempt.status_code in {401, 403}, attempt.text
        assert "secret" not in attempt.json()
    device = house.house.ledger.directory.device(liu.it.device)
    assert device is not None
    assert device.key == raw_key(liu.key.public_key())
    assert (await _redeem(liu, code, new, before=liu.key)).status_code == 201, "the code is still good"


async def test_a_code_without_a_proof_of_the_device_makes_no_new_device(house: Running) -> None:
    desk, liu = await house.phone("limin", purpose="desk"), await house.phone("liu")
    code = await _code_for(desk, liu)
    key = base64url(raw_key(private_key(74).public_key()))
    answer = await liu.client.post(REDEEM, json={"code": code, "key": key})
    assert answer.status_code >= 400, answer.text
    assert (await _redeem(liu, code, private_key(75), before=liu.key)).status_code == 201


async def test_only_known_devices_get_one_and_never_the_server(house: Running) -> None:
    desk = await house.phone("limin", purpose="desk")
    for device in ("00" * 16, house.house.ledger.server_device.hex()):
        answer = await desk.ask("POST", "/api/v1/enrolments", json={"device": device})
        assert answer.status_code == 404, answer.text


async def test_the_desk_reads_that_nothing_is_missing(house: Running) -> None:
    desk = await house.phone("limin", purpose="desk")
    told = (await desk.ask("GET", "/api/v1/recovery")).json()
    assert (told["is_recovering"], told["missing"]) == (False, 0)
    assert [device["has_called"] for device in told["devices"]] == [True]
