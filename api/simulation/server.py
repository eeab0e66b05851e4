"""The real server of a simulated world: application, sequencer, SQLite and pin, under a clock that is given.

It dies as a process does: whatever is in memory is dropped, and the next one opens what is on the disk.
"""

import asyncio
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from litestar.types import ASGIApp
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import create_app
from api.backups.recover import NotRecoveringError, open_origin
from api.bootstrap import DATABASE, House, found_house, open_house, wire_house
from api.settings import Settings
from api.simulation.asgi import ORIGIN, Request, Response, exchange
from api.simulation.company import FOUNDED_MS, FOUNDING, beginnings
from api.simulation.frail import FrailStore, Mishap
from api.stores.codes import LIFE_MS, Code
from storage.engine import open_engine, sqlite_url
from sync_engine.commit import Intention

SEQUENCER_TASKS: Final = frozenset({"sequencer", "follower"})
"""What the sequencer calls its tasks."""
_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # a file system in memory; each world has a folder of its own there


def new_folder() -> Path:
    """Return a new folder, in memory where the system has such a place: then syncing a file costs nothing."""
    return Path(mkdtemp(prefix="gobi-sim-", dir=_MEMORY if _MEMORY.is_dir() else None))


ROOT_SEEDS: Final = (bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32)
"""The keys on paper."""


class App:
    """The application, built once: it serves whichever house is open."""

    def __init__(self) -> None:
        self.house: House | None = None
        self.asgi: ASGIApp = create_app(self._open)

    def _open(self) -> House:
        assert self.house is not None, "asked of a server that runs"
        return self.house


async def found(folder: Path) -> None:
    """Begin the company in an empty folder."""
    now_ms = FOUNDED_MS
    settings = _settings(folder)
    await found_house(settings, FOUNDING, lambda: now_ms, root_seeds=ROOT_SEEDS)
    async with open_house(settings, lambda: now_ms) as house:
        for stage in beginnings():
            now_ms += 60_000
            await house.sequencer.record(stage)


def _settings(folder: Path) -> Settings:
    return Settings(data_dir=folder, public_url=ORIGIN)


class SimServer:
    """One organisation's server on a folder of its own. `now_ms` is its clock."""

    def __init__(self, app: App, template: Path, folder: Path) -> None:
        shutil.copytree(template, folder, dirs_exist_ok=True)
        self._app, self.folder = app, folder
        self.now_ms = FOUNDED_MS
        self._house: House | None = None
        self._engine: AsyncEngine | None = None
        self._store: FrailStore | None = None
        self._codes = 0

    @property
    def house(self) -> House:
        """The house that is open."""
        assert self._house is not None, "asked of a server that runs"
        return self._house

    @property
    def is_up(self) -> bool:
        """Whether it answers."""
        return self._house is not None

    # --- life ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open what is on the disk.

        Raises FaultError.
        """
        assert self._house is None, "started once"
        settings = _settings(self.folder)
        engine = open_engine(sqlite_url(settings.data_dir / DATABASE))
        try:
            house = await wire_house(settings, engine, lambda: self.now_ms, open_store=self._open_store)
            await house.sequencer.start()
        except BaseException:
            await engine.dispose()
            raise
        self._house, self._engine = house, engine
        self._app.house = house

    async def stop(self) -> None:
        """End in order."""
        house, self._house = self._house, None
        if house is not None:
            await house.sequencer.stop()
            await self._dispose()

    async def die(self) -> None:
        """End as a killed process does: nothing that is in memory survives, and its locks are free."""
        house, self._house = self._house, None
        if house is None:
            return
        await _cancelled([task for task in asyncio.all_tasks() if task.get_name() in SEQUENCER_TASKS])
        assert self._store is not None
        await self._store.close()
        await self._dispose()

    async def _dispose(self) -> None:
        assert self._engine is not None
        await self._engine.dispose()
        self._engine = self._store = None

    def _open_store(self, engine: AsyncEngine, org: str) -> FrailStore:
        self._store = FrailStore(engine, org)
        return self._store

    async def recover(self) -> None:
        """Let an operator decide, where the server came back with less than it signed: it goes on under a new origin.

        Raises FaultError.
        """
        await self.stop()
        with suppress(NotRecoveringError):
            await open_origin(_settings(self.folder), ROOT_SEEDS, lambda: self.now_ms)
        await self.start()

    def hashes(self) -> set[str]:
        """Return the ops that the log has (hex)."""
        ledger = self.house.ledger
        held = [ledger.fold.logged(index) for index in range(ledger.size)]
        return {entry.hash.hex() for entry in held if entry is not None}

    # --- what it is asked ------------------------------------------------------------------------------------------

    async def answer(
        self, requests: Sequence[Request], mishap: Mishap | None = None
    ) -> list[Response | None]:
        """Answer requests that come at once; None: no answer, because the server is down or died over it."""
        if self._house is None or self._store is None:
            return [None] * len(requests)
        died = self._store.expect(mishap)
        tasks = [asyncio.create_task(exchange(self._app.asgi, request)) for request in requests]
        death = asyncio.create_task(died.wait())
        answered = asyncio.gather(*tasks)
        await asyncio.wait((answered, death), return_when=asyncio.FIRST_COMPLETED)
        if death.done():
            await _cancelled([*tasks, answered])
            await self.die()
            return [None] * len(requests)
        await _cancelled([death])
        self._store.mishap = None
        return list(answered.result())

    async def enrolment(self, person: str) -> str:
        """Return what the QR for a new phone of a person holds."""
        self._codes += 1
        code = f"simulated-{self._codes}"
        entitled = Code(person=person, name="", purpose="phone", expires_ms=self.now_ms + LIFE_MS)
        await self.house.codes.put(code, entitled, now_ms=self.now_ms)
        return f"gobi:enrol:{ORIGIN}#{code}"

    async def record(self, kind: str, fields: Sequence[object], names: Sequence[bytes] = ()) -> bytes:
        """Record an op of the server's own device, and return its hash.

        Raises FaultError.
        """
        [(_, digest)] = await self.house.sequencer.record([Intention(kind, (None, tuple(names), *fields))])
        return digest

    # --- backups ---------------------------------------------------------------------------------------------------

    def back_up(self, name: str) -> None:
        """Copy the database of a server that is down; the pin is no part of a backup (DESIGN §7)."""
        assert self._house is None, "copied while nobody writes"
        for path in self.folder.glob(f"{DATABASE}*"):
            if path.suffix != ".lock":
                shutil.copy(path, self.folder / f"{name}.{path.name}")

    def put_back(self, name: str) -> None:
        """Make the database of a server that is down what it was at a backup."""
        assert self._house is None, "put back while nobody writes"
        for path in self.folder.glob(f"{DATABASE}*"):
            if path.suffix != ".lock":
                path.unlink()
        for path in self.folder.glob(f"{name}.{DATABASE}*"):
            shutil.copy(path, self.folder / path.name.removeprefix(f"{name}."))


async def _cancelled(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
