"""Passkeys through HTTP: made on a phone, used to sign in with no network, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from api.routes.enrolment import EnrolmentAsked, make_code
from domain.assertion import USER_PRESENT, encode_assertion, session_challenge
from sync_engine.seal import raw_key
from tests.integration.api_house import URL, Running, running
from tests.tools.authenticator import Authenticator
from tests.tools.op_chain import private_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.tools.http_phone import HttpPhone

HERE = "http://localhost:8000"
HOUR_MS = 3_600_000


@pytest_asyncio.fixture
async def company(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as company:
        await company.import_world()
        yield company


def authenticator(number: int = 500) -> Authenticator:
    return Authenticator("liu", key=private_key(number), id=b"credential %d" % number, rp="localhost")


async def options(phone: HttpPhone) -> dict[str, Any]:
    answer = await phone.ask("POST", "/api/v1/passkeys/options")
    assert answer.status_code == 201, answer.text
    asked: dict[str, Any] = answer.json()
    return asked


async def make(phone: HttpPhone, passkey: Authenticator, **more: Any) -> tuple[int, str]:
    """Make a passkey, and return the status and the code of the problem."""
    asked = more.pop("asked", None) or await options(phone)
    given = {
        "answer": passkey.create(asked, origin=more.pop("origin", HERE), **more.pop("create", {})),
        **more,
    }
    answer = await phone.ask("POST", "/api/v1/passkeys", json=given)
    return answer.status_code, "" if answer.is_success else answer.json()["type"].rpartition("/")[2]


def sign_in(phone: HttpPhone, passkey: Authenticator, person: str = "liu") -> None:
    """Open a session by the passkey, with no network."""
    expires, nonce, key = phone.clock_ms + 12 * HOUR_MS, bytes(16), raw_key(phone.key.public_key())
    challenge = session_challenge("lvyuan", phone.it.device, key, person, expires, nonce)
    proof = encode_assertion(passkey.answer(challenge, origin=HERE))
    phone.it.sign_in(
        person,
        expires_ms=expires,
        nonce=nonce,
        wall_ms=phone.clock_ms,
        mono_ms=phone.clock_ms,
        assurance="passkey",
        proof=proof,
    )


async def test_a_newcomer_makes_a_passkey_and_signs_in_by_it(company: Running) -> None:
    liu, passkey = await company.phone("liu"), authenticator()
    asked = await options(liu)
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert await make(liu, passkey, asked=asked, name="刘洋的手机") == (201, "")
    sign_in(liu, passkey)
    await liu.sync()
    session = company.house.ledger.directory.session(liu.it.session)
    assert session is not None
    assert (session.person, session.assurance) == ("liu", "passkey")
    assert asked["user"]["name"] == "liu"
    excluded = (await options(liu))["excludeCredentials"]
    assert len(excluded) == 1


async def test_a_pin_alone_makes_no_second_passkey_but_a_passkey_does(company: Running) -> None:
    liu, first = await company.phone("liu"), authenticator()
    await make(liu, first)
    assert await make(liu, authenticator(501)) == (403, "not-entitled-to-passkey")
    sign_in(liu, first)
    await liu.sync()
    assert await make(liu, authenticator(501)) == (201, "")


async def test_an_hour_after_joining_a_pin_makes_none_and_a_managers_code_does_once(company: Running) -> None:
    liu = await company.phone("liu")
    company.time.now_ms += 2 * HOUR_MS
    liu.clock_ms += 2 * HOUR_MS
    assert await make(liu, authenticator()) == (403, "not-entitled-to-passkey")
    codes = [
        (await make_code(company.house, EnrolmentAsked(person=who), server_url=URL)).url.partition("#")[2]
        for who in ("liu", "zhang")
    ]
    assert await make(liu, authenticator(), code=codes[1]) == (404, "unknown-enrolment-code")
    assert await make(liu, authenticator(), code=codes[0]) == (201, "")
    assert await make(liu, authenticator(501), code=codes[0]) == (404, "unknown-enrolment-code")


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"create": {"flags": USER_PRESENT}},
        {"create": {"type": "webauthn.get"}},
        {"create": {"challenge": "AAAA"}},
    ],
)
async def test_what_the_browser_was_not_asked_for_makes_no_passkey(
    company: Running, wrong: dict[str, Any]
) -> None:
    assert await make(await company.phone("liu"), authenticator(), **wrong) == (401, "wrong-assertion")


@pytest.mark.parametrize(
    "answer", [{}, {"id": 1}, {"id": "x", "rawId": "x", "response": {}, "type": "public-key"}]
)
async def test_an_answer_that_is_none_is_refused_in_words(company: Running, answer: dict[str, Any]) -> None:
    liu = await company.phone("liu")
    said = await liu.ask("POST", "/api/v1/passkeys", json={"answer": answer})
    assert (said.status_code, said.json()["type"]) == (401, "/errors/wrong-assertion")


async def test_a_challenge_is_of_one_phone_and_of_five_minutes(company: Running) -> None:
    liu, zhang = await company.phone("liu"), await company.phone("zhang")
    asked = await options(liu)
    assert await make(zhang, authenticator(), asked=asked) == (401, "wrong-assertion")
    company.time.now_ms += 6 * 60_000
    assert await make(liu, authenticator(), asked=asked) == (401, "wrong-assertion")


async def test_one_passkey_is_one_persons(company: Running) -> None:
    liu, zhang = await company.phone("liu"), await company.phone("zhang")
    await make(liu, authenticator())
    assert await make(zhang, authenticator()) == (409, "passkey-there")


async def test_a_passkey_is_taken_back_by_its_person_or_the_office(company: Running) -> None:
    liu, zhang = await company.phone("liu"), await company.phone("zhang")
    limin, passkey = await company.phone("limin", purpose="desk"), authenticator()
    await make(liu, passkey)
    path = f"/api/v1/passkeys/{passkey.id.hex()}"
    assert (await zhang.ask("DELETE", path)).status_code == 403
    assert (await limin.ask("DELETE", path)).status_code == 204
    assert (await limin.ask("DELETE", path)).status_code == 404
    assert (await limin.ask("DELETE", "/api/v1/passkeys/nothing")).status_code == 404
    sign_in(liu, passkey)
    reply = await liu.sync()
    assert reply.pull == "no-session"


async def test_a_manager_takes_no_passkey_of_an_admins_and_the_log_names_who_took_one(
    company: Running,
) -> None:
    limin, liu = await company.phone("limin", purpose="desk"), await company.phone("liu")
    of_admin = Authenticator("limin", key=private_key(502), id=b"credential 502", rp="localhost")
    of_liu = authenticator()
    assert [await make(limin, of_admin), await make(liu, of_liu)] == [(201, "")] * 2
    given = {"person": "zhang", "role": "manager"}
    assert (await limin.ask("POST", "/api/v1/grants", json=given)).status_code == 201
    zhang = await company.phone("zhang", purpose="desk")
    assert (await zhang.ask("DELETE", f"/api/v1/passkeys/{of_admin.id.hex()}")).status_code == 403
    assert (await zhang.ask("DELETE", f"/api/v1/passkeys/{of_liu.id.hex()}")).status_code == 204
    revoke = company.house.ledger.fold.logged(company.house.ledger.size - 2)  # before `sequenced`
    assert revoke is not None
    assert (revoke.op.kind, revoke.op.actor, revoke.verdict) == ("revoke", zhang.it.session, "accepted")
    assert (await limin.ask("DELETE", f"/api/v1/passkeys/{of_admin.id.hex()}")).status_code == 204
