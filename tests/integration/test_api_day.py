"""A day over HTTP: enrol, sign in, sync, pull rows, ask at the desk."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.canonical import encode
from tests.integration.api_house import START_MS, Running, running
from tests.tools.http_phone import HttpPhone


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as house:
        await house.import_world()
        yield house


async def test_a_phone_enrols_signs_in_and_gets_the_rows_of_its_person(day: Running) -> None:
    liu = await day.phone("liu")

    assert liu.it.pull == "ok"
    assert {bucket.partition(":")[0] for bucket in liu.it.rows} == {"org", "site"}
    assert ("item", "TOM-5") in liu.it.rows["org"]
    assert liu.redeemed["name"] == "刘洋"
    assert not liu.it.pending


async def test_two_phones_count_and_pick_offline_and_the_desk_reads_why(day: Running) -> None:
    liu, zhang, desk = [await day.phone(person) for person in ("liu", "zhang", "limin")]
    for phone in (liu, zhang, desk):
        phone.clock_ms = day.time.now_ms = START_MS + 60_000
        await phone.sync()
    liu.clock_ms += 60_000
    liu.record("pick", None, None, [["TOM-5", "1121", "R1", "T1-3", 20]])
    zhang.clock_ms += 600_000
    zhang.record("count", "R1", ["TOM-5"], False, False, [["TOM-5", "1121", 19, None, 0]])
    day.time.now_ms = zhang.clock_ms + 60_000
    zhang.clock_ms = day.time.now_ms
    await zhang.sync()

    [before] = (await desk.ask("GET", "/api/v1/variances")).json()
    assert (before["dq"], before["late"]) == (-21, [])
    day.time.now_ms = liu.clock_ms = zhang.clock_ms + 600_000
    await liu.sync(packed=True)

    [after] = (await desk.ask("GET", "/api/v1/variances")).json()
    assert after["dq"] == -1
    assert "缺少的 20 件是刘洋" in after["zh"]
    assert "picked by Liu Yang" in after["en"]
    [exception] = (await desk.ask("GET", "/api/v1/exceptions")).json()
    assert exception["code"] == "variance"
    lines = (await desk.ask("GET", "/api/v1/balances?item=TOM-5&place=R1")).json()["lines"]
    assert [(line["lot"], line["q"]) for line in lines] == [("1121", 19)]
    known = day.time.now_ms - 300_000
    lines = (await desk.ask("GET", f"/api/v1/balances?item=TOM-5&place=T1-3&known_at={known}")).json()[
        "lines"
    ]
    assert lines == []
    history = (await desk.ask("GET", "/api/v1/lots/TOM-5/1121/history")).json()["steps"]
    assert [(step["kind"], step["what"], step["person"]) for step in history] == [
        ("adjust", "moved", "系统"), ("pick", "moved", "刘洋"), ("count", "counted", "张磊"),
    ]  # fmt: skip


async def test_the_desk_sees_every_phone_and_what_became_of_its_ops(day: Running) -> None:
    liu, desk = await day.phone("liu"), await day.phone("limin", purpose="desk")
    liu.record("approve", "TOM-5", "1121", "R1", 1, None, names=[liu.it.prev])
    await liu.sync()

    devices = (await desk.ask("GET", "/api/v1/devices")).json()
    assert [(d["person"], d["pending"], d["waiting"]) for d in devices] == [
        (None, None, []), ("liu", 0, []), ("limin", 0, []),
    ]  # fmt: skip
    ops = (await desk.ask("GET", f"/api/v1/devices/{liu.it.device.hex()}/ops")).json()
    assert [(op["kind"], op["verdict"], op["code"]) for op in ops] == [
        ("approve", "refused", "no-right"), ("session", "accepted", ""),
    ]  # fmt: skip
    verdicts = (await desk.ask("GET", "/api/v1/verdicts")).json()
    assert [op["index"] for op in verdicts] == [ops[0]["index"]]
    detail = (await desk.ask("GET", f"/api/v1/ops/{ops[0]['index']}")).json()
    assert detail["body"]["item"] == "TOM-5"
    people = {
        p["id"]: [g["role"] for g in p["grants"]] for p in (await desk.ask("GET", "/api/v1/people")).json()
    }
    assert people["liu"] == ["picker"]
    assert people["limin"] == ["admin", "manager"]
    statement = (await desk.ask("GET", "/api/v1/partners/laozhou/statement")).json()
    assert (statement["name"], statement["payable_fen"]) == ("老周菜行", 0)


async def test_the_manager_enrols_a_phone_from_the_desk(day: Running) -> None:
    desk = await day.phone("limin", purpose="desk")
    made = (await desk.ask("POST", "/api/v1/enrolments", json={"person": "zhang", "name": "PDA 3"})).json()

    assert made["url"].startswith("gobi:enrol:http://localhost:8000#")
    assert made["svg"].lstrip().startswith("<svg") or "<svg" in made["svg"]
    zhang = HttpPhone.numbered(day.client, 77, day.time.now_ms)
    assert (await zhang.enrol(made["url"])).status_code == 201
    again = await zhang.enrol(made["url"])
    assert again.json()["enrol"] == zhang.redeemed["enrol"], "the answer may get lost, the code is not"
    other = HttpPhone.numbered(day.client, 78, day.time.now_ms)
    assert (await other.enrol(made["url"])).json()["type"] == "/errors/unknown-enrolment-code"


async def test_a_code_lives_for_a_quarter_of_an_hour(day: Running) -> None:
    desk = await day.phone("limin", purpose="desk")
    made = (await desk.ask("POST", "/api/v1/enrolments", json={"person": "zhang"})).json()
    day.time.now_ms += 15 * 60_000
    late = await HttpPhone.numbered(day.client, 77, day.time.now_ms).enrol(made["url"])
    assert (late.status_code, late.json()["type"]) == (404, "/errors/unknown-enrolment-code")


async def test_the_desk_imports_a_file_and_bad_rows_are_named(day: Running) -> None:
    desk = await day.phone("limin", purpose="desk")
    file = "编号,名称,单位,条码\nEGG,鸡蛋,each,09520100101014\nHAM,火腿,each,1007\n".encode("gb18030")

    refused = await desk.ask("POST", "/api/v1/imports/items", content=file)
    assert (refused.status_code, refused.json()["type"]) == (422, "/errors/bad-rows")
    [fault] = refused.json()["faults"]
    assert (fault["line"], fault["column"], fault["code"], fault["reason_zh"]) == (
        2, "条码", "code-taken", "这个条码已经是 TOM-5 的",
    )  # fmt: skip
    dry = (await desk.ask("POST", "/api/v1/imports/auto?dry_run=true", content=file)).json()
    assert (dry["table"], dry["recorded"], dry["ops"]) == ("items", 0, 1)
    done = (await desk.ask("POST", "/api/v1/imports/items?skip_bad=true", content=file)).json()
    assert (done["recorded"], done["refused"]) == (1, [])
    again = (await desk.ask("POST", "/api/v1/imports/items?skip_bad=true", content=file)).json()
    assert (again["recorded"], again["unchanged"]) == (0, 1)


async def test_a_phone_that_cannot_send_hands_its_file_to_somebody_else(day: Running) -> None:
    liu, desk = await day.phone("liu"), await day.phone("limin", purpose="desk")
    liu.record("pick", None, None, [["TOM-5", "1121", "R1", "T1-3", 3]])
    file = encode([*liu.it.frames(), b"junk"])
    for _ in range(2):
        taken = (await desk.ask("POST", "/api/v1/bundles", content=file)).json()
        assert (taken["frames"], [p["code"] for p in taken["problems"]]) == (2, ["malformed-frame"])

    assert day.house.ledger.fold.balances()["TOM-5", "1121", "T1-3"][0] == 3
    await liu.sync()
    assert not liu.it.pending
    assert (await desk.ask("POST", "/api/v1/bundles", content=b"\x93")).json()[
        "type"
    ] == "/errors/malformed-request"
    assert (await day.client.post("/api/v1/bundles", content=file)).status_code == 401


async def test_evidence_is_kept_under_its_own_name_once(day: Running) -> None:
    liu = await day.phone("liu")
    name = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    jpeg = {"Content-Type": "image/jpeg"}
    statuses = [
        (await liu.ask("PUT", f"/api/v1/evidence/{name}", content=b"hello", headers=jpeg)).status_code
        for _ in range(2)
    ]
    assert statuses == [201, 200]
    wrong = await liu.ask("PUT", f"/api/v1/evidence/{name}", content=b"hullo", headers=jpeg)
    assert wrong.json()["type"] == "/errors/wrong-digest"
    got = await liu.ask("GET", f"/api/v1/evidence/{name}")
    assert (got.content, got.headers["content-type"]) == (b"hello", "image/jpeg")
    assert (await day.client.get(f"/api/v1/evidence/{name}")).status_code == 401


async def test_the_public_log_proves_an_op_and_tells_nothing_else(day: Running) -> None:
    liu = await day.phone("liu")
    digest = liu.record("pick", None, None, [["TOM-5", "1121", "R1", "T1-3", 1]])
    await liu.sync()
    proof = (await day.client.get(f"/api/v1/log/proof/{digest.hex()}")).json()
    note = (await day.client.get("/log/checkpoint")).text

    assert proof["checkpoint"] == note
    assert proof["size"] == int(note.splitlines()[1])
    tile = await day.client.get(f"/log/tile/0/000.p/{proof['size']}")
    assert tile.content[32 * proof["index"] :][:32] == digest
    assert (await day.client.get("/log/tile/entries/000.p/1")).status_code == 404
    assert (await day.client.get("/api/v1/log/consistency/3")).status_code == 200
