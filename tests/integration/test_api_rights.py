"""Rights through HTTP: given and taken back by the office, and what becomes of what was recorded meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest_asyncio

from api.routes.enrolment import EnrolmentAsked, make_code
from tests.integration.api_house import URL, Running, running
from tests.tools.http_phone import HttpPhone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LINE = ["TOM-5", "1121", "R1", "T1", 1]


@pytest_asyncio.fixture
async def company(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as company:
        await company.import_world()
        yield company


async def post(phone: HttpPhone, path: str, **given: Any) -> tuple[int, str]:
    answer = await phone.ask("POST", f"/api/v1/{path}", json=given)
    return answer.status_code, "" if answer.is_success else answer.json()["type"].rpartition("/")[2]


def verdict(company: Running, hashed: bytes) -> tuple[str, str]:
    index = company.house.ledger.fold.index_of(hashed)
    assert index is not None
    entry = company.house.ledger.fold.logged(index)
    assert entry is not None
    return entry.verdict, entry.code


def roles(company: Running, person: str) -> set[str]:
    ledger = company.house.ledger
    return set(ledger.directory.roles_of(person, below=ledger.size, at_ms=company.time.now_ms))


async def test_a_manager_gives_a_role_and_takes_it_back(company: Running) -> None:
    limin = await company.phone("limin", purpose="desk")
    assert await post(limin, "grants", person="liu", role="driver") == (201, "")
    assert "driver" in roles(company, "liu")
    assert await post(limin, "revocations", what="role", id="liu", role="driver") == (201, "")
    assert "driver" not in roles(company, "liu")
    assert "picker" in roles(company, "liu")


async def test_nobody_gives_what_stands_above_them_or_what_there_is_not(company: Running) -> None:
    admin, liu = await company.phone("limin", purpose="desk"), await company.phone("liu")
    assert await post(liu, "grants", person="liu", role="manager") == (403, "no-right")
    assert await post(admin, "grants", person="liu", role="king") == (422, "unknown-role")
    assert await post(admin, "grants", person="nobody", role="picker") == (404, "unknown-person")
    assert await post(admin, "grants", person="zhang", role="manager") == (201, "")
    zhang = await company.phone("zhang", purpose="desk")
    assert await post(zhang, "grants", person="liu", role="manager") == (403, "no-right")
    assert await post(zhang, "revocations", what="person", id="limin") == (403, "no-right")
    assert await post(zhang, "grants", person="liu", role="qa") == (201, "")


async def test_a_manager_gets_at_nothing_of_an_admins(company: Running) -> None:
    limin = await company.phone("limin", purpose="desk")
    assert await post(limin, "grants", person="zhang", role="manager") == (201, "")
    zhang = await company.phone("zhang", purpose="desk")
    device, session = limin.it.device.hex(), limin.it.session.hex()
    assert await post(zhang, "enrolments", person="limin") == (403, "no-right")
    assert await post(zhang, "enrolments", device=device) == (403, "no-right")
    assert await post(zhang, "revocations", what="device", id=device) == (403, "no-right")
    assert await post(zhang, "revocations", what="sessions", id="limin") == (403, "no-right")
    assert await post(zhang, "revocations", what="sessions", id=session) == (403, "no-right")
    assert await post(zhang, "enrolments", person="liu") == (201, "")
    assert await post(limin, "enrolments", person="zhang") == (201, "")
    assert await post(zhang, "revocations", what="sessions", id="zhang") == (201, "")


async def test_a_file_gives_no_role_that_who_imports_it_may_not_give(company: Running) -> None:
    limin = await company.phone("limin", purpose="desk")
    assert await post(limin, "grants", person="zhang", role="manager") == (201, "")
    zhang = await company.phone("zhang", purpose="desk")
    for role, importer, status in (("admin", zhang, 403), ("qa", zhang, 200), ("admin", limin, 200)):
        file = f"id,name,roles\nzhang,张磊,{role}\n".encode()
        answer = await importer.ask("POST", "/api/v1/imports/people", content=file)
        assert answer.status_code == status, answer.text
        assert (role in roles(company, "zhang")) == (status == 200)


async def test_a_pin_on_a_shared_phone_asks_for_nothing_of_the_office(company: Running) -> None:
    limin = await company.phone("limin", purpose="desk")
    made = await make_code(company.house, EnrolmentAsked(purpose="shared"), server_url=URL)
    shared = HttpPhone.numbered(company.client, 90, company.time.now_ms)
    assert (await shared.enrol(made.url)).status_code == 201
    shared.sign_in("liu")
    assert (await shared.sync()).pull == "ok"
    assert await post(limin, "grants", person="liu", role="manager") == (201, "")
    assert await post(shared, "enrolments", person="zhang") == (403, "no-right")
    shared.sign_in("limin")
    assert (await shared.sync()).pull == "no-session"
    own = await company.phone("liu")
    assert await post(own, "enrolments", person="zhang") == (201, "")


async def test_the_last_admin_stays(company: Running) -> None:
    limin = await company.phone("limin", purpose="desk")
    assert await post(limin, "revocations", what="role", id="limin", role="admin") == (409, "last-admin")
    assert await post(limin, "revocations", what="person", id="limin") == (409, "last-admin")
    friday = company.time.now_ms + 3_600_000
    assert await post(limin, "grants", person="zhang", role="admin", until_ms=friday) == (201, "")
    assert await post(limin, "revocations", what="role", id="limin", role="admin") == (409, "last-admin")
    assert await post(limin, "grants", person="zhang", role="admin") == (201, "")
    assert await post(limin, "revocations", what="role", id="limin", role="admin") == (201, "")


async def test_a_revoked_phone_gets_no_rows_and_what_it_brings_waits_for_a_word(company: Running) -> None:
    limin, liu = await company.phone("limin", purpose="desk"), await company.phone("liu")
    late = liu.record("pick", None, None, [LINE])
    assert await post(limin, "revocations", what="device", id=liu.it.device.hex()) == (201, "")
    assert (await liu.sync()).pull == "revoked"
    assert verdict(company, late) == ("quarantined", "revoked-device")
    assert await post(limin, "revocations", what="device", id="00") == (404, "not-found")
    server = company.house.ledger.server_device.hex()
    assert await post(limin, "revocations", what="device", id=server) == (404, "not-found")


async def test_logging_out_everywhere_ends_every_session_and_keeps_what_was_recorded(
    company: Running,
) -> None:
    limin, liu = await company.phone("limin", purpose="desk"), await company.phone("liu")
    late = liu.record("pick", None, None, [LINE])
    assert await post(limin, "revocations", what="sessions", id="liu") == (201, "")
    assert (await liu.sync()).pull == "no-session"
    assert verdict(company, late) == ("quarantined", "lapsed-permission")
    liu.sign_in("liu")
    again = liu.record("pick", None, None, [LINE])
    assert (await liu.sync()).pull == "ok"
    assert verdict(company, again) == ("accepted", "")


async def test_one_session_is_ended_and_the_others_go_on(company: Running) -> None:
    limin = await company.phone("limin", purpose="desk")
    first, second = await company.phone("liu"), await company.phone("liu")
    answer = await limin.ask("GET", "/api/v1/sessions")
    lines = {line["id"]: line for line in answer.json()}
    assert lines[first.it.session.hex()]["person_name"] == "刘洋"
    assert await post(limin, "revocations", what="sessions", id=first.it.session.hex()) == (201, "")
    assert await post(limin, "revocations", what="sessions", id="ff" * 16) == (404, "not-found")
    assert (await first.sync()).pull == "no-session"
    assert (await second.sync()).pull == "ok"
    ended = {line["id"]: line["is_ended"] for line in (await limin.ask("GET", "/api/v1/sessions")).json()}
    assert ended[first.it.session.hex()]
    assert not ended[second.it.session.hex()]


async def test_what_a_dismissed_person_recorded_before_waits_and_counts_when_a_manager_says_so(
    company: Running,
) -> None:
    limin, liu = await company.phone("limin", purpose="desk"), await company.phone("liu")
    late = liu.record("pick", None, None, [LINE])
    assert await post(limin, "revocations", what="person", id="liu") == (201, "")
    await liu.sync()
    assert verdict(company, late) == ("quarantined", "lapsed-permission")
    limin.record("resolve", "accepted", "是他拣的", names=(late,))
    await limin.sync()
    assert verdict(company, late) == ("accepted", "resolved")
