"""The app's own ledger against the real server: nothing in between but HTTP."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.phone_process import ROOT, PhoneProcess, Phones, bundle_driver

_START_S: Final = 90
SEPARATOR: Final = "\x1f"

pytestmark = pytest.mark.needs_service("node")


class DemoServer:
    """`gobi serve --demo` in a process of its own; its data outlive it."""

    program: tuple[str, ...] = ("-m", "api")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self._port}"

    def start(self) -> None:
        log = self._folder / "server.log"
        command = [sys.executable, *self.program, "serve", "--demo", "--port", str(self._port)]
        command += ["--data", str(self._folder / "data")]
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdout=out, stderr=out, start_new_session=True
            )
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                self.get("/log/checkpoint")
                return
            assert self._process.poll() is None, log.read_text()
            time.sleep(0.2)
        raise AssertionError(log.read_text())

    def kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=20)

    def get(self, path: str, body: object = None) -> bytes:
        asked = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            data: bytes = answer.read()
        return data

    def has(self, path: str) -> bool:
        try:
            self.get(path)
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def code(self, person: str) -> str:
        """An enrolment code, for a phone that knows no *.localhost."""
        made = json.loads(self.get("/demo/api/enrolments", {"person": person}))
        url: str = made["url"].replace(f"{person}.localhost", "localhost")
        return url

    def ledger(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.get("/demo/api/ledger"))
        return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    demo = DemoServer(tmp_path_factory.mktemp("demo"))
    try:
        demo.start()
        yield demo
    finally:
        demo.kill()


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle_driver(tmp_path_factory.mktemp("driver"))


@pytest.fixture
def phones(driver: Path) -> Iterator[Phones]:
    with Phones(driver) as phones:
        yield phones


def enrolled(server: DemoServer, phones: Phones, name: str, person: str) -> PhoneProcess:
    phone = phones.open(name)
    phone.enrol(server.code(person), person)
    assert phone.sync() == "ok"
    return phone


def move(item: str, lot: str, start: str, end: str, qty: int) -> dict[str, object]:
    return {"item": item, "lot": lot, "from": start, "to": end, "qty": qty}


def balance(phone: PhoneProcess, item: str, lot: str, place: str) -> int:
    row = phone.rows("balance").get(SEPARATOR.join((item, lot, place)))
    return 0 if row is None else row["q"]


def logged(server: DemoServer, *hashes: str) -> list[bool]:
    """Whether the log proves each of these ops: the server answers with an inclusion proof or not at all."""
    return [server.has(f"/api/v1/log/proof/{digest}") for digest in hashes]


def test_the_missing_twenty_were_picked_by_a_phone_that_had_no_signal(
    server: DemoServer, phones: Phones
) -> None:
    liu = enrolled(server, phones, "liu", "liu")
    zhang = enrolled(server, phones, "zhang", "zhang")
    assert balance(liu, "TOM-5", "1123", "R1") == 76
    for phone in (liu, zhang):
        phone.ask("lose", what="request")

    pick = [move("TOM-5", "1121", "R1", "T1-3", 40), move("TOM-5", "1123", "R1", "T1-3", 20)]
    liu.record("pick", order="SO-1123-1", task=None, lines=pick)
    # Two clocks agree to within a request's way to the server: what is closer together has no order.
    time.sleep(2)
    lines = [{"item": "TOM-5", "lot": "1123", "qty": 55}]
    zhang.record("count", place="R1", items=["TOM-5"], complete=False, shown=False, lines=lines)
    assert [phone.sync() for phone in (liu, zhang)] == ["offline", "offline"]
    assert balance(liu, "TOM-5", "1123", "R1") == 56
    assert balance(zhang, "TOM-5", "1123", "R1") == 55

    zhang.ask("lose", what="nothing")
    assert zhang.sync() == "ok"
    assert [row["dq"] for row in server.ledger()["variances"]] == [-21]
    liu.ask("lose", what="nothing")
    assert liu.sync() == "ok"
    assert [row["dq"] for row in server.ledger()["variances"]] == [-1]
    zhang.sync()
    for phone in (liu, zhang):
        assert balance(phone, "TOM-5", "1123", "R1") == 55
        assert [item["stage"] for item in phone.outbox] == ["settled", "settled"]
        assert phone.ask("acknowledged")
        assert phone.ask("safe")["isSafe"]


def test_a_phone_that_is_killed_at_any_moment_goes_on_where_it_was(
    server: DemoServer, phones: Phones
) -> None:
    phone = enrolled(server, phones, "killed", "liu")
    refs = []
    for number in range(5):
        refs.append(phone.record("move", task=None, lines=[move("MLK", "1120", "R2", "HOLD", 1)]))
        fields = {"task": None, "lines": [move("MLK", "1120", "HOLD", "R2", 1)]}
        phone.ask("record-and-die", kind="move", fields=fields)
        phone.ask("lose", what=("request", "reply")[number % 2])
        assert phone.sync() == "offline"
        phone.reopen()
    assert phone.ask("state")["person"]["id"] == "liu"
    assert phone.sync() == "ok"
    assert phone.pending == 0
    assert all(logged(server, *(ref["hash"] for ref in refs)))
    assert {item["verdict"]["verdict"] for item in phone.outbox} == {"accepted"}
    assert [item["ref"]["seq"] for item in phone.outbox] == list(range(len(phone.outbox), 0, -1))


def test_what_is_sent_twice_stands_once(server: DemoServer, phones: Phones) -> None:
    phone = enrolled(server, phones, "twice", "liu")
    before = balance(phone, "MLK", "1122", "R2")
    phone.record("move", task=None, lines=[move("MLK", "1122", "R2", "T1-2", 7)])
    phone.ask("lose", what="reply")
    for _ in range(3):
        assert phone.sync() == "offline"
    phone.ask("lose", what="nothing")
    assert phone.sync() == "ok"
    assert balance(phone, "MLK", "1122", "R2") == before - 7
    assert phone.pending == 0


def test_a_copied_phone_goes_on_under_a_new_epoch_and_nothing_is_lost(
    server: DemoServer, phones: Phones
) -> None:
    phone = enrolled(server, phones, "original", "zhang")
    twin = phone.copy("copy")
    mine = phone.record("move", task=None, lines=[move("MLK", "1122", "R2", "HOLD", 1)])
    theirs = twin.record("move", task=None, lines=[move("MLK", "1122", "R2", "HOLD", 2)])
    assert (mine["epoch"], mine["seq"]) == (theirs["epoch"], theirs["seq"])
    assert [phone.sync(), twin.sync()] == ["ok", "ok"]
    after = twin.record("move", task=None, lines=[move("MLK", "1122", "HOLD", "R2", 1)])
    assert after["epoch"] != mine["epoch"]
    assert [twin.sync(), phone.sync(), twin.sync()] == ["ok", "ok", "ok"]

    assert all(logged(server, mine["hash"], theirs["hash"], after["hash"]))
    assert (phone.pending, twin.pending) == (0, 0)
    verdicts = {item["ref"]["hash"]: item["verdict"] for item in twin.outbox}
    assert (verdicts[theirs["hash"]]["verdict"], verdicts[theirs["hash"]]["code"]) == ("quarantined", "fork")
    assert verdicts[after["hash"]]["verdict"] == "accepted"
    assert "forked-device" in {row["code"] for row in server.ledger()["exceptions"]}


def test_a_phone_without_network_hands_its_work_to_another(server: DemoServer, phones: Phones) -> None:
    carrier = enrolled(server, phones, "carrier", "zhang")
    stranded = enrolled(server, phones, "stranded", "liu")
    ref = stranded.record("move", task=None, lines=[move("MLK", "1120", "R2", "HOLD", 1)])
    assert carrier.ask("import", hex=stranded.ask("export"))["frames"] == 1
    assert not carrier.ask("safe")["isSafe"], "others' work is still on it"
    assert carrier.sync() == "ok"
    assert logged(server, ref["hash"]) == [True]
    assert carrier.ask("acknowledged")
    assert carrier.ask("safe")["isSafe"]
    assert stranded.sync() == "ok"
    assert stranded.outbox[0]["verdict"]["verdict"] == "accepted"


def test_work_goes_by_codes_to_another_phone_and_the_servers_word_comes_back(
    server: DemoServer, phones: Phones
) -> None:
    carrier = enrolled(server, phones, "walker", "zhang")
    stranded = enrolled(server, phones, "cellar", "liu")
    refs = [
        stranded.record("move", task=None, lines=[move("MLK", "1120", "R2", "HOLD", 1)]) for _ in range(40)
    ]
    shown = stranded.ask("show")
    assert (shown["records"], shown["left"]) == (40, 0)
    taken = carrier.ask("read", parts=shown["parts"])
    device = stranded.ask("state")["device"]["id"]
    assert taken["from"] == [{"device": device, "records": 40}]
    assert carrier.sync() == "ok"
    assert logged(server, refs[-1]["hash"]) == [True]

    [carried] = carrier.ask("carried")
    assert (carried["device"], carried["records"], carried["stage"]) == (device, 40, "done")
    word = carrier.ask("show", device=device)
    [heard] = stranded.ask("read", parts=word["parts"])["heard"]
    assert (heard["ok"], heard["records"], heard["value"]["bearer"]) == (True, 40, "walker")
    safety = stranded.ask("safe")
    assert (safety["isSafe"], safety["unsent"], safety["unsettled"]) == (True, 0, 40)
    assert stranded.sync() == "ok"
    assert {item["stage"] for item in stranded.outbox} == {"settled"}


def test_a_photo_travels_apart_and_comes_back_to_others(server: DemoServer, phones: Phones) -> None:
    phone = enrolled(server, phones, "camera", "liu")
    other = enrolled(server, phones, "viewer", "zhang")
    ref = phone.record("move", task=None, lines=[move("MLK", "1120", "R2", "HOLD", 1)])
    photo = os.urandom(20_000).hex()
    phone.ask("attach", of=ref, hex=photo)
    assert phone.ask("safe")["evidence"] == 1
    assert phone.sync() == "ok"
    assert phone.ask("acknowledged")
    assert phone.ask("safe")["isSafe"]
    digest = phone.outbox[0]["body"]["fields"]["sha256"]
    assert other.ask("evidence", sha256=digest)["bytes"] == photo


def test_a_clock_two_hours_fast_orders_work_as_it_was_done(server: DemoServer, phones: Phones) -> None:
    phone = phones.open("fast")
    phone.ask("clock", aheadMs=7_200_000)
    phone.enrol(server.code("liu"), "liu")
    ref = phone.record("move", task=None, lines=[move("MLK", "1120", "R2", "HOLD", 1)])
    assert phone.sync() == "ok"
    [op] = [op for op in server.ledger()["ops"] if op["hash"] == ref["hash"]]
    assert abs(op["t"] - op["arrived"]) < 60_000


def test_the_server_is_killed_and_comes_back_and_phones_notice_nothing(
    server: DemoServer, phones: Phones
) -> None:
    phone = enrolled(server, phones, "patient", "liu")
    before = phone.record("move", task=None, lines=[move("MLK", "1120", "R2", "HOLD", 1)])
    assert phone.sync() == "ok"
    server.kill()
    during = phone.record("move", task=None, lines=[move("MLK", "1120", "HOLD", "R2", 1)])
    assert phone.sync() == "offline"
    server.start()
    assert phone.sync() == "ok"
    assert all(logged(server, before["hash"], during["hash"]))
    assert phone.pending == 0
    assert "forked" not in {item["verdict"]["code"] for item in phone.outbox}
