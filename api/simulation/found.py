"""What is there when a world has healed: the log, the rows, and what each phone holds and shows."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import select

from api.bootstrap import PIN
from api.origins import read_origins
from api.simulation.memory import Hand
from api.simulation.play import Play
from blockchain_trace.adapters.pin_file import PinFile
from blockchain_trace.adapters.stored_tiles import read_log
from blockchain_trace.fsck import LogReport, check_log
from domain.kinds import Body, parse_body
from domain.ops import Op, decode_op
from storage.tables import waiting_frames
from sync_engine.adapters.evidence import read_evidence
from sync_engine.doctor import Evidence, LedgerReport, StoredOp, check_ledger
from sync_engine.sequenced import replay

Kind = Literal["lost", "stuck", "diverged"]
OK: Final = "ok"


class Breach(NamedTuple):
    """A law that does not hold."""

    kind: Kind
    law: str
    detail: str


class Entry(NamedTuple):
    """An op of the log with what is stored of it."""

    stored: StoredOp
    op: Op
    body: Body | None

    @property
    def leaf(self) -> int:
        """Its place in the log."""
        return self.stored.leaf


class PhoneView(NamedTuple):
    """What a phone has and shows."""

    hand: Hand
    state: Mapping[str, Any]
    outbox: Sequence[Mapping[str, Any]]
    held: Sequence[Mapping[str, Any]]
    stored: Mapping[str, Any]
    shown: Mapping[str, Any]
    safe: Mapping[str, Any]


class Found(NamedTuple):
    """All of it, read once."""

    play: Play
    evidence: Evidence
    entries: Sequence[Entry]
    by_hash: Mapping[str, Entry]
    changed: frozenset[int]
    """Indexes of ops that a later word spoke of."""
    server: bytes
    waiting: Sequence[bytes]
    """What each frame that waits beside the log follows."""
    phones: Sequence[PhoneView]
    ledger: LedgerReport
    log: LogReport


async def find(play: Play) -> Found:
    """Read everything."""
    house = play.server.house
    evidence = await read_evidence(house.engine, house.org)
    entries = [_entry(stored) for stored in evidence.ops]
    server = entries[0].op.device
    async with house.engine.connect() as connection:
        waiting = list((await connection.execute(select(waiting_frames.c.prev))).scalars())
    ledger, log = await _examined(play, evidence)
    return Found(
        play=play,
        evidence=evidence,
        entries=entries,
        by_hash={entry.stored.hash.hex(): entry for entry in entries},
        changed=frozenset(
            change[0]
            for e in entries
            if e.op.kind == "sequenced" and e.op.device == server
            for change in _changes(e.op)
        ),
        server=server,
        waiting=waiting,
        phones=[_view(play, hand) for hand in play.memory.hands.values()],
        ledger=ledger,
        log=log,
    )


async def _examined(play: Play, evidence: Evidence) -> tuple[LedgerReport, LogReport]:
    """What `gobi doctor` says."""
    engine = play.server.house.engine
    origins = await read_origins(engine)
    (_, key), *later = origins.keys
    log = check_log(
        await read_log(engine, origins.org),
        key=key,
        origin=key.name,
        pinned=PinFile(play.server.folder / PIN).read(),
        later=later,
        lost=origins.lost,
    )
    return check_ledger(evidence), log


def logged(found: Found) -> Sequence[Any]:
    """Return the log replayed from its bytes alone."""
    return replay([entry.stored.data for entry in found.entries])


def _entry(stored: StoredOp) -> Entry:
    op = decode_op(stored.data)
    try:
        body = parse_body(op.kind, op.body)
    except Exception:  # noqa: BLE001  # whatever a hostile body makes of the parser, it has no typed body
        body = None
    return Entry(stored, op, body)


def _changes(op: Op) -> Sequence[Sequence[Any]]:
    return op.body[6] if len(op.body) > 6 else ()  # noqa: PLR2004  # operations.md §4: occurred, names, then five fields


def _view(play: Play, hand: Hand) -> PhoneView:
    return PhoneView(
        hand,
        play.ask(hand, "state"),
        play.ask(hand, "outbox"),
        play.ask(hand, "held"),
        play.ask(hand, "stored"),
        play.ask(hand, "rows", table="balance").get("balance", {}),
        play.ask(hand, "safe"),
    )
