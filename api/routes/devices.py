"""Phones and people: who has which, when each was last met, what it has not sent, and what became of what it sent."""

from typing import Annotated, Any, Final

import msgspec
from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from api.acknowledging import read_beside
from api.bootstrap import House
from api.given import Asking, Housed
from api.naming import Naming
from api.routes.log import NotFoundError
from domain.canonical import INT_MAX
from domain.kinds import MalformedBodyError, parse_body
from sync_engine.ledger import Ledger
from sync_engine.logged import Logged

PAGE: Final = 200

_Before = Annotated[
    int | None, QueryParameter(description="only ops below this log index: the next page", ge=0, le=INT_MAX)
]


class WaitingStretch(Struct, frozen=True):
    """Ops that are here but wait for one before them."""

    epoch: int
    first_seq: int
    last_seq: int
    arrived: int


class DeviceLine(Struct, frozen=True):
    """A device as the desk sees it."""

    id: str
    name: str
    person: str | None
    person_name: str
    purpose: str
    enrolled: int
    revoked_at: int | None
    """Log index of the revocation."""
    last_sync: int | None
    pending: int | None
    """Ops that it said it still held at its last sync."""
    clock_off: int | None
    """Server time less its clock then, in ms."""
    waiting: list[WaitingStretch]
    missing_values: int
    """Erasable values of its ops that never arrived."""
    missing_evidence: int
    """Documents that its ops attach and that never arrived."""
    is_safe: bool
    """At its last sync it held nothing that is not here in full: it could have been wiped then."""


class OpLine(Struct, frozen=True):
    """An op with what became of it."""

    index: int
    hash: str
    device: str
    epoch: int
    seq: int
    kind: str
    t: int
    err: int
    arrived: int
    verdict: str
    code: str
    person: str


class OpDetail(Struct, frozen=True):
    """An op in full; bytes in hex."""

    op: OpLine
    at: int
    seen: int
    occurred: Any
    names: list[str]
    body: dict[str, Any]


class GrantLine(Struct, frozen=True):
    """A role of a person."""

    role: str
    places: list[str] | None
    from_ms: int | None
    until_ms: int | None
    index: int


class PersonLine(Struct, frozen=True):
    """A person with the rights that count now."""

    id: str
    name: str
    name_en: str
    grants: list[GrantLine]


@get("/devices")
async def devices(house: Housed, caller: Asking) -> list[DeviceLine]:
    """Every device, with what it has not sent as far as it said."""
    contacts = await house.reads.contacts()
    waiting = await house.reads.waiting()
    beside = await read_beside(house)
    ledger = house.ledger
    naming = Naming(ledger, now_ms=house.clock())
    found = []
    for device in ledger.directory.devices():
        contact = contacts.get(device.id)
        enrol = ledger.fold.logged(device.index)
        missing = beside.missing(device.id, ledger.durable(device.id))
        stretches = [WaitingStretch(*stretch) for stretch in waiting.get(device.id, ())]
        is_empty = contact is not None and contact.pending == 0
        found.append(
            DeviceLine(
                id=device.id.hex(),
                name=device.name,
                person=device.person,
                person_name="" if device.person is None else naming.person(device.person).zh,
                purpose=device.purpose,
                enrolled=0 if enrol is None else enrol.t,
                revoked_at=ledger.directory.device_revoked_at(device.id),
                last_sync=None if contact is None else contact.at_ms,
                pending=None if contact is None else contact.pending,
                clock_off=None if contact is None else contact.clock_off_ms,
                waiting=stretches,
                missing_values=missing[0],
                missing_evidence=missing[1],
                is_safe=is_empty and not stretches and missing == (0, 0),
            )
        )
    return found


@get("/devices/{device:str}/ops")
async def device_ops(
    house: Housed, caller: Asking, device: FromPath[str], before: _Before = None
) -> list[OpLine]:
    """What a device recorded, the newest first, 200 at a time."""
    try:
        identity = bytes.fromhex(device)
    except ValueError:
        raise NotFoundError(what="device") from None
    if house.ledger.directory.device(identity) is None:
        raise NotFoundError(what="device")
    indexes = await house.reads.indexes(device=identity, before=before, limit=PAGE)
    return _lines(house, indexes)


@get("/verdicts")
async def verdicts(house: Housed, caller: Asking, before: _Before = None) -> list[OpLine]:
    """Every op that was not simply accepted, the newest first, 200 at a time."""
    return _lines(house, await house.reads.indexes(not_accepted=True, before=before, limit=PAGE))


@get("/ops/{index:int}")
async def op(house: Housed, caller: Asking, index: FromPath[int]) -> OpDetail:
    """One op in full."""
    entry = house.ledger.fold.logged(index)
    if entry is None:
        raise NotFoundError(what="op")
    line = _line(house.ledger, Naming(house.ledger, now_ms=house.clock()), entry)
    occurred, names = [*entry.op.body, None, None][:2]
    return OpDetail(
        line, entry.op.at, entry.op.seen[0], _json(occurred), [str(_json(name)) for name in names or ()], _body(entry)
    )  # fmt: skip


@get("/people")
async def people(house: Housed, caller: Asking) -> list[PersonLine]:
    """Who has which rights now."""
    ledger, now_ms = house.ledger, house.clock()
    naming = Naming(ledger, now_ms=now_ms)
    known = {entity for table, entity in ledger.fold.state.registers if table == "person"}
    known.add(house.genesis.admin[0])
    found = []
    for person in sorted(known):
        name = naming.person(person)
        grants = [
            GrantLine(g.role, None if g.places is None else list(g.places), g.from_ms, g.until_ms, g.index)
            for g in ledger.directory.grants_of(person, below=ledger.size, at_ms=now_ms)
        ]
        found.append(PersonLine(person, name.zh, name.en, grants))
    return found


def _lines(house: House, indexes: list[int]) -> list[OpLine]:
    naming = Naming(house.ledger, now_ms=house.clock())
    entries = (house.ledger.fold.logged(index) for index in indexes)
    return [_line(house.ledger, naming, entry) for entry in entries if entry is not None]


def _line(ledger: Ledger, naming: Naming, entry: Logged) -> OpLine:
    op = entry.op
    return OpLine(
        entry.index, entry.hash.hex(), op.device.hex(), op.epoch, op.seq, op.kind, entry.t, entry.err, entry.arrived,
        entry.verdict, entry.code, naming.author(entry.index).person.zh,
    )  # fmt: skip


def _body(entry: Logged) -> dict[str, Any]:
    """The fields of a body by name, as far as this version knows the kind; otherwise by number."""
    try:
        body = parse_body(entry.op.kind, entry.op.body)
    except MalformedBodyError:
        body = None
    if body is None:
        return {str(number): _json(value) for number, value in enumerate(entry.op.body[2:])}
    fields = msgspec.structs.asdict(body)
    return {name: _json(value) for name, value in fields.items() if name not in {"occurred", "names"}}


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [_json(part) for part in value]
    if isinstance(value, Struct):
        return _json(msgspec.structs.astuple(value))
    return value


ROUTES: Final = (devices, device_ops, verdicts, op, people)
