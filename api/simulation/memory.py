"""What the oracle remembers: everything that people and phones were told, which the ledger must keep to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from api.simulation.asgi import Request
from api.simulation.company import WORKERS, Worker
from api.simulation.work import Made

SAVED: Final = "saved"
"""`record` resolved: the user was told so."""
NOT_SAVED: Final = "not saved"
UNKNOWN: Final = "unknown"
"""The app died over it: it may be there, once."""

_WORKERS: Final[Mapping[str, Worker]] = {worker.person: worker for worker in WORKERS}


@dataclass
class Hand:
    """A phone in somebody's hand, as the oracle knows it."""

    name: str
    person: str
    clock_off_ms: int
    version: str
    seed: int
    boot_ms: int
    device: str = ""
    """Hex; empty: it is not enrolled."""
    is_open: bool = False
    tabs: set[int] = field(default_factory=set)
    cut_until_ms: int = 0
    """No request leaves it before."""
    deaf_until_ms: int = 0
    """No reply reaches it before."""
    busy: set[int] = field(default_factory=set)
    """Tabs that wait for the network."""
    is_revoked: bool = False
    status: str = "never"
    """How its last sync ended."""

    @property
    def worker(self) -> Worker:
        """Its owner."""
        return _WORKERS[self.person]

    def clocks(self, at_ms: int) -> dict[str, int]:
        """What its clocks show."""
        return {"wallMs": at_ms + self.clock_off_ms, "monoMs": at_ms - self.boot_ms}


class Head(NamedTuple):
    """A checkpoint that a phone was shown."""

    size: int
    root: bytes


@dataclass
class Memory:
    """All that was seen."""

    hands: dict[str, Hand] = field(default_factory=dict)
    saved: dict[str, Made] = field(default_factory=dict)
    """By leaf hash: every op that a user was told is saved."""
    excused: set[str] = field(default_factory=set)
    """Saved ops of which the only storage is gone: evicted, torn or put back by the world's own hand."""
    marks: dict[str, str] = field(default_factory=dict)
    """Mark of every op that somebody tried to record, and what they were told."""
    requests: list[Request] = field(default_factory=list)
    """Those that reached the server: the network may bring any of them again."""
    frames: list[bytes] = field(default_factory=list)
    """Frames that left a phone as a file."""
    heads: set[Head] = field(default_factory=set)
    copies: list[tuple[str, str]] = field(default_factory=list)
    """Phones that were copied, and the copies."""
    kept: list[int] = field(default_factory=list)
    """Sizes to which the server's log was put back."""
    may_fork: set[str] = field(default_factory=set)
    """Devices (hex) that were copied or put back so that they cannot know it: two ops of one name may be."""
    trace: list[Any] = field(default_factory=list)
    """What was decided, in order: two runs of a seed have the same."""

    def made(self) -> list[Made]:
        """Everything that was saved."""
        return list(self.saved.values())
