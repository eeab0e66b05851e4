"""Liu signs in with a finger: made once with the server, used without a network, and the PIN when the finger fails."""

import sqlite3
from typing import Any

import pytest

from domain.ops import decode_op
from tests.e2e.conftest import Phones, Server
from tests.e2e.worker import PIN, Worker

pytestmark = [
    pytest.mark.needs_service("chromium", "node"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(300),
]


class Finger:
    """The phone's authenticator, as DevTools lends one: it verifies its person, or not."""

    def __init__(self, worker: Worker) -> None:
        self._session = worker.page.context.new_cdp_session(worker.page)
        self._session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        made = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._id = made["authenticatorId"]

    def knows_its_person(self, yes: bool) -> None:
        self._session.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": yes})


def sessions_of(server: Server) -> list[tuple[str, str, str]]:
    """(person, assurance, verdict) of every session in the log."""
    with sqlite3.connect(f"file:{server.folder}/data/gobi.sqlite3?mode=ro", uri=True) as database:
        found = database.execute(
            "SELECT data, verdict FROM ops WHERE kind = 'session' ORDER BY leaf"
        ).fetchall()
    bodies: list[tuple[tuple[Any, ...], str]] = [(decode_op(data).body, verdict) for data, verdict in found]
    return [(str(body[2]), str(body[5]), verdict) for body, verdict in bodies]


def sign_out(worker: Worker) -> None:
    worker.open("settings")
    worker.tap("换人")


def test_a_finger_opens_the_phone_without_a_network_and_the_log_can_prove_it(
    server: Server, phones: Phones
) -> None:
    liu = Worker(phones.new("liu"), "liu", server.url)
    liu.join()
    finger = Finger(liu)
    liu.open("settings")
    liu.tap("添加通行密钥")
    liu.is_told("已添加")
    liu.cut()
    sign_out(liu)

    finger.knows_its_person(False)
    liu.tap("用指纹或面容登录")
    liu.is_told("可以再试一次，或输入 PIN")
    finger.knows_its_person(True)
    liu.tap("用指纹或面容登录")
    liu.page.get_by_role("button", name="拣货").first.wait_for()

    liu.mend()
    assert sessions_of(server)[-1] == ("liu", "passkey", "accepted")
    assert liu.phone.errors == []


def test_where_the_browser_has_no_passkeys_the_phone_says_so_and_takes_the_pin(
    server: Server, phones: Phones
) -> None:
    zhang = Worker(phones.new("zhang"), "zhang", server.url)
    zhang.join()
    zhang.page.add_init_script("delete window.PublicKeyCredential")
    zhang.page.reload()
    zhang.open("settings")
    zhang.is_told("这个浏览器用不了通行密钥")
    zhang.tap("换人")
    zhang.keys(PIN)
    zhang.tap("登录")
    zhang.page.get_by_role("button", name="拣货").first.wait_for()
    assert zhang.phone.errors == []
