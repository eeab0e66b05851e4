"""The app's own ledger against a server that is lost and restored, by the commands that an operator types."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.phone_process import ROOT, PhoneProcess, Phones, bundle_driver

if TYPE_CHECKING:
    from collections.abc import Iterator

WORLD = ROOT / "api" / "demo" / "world"
PIN = "2468"

pytestmark = [pytest.mark.needs_service("node"), pytest.mark.timeout(240)]


class Operated:
    """A company as an operator runs it: one folder, one process, the `gobi` command."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / "server.log"

    @property
    def url(self) -> str:
        return f"http://localhost:{self._port}"

    def gobi(self, *line: str, given: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-m", "api", *line, "--data", str(self.data)],
            cwd=ROOT, input=given, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode in {0, 1}, done.stderr
        return done.stdout + done.stderr

    def start(self) -> None:
        command = [sys.executable, "-m", "api", "serve", "--port", str(self._port), "--data", str(self.data)]
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdout=out, stderr=out, start_new_session=True
            )
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/log/checkpoint", timeout=5).close()
                return
            assert self._process.poll() is None, self.log.read_text()
            time.sleep(0.2)
        raise AssertionError(self.log.read_text())

    def kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=20)


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Operated]:
    company = Operated(tmp_path)
    try:
        yield company
    finally:
        company.kill()


@pytest.fixture
def phones(tmp_path: Path) -> Iterator[Phones]:
    with Phones(bundle_driver(tmp_path)) as phones:
        yield phones


def _code(desk: PhoneProcess, **asked: object) -> str:
    body = {"purpose": "phone", **asked}
    answer = desk.ask("ask", path="/api/v1/enrolments", options={"method": "POST", "body": body})
    url: str = answer["body"]["url"]
    return url


def _joined(phones: Phones, desk: PhoneProcess, name: str, person: str) -> PhoneProcess:
    phone = phones.open(name)
    phone.enrol(_code(desk, person=person), person)
    assert phone.sync() == "ok"
    return phone


def _pick(phone: PhoneProcess, qty: int) -> str:
    line = {"item": "TOM-5", "lot": "1123", "from": "R1", "to": "T1-3", "qty": qty}
    digest: str = phone.record("pick", order=None, task=None, lines=[line])["hash"]
    return digest


def _attach(phone: PhoneProcess, photo: bytes) -> str:
    """Attach a photo to what was recorded last; its SHA-256."""
    of = phone.outbox[0]["ref"]
    phone.ask("attach", of=of, hex=photo.hex())
    return sha256(photo).hexdigest()


def _logged(company: Operated, digest: str) -> bool:
    try:
        urllib.request.urlopen(f"{company.url}/api/v1/log/proof/{digest}", timeout=10).close()
    except urllib.error.HTTPError:
        return False
    return True


def _state(phone: PhoneProcess) -> dict[str, Any]:
    state: dict[str, Any] = phone.ask("state")
    return state


def test_an_operator_restores_a_server_and_no_phone_loses_what_it_recorded(
    company: Operated, phones: Phones
) -> None:
    found = company.gobi(
        "found", "--org", "lvyuan", "--name", "绿原", "--admin", "limin", "--admin-name", "李敏", "--url", company.url
    )  # fmt: skip
    roots = [line[3:].strip() for line in found.splitlines() if re.match(r"^  [123]  ", line)]
    files = [str(WORLD / f"{table}.csv") for table in ("items", "places", "partners", "people", "opening")]
    company.gobi("import", *files)
    company.start()
    link = re.search(r"#/enrol\?u=(\S+)", company.log.read_text())
    assert link is not None
    desk = phones.open("desk")
    desk.enrol(urllib.parse.unquote(link[1]), "limin")
    assert desk.sync() == "ok"
    liu, zhang = (_joined(phones, desk, name, name) for name in ("liu", "zhang"))
    kept = _pick(liu, 3)
    assert liu.sync() == "ok"

    backup = company.folder / "night.backup"
    assert "made" in company.gobi("backup", str(backup))
    assert "all is well" in company.gobi("backup", "--verify", str(backup))

    late = _joined(phones, desk, "zhang's second phone", "zhang")
    acknowledged = [_pick(liu, 4), _pick(zhang, 5), _pick(late, 6)]
    photos = [_attach(phone, bytes([number]) * 3000) for number, phone in enumerate((liu, zhang, late))]
    for phone in (liu, zhang, late):
        assert phone.sync() == "ok"
    assert all(desk.ask("evidence", sha256=photo) for photo in photos)
    unsent = _pick(zhang, 1)
    company.kill()

    # The disk is gone; the backup, the keys, and the record of the last signed size are elsewhere.
    lost = company.data.rename(company.folder / "lost")
    company.data.mkdir()
    shutil.copytree(lost / "secrets", company.data / "secrets")
    shutil.copy(lost / "last-signed", company.data / "last-signed")
    assert "entries restored" in company.gobi("restore", str(backup))
    company.start()
    for phone in (liu, zhang, late):
        phone.sync()
    assert _state(liu)["restoredMs"] is not None
    assert [liu.pending, zhang.pending] == [0, 0], "kept beside the log"
    assert _state(late)["unjoined"]
    assert [_logged(company, digest) for digest in (kept, *acknowledged, unsent)] == [True] + [False] * 4
    assert [item["stage"] for item in liu.outbox][:1] == ["acked"], (
        "back in the overlay, though it is on the server"
    )
    company.kill()

    said = company.gobi("recover")
    assert "entries are missing" in said
    assert "goes on as" in company.gobi("recover", "--new-origin", given="\n".join(roots[:2]) + "\n")
    company.start()
    for phone in (liu, zhang, desk):
        phone.sync()
    assert desk.sync() == "ok"
    assert late.ask("enrol", url=_code(desk, person="zhang"), pin=PIN)["ok"]
    assert late.ask("sign-in", person="zhang", pin=PIN) == {"ok": True}
    for phone in (liu, zhang, late) * 2:
        assert phone.sync() == "ok"
    assert all(_logged(company, digest) for digest in (kept, *acknowledged, unsent))
    assert [_state(phone)["restoredMs"] for phone in (liu, zhang, late)] == [None] * 3
    for phone in (liu, zhang, late):
        assert {item["stage"] for item in phone.outbox} == {"settled"}
        assert {item["verdict"]["verdict"] for item in phone.outbox} == {"accepted"}
    there = [desk.ask("evidence", sha256=photo) is not None for photo in photos]
    assert there == [True] * 3, "sent again, though they were uploaded"
    assert "all is well" in company.gobi("doctor")


def test_a_copied_phone_goes_on_with_a_new_key_and_the_exception_closes(
    company: Operated, phones: Phones
) -> None:
    company.gobi("found", "--org", "lvyuan", "--name", "绿原", "--admin", "limin", "--admin-name", "李敏")
    files = [str(WORLD / f"{table}.csv") for table in ("items", "places", "partners", "people", "opening")]
    company.gobi("import", *files)
    company.start()
    link = re.search(r"#/enrol\?u=(\S+)", company.log.read_text())
    assert link is not None
    desk = phones.open("desk")
    desk.enrol(urllib.parse.unquote(link[1]), "limin")
    desk.sync()
    liu = _joined(phones, desk, "liu", "liu")
    twin = liu.copy("twin")
    both = [_pick(liu, 1), _pick(twin, 2)]
    assert liu.sync() == "ok"
    assert twin.sync() == "ok"
    assert [_state(phone)["copied"] for phone in (liu, twin)] == [False, True]
    twin.sync()
    desk.sync()
    forked = [row for row in desk.rows("exception").values() if row["code"] == "forked-device"]
    assert [row["state"] for row in forked] == ["open"]

    device = _state(twin)["device"]["id"]
    assert twin.ask("enrol", url=_code(desk, device=device), pin=PIN)["ok"]
    assert _state(twin)["device"]["id"] == device
    assert twin.ask("sign-in", person="liu", pin=PIN) == {"ok": True}
    after = _pick(twin, 3)
    for _ in range(2):
        assert twin.sync() == "ok"
    assert not _state(twin)["copied"]
    desk.sync()
    forked = [row for row in desk.rows("exception").values() if row["code"] == "forked-device"]
    assert [row["state"] for row in forked] == ["closed"]
    assert all(_logged(company, digest) for digest in (*both, after))
    # An ordinary code makes it another device, and none of the key that it has now.
    assert twin.ask("enrol", url=_code(desk, person="liu"), pin=PIN)["ok"]
    assert _state(twin)["device"]["id"] != device
    assert "all is well" in company.gobi("doctor")
