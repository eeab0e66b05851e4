"""A device joins: the manager's code on one screen, the phone's key on the other (docs/protocol/sync.md §1)."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import quote

import qrcode
import qrcode.image.svg
from litestar import Router, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api.bootstrap import House
from api.given import Housed
from api.identity import PROOF_HEADER, Asked, asking_person
from api.rank import refuse_above_person
from api.stores.codes import LIFE_MS, Code
from api.unread import read_again_or_wait
from domain.body_fields import Id
from domain.canonical import MalformedError
from domain.errors import DomainError
from domain.ops import device_id, device_secret
from domain.rights import OFFICE_ROLES
from sync_engine.commit import Intention
from sync_engine.directory import Device
from sync_engine.frame import UnknownDeviceError
from sync_engine.logged import ACCEPTED
from sync_engine.seal import load_key

CODE_BYTES: Final = 15
"""120 random bits: 20 characters, a small QR."""


class UnknownEnrolmentCodeError(DomainError):
    """The code is wrong, used or older than a quarter of an hour: ask for a new one."""

    code: ClassVar[str] = "unknown-enrolment-code"

    def __init__(self) -> None:
        super().__init__("this enrolment code is unknown, used or expired")


class UnknownPersonError(DomainError):
    """Nobody has this id."""

    code: ClassVar[str] = "unknown-person"

    def __init__(self, *, person: str) -> None:
        super().__init__(f"nobody is called {person!r}")
        self.person = person


class NotRecordedError(DomainError):
    """The ledger refused what the server was to record."""

    code: ClassVar[str] = "not-recorded"

    def __init__(self, *, kind: str, verdict: str, reason: str) -> None:
        super().__init__(f"the {kind} was {verdict}: {reason}")
        self.kind, self.verdict, self.reason = kind, verdict, reason


class EnrolmentAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose device shall join. Without a person: a shared device, at which everybody may sign in."""

    person: Id | None = None
    name: Annotated[str, Meta(max_length=64)] = ""
    purpose: Literal["phone", "desk", "shared"] = "phone"
    device: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")] | None = None
    """A device that is to get a new key, because its data were copied: the code is for it alone."""


class Enrolment(Struct, frozen=True):
    """A code, as text and as a picture. It works once and for a quarter of an hour."""

    url: str
    """`gobi:enrol:<server url>#<code>`: what the QR holds."""
    svg: str
    person: str | None
    name: str
    expires_ms: int


class Redeemed(Struct, frozen=True):
    """What a phone needs to begin."""

    org: str
    device: str
    secret: str
    enrol: str
    person: str | None
    name: str
    checkpoint: str
    log_key: str
    time: int
    utc_offset_minutes: int
    server_key: str
    """65-byte point of the server's device, base64url: it signs acknowledgements."""
    key: str
    """The device's key that counts now, base64url: a phone that was enrolled before may go on with it."""


class RedeemAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """The code that the phone scanned, its new public key, and its name."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    key: Annotated[str, Meta(min_length=1, max_length=128)]
    """65-byte uncompressed P-256 point, base64url."""
    name: Annotated[str, Meta(max_length=64)] = ""
    pin_set: bool = False
    before: Annotated[str, Meta(max_length=128)] = ""
    """The key that this phone has had so far, base64url; then the request carries a proof by it."""
    was: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""
    """The enrol op of then, hex: what the phone's chain follows."""
    device: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")] = ""
    """The device that this phone is, hex, where a later key than its first no longer says so."""


@post("/enrolments")
async def create(request: Asked, house: Housed, data: JSONBody[EnrolmentAsked]) -> Enrolment:
    """Make a one-time code for a device of a person. For managers and admins; for theirs, admins alone."""
    caller = await asking_person(request, house, OFFICE_ROLES)
    named = None if data.device is None else house.ledger.directory.device(bytes.fromhex(data.device))
    refuse_above_person(house, caller, data.person if named is None else named.person)
    return await make_code(house, data, server_url=house.settings.url)


async def make_code(
    house: House, asked: EnrolmentAsked, *, server_url: str, life_ms: int = LIFE_MS
) -> Enrolment:
    """Make a code under which phones reach the server at a URL.

    Raises UnknownPersonError.
    """
    person, device = asked.person, None
    if asked.device is not None:
        device = house.ledger.directory.device(bytes.fromhex(asked.device))
        if device is None or device.purpose == "server":
            raise UnknownDeviceError(device=asked.device)
        person = device.person
    if person is not None and not is_somebody(house, person):
        raise UnknownPersonError(person=person)
    code = urlsafe_b64encode(secrets.token_bytes(CODE_BYTES)).decode()
    now_ms = house.clock()
    entitled = Code(
        person=person,
        name=asked.name,
        purpose=asked.purpose,
        expires_ms=now_ms + life_ms,
        device=None if device is None else device.id,
    )
    await house.codes.put(code, entitled, now_ms=now_ms)
    url = f"gobi:enrol:{server_url}#{code}"
    return Enrolment(url, qr_svg(url), person, name_of(house, person), entitled.expires_ms)


def enrolment_link(server_url: str, code_url: str) -> str:
    """Return the page of the app that reads a code by itself: for a browser without a camera."""
    return f"{server_url}/#/enrol?u={quote(code_url, safe='')}"


def qr_svg(text: str) -> str:
    """Return a QR code as SVG."""
    picture = qrcode.make(text, image_factory=qrcode.image.svg.SvgPathImage, border=4)
    return str(picture.to_string(encoding="unicode"))


@post("/enrolments/redeem")
async def redeem(request: Asked, house: Housed, data: JSONBody[RedeemAsked]) -> Redeemed:
    """Trade a code for a place in the ledger: needs no proof, since the code is one.

    The same key may ask again with the same code, for instance when the answer got lost. A phone that is enrolled
    says so, and proves it: it may be the device that the code gives a new key, or one that a restored server lost.
    """
    key = _key(data.key)
    now_ms = house.clock()
    if data.before and (again := await _once_more(request, house, data, key)) is not None:
        return again
    entitled = await house.codes.find(data.code)
    if entitled is not None and entitled.device is not None:
        raise UnknownEnrolmentCodeError  # it is for a device that did not ask
    known = house.ledger.directory.device(device_id(key))
    if known is not None:
        await _refuse_if_of_another(house, data.code, known)
    code = await house.codes.use(data.code, now_ms=now_ms)
    if code is None:
        if known is None or not await _asks_again(house, data.code, known, now_ms):
            raise UnknownEnrolmentCodeError
        return _redeemed(house, known)
    if known is None:
        await _enrol(house, key, data.name or code.name, code)
        await read_again_or_wait(house, device_id(key))
        known = house.ledger.directory.device(device_id(key))
        assert known is not None, "enrolled just now"
    return _redeemed(house, known)


async def _once_more(request: Asked, house: House, data: RedeemAsked, key: bytes) -> Redeemed | None:
    """Give an enrolled device its new key, or its place in a log that lost it; None: the code is for another device.

    Raises ProofError, UnknownEnrolmentCodeError, NotRecordedError, FaultError.
    """
    before, now_ms, directory = _key(data.before), house.clock(), house.ledger.directory
    code = await house.codes.find(data.code)
    named = bytes.fromhex(data.device) or device_id(before)
    device = directory.device(named if code is None or code.device is None else code.device)
    if code is None or code.expires_ms <= now_ms or (device is not None and code.device is None):
        return None
    if device is None and (not data.was or named != device_id(before)):
        return None  # a log that lost the device takes it back by its first key alone
    # After an answer that was lost the phone knows the key that it had, with this code or with the next.
    has_had = device is not None and before in directory.keys_of(device.id, 0)
    own = before if device is None or has_had else device.key
    url, proof = str(request.url), request.headers.get(PROOF_HEADER, "")
    await house.proofs.check(proof, own, method=str(request.method), url=url, now_ms=now_ms, is_fresh=False)
    if device is None or device.key != key:
        if await house.codes.use(data.code, now_ms=now_ms) is None:
            raise UnknownEnrolmentCodeError
        if device is None:
            await _enrol(house, before, data.name or code.name, code, was=bytes.fromhex(data.was))
        else:
            [(index, _)] = await house.sequencer.record([Intention("rotate", (None, (), device.id, key))])
            refuse_unless_accepted(house, index)
    known = directory.device(device_id(before) if device is None else device.id)
    assert known is not None, "enrolled just now, or long ago"
    return _redeemed(house, known)


async def _refuse_if_of_another(house: House, text: str, known: Device) -> None:
    """Keep a device's secret from who has a code of their own and only knows the device's public key.

    Raises MalformedError; the code stays good for a key of its own.
    """
    code = await house.codes.find(text)
    if code is not None and code.person != known.person:
        raise MalformedError(reason="the key is that of another person's device")


async def _asks_again(house: House, text: str, known: Device, now_ms: int) -> bool:
    code = await house.codes.find(text)
    return code is not None and code.expires_ms > now_ms and code.person == known.person


async def _enrol(house: House, key: bytes, name: str, code: Code, *, was: bytes | None = None) -> None:
    more = () if was is None else (was,)
    body = (None, (), device_id(key), key, name or "phone", code.person, code.purpose, *more)
    [(index, _)] = await house.sequencer.record([Intention("enrol", body)])
    refuse_unless_accepted(house, index)


def refuse_unless_accepted(house: House, index: int) -> None:
    """Check what became of an op that the server recorded.

    Raises NotRecordedError.
    """
    entry = house.ledger.fold.logged(index)
    assert entry is not None, "recorded just now"
    if entry.verdict != ACCEPTED:
        raise NotRecordedError(kind=entry.op.kind, verdict=entry.verdict, reason=entry.code)


def _redeemed(house: House, device: Device) -> Redeemed:
    return Redeemed(
        org=house.org,
        device=device.id.hex(),
        secret=_base64url(device_secret(house.secrets.organisation, device.id)),
        enrol=device.enrol_hash.hex(),
        person=device.person,
        name=name_of(house, device.person),
        checkpoint=house.sequencer.head.note,
        log_key=house.log_vkey,
        time=house.clock(),
        utc_offset_minutes=house.genesis.utc_offset_minutes,
        server_key=_base64url(house.genesis.key),
        key=_base64url(device.key),
    )


def is_somebody(house: House, person: str) -> bool:
    """Whether the organisation knows a person of this id: by name, or by a right."""
    ledger = house.ledger
    is_listed = ("person", person) in ledger.fold.state.registers
    return is_listed or bool(ledger.directory.roles_of(person, below=ledger.size, at_ms=house.clock()))


def name_of(house: House, person: str | None) -> str:
    """Return what a person is called."""
    if person is None:
        return ""
    name = house.ledger.fold.state.attribute("person", person, "name")
    if isinstance(name, str):
        return name
    admin, admin_name, _ = house.genesis.admin
    return admin_name if admin == person else person


def _key(text: str) -> bytes:
    try:
        key = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        load_key(key)
    except (ValueError, MalformedError) as error:
        raise MalformedError(reason="the key is no base64url of a P-256 point") from error
    return key


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


ROUTER: Final = Router("/api/v1", route_handlers=[create, redeem], tags=["enrolment"])
