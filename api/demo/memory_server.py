"""A server without a disk and a network: the real ledger and the real messages, answered from memory.

What it leaves out is storage, rows and signatures; `sync_engine.sequencer` has them.
"""

from collections.abc import Sequence

from domain.merkle import Frontier
from domain.ops import NOTHING_SEEN
from sync_engine.commit import Commit, Delivery, Intention, WaitingFrame
from sync_engine.fold.rows import Changes, RowKey
from sync_engine.ledger import Ledger
from sync_engine.sequenced import replay
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
        self.rows: dict[RowKey, bytes] = {}
        self.branches: set[int] = set()
        self.waiting: dict[bytes, WaitingFrame] = {}
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
        self.branches.update(each.logged.index for each in commit.appended if each.is_branch)
        for name in commit.waiting_removed:
            del self.waiting[name]
        self.waiting.update({frame.hash: frame for frame in commit.waiting_added})
        _store(commit.changes, self.rows)
        return commit

    def copy(self, ledger: Ledger) -> "MemoryServer":
        """Return an independent server in the same state; `ledger` is an empty one."""
        twin = MemoryServer(ledger)
        twin.log, twin.rows = list(self.log), dict(self.rows)
        twin.branches, twin.waiting, twin._frontier = set(self.branches), dict(self.waiting), self._frontier
        held = [self.ledger.fold.logged(index) for index in range(self.ledger.size)]
        ledger.load([entry for entry in held if entry is not None], twin.branches, twin.waiting.values())
        return twin

    def restart(self, empty: Ledger) -> None:
        """Throw the ledger away and load it from what a store would hold: the log, its branches, what waits."""
        empty.load(replay(self.log), self.branches, self.waiting.values())
        self.ledger = empty

    def misfits(self, empty: Ledger) -> list[str]:
        """Return the tables that are not what the log gives."""
        rows: dict[RowKey, bytes] = {}
        _store(empty.load(replay(self.log), self.branches), rows)
        return [] if rows == self.rows else ["rows"]

    async def record(self, intentions: Sequence[Intention], *, at_ms: int) -> Sequence[tuple[int, bytes]]:
        """Record ops of the server's own device; return (index, hash) of each."""
        return self.kept(self.ledger.take((), intentions, now_ms=at_ms, seen=self.seen)).recorded

    def deliver(self, deliveries: Sequence[Delivery], *, at_ms: int) -> Commit:
        """Take frames without a request: files and QR codes."""
        return self.kept(self.ledger.take(deliveries, (), now_ms=at_ms, seen=self.seen))

    async def sync(self, request: bytes, *, at_ms: int) -> bytes:
        """Answer the body of a sync request."""
        return self.sync_many([request], at_ms=at_ms)[0]

    def sync_many(self, requests: Sequence[bytes], *, at_ms: int) -> list[bytes]:
        """Answer requests that fall into one group commit."""
        asked = [decode_request(request) for request in requests]
        commit = self.deliver([delivery_of(request, at_ms) for request in asked], at_ms=at_ms)
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
        cursor=request.cursor,
    )


def _store(changes: Changes, rows: dict[RowKey, bytes]) -> None:
    if changes.is_whole:
        rows.clear()
    for key, value in changes.rows.items():
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = value
