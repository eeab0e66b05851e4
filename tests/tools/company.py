"""A small company with a real ledger and chains that record for it: what the tests of the ledger build with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from api.demo.ends import tables_of
from api.demo.memory_server import MemoryServer
from domain.ops import LeafHash, Op
from sync_engine.commit import Commit, Delivery, Intention
from sync_engine.ledger import Ledger
from sync_engine.logged import Logged
from sync_engine.seal import raw_key
from tests.tools.op_chain import ORG, ORG_SECRET, START_MS, Chain, private_key

SERVER_KEY = private_key(100)
DAY_MS = 86_400_000
PEOPLE: Mapping[str, str] = {"liu": "picker", "zhang": "picker", "limin": "manager", "sun": "farmer"}


def empty_ledger() -> Ledger:
    return Ledger(ORG, ORG_SECRET, SERVER_KEY)


@dataclass
class Company:
    """People with roles, each with a device that is signed in; `now_ms` is the server's clock."""

    server: MemoryServer = field(default_factory=lambda: MemoryServer(empty_ledger()))
    chains: dict[str, Chain] = field(default_factory=dict)
    sessions: dict[str, bytes] = field(default_factory=dict)
    enrols: dict[str, bytes] = field(default_factory=dict)
    now_ms: int = START_MS - 600_000

    def __post_init__(self) -> None:
        genesis = ("绿原合作社", raw_key(SERVER_KEY.public_key()), "", (), (), "", ("root", "根", None), 480)
        self.server.kept(self.server.ledger.found(genesis, epoch=7, now_ms=self.now_ms))
        self.say("set", "item", "TOM-5", (("name", "番茄"), ("unit", "each")))
        for person, role in PEOPLE.items():
            self.say("grant", person, role)
        for number, person in enumerate(PEOPLE, 1):
            self.enrol(person, person, number)
        self.say("adjust", "opening", (("TOM-5", "1121", "virtual:opening", "R1", 1000),))

    # --- the server ------------------------------------------------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        return self.server.ledger

    def take(
        self, *deliveries: Delivery, intentions: Sequence[Intention] = (), at: int | None = None
    ) -> Commit:
        self.now_ms = at if at is not None else self.now_ms + 1000
        ledger, seen = self.server.ledger, self.server.seen
        return self.server.kept(ledger.take(deliveries, intentions, now_ms=self.now_ms, seen=seen))

    def say(self, kind: str, *fields: object, names: tuple[bytes, ...] = (), actor: bytes = b"") -> Logged:
        commit = self.take(intentions=[Intention(kind, (None, names, *fields), actor)])
        return self.entry(commit.recorded[0][1])

    def enrol(self, name: str, person: str | None, number: int) -> Chain:
        chain = self.chains[name] = Chain(private_key(number), epoch=number)
        chain.prev = LeafHash(self.say("enrol", chain.device, chain.public, name, person, "phone").hash)
        self.enrols[name] = chain.prev
        if person is not None:
            chain.record(
                "session", person, START_MS + 90 * DAY_MS, b"n", "device", None, actor=b"", at=self.now_ms
            )
            self.sessions[name] = chain.prev[:16]
            self.bring(name)
        return chain

    def restart(self) -> None:
        self.server.restart(empty_ledger())

    # --- the devices -----------------------------------------------------------------------------------------------

    def record(self, name: str, kind: str, *fields: object, **more: object) -> Op:
        """Record with the checkpoint that stands now, unless told otherwise."""
        given = {"seen": self.server.seen, "actor": self.sessions.get(name, b""), "at": self.now_ms, **more}
        return self.chains[name].record(kind, *fields, **given)  # type: ignore[arg-type]  # as the test says

    def pick(self, name: str, qty: int = 1, **more: object) -> Op:
        return self.record(name, "pick", None, None, [["TOM-5", "1121", "R1", "T1", qty]], **more)

    def bring(
        self, name: str, first: int | None = None, last: int | None = None, at: int | None = None
    ) -> Commit:
        """Sync what the device holds: all that the ledger does not have, or the ops from `first` to `last`."""
        return self.take(self.delivery(name, first, last), at=at)

    def delivery(self, name: str, first: int | None = None, last: int | None = None) -> Delivery:
        chain = self.chains[name]
        held = {epoch: seq for epoch, seq, _ in self.ledger.device_state(chain.device).held}
        start = held.get(chain.epoch, 1) if first is None else first
        return Delivery(device=chain.device, now_ms=None, run=None, frames=[chain.frame(start, last)])

    # --- what became of it -----------------------------------------------------------------------------------------

    def entry(self, digest: bytes) -> Logged:
        index = self.ledger.fold.index_of(digest)
        assert index is not None, "the log holds it"
        entry = self.ledger.fold.logged(index)
        assert entry is not None
        return entry

    def last(self, name: str) -> Logged:
        return self.entry(self.chains[name].prev)

    def verdict(self, name: str) -> tuple[str, str]:
        entry = self.last(name)
        return entry.verdict, entry.code

    def on_hand(self, place: str = "R1") -> int:
        return self.ledger.fold.balances().get(("TOM-5", "1121", place), (0, 0, False))[0]

    def exceptions(self) -> list[str]:
        return list(tables_of(self.server.rows).exceptions)


def codes(commit: Commit) -> list[str]:
    """The codes of all problems."""
    return [problem.code for problems in commit.problems for problem in problems]
