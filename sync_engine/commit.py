"""What a group commit adds to the ledger: the value between the pure ledger and whatever stores it.

`sync_engine.ledger` makes a `Commit`, `sync_engine.sequencer` hands it to storage; all of it is one transaction, and
an answer goes out only when that transaction is durable. Nothing here moves bytes.
"""

from collections.abc import Sequence

from msgspec import Struct

from sync_engine.acknowledgement import End
from sync_engine.fold.rows import Changes
from sync_engine.frame import ErasableValue
from sync_engine.logged import Logged, VerdictChange
from sync_engine.wire import Problem


class Delivery(Struct, frozen=True, kw_only=True):
    """The frames that one request brought, with what its device said of its clock; all times are ms.

    `device` is None for frames that no enrolled device vouches for: a file that somebody uploaded.
    """

    device: bytes | None
    now_ms: int | None
    run: int | None
    frames: Sequence[bytes] = ()
    relayed: Sequence[bytes] = ()
    arrived_ms: int = 0
    """Server time at which the request began to come in, for a slow line is no slow clock; 0: when it is committed."""
    pending: int = 0
    """Ops that the device still holds after these frames."""
    known: str = ""
    """The signed checkpoint that the device has applied, where this server's log seems to be an older one."""
    cursor: int | None = None
    """The log index up to which the device has applied the rows, by its own fresh word; None where nobody vouches."""


class Contact(Struct, frozen=True):
    """The last time that a device met the server: `clock_off_ms` is server time less what the phone called now."""

    device: bytes
    at_ms: int
    pending: int
    clock_off_ms: int | None


class Intention(Struct, frozen=True):
    """An op that the server's own device is to record: `erasable` gives (salt, value) of each digest.

    `actor` is the session of the person who asked for it (assurance `form`), empty for the server's own word.
    """

    kind: str
    body: tuple[object, ...]
    """`(occurred, names, …)`."""
    actor: bytes = b""
    erasable: Sequence[tuple[bytes, bytes]] = ()


class Appended(Struct, frozen=True):
    """A new leaf with the bytes that it is the hash of; `is_branch` marks the later branch of a fork."""

    logged: Logged
    data: bytes
    is_branch: bool = False


class SealedStretch(Struct, frozen=True):
    """The signature over consecutive ops of one device: ops first_seq … first_seq + count − 1."""

    device: bytes
    epoch: int
    first_seq: int
    count: int
    signature: bytes
    last_hash: bytes


class KeptValue(Struct, frozen=True):
    """An erasable value that travelled beside the op at `index`."""

    index: int
    value: ErasableValue


class WaitingFrame(Struct, frozen=True):
    """A frame beside the log: its predecessor (`seq` of `epoch`, hash `prev`) is not in the log yet.

    `last_seq` counts the ops that are sealed. `off_ms` is server time less what the phone called now in `run`, in the
    sync that brought it (`effective_time.correction`); both are None for a relayed frame.
    """

    hash: bytes
    """SHA-256 of the frame: its name."""
    device: bytes
    epoch: int
    first_seq: int
    last_seq: int
    prev: bytes
    data: bytes
    arrived_ms: int
    off_ms: int | None
    run: int | None


class Commit(Struct, frozen=True, kw_only=True):
    """Everything that one group commit makes durable, in the order of the log.

    `problems` alone say what was refused as bytes; a commit without `appended` and `waiting_added` only answers.
    """

    server_ms: int
    """Of the last `sequenced` op in the log: strictly increasing."""
    appended: Sequence[Appended] = ()
    seals: Sequence[SealedStretch] = ()
    values: Sequence[KeptValue] = ()
    verdict_changes: Sequence[VerdictChange] = ()
    waiting_added: Sequence[WaitingFrame] = ()
    waiting_removed: Sequence[bytes] = ()
    """Names of frames that wait no longer: their ops are in the log."""
    contacts: Sequence[Contact] = ()
    changes: Changes
    problems: Sequence[Sequence[Problem]] = ()
    """Per delivery, in order."""
    recorded: Sequence[tuple[int, bytes]] = ()
    """(index, hash) of the op that each intention became, in order."""
    log_size: int = 0
    """After the commit."""

    @property
    def adds(self) -> bool:
        """Whether there is more to write than that a device was met."""
        return bool(
            self.appended
            or self.waiting_added
            or self.waiting_removed
            or self.seals
            or self.values
            or self.verdict_changes
            or self.changes.rows
        )


class DeviceState(Struct, frozen=True):
    """What the ledger holds of one device, for a sync reply: see `Held`, `Acked`, `Settled` in `wire`."""

    held: Sequence[tuple[int, int, bytes]] = ()
    """(epoch, next seq, leaf hash of the last op of the main branch)."""
    acked: Sequence[tuple[int, int]] = ()
    """(epoch, last seq) durable without a gap: in the log or waiting beside it."""
    settled: Sequence[tuple[int, int, int]] = ()
    """(epoch, first seq, last seq) with a verdict other than deferred."""
    branches: Sequence[tuple[int, int, bytes]] = ()
    """(epoch, seq, leaf hash) of the last op of each later branch, in the log or waiting beside it without a gap."""


class DurableState(Struct, frozen=True):
    """What the log holds of one device, for an acknowledgement."""

    ends: tuple[End, ...]
    values: int
    """Erasable values that its ops hold the digests of, whether they arrived or not."""
    attached: frozenset[bytes]
    """SHA-256 of the documents that its ops attach, whether they arrived or not."""
