"""A server without a disk and a network: the real ledger and the real messages, answered from memory.

What it leaves out is storage, rows and signatures; `sync_engine.sequencer` has them.
"""

from collections.abc import Sequence

from domain.merkle import Frontier
from domain.ops import NOTHING_SEEN
from sync_engine.commit import Commit, Delivery, Intention
from sync_engine.ledger import Ledger
from sync_engine.wire import (
    Acked,
    Held,
    Problem,
    Settled,
    SyncReply,
    SyncRequest,
    decode_request,
    encode_reply,
)


class MemoryServer:
    """One organisation, in memory."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.log: list[bytes] = []
        """The bytes of every op: enough to rebuild everything."""
        self._frontier = Frontier()

    @property
    def seen(self) -> tuple[int, bytes]:
        """The checkpoint of the log as it stands."""
        return (self._frontier.size, self._frontier.root()[:16]) if self._frontier.size else NOTHING_SEEN

    def kept(self, commit: Commit) -> Commit:
        """Keep what a commit of the ledger adds to the log."""
        self.log.extend(appended.data for appended in commit.appended)
        self._frontier = self._frontier.append_many([appended.logged.hash for appended in commit.appended])
        assert self._frontier.size == commit.log_size, "a commit says how long the log is"
        return commit

    async def record(self, intentions: Sequence[Intention], *, at_ms: int) -> Sequence[tuple[int, bytes]]:
        """Record ops of the server's own device; return (index, hash) of each."""
        return self.kept(self.ledger.take((), intentions, now_ms=at_ms, seen=self.seen)).recorded

    async def sync(self, request: bytes, *, at_ms: int) -> bytes:
        """Answer the body of a sync request."""
        return self.sync_many([request], at_ms=at_ms)[0]

    def sync_many(self, requests: Sequence[bytes], *, at_ms: int) -> list[bytes]:
        """Answer requests that fall into one group commit."""
        asked = [decode_request(request) for request in requests]
        deliveries = [delivery_of(request, at_ms) for request in asked]
        commit = self.kept(self.ledger.take(deliveries, (), now_ms=at_ms, seen=self.seen))
        return [
            encode_reply(self._reply(request, problems, at_ms))
            for request, problems in zip(asked, commit.problems, strict=True)
        ]

    def _reply(self, request: SyncRequest, problems: Sequence[Problem], at_ms: int) -> SyncReply:
        state = self.ledger.device_state(request.device)
        return SyncReply(
            now_ms=at_ms,
            log_size=self.ledger.size,
            pull="ok",
            cursor=self.ledger.size - 1,
            page=None,
            dropped=(),
            rows=(),
            settled=tuple([Settled(*found) for found in state.settled]),
            held=tuple([Held(*found) for found in state.held]),
            problems=tuple(problems),
            checkpoint="",
            seen=self.seen,
            acked=tuple([Acked(*found) for found in state.acked]),
        )


def delivery_of(request: SyncRequest, arrived_ms: int) -> Delivery:
    """Return what a request brings to the ledger."""
    return Delivery(
        device=request.device,
        now_ms=request.now_ms,
        run=request.run,
        frames=request.frames,
        relayed=request.relayed,
        arrived_ms=arrived_ms,
        pending=request.pending,
    )
