"""Sessions and signatures by passkey: the ledger takes an assertion for what it proves, and nothing else for one."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from domain.assertion import (
    USER_PRESENT,
    Assertion,
    Passkey,
    WrongAssertionError,
    encode_assertion,
    session_challenge,
    sign_challenge,
    verify_assertion,
)
from domain.ops import LeafHash
from tests.tools.authenticator import RP, Authenticator
from tests.tools.company import DAY_MS, Company
from tests.tools.op_chain import ORG

NONCE = b"n" * 16


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
def liu(company: Company) -> Authenticator:
    """Liu's passkey, which the ledger knows."""
    liu = Authenticator("liu")
    give(company, liu.passkey)
    return liu


def give(company: Company, passkey: Passkey) -> None:
    company.say("credential", passkey.person, passkey.id, passkey.alg, passkey.key, passkey.rp, "刘洋的手机")


def sign_in(company: Company, liu: Authenticator, person: str = "liu", **answer: Any) -> tuple[str, str]:
    """Record and bring a session of a person on Liu's phone, and return its verdict."""
    chain, expires = company.chains["liu"], company.now_ms + DAY_MS
    challenge = session_challenge(ORG, chain.device, chain.public, person, expires, NONCE)
    proof = encode_assertion(liu.answer(answer.pop("challenge", challenge), **answer))
    company.record("liu", "session", person, expires, NONCE, "passkey", proof, actor=b"")
    company.bring("liu")
    return company.verdict("liu")


def test_a_passkey_opens_a_session(company: Company, liu: Authenticator) -> None:
    assert sign_in(company, liu) == ("accepted", "")
    company.sessions["liu"] = company.chains["liu"].prev[:16]
    company.pick("liu")
    company.bring("liu")
    assert company.verdict("liu") == ("accepted", "")


@pytest.mark.parametrize(
    "answer",
    [
        {"challenge": b"c" * 32},
        {"origin": "https://stock.example.evil.example"},
        {"origin": "http://stock.example"},
        {"origin": "https://evilstock.example"},
        {"origin": "https://stock.example/"},
        {"origin": None},
        {"crossOrigin": True},
        {"type": "webauthn.create"},
        {"flags": USER_PRESENT},
        {"flags": 0},
    ],
)
def test_an_assertion_over_anything_else_opens_none(
    company: Company, liu: Authenticator, answer: dict[str, Any]
) -> None:
    assert sign_in(company, liu, **answer) == ("quarantined", "wrong-assertion")


def test_an_assertion_for_another_device_opens_none_here(company: Company, liu: Authenticator) -> None:
    other, expires = company.chains["zhang"], company.now_ms + DAY_MS
    replayed = session_challenge(ORG, other.device, other.public, "liu", expires, NONCE)
    assert sign_in(company, liu, challenge=replayed) == ("quarantined", "wrong-assertion")


def test_a_passkey_of_another_site_opens_none(company: Company) -> None:
    elsewhere = Authenticator("liu", rp="other.example")
    give(company, structs.replace(elsewhere.passkey, rp=RP))
    assert sign_in(company, elsewhere, origin=f"https://{RP}") == ("quarantined", "wrong-assertion")


def test_a_page_below_the_relying_party_may_use_its_passkeys(company: Company, liu: Authenticator) -> None:
    assert sign_in(company, liu, origin="https://field.stock.example:8443") == ("accepted", "")


def test_a_passkey_that_nobody_gave_opens_none(company: Company) -> None:
    assert sign_in(company, Authenticator("liu")) == ("quarantined", "unknown-passkey")


def test_nobody_signs_in_with_the_passkey_of_another(company: Company, liu: Authenticator) -> None:
    assert liu.person == "liu"
    give(company, Authenticator("zhang", id=b"zhang's").passkey)
    assert sign_in(company, Authenticator("zhang", id=b"zhang's")) == ("quarantined", "unknown-passkey")


def test_a_removed_passkey_opens_none_and_given_anew_it_does(company: Company, liu: Authenticator) -> None:
    company.say("revoke", "passkey", liu.id)
    assert sign_in(company, liu) == ("quarantined", "unknown-passkey")
    give(company, liu.passkey)
    assert sign_in(company, liu) == ("accepted", "")


def test_a_session_that_says_passkey_and_proves_nothing_is_none(company: Company) -> None:
    company.record("liu", "session", "liu", company.now_ms + DAY_MS, NONCE, "passkey", None, actor=b"")
    company.bring("liu")
    assert company.verdict("liu") == ("quarantined", "wrong-assertion")


def test_no_phone_opens_a_session_of_a_form(company: Company) -> None:
    company.record("liu", "session", "liu", company.now_ms + DAY_MS, NONCE, "form", None, actor=b"")
    company.bring("liu")
    assert company.verdict("liu") == ("quarantined", "no-right")


def signed(company: Company, assertion: Assertion, over: bytes) -> tuple[str, str]:
    fields = (
        assertion.credential,
        assertion.authenticator_data,
        assertion.client_data,
        assertion.signature,
    )
    company.record("liu", "sign", *fields, names=(over,))
    company.bring("liu")
    return company.verdict("liu")


def test_a_signature_stands_for_the_op_that_it_names_and_no_other(
    company: Company, liu: Authenticator
) -> None:
    company.pick("liu")
    picked = company.chains["liu"].prev
    company.pick("liu")
    other = company.chains["liu"].prev
    answer = liu.answer(sign_challenge(ORG, picked))
    assert signed(company, answer, picked) == ("accepted", "")
    assert signed(company, answer, other) == ("quarantined", "wrong-assertion")


def test_an_assertion_for_a_session_signs_nothing(company: Company, liu: Authenticator) -> None:
    company.pick("liu")
    picked = company.chains["liu"].prev
    chain = company.chains["liu"]
    answer = liu.answer(session_challenge(ORG, chain.device, chain.public, "liu", company.now_ms, NONCE))
    assert signed(company, answer, picked) == ("quarantined", "wrong-assertion")


def test_every_bit_of_an_assertion_counts() -> None:
    liu, challenge = Authenticator("liu"), sign_challenge(ORG, LeafHash(bytes(32)))
    good = liu.answer(challenge)
    assert verify_assertion(good, liu.passkey, challenge).counter == 0
    for name in ("credential", "authenticator_data", "client_data", "signature"):
        data: bytes = getattr(good, name)
        for at in range(len(data) * 8):
            flipped = bytearray(data)
            flipped[at // 8] ^= 1 << at % 8
            with pytest.raises(WrongAssertionError):
                verify_assertion(structs.replace(good, **{name: bytes(flipped)}), liu.passkey, challenge)


def test_on_a_shared_phone_a_manager_signs_in_by_passkey_and_never_by_a_pin(company: Company) -> None:
    shared = company.enrol("shared", None, 9)
    verdicts = []
    for person in ("liu", "limin"):
        company.record("shared", "session", person, company.now_ms + DAY_MS, NONCE, "device", None, actor=b"")
        company.bring("shared")
        verdicts.append(company.verdict("shared"))
    assert verdicts == [("accepted", ""), ("quarantined", "no-right")]
    limin, expires = Authenticator("limin"), company.now_ms + DAY_MS
    give(company, limin.passkey)
    challenge = session_challenge(ORG, shared.device, shared.public, "limin", expires, NONCE)
    proof = encode_assertion(limin.answer(challenge))
    company.record("shared", "session", "limin", expires, NONCE, "passkey", proof, actor=b"")
    company.bring("shared")
    assert company.verdict("shared") == ("accepted", "")
