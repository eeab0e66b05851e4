"""A small company on a real store: what the benchmarks measure and the crash tests kill. Its data are synthetic."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from blockchain_trace.adapters.pin_file import PinFile
from blockchain_trace.log import Pin, TransparencyLog
from blockchain_trace.note import SignerKey
from domain.ops import LeafHash, device_id, device_secret
from storage.engine import open_engine, sqlite_url
from storage.migrate import migrate
from sync_engine.adapters.ledger_store import StoredLedger
from sync_engine.adapters.presented_store import StoredPresented
from sync_engine.commit import Commit, Delivery, Intention
from sync_engine.genesis import signed_genesis
from sync_engine.ledger import Ledger
from sync_engine.phone import Enrolment, Phone
from sync_engine.ports import LedgerStore
from sync_engine.pull import answer
from sync_engine.seal import PrivateKey, raw_key
from sync_engine.sequencer import Founder, Sequencer
from sync_engine.wire import SyncReply, decode_request, encode_reply

ORG: Final = "lvyuan"
ORIGIN: Final = "gobi.example/lvyuan"
SECRET: Final = bytes(range(32))
LOG_KEY: Final = SignerKey(ORIGIN, bytes(range(32, 64)))
START_MS: Final = 1_795_384_200_000
DAY_MS: Final = 86_400_000
ITEMS: Final = 40
LOTS: Final = 5
SHELVES: Final = 20
EPOCH: Final = 4_503_599_627_370_497


def private_key(number: int) -> PrivateKey:
    """The same key for the same number, every time."""
    return ec.derive_private_key(1_000_003 * number + 17, ec.SECP256R1())


class Time:
    """The server's clock and every phone's: it stands still until it is moved."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        """Return the time."""
        return self.now_ms


def new_ledger() -> Ledger:
    """Return the company's ledger, empty."""
    return Ledger(ORG, SECRET, private_key(0))


def genesis(ledger: Ledger, now_ms: int) -> Commit:
    """Found the company."""
    key = raw_key(private_key(0).public_key())
    admin = ("limin", "李敏", None)
    fields = ("绿源", key, LOG_KEY.verifier.vkey, "", admin, 480)
    roots = [bytes([number]) * 32 for number in range(1, 4)]
    return ledger.found(signed_genesis(ORG, fields, roots), epoch=EPOCH, now_ms=now_ms)


class Company(Struct, frozen=True):
    """A running sequencer with its database."""

    engine: AsyncEngine
    store: LedgerStore
    sequencer: Sequencer
    time: Time
    chance: Random

    async def close(self) -> None:
        """Stop."""
        await self.sequencer.stop()
        await self.engine.dispose()

    async def hire(self, number: int, *, role: str = "picker", places: Sequence[str] | None = None) -> Phone:
        """Enrol a phone for a new person, who signs in on it."""
        key = private_key(number)
        public = raw_key(key.public_key())
        device, person = device_id(public), f"p{number}"
        recorded = await self.sequencer.record(
            [
                Intention("set", (None, (), "person", person, [["name", f"Person {number}"]])),
                Intention("grant", (None, (), person, role, places)),
                Intention("enrol", (None, (), device, public, f"phone {number}", person, "phone")),
            ]
        )
        enrolment = Enrolment(ORG, device_secret(SECRET, device), LeafHash(recorded[2][1]))
        phone = Phone(key, enrolment, lambda: self.chance.getrandbits(53))
        phone.seen = self.sequencer.head.seen
        expires_ms = self.time() + 30 * DAY_MS
        phone.sign_in(
            person,
            expires_ms=expires_ms,
            nonce=self.chance.randbytes(16),
            wall_ms=self.time(),
            mono_ms=self.time() - START_MS,
        )
        return phone

    def pick(self, phone: Phone, number: int) -> LeafHash:
        """Record the pick of a few pieces from one of many shelves."""
        line = [*_key(number), "T1", 1 + number % 9]
        now_ms = self.time()
        return phone.record("pick", (None, None, [line]), wall_ms=now_ms, mono_ms=now_ms - START_MS)

    async def sync(self, phone: Phone) -> SyncReply:
        """Make one round trip, bytes and all."""
        now_ms = self.time()
        request = decode_request(phone.request(wall_ms=now_ms, mono_ms=now_ms - START_MS))
        receipt = await self.sequencer.submit(
            Delivery(
                device=request.device,
                now_ms=request.now_ms,
                run=request.run,
                frames=request.frames,
                relayed=request.relayed,
                arrived_ms=now_ms,
            )
        )
        reply = await answer(self.sequencer, request, receipt, is_proven=True, now_ms=now_ms)
        mono_ms = now_ms - START_MS
        return phone.receive(
            encode_reply(reply),
            sent_wall_ms=now_ms,
            sent_mono_ms=mono_ms,
            received_wall_ms=now_ms,
            received_mono_ms=mono_ms,
        )


async def open_company(
    folder: Path,
    *,
    url: str = "",
    time: Time | None = None,
    seed: int = 1,
    wrap: Callable[[LedgerStore], LedgerStore] = lambda store: store,
    pin: Pin | None = None,
    founder: Founder = genesis,
) -> Company:
    """Start the company on the database in a folder, or at a URL; found it if it is new there."""
    clock = time or Time()
    engine = open_engine(url or sqlite_url(folder / "ledger.db"))
    await migrate(engine)
    store = wrap(StoredLedger(engine, ORG))
    sealer = TransparencyLog(origin=ORIGIN, key=LOG_KEY, pin=pin or PinFile(folder / "last-signed"))
    sequencer = Sequencer(
        store=store,
        sealer=sealer,
        new_ledger=new_ledger,
        now_ms=clock,
        presented=StoredPresented(engine, ORG),
    )
    try:
        await sequencer.start()
    except BaseException:
        await engine.dispose()
        raise
    company = Company(engine, store, sequencer, clock, Random(seed))
    if not sequencer.head.size:
        await sequencer.found(founder)
        await sequencer.record(list(_stocked()))
    return company


def _key(number: int) -> tuple[str, str, str]:
    """Return the item, lot and shelf of a pick: each of 200 keys has plenty."""
    return f"ITEM-{number % ITEMS}", f"L{number // ITEMS % LOTS}", f"R{number % SHELVES}"


def _stocked() -> Iterator[Intention]:
    """Yield places, items and opening stock."""
    yield Intention("set", (None, (), "place", "T1", [["name", "Vehicle"]]))
    for shelf in range(SHELVES):
        yield Intention("set", (None, (), "place", f"R{shelf}", [["parent", "W1"]]))
    for item in range(ITEMS):
        yield Intention("set", (None, (), "item", f"ITEM-{item}", [["name", f"Item {item}"]]))
    lines = [
        [item, lot, "virtual:opening", shelf, 1_000_000]
        for item, lot, shelf in map(_key, range(ITEMS * LOTS))
    ]
    for first in range(0, len(lines), 50):
        yield Intention("adjust", (None, (), "opening", lines[first : first + 50], []))
