"""The real server in a process of its own, and phones in real browsers."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Playwright, sync_playwright

from tests.e2e.browser import PhoneBrowser

ROOT: Final = Path(__file__).resolve().parents[2]
_START_S: Final = 60


class Server:
    """`gobi serve --demo` on a port of its own; the data stay in `folder` over kills and restarts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "api", "serve", "--demo", "--port", str(self.port)]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--data", str(self.folder / "data")],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(self.url + "/log/checkpoint", timeout=2),
            ):
                return
            assert self._process.poll() is None, (self.folder / "server.log").read_text()
            time.sleep(0.2)
        raise AssertionError((self.folder / "server.log").read_text())

    def kill(self) -> None:
        """SIGKILL, as power loss does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)
            self._process.wait(timeout=20)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def playwright() -> Iterator[Playwright]:
    """One for each test: while it runs, its event loop is the thread's, and no asynchronous test could run."""
    with sync_playwright() as started:
        yield started


@pytest.fixture
def phones(playwright: Playwright, server: Server, tmp_path: Path) -> Iterator["Phones"]:
    made = Phones(playwright, server, tmp_path)
    yield made
    made.close()


class Phones:
    """The phones of one test."""

    def __init__(self, playwright: Playwright, server: Server, folder: Path) -> None:
        self._playwright, self._server, self._folder = playwright, server, folder
        self._made: list[PhoneBrowser] = []

    def new(self, name: str) -> PhoneBrowser:
        phone = PhoneBrowser(self._playwright, self._folder, name, self._server.port)
        self._made.append(phone)
        return phone

    def close(self) -> None:
        for phone in self._made:
            phone.close()
