"""A log that may be older than what was signed of it: nothing is logged until a person decides (log.md §6).

The server finds out by the pin, or by a checkpoint of its own that a device shows and that its log never had. From
then on what devices send waits beside the log, durable and acked; what the log has can be read.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, Protocol

import structlog
from msgspec import Struct

from domain.errors import FaultError
from sync_engine.commit import Delivery
from sync_engine.ledger import Ledger
from sync_engine.ports import LogSealer

log: Final = structlog.get_logger(__name__)

RETRY_S: Final = 60
"""A person has to decide; whoever waits need not ask more often."""


class LedgerRecoveringError(FaultError):
    """The server was restored from a backup and says nothing itself until somebody decides how it goes on."""

    code: ClassVar[str] = "ledger-recovering"

    def __init__(self, *, size: int) -> None:
        super().__init__(
            f"the server was restored to {size} entries, fewer than it signed; it records nothing now",
            retry_after_s=RETRY_S,
        )
        self.size = size


class Presented(Struct, frozen=True):
    """A checkpoint that the log's key signed and that the log does not have: who showed it, and when."""

    size: int
    root: bytes
    note: str
    device: bytes
    at_ms: int


class PresentedHeads(Protocol):
    """What devices showed: kept beside the log, for a restart must not forget it."""

    async def all(self) -> Sequence[Presented]:
        """Return every one. Raises FaultError."""
        ...

    async def keep(self, presented: Presented) -> None:
        """Keep one, the same once; durable on return. Raises FaultError."""
        ...


class NothingPresented:
    """Where no device shows anything: a ledger that only a command reads."""

    async def all(self) -> Sequence[Presented]:
        """See `PresentedHeads`."""
        return ()

    async def keep(self, presented: Presented) -> None:
        """See `PresentedHeads`."""


class Recovery:
    """Whether the log of one sequencer takes anything: asked of its sealer and of what devices showed."""

    def __init__(self, sealer: LogSealer, presented: PresentedHeads) -> None:
        self._sealer = sealer
        self._presented = presented
        self._kept: set[tuple[int, bytes]] = set()

    async def look(self, ledger: Ledger) -> None:
        """Set whether a loaded ledger recovers: by the pin, or by what devices showed to any process.

        Raises FaultError.
        """
        for presented in await self._presented.all():
            if (unknown := self._unknown(presented.note, ledger)) is not None:
                self._kept.add(unknown)
                self._refuse(unknown[0])
        ledger.is_recovering = self._sealer.refusal is not None

    async def compare(self, delivery: Delivery, ledger: Ledger, *, now_ms: int) -> None:
        """Stop logging where a device shows a checkpoint of this log that it does not have: it is an older copy.

        Raises FaultError.
        """
        unknown = self._unknown(delivery.known, ledger)
        if unknown is not None and unknown not in self._kept:
            size, root = unknown
            log.error("log_rolled_back", size=ledger.size, signed_size=size)
            shown = Presented(size, root, delivery.known, delivery.device or b"", now_ms)
            await self._presented.keep(shown)
            self._kept.add(unknown)
            self._refuse(size)
            ledger.is_recovering = True

    def _refuse(self, size: int) -> None:
        refusal = self._sealer.refusal
        signed_size = None if refusal is None else refusal.facts.get("signed_size")
        if not isinstance(signed_size, int) or signed_size < size:
            self._sealer.refuse(size)

    def _unknown(self, note: str, ledger: Ledger) -> tuple[int, bytes] | None:
        """Size and root of a checkpoint that this log signed and never had; None of any other text."""
        head = self._sealer.read(note)
        if head is None or ledger.sight.counted((head.size, head.root[:16])) is not None:
            return None
        return head.size, head.root
