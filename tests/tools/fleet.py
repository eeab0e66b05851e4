"""Several `gobi serve` processes over one database, each of which may be killed; a client that meets any of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

import httpx

from tests.tools.private_postgres import free_port

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

START_S: Final = 90
URL: Final = "http://localhost:8000"
"""As phones call it, whichever process answers: proofs are of a host and a path."""


class Process:
    """One `gobi serve`; it is started as often as it is killed."""

    def __init__(self, data: Path, database_url: str) -> None:
        self.port = free_port()
        self._data, self._database_url = data, database_url
        self._child: asyncio.subprocess.Process | None = None
        self.is_up = False
        self.log = data.parent / f"{self.port}.log"

    @property
    def pid(self) -> int:
        """Of the process that runs now, or ran last."""
        assert self._child is not None
        return self._child.pid

    async def start(self) -> None:
        """Start it, and wait until it answers; a start that fails, as while the database is away, is tried again."""
        deadline = asyncio.get_running_loop().time() + START_S
        while not await self._answers():
            assert asyncio.get_running_loop().time() < deadline, self.log.read_text()
            if self._child is None or self._child.returncode is not None:
                await self._spawn()
            await asyncio.sleep(0.1)
        self.is_up = True

    async def kill(self) -> None:
        """SIGKILL: it ends between two instructions."""
        self.is_up = False
        if self._child is not None and self._child.returncode is None:
            self.signal(signal.SIGCONT)  # one that stands still keeps its death for later
            self.signal(signal.SIGKILL)
            await self._child.wait()

    def signal(self, number: int) -> None:
        """Send a signal to it, if it lives."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def _spawn(self) -> None:
        environment = {"GOBI_DATABASE_URL": self._database_url, "PATH": os.environ["PATH"]}
        with self.log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "api", "serve", "--port", str(self.port), "--data", str(self._data)),
                stdout=log,
                stderr=log,
                env=environment,
            )

    async def _answers(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.get(f"http://127.0.0.1:{self.port}/log/checkpoint", timeout=5)
                return answer.is_success
        return False


def to_any(fleet: list[Process], chance: Random) -> httpx.AsyncClient:
    """A client whose every request goes to one of the processes, dead or alive: a careless load balancer."""

    async def choose(request: httpx.Request) -> None:
        # The Host header stays: it is what the phone calls its server.
        request.url = request.url.copy_with(host="127.0.0.1", port=chance.choice(fleet).port)

    return httpx.AsyncClient(base_url=URL, timeout=20, trust_env=False, event_hooks={"request": [choose]})
