"""The server's disk as a simulation sees it: the real store, and what may befall its next commit.

A death is one that nobody inside can notice: the call never returns, and whoever plays drops the whole process. What
SQLite itself does with half a transaction is tested with real kills (`tests/integration/test_crash.py`).
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Literal, NoReturn

from sync_engine.adapters.faults import StorageFaultError, StorageFullError
from sync_engine.adapters.ledger_store import StoredLedger
from sync_engine.commit import Commit, Contact
from sync_engine.ports import Position, SealedHead

Mishap = Literal["die-before", "die-half", "die-after", "fail-before", "fail-half", "fail-after", "full"]
MISHAPS: Final[tuple[Mishap, ...]] = (
    "die-before",
    "die-half",
    "die-after",
    "fail-before",
    "fail-half",
    "fail-after",
    "full",
)


class FrailStore(StoredLedger):
    """A store that meets at most one mishap with its next commit."""

    mishap: Mishap | None = None

    def expect(self, mishap: Mishap | None) -> asyncio.Event:
        """Let something befall the next commit; the event is set when the process is dead of it."""
        self.mishap, self.died = mishap, asyncio.Event()
        return self.died

    async def commit(  # type: ignore[explicit-override]  # `typing.override` begins with Python 3.12
        self, commit: Commit, head: SealedHead | None, contacts: Sequence[Contact]
    ) -> Position:
        """See `LedgerStore`; the mishap comes before, in the middle of, or after the transaction."""
        mishap, self.mishap = self.mishap, None
        if mishap == "die-before":
            await self._die()
        if mishap in {"full", "fail-before"}:
            await self.close()  # as the store does whose transaction failed
            raise (
                StorageFullError
                if mishap == "full"
                else StorageFaultError(reason="the simulated disk failed")
            )
        if mishap in {"die-half", "fail-half"}:
            steps = self.steps(commit, head, contacts)
            try:
                await self.transact(
                    [*steps[: len(steps) // 2 + 1], ("INSERT INTO nowhere VALUES (?)", [(1,)])]
                )
            except StorageFaultError:
                if mishap == "die-half":
                    await self._die()
                raise
        position = await super().commit(commit, head, contacts)
        if mishap == "die-after":
            await self._die()
        if mishap == "fail-after":
            await self.close()
            raise StorageFaultError(reason="the simulated disk failed after it had written")
        return position

    async def _die(self) -> NoReturn:
        self.died.set()
        await asyncio.Event().wait()
        raise AssertionError("the dead do nothing more")
