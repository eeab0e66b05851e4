"""The body of every kind of op, as typed arrays: docs/protocol/operations.md §4.

Bodies only ever grow at the end: a missing trailing element takes its default, an unknown one is kept in the op's
bytes and ignored here. What an op *does* is in `domain.lowering`; who may record it is in `domain.rights`.
"""

from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from msgspec import Meta, Struct

from domain.body_fields import (
    HASH_BYTES,
    Attributes,
    Day,
    Device,
    Digest,
    Id,
    IdOrNone,
    Natural,
    Occurred,
    PublicKey,
    Text,
    Whole,
)
from domain.errors import DomainError
from domain.places_told import line_without_place

ESTIMATED: Final = 1  # bit 0 of a line's flags: its weight was not measured


class Line(Struct, array_like=True, frozen=True):
    """One movement of one item and lot between two places; quantities are never negative."""

    item: Id
    lot: IdOrNone
    from_place: IdOrNone
    to_place: IdOrNone
    qty: Natural
    weight: Natural | None = None
    flags: Natural = 0
    typed: tuple[Text, Text] | None = None
    weighing: tuple[Natural, Natural, IdOrNone, Natural] | None = None
    serials: tuple[Id, ...] | None = None


class CountLine(Struct, array_like=True, frozen=True):
    """What somebody saw of one item at one instant: `before_ms` before the op was closed."""

    item: Id
    lot: IdOrNone | None
    qty: Natural | None
    weight: Natural | None = None
    before_ms: Natural = 0


class Unmoved(Struct, array_like=True, frozen=True):
    """What a hand-over refused or missed: it stays where the carrier has it."""

    item: Id
    lot: IdOrNone
    place: Id
    qty: Natural
    weight: Natural | None = None
    reason: Text = ""


class SettleLine(Struct, array_like=True, frozen=True):
    """One priced line; its amount is derived, half-up, once (`domain.money`)."""

    named: Natural | None
    item: Id
    lot: IdOrNone
    qty: Natural
    weight: Natural | None
    unit_price: Natural
    unit: Id
    deduction_g: Natural = 0
    reason: Text = ""


Lines = tuple[Line, ...]
Unmoveds = tuple[Unmoved, ...]
LotRecords = tuple[tuple[Id, Id, Attributes], ...]


class Body(Struct, array_like=True, frozen=True):
    """What every body begins with; `kind` names it on the wire."""

    kind: ClassVar[str] = ""
    intent: ClassVar[bool] = False  # intents may be refused; facts never are

    occurred: Occurred | None
    # `parse_body` checks the hashes' lengths: msgspec 0.22 crashes the collector on a union of sized bytes and a tuple.
    names: tuple[bytes | tuple[str, bytes], ...]


class Intent(Body, frozen=True):
    """An op that asks for something: it may be refused, with a reason."""

    intent: ClassVar[bool] = True


# --- stock facts ---------------------------------------------------------------------------------------------------
class Receive(Body, frozen=True):
    """Goods arrived from a partner, against an order or blind."""

    kind = "receive"
    partner: Id
    order: Id | None
    lines: Lines
    lots: LotRecords = ()
    complete: bool = False


class Move(Body, frozen=True):
    """Put-away or transfer; an LPN moves with everything in it."""

    kind = "move"
    task: Id | None
    lines: Lines
    lpns: tuple[tuple[Id, Id], ...] = ()


class Pick(Body, frozen=True):
    """Taken from stock for an order or a task."""

    kind = "pick"
    order: Id | None
    task: Id | None
    lines: Lines


class Ship(Body, frozen=True):
    """Loaded, or sent on its way."""

    kind = "ship"
    order: Id | None
    vehicle: Id | None
    lines: Lines


Receiver = tuple[Literal["glass", "device", "form"], Natural | None, Natural | None, Digest | None]


class Deliver(Body, frozen=True):
    """Handed over to a partner: only what was taken moves."""

    kind = "deliver"
    partner: Id
    order: Id | None
    receiver: Receiver | None
    lines: Lines
    refused: Unmoveds = ()
    missing: Unmoveds = ()


class Return(Body, frozen=True):
    """Came back from a partner: goods or crates."""

    kind = "return"
    partner: Id
    order: Id | None
    reason: Text
    lines: Lines


class Adjust(Body, frozen=True):
    """A correction of stock with a reason; opening stock comes from `virtual:opening`."""

    kind = "adjust"
    reason: Text
    lines: Lines
    lots: LotRecords = ()


class Dispose(Body, frozen=True):
    """Thrown away."""

    kind = "dispose"
    reason: Text
    lines: Lines


class Finish(Body, frozen=True):
    """The lot is used up here: what the book still holds is shrinkage."""

    kind = "finish"
    item: Id
    lot: IdOrNone
    place: Id


class Count(Body, frozen=True):
    """An observation, never a write. `items` None means every item at the place."""

    kind = "count"
    place: Id
    items: tuple[Id, ...] | None
    complete: bool
    shown: bool
    lines: tuple[CountLine, ...]
    task: Id | None = None


class Pack(Body, frozen=True):
    """Put into a logistic unit, which stands at `place`."""

    kind = "pack"
    lpn: Id
    place: Id
    lines: Lines


class Unpack(Body, frozen=True):
    """Taken out of a logistic unit."""

    kind = "unpack"
    lpn: Id
    lines: Lines


class Weigh(Body, frozen=True):
    """The true weight of lines that carried an estimate; names[0] is the op that has them."""

    kind = "weigh"
    weights: tuple[tuple[Natural, Natural], ...]


# --- farm and lot facts --------------------------------------------------------------------------------------------
FarmInput = tuple[
    Text, Text, Text, Text, Natural | None
]  # trade and generic name, registration no., dose, days


class Harvest(Body, frozen=True):
    """Taken off a plot."""

    kind = "harvest"
    plot: Id
    lines: Lines
    lots: LotRecords = ()


class FarmWork(Body, frozen=True):
    """农事: what was done on which plots, with which inputs."""

    kind = "farm_work"
    plots: tuple[Id, ...]
    work: Text
    inputs: tuple[FarmInput, ...]
    started_on: Day
    stopped_on: Day


class Transform(Body, frozen=True):
    """Inputs become outputs: split, merge, mix, process, re-grade."""

    kind = "transform"
    process: Text
    inputs: Lines
    outputs: Lines
    waste: Lines = ()
    lots: LotRecords = ()


LotRefs = tuple[tuple[Id, Id], ...]


class TestResult(Body, frozen=True):
    """A laboratory's report over lots."""

    kind = "test_result"
    lots: LotRefs
    lab: Text
    report_no: Text
    verdict: Literal["pass", "fail"]
    analytes: tuple[tuple[Text, Text, Text, Text, Text], ...] = ()
    report: Digest | None = None
    valid_until: Day | None = None


class Inspect(Body, frozen=True):
    """What somebody found when looking at goods."""

    kind = "inspect"
    item: Id
    lot: IdOrNone
    place: Id | None
    verdict: Literal["ok", "damaged", "reject"]
    findings: Text = ""


class Hold(Body, frozen=True):
    """Do not use: a lot, a lot at a place, or all that a place held over an interval (an excursion)."""

    kind = "hold"
    item: IdOrNone
    lot: IdOrNone
    place: Id | None
    state: Literal["inspect", "hold", "reject", "recall"]
    reason: Text
    interval: tuple[Whole, Whole] | None = None
    evidence: Digest | None = None
    version: Natural = 0


class Recall(Body, frozen=True):
    """Call back lots, wherever they are."""

    kind = "recall"
    lots: LotRefs
    reason: Text


class Label(Body, frozen=True):
    """Labels were printed: the serials exist from here on."""

    kind = "label"
    item: Id
    lot: IdOrNone
    serials: tuple[Id, ...]


# --- hand-over -----------------------------------------------------------------------------------------------------
class Offer(Body, frozen=True):
    """The giving side of a hand-over: nothing moves until it is taken."""

    kind = "offer"
    to: Id
    order: Id | None
    lines: Lines


class Take(Body, frozen=True):
    """The taking side: names[0] is the offer; only what is taken moves."""

    kind = "take"
    lines: Lines
    refused: Unmoveds = ()
    missing: Unmoveds = ()


# --- money facts ---------------------------------------------------------------------------------------------------
Side = Literal["buy", "sell"]


class Price(Body, frozen=True):
    """A unit price in 0.0001 yuan per `unit`, from a day on; partner None: for all."""

    kind = "price"
    item: Id
    partner: Id | None
    side: Side
    unit_price: Natural
    unit: Id
    from_on: Day


class Payment(Body, frozen=True):
    """Money came in or went out, in fen."""

    kind = "payment"
    partner: Id
    direction: Literal["in", "out"]
    amount_fen: Natural
    method: Text = ""


class Settle(Body, frozen=True):
    """What is owed for stock ops; `rounding_fen` is 抹零, a line of its own."""

    kind = "settle"
    partner: Id
    side: Side
    lines: tuple[SettleLine, ...]
    rounding_fen: Whole = 0


# --- intents -------------------------------------------------------------------------------------------------------
class Order(Intent, frozen=True):
    """A purchase or a sales order."""

    kind = "order"
    order: Id
    partner: Id
    side: Side
    due_on: Day
    lines: tuple[tuple[Id, Natural, Natural | None], ...]


class Task(Intent, frozen=True):
    """Work for somebody."""

    kind = "task"
    task: Id
    work: Literal["pick", "count", "move", "receive"]
    assignee: Id | None
    order: Id | None
    lines: Lines
    place: Id | None = None


class Reserve(Intent, frozen=True):
    """Promise stock until an instant; to one device, where it names one."""

    kind = "reserve"
    order: Id | None
    lines: Lines
    until_ms: Whole
    device: Device | None = None


class Approve(Intent, frozen=True):
    """Accept the variance of a count (names[0]) as it was shown."""

    kind = "approve"
    item: Id
    lot: IdOrNone
    place: Id
    qty: Whole
    weight: Whole | None = None


class Release(Intent, frozen=True):
    """Lift the holds in `names` that this op has seen."""

    kind = "release"
    note: Text = ""


class Certificate(Intent, frozen=True):
    """承诺达标合格证 for lots."""

    kind = "certificate"
    number: Id
    lots: LotRefs
    product: Text
    qty: Natural
    weight: Natural | None
    basis: Text
    promiser: Text


class Resolve(Intent, frozen=True):
    """A manager's word on an op (names[0]) or on an exception."""

    kind = "resolve"
    verdict: Literal["accepted", "refused"]
    note: Text = ""
    exception: Text | None = None


class Set(Intent, frozen=True):
    """Attributes of an entity; concurrent different values are both kept."""

    kind = "set"
    table: Literal["item", "place", "partner", "person", "lot", "rule", "vehicle"]
    id: Annotated[str, Meta(min_length=1, max_length=129)]
    attributes: Attributes


class Tag(Intent, frozen=True):
    """A label on an entity, on or off."""

    kind = "tag"
    table: Id
    id: Id
    tag: Id
    on: bool


class Close(Intent, frozen=True):
    """The reports up to `period_end_ms` are frozen; the ledger is not."""

    kind = "close"
    period_end_ms: Whole


class Void(Intent, frozen=True):
    """names[0] has no effect any more; it stays visible."""

    kind = "void"
    reason: Text


class Attach(Body, frozen=True):
    """Evidence for names[0]: the bytes travel apart."""

    kind = "attach"
    sha256: Digest
    media_type: Id
    size: Natural
    role: Id = "photo"


class Sign(Body, frozen=True):
    """A passkey assertion over names[0]."""

    kind = "sign"
    credential: bytes
    authenticator_data: bytes
    client_data: bytes
    signature: bytes


# --- identity and the server's own ---------------------------------------------------------------------------------
class Genesis(Body, frozen=True):
    """Op 0: the organisation, its sequencer's key, its log, its first admin; a later one opens a new origin."""

    kind = "genesis"
    name: Text
    key: PublicKey
    log_key: Text
    root_keys: tuple[bytes, ...]
    root_signatures: tuple[bytes, ...]
    witness_policy: Text
    admin: tuple[Id, Text, bytes | None]
    utc_offset_minutes: Annotated[int, Meta(ge=-840, le=840)]
    follows: tuple[Text, Natural, bytes, Natural] | None = None
    """Origin, size and root of the last signed head, of which so many leaves are kept."""


class Enrol(Body, frozen=True):
    """A device and its key."""

    kind = "enrol"
    device: Device
    key: PublicKey
    name: Text
    person: Id | None
    purpose: Literal["phone", "desk", "server", "shared"]
    was: bytes | None = None
    """The enrol op of before, in an end of the log that was lost: what the device's chain follows."""


class Session(Body, frozen=True):
    """A person at a device, until an instant."""

    kind = "session"
    person: Id
    expires_ms: Whole
    nonce: bytes
    assurance: Literal["passkey", "device", "form"]
    proof: bytes | None = None


class Grant(Body, frozen=True):
    """A role for a person, perhaps only at places and for a time."""

    kind = "grant"
    person: Id
    role: Id
    places: tuple[Id, ...] | None = None
    from_ms: Whole | None = None
    until_ms: Whole | None = None


class Revoke(Body, frozen=True):
    """The end of a person's rights, of one role, of a device, of a passkey, or of sessions that were begun before.

    `sessions`: of a person by id, or one by its id of 16 bytes.
    """

    kind = "revoke"
    what: Literal["person", "device", "role", "passkey", "sessions"]
    id: Any  # text or bytes, which no msgspec union holds: `parse_body` sees to it
    role: Id | None = None


class Rotate(Body, frozen=True):
    """A new key for a device."""

    kind = "rotate"
    device: Device
    key: PublicKey


class Sequenced(Body, frozen=True):
    """When the server took which ops, and what it said of them (operations.md §5)."""

    kind = "sequenced"
    first_index: Natural
    server_ms: Whole
    times: tuple[tuple[Whole, Natural], ...]
    verdicts: tuple[tuple[Natural, str, str], ...] = ()
    changes: tuple[tuple[Natural, str, str, Whole, Natural], ...] = ()
    facts: tuple[tuple[Natural, tuple[object, ...]], ...] = ()  # (number, why it was refused)


class Lease(Body, frozen=True):
    """A word on stock of one key that is promised to one device, for the intent at `for_index` (fold.md §7)."""

    kind = "lease"
    device: Device
    item: Id
    lot: IdOrNone
    place: Id
    qty: Natural
    until_ms: Whole
    for_index: Natural | None = None
    word: Literal["grant", "extend", "recall", "return"] = "grant"
    task: Id | None = None
    order: Id | None = None


class Credential(Body, frozen=True):
    """A passkey of a person, made on `device`: `key` is SubjectPublicKeyInfo (DER), `rp` the relying party's id."""

    kind = "credential"
    person: Id
    id: bytes
    alg: Whole
    key: bytes
    rp: Id
    name: Text
    device: Device | None = None
    backed_up: bool = False


class Lotmap(Body, frozen=True):
    """The day's Merkle root over all lots and their histories: with its proof, nothing of a lot was left out."""

    kind = "lotmap"
    day: Day
    root: Digest
    size: Natural


BODIES: Final[dict[str, type[Body]]] = {
    body.kind: body
    for body in (
        Receive, Move, Pick, Ship, Deliver, Return, Adjust, Dispose, Finish, Count, Pack, Unpack, Weigh,
        Harvest, FarmWork, Transform, TestResult, Inspect, Hold, Recall, Label, Offer, Take,
        Price, Payment, Settle, Order, Task, Reserve, Approve, Release, Certificate, Resolve, Set, Tag, Close,
        Void, Attach, Sign, Genesis, Enrol, Session, Grant, Revoke, Rotate, Sequenced, Lease, Lotmap, Credential,
    )
}  # fmt: skip
"""Every kind that this version folds; others are kept, relayed and deferred."""

INTENTS: Final = frozenset(kind for kind, body in BODIES.items() if body.intent)
SERVER_KINDS: Final = frozenset(
    {"genesis", "enrol", "revoke", "rotate", "grant", "sequenced", "lease", "lotmap", "credential"}
)
"""Only a server device may seal these."""

NAMING_KINDS: Final = frozenset({"weigh", "take", "approve", "release", "void", "attach", "sign"})
"""Kinds that mean nothing without names[0]."""


class MalformedBodyError(DomainError):
    """The body does not fit its kind."""

    code = "malformed-body"

    def __init__(self, *, kind: str, reason: str) -> None:
        super().__init__(f"not the body of a {kind}: {reason}")
        self.kind, self.reason = kind, reason


def parse_body(kind: str, body: object) -> Body | None:
    """Return the typed body, or None when this version does not know the kind.

    Raises MalformedBodyError when a known kind's body does not fit, or misses the op or a place that it is about.
    """
    shape = BODIES.get(kind)
    if shape is None:
        return None
    try:
        parsed = msgspec.convert(body, shape)
    except msgspec.ValidationError as error:
        raise MalformedBodyError(kind=kind, reason=str(error)) from error
    if any(len(name if isinstance(name, bytes) else name[1]) != HASH_BYTES for name in parsed.names):
        raise MalformedBodyError(kind=kind, reason=f"it names what is no hash of {HASH_BYTES} bytes")
    if isinstance(parsed, Revoke) and not isinstance(parsed.id, str | bytes):
        raise MalformedBodyError(kind=kind, reason="it revokes neither a name nor a device")
    if kind in NAMING_KINDS and not parsed.names:
        raise MalformedBodyError(kind=kind, reason="it names no op")
    if wrong := line_without_place(kind, parsed):
        raise MalformedBodyError(kind=kind, reason=wrong)
    return parsed
