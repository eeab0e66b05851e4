"""A phone as a pure state machine: what it records, sends and learns. The twin of the app's sync core.

The demo, the simulator, the tests and the benchmarks use it; its clocks and its chance are arguments. It folds
nothing: rows are the server's, and the overlay is what `pending` lists. Rules: docs/protocol/sync.md §2.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final, NamedTuple

from domain.ops import (
    NOTHING_SEEN,
    SESSION_BYTES,
    VERSION,
    LeafHash,
    Nonces,
    Op,
    device_id,
    encode_op,
    leaf_hash,
)
from sync_engine.frame import ErasableValue, Seal, encode_frame
from sync_engine.outbox import FRAME_OPS, EpochOutbox, Recorded, stretches
from sync_engine.phone_clock import Clock
from sync_engine.seal import SEAL_OPS_MAX, PrivateKey, raw_key, seal_message, sign_seal
from sync_engine.wire import (
    FRAMES_MAX,
    Acked,
    Held,
    Problem,
    Recovering,
    Row,
    SyncReply,
    SyncRequest,
    decode_reply,
    encode_request,
)

REQUEST_FRAMES_BYTES: Final = 2 * 1024 * 1024
"""What one round trip carries at most of a long outbox, and of relayed frames; the rest follows in the next."""
KEPT_BACK: Final = frozenset({"too-many-waiting", "too-many-unread", "unknown-device"})
"""Problems of relayed frames that may pass: relay.md §4. All others are of the bytes."""

_NO_OP: Final = LeafHash(b"")

Name = bytes | tuple[str, bytes]


class Enrolment(NamedTuple):
    """What a device knows of itself from the day it was enrolled."""

    org: str
    secret: bytes
    enrol: LeafHash


@dataclass
class Phone:
    """One device: its key, its chain, its outbox, its rows and its idea of the time."""

    key: PrivateKey
    enrolment: Enrolment
    new_epoch: Callable[[], int]
    """Chance: 53 random bits."""
    clock: Clock = field(default_factory=Clock)
    epoch: int = -1
    prev: LeafHash = _NO_OP
    seen: tuple[int, bytes] = NOTHING_SEEN
    session: bytes = b""
    cursor: int = -1
    page: bytes | None = None
    checkpoint: str = ""
    log_size: int = 0
    pull: str = ""
    rows: dict[str, dict[tuple[str, str], Any]] = field(default_factory=dict)
    outbox: dict[int, EpochOutbox] = field(default_factory=dict)
    relayed: list[bytes] = field(default_factory=list)
    problems: Sequence[Problem] = ()
    clones_found: int = 0
    covered: Sequence[Acked] = ()
    recovering: Recovering | None = None

    def __post_init__(self) -> None:
        """Begin the first epoch, unless the state came from elsewhere."""
        self.device = device_id(raw_key(self.key.public_key()))
        self._nonces = Nonces(self.enrolment.secret)
        self._pages: list[Row] = []
        self._dropped: list[str] = []
        self._signatures: dict[tuple[int, int, LeafHash], bytes] = {}
        self._in_flight: dict[int, int] = {}
        self._in_flight_ops = 0
        self._relayed_in_flight = 0
        if self.epoch < 0:
            self._begin_epoch(self.enrolment.enrol)

    @property
    def seq(self) -> int:
        """The seq of the last op of the present epoch."""
        return self.outbox[self.epoch].last_seq

    @property
    def pending(self) -> list[Recorded]:
        """The overlay: ops without a verdict in the rows, in the order in which they were made."""
        return [entry for epoch in self.outbox.values() for entry in epoch.entries if not entry.settled]

    @property
    def unsent(self) -> list[Recorded]:
        """What the worker is told is not yet on the server."""
        return [entry for epoch in self.outbox.values() for entry in epoch.unsent]

    # --- recording -------------------------------------------------------------------------------------------------

    def record(
        self,
        kind: str,
        fields: Sequence[object] = (),
        *,
        wall_ms: int,
        mono_ms: int,
        names: Sequence[Name] = (),
        occurred: tuple[int, int, str] | None = None,
        erasable: Sequence[tuple[bytes, bytes]] = (),
    ) -> LeafHash:
        """Append an op to the chain and the outbox, and return its hash. Needs no network and cannot fail for it.

        `erasable` gives (salt, value) for each digest. The actor is the session; `session` ops have none.

        Raises MalformedError for fields that no op can hold; then nothing is recorded.
        """
        self.clock.tick(wall_ms=wall_ms, mono_ms=mono_ms)
        seq = self.seq + 1
        op = Op(
            v=VERSION,
            org=self.enrolment.org,
            device=self.device,
            epoch=self.epoch,
            seq=seq,
            prev=self.prev,
            nonce=self._nonces.of(self.epoch, seq),
            seen=self.seen,
            at=self.clock.server_ms(wall_ms),
            err=self.clock.err_ms(wall_ms=wall_ms, mono_ms=mono_ms),
            run=self.clock.run,
            actor=b"" if kind == "session" else self.session,
            kind=kind,
            body=(occurred, tuple(names), *fields),
            erasable=tuple([sha256(salt + value).digest() for salt, value in erasable]),
        )
        data = encode_op(op)
        self.prev = leaf_hash(data)
        self.outbox[self.epoch].entries.append(Recorded(op, data, self.prev, tuple(erasable)))
        return self.prev

    def sign_in(
        self,
        person: str,
        *,
        expires_ms: int,
        nonce: bytes,
        wall_ms: int,
        mono_ms: int,
        assurance: str = "device",
        proof: bytes | None = None,
    ) -> LeafHash:
        """Record a session of the person and act in it from now on."""
        fields = (person, expires_ms, nonce, assurance, proof)
        digest = self.record("session", fields, wall_ms=wall_ms, mono_ms=mono_ms)
        self.session = digest[:SESSION_BYTES]
        return digest

    def reload(self) -> None:
        """The app starts anew: nothing says how its clocks went meanwhile, and pages in memory are gone."""
        self.clock.lose_track()
        self._pages, self._dropped, self.page = [], [], None
        self._in_flight, self._relayed_in_flight = {}, 0

    def clone(self) -> "Phone":
        """A copy of the device at this instant, as a restored backup or a copied profile makes one."""
        twin = replace(
            self,
            clock=replace(self.clock),
            rows={bucket: dict(rows) for bucket, rows in self.rows.items()},
            outbox={epoch: entries.copy() for epoch, entries in self.outbox.items()},
            relayed=list(self.relayed),
        )
        twin.reload()
        return twin

    # --- sending ---------------------------------------------------------------------------------------------------

    def frames(self, most: int = FRAME_OPS) -> list[bytes]:
        """Return all that is not yet acknowledged, as sealed frames: the same bytes for HTTP, a file or QR codes.

        `most` ops each: a QR code holds few.
        """
        epochs = self.outbox.values()
        return [self._frame(stretch) for epoch in epochs for stretch in stretches(epoch.unsent, most)]

    def carry(self, frames: Iterable[bytes]) -> None:
        """Take other devices' frames along, unopened, to the next round trip."""
        self.relayed.extend(frame for frame in frames if frame not in self.relayed)

    def request(self, *, wall_ms: int, mono_ms: int) -> bytes:
        """Return the body of the next round trip; `receive` takes in its reply."""
        self.clock.tick(wall_ms=wall_ms, mono_ms=mono_ms)
        relayed = _fitting(self.relayed)
        self._relayed_in_flight = len(relayed)
        frames = self._load()
        return encode_request(
            SyncRequest(
                device=self.device,
                now_ms=self.clock.server_ms(wall_ms),
                run=self.clock.run,
                session=self.session,
                cursor=self.cursor,
                page=self.page,
                buckets=tuple(sorted(self.rows)),
                frames=frames,
                relayed=relayed,
                pending=len(self.unsent) - self._in_flight_ops,
                known=self.checkpoint if self.log_size < self.seen[0] else "",
            )
        )

    # --- receiving -------------------------------------------------------------------------------------------------

    def receive(
        self,
        data: bytes,
        *,
        sent_wall_ms: int,
        sent_mono_ms: int,
        received_wall_ms: int,
        received_mono_ms: int,
    ) -> SyncReply:
        """Take in the reply to the last request; `page` of the reply is not None when there is more to ask for.

        Raises MalformedReplyError; then nothing changed.
        """
        reply = decode_reply(data)
        self.pull, self.log_size, self.problems = reply.pull, reply.log_size, reply.problems
        self.covered, self.recovering = reply.covered, reply.recovering
        for held in reply.held:
            self._compare(held)
        self._acknowledge(reply)
        self._set_clock(reply.now_ms, (sent_wall_ms, sent_mono_ms), (received_wall_ms, received_mono_ms))
        if reply.pull == "ok":
            self._pull(reply)
        return reply

    def forget_settled(self) -> None:
        """Let go of ops that have a verdict, where a confirmed backup of the server covers them."""
        covered = {one.epoch: one.last_seq for one in self.covered}
        for number, epoch in self.outbox.items():
            epoch.forget_settled(covered.get(number, 0))
        self._signatures.clear()

    def _acknowledge(self, reply: SyncReply) -> None:
        """Learn how far the server has each epoch: less than it said before, if it was restored from a backup.

        An epoch that it does not speak of is one that it has nothing of, or that it lost as a whole. The rows, and so
        what is settled, stay as they are until the next cut.
        """
        sent, rest = self.relayed[: self._relayed_in_flight], self.relayed[self._relayed_in_flight :]
        kept = {one.frame for one in reply.problems if one.relayed and one.code in KEPT_BACK}
        # What the server takes another time goes behind what it has not seen yet.
        self.relayed = [*rest, *(frame for number, frame in enumerate(sent) if number in kept)]
        self._relayed_in_flight = 0
        durable = {acked.epoch: acked.last_seq for acked in reply.acked}
        for held in reply.held:
            durable[held.epoch] = max(held.next_seq - 1, durable.get(held.epoch, 0))
        is_refused = any(not problem.relayed for problem in reply.problems)
        for number, epoch in self.outbox.items():
            if not epoch.forked:
                epoch.acked_to = durable.get(number, 0)
                continue
            # What was taken without a problem is there, though no end of a branch may speak of it; unless it was lost.
            before = 0 if self._is_restored(reply) else epoch.acked_to
            taken = 0 if is_refused else self._in_flight.get(number, 0)
            epoch.acked_to = max(before, taken, _branch_acked(number, epoch, reply))
        self._in_flight = {}

    def _is_restored(self, reply: SyncReply) -> bool:
        """Whether the server has less than it had: a shorter log, or one that goes on under another name."""
        # A phone that never had rows knows no name yet.
        is_renamed = bool(self.checkpoint) and _origin(reply.checkpoint) != _origin(self.checkpoint)
        return reply.log_size < self.seen[0] or is_renamed

    def _set_clock(self, server_ms: int, sent: tuple[int, int], received: tuple[int, int]) -> None:
        """Adopt the server's time, unless ops of this run, stamped by the old estimate, are still to be sent.

        The server corrects the ops of a run by what the phone calls now in the request that brings them: both must
        be by one estimate. The next round trip adopts it.
        """
        self.clock.tick(wall_ms=received[0], mono_ms=received[1])
        may_step = all(entry.op.run != self.clock.run for entry in self.unsent)
        self.clock.hear(server_ms, sent=sent, received=received, may_step=may_step)

    def _compare(self, held: Held) -> None:
        """Find out that the log holds another chain of an epoch: this device, or another, is a copy.

        The present epoch ends with it; of an earlier one it is enough to know that what the log has of it says
        nothing of this phone's ops.
        """
        epoch = self.outbox.get(held.epoch)
        if epoch is None:
            return
        last = held.next_seq - 1
        ours = epoch.at(last)
        if last > epoch.last_seq or (ours is not None and ours.hash != held.last_hash):
            epoch.forked = True
            if held.epoch == self.epoch:
                self.clones_found += 1
                self._begin_epoch(LeafHash(held.last_hash))

    def _pull(self, reply: SyncReply) -> None:
        """Keep the rows of a page apart; apply all pages in one step with the last: the cut is consistent."""
        self._pages.extend(reply.rows)
        self._dropped.extend(reply.dropped)
        self.page = reply.page
        if reply.page is not None:
            return
        # First the drops: a bucket that comes whole is dropped before, so that no row of an older cut outlives it.
        for bucket in self._dropped:
            self.rows.pop(bucket, None)
        for row in self._pages:
            rows = self.rows.setdefault(row.bucket, {})
            if row.value is None:
                rows.pop((row.table, row.key), None)
            else:
                rows[row.table, row.key] = row.value
        self._pages, self._dropped = [], []
        had, self.cursor = self.cursor, reply.cursor
        # It never decreases while the log has one name, even where a restored server has less than it had. Later names
        # are greater: each has its time behind the first one. Of a server that was put back to an earlier one nothing
        # is taken.
        told, own = _origin(reply.checkpoint), _origin(self.checkpoint)
        if told > own and own and had >= 0:
            self.cursor = -1  # rows may be of the end that this log lost: all of them come anew
        if reply.seen is not None and (told > own or (told == own and reply.seen[0] >= self.seen[0])):
            self.seen, self.checkpoint = reply.seen, reply.checkpoint
        for epoch in self.outbox.values():
            epoch.unsettle()
        for settled in reply.settled:
            its_epoch = self.outbox.get(settled.epoch)
            if its_epoch is not None:
                # What was never sent has no verdict, whatever a clone of this device sent in its place.
                its_epoch.settle(settled.first_seq, min(settled.last_seq, its_epoch.acked_to))

    # --- the chain -------------------------------------------------------------------------------------------------

    def _begin_epoch(self, prev: LeafHash) -> None:
        self.epoch, self.prev = self.new_epoch(), prev
        self.outbox[self.epoch] = EpochOutbox()

    def _load(self) -> tuple[bytes, ...]:
        """Return the frames of one request, and remember how far they go."""
        self._in_flight, self._in_flight_ops = {}, 0
        frames: list[bytes] = []
        size = 0
        for number, epoch in self.outbox.items():
            for stretch in stretches(epoch.unsent):
                if size > REQUEST_FRAMES_BYTES or len(frames) == FRAMES_MAX:
                    return tuple(frames)
                frames.append(self._frame(stretch))
                size += len(frames[-1])
                self._in_flight[number] = stretch[-1].op.seq
                self._in_flight_ops += len(stretch)
        return tuple(frames)

    def _frame(self, entries: Sequence[Recorded]) -> bytes:
        cuts = range(0, len(entries), SEAL_OPS_MAX)
        seals = [self._seal(entries[first : first + SEAL_OPS_MAX]) for first in cuts]
        values = [
            ErasableValue(number, which, salt, value)
            for number, entry in enumerate(entries)
            for which, (salt, value) in enumerate(entry.values)
        ]
        return encode_frame([entry.op for entry in entries], seals, values)

    def _seal(self, entries: Sequence[Recorded]) -> Seal:
        """Seal a stretch, once: a retry sends the same bytes and costs no signature."""
        first, last = entries[0].op, entries[-1]
        stretch = (first.epoch, first.seq, last.hash)
        if stretch not in self._signatures:
            hashes = [entry.hash for entry in entries]
            message = seal_message(first.org, self.device, first.epoch, first.seq, hashes)
            self._signatures[stretch] = sign_seal(self.key, message)
        return Seal(len(entries), self._signatures[stretch])


def _branch_acked(number: int, epoch: EpochOutbox, reply: SyncReply) -> int:
    """How far the server has this phone's branch of a forked epoch: an end of any branch that is an op of its own."""
    ends = [(held.epoch, held.next_seq - 1, held.last_hash) for held in reply.held]
    ends += [(branch.epoch, branch.seq, branch.hash) for branch in reply.branches]
    own = [
        seq
        for its_epoch, seq, digest in ends
        if its_epoch == number and (entry := epoch.at(seq)) is not None and entry.hash == digest
    ]
    return max(own, default=0)


def _origin(note: str) -> str:
    """The name of the log that a checkpoint is of: its first line."""
    return note.partition("\n")[0] if "\n" in note else ""


def _fitting(frames: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return as many frames, from the first, as one request carries."""
    size = 0
    for number, frame in enumerate(frames):
        if size > REQUEST_FRAMES_BYTES // 2 or number == FRAMES_MAX:
            return tuple(frames[:number])
        size += len(frame)
    return tuple(frames)
