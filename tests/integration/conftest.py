"""The real server in a process of its own, and phones of strangers to it: see `tests/tools/stranger.py`."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.tools.stranger import Stranger

ROOT: Final = Path(__file__).resolve().parents[2]
_START_S: Final = 60


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("stranger")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    address, log = f"http://127.0.0.1:{port}", folder / "server.log"
    command = [
        sys.executable,
        "-m",
        "api",
        "serve",
        "--demo",
        "--port",
        str(port),
        "--data",
        str(folder / "data"),
    ]
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, start_new_session=True)
    try:
        deadline = time.monotonic() + _START_S
        while not _answers(address):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)
    assert "Traceback" not in log.read_text()


def _answers(address: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{address}/log/checkpoint", timeout=2, trust_env=False).is_success
    return False


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture
def enrol(url: str, http: httpx.Client) -> Callable[[str], Stranger]:
    def enrol(person: str) -> Stranger:
        code = (
            http.post(f"{url}/demo/api/enrolments", json={"person": person}).json()["url"].partition("#")[2]
        )
        phone = Stranger.enrol(f"gobi:enrol:{url}#{code}", f"{person}, a stranger", http)
        reply = phone.sync(phone.frame([phone.log_in()]))
        assert (reply.pull, reply.problems) == ("ok", [])
        return phone

    return enrol
