"""A PostgreSQL server of a test's own, in a folder: it may be killed and started again without disturbing anybody."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

START_S: Final = 60
_USER: Final = "postgres"


def programs() -> Path | None:
    """Where PostgreSQL's programs are, the newest ones; None where there are none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).resolve().parent


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class PrivatePostgres:
    """A cluster with one database, `gobi`. What a commit made durable survives `kill`, as on any server."""

    def __init__(self) -> None:
        found = programs()
        assert found is not None, "marked needs_service('postgresql-programs')"
        # A folder of its own: those of pytest are for one user alone.
        self._folder = Path(tempfile.mkdtemp(prefix="gobi-postgres-"))
        self._bin, self._data, self._log = found, self._folder / "data", self._folder / "log"
        self.port = free_port()
        self._server: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root, who in turn may become anybody.
        self._user = _USER if os.getuid() == 0 else None
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-E", "UTF8", "-U", _USER)
        self.start()
        self._run("createdb", *self._at, "gobi")

    @property
    def url(self) -> str:
        """As Gobi is told it."""
        return f"postgresql+asyncpg://{_USER}@127.0.0.1:{self.port}/gobi"

    @property
    def _at(self) -> tuple[str, ...]:
        return ("-h", "127.0.0.1", "-p", str(self.port), "-U", _USER)

    def start(self) -> None:
        """Start it, and recover what a kill left."""
        options = ("-D", str(self._data), "-h", "127.0.0.1", "-p", str(self.port), "-k", "")
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                [str(self._bin / "postgres"), *options],
                stdout=log,
                stderr=log,
                user=self._user,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_S
        ready = [str(self._bin / "pg_isready"), "-q", *self._at]
        while subprocess.run(ready, check=False).returncode != 0:
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def crash(self) -> None:
        """End it at once, as a power cut would: every session ends, nothing is written any more."""
        assert self._server is not None
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(START_S)

    def stop(self) -> None:
        """Stop it, and forget all."""
        if self._server is not None and self._server.poll() is None:
            self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *options: str) -> None:
        subprocess.run(
            [str(self._bin / program), *options],
            check=True,
            capture_output=True,
            user=self._user,
            timeout=START_S,
        )
