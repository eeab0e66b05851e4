"""Who may do what, given and taken back: grants, revocations, sessions (DESIGN §9). For managers and admins.

What is asked here becomes an op of the server's device in the session of who asked, so the log says who decided.
"""

from typing import ClassVar, Final, Literal

from litestar import Router, get, post
from litestar.params import JSONBody
from msgspec import Struct

from api.bootstrap import House
from api.given import Housed
from api.identity import Asked, Caller, asking_person
from api.naming import Naming
from api.rank import ADMIN, refuse_above, refuse_above_person
from api.routes.enrolment import UnknownPersonError, is_somebody, refuse_unless_accepted
from api.routes.log import NotFoundError
from domain.body_fields import Id, Whole
from domain.errors import DomainError
from domain.rights import OFFICE_ROLES, ROLES
from sync_engine.commit import Intention


class UnknownRoleError(DomainError):
    """No role has this name."""

    code: ClassVar[str] = "unknown-role"

    def __init__(self, *, role: str) -> None:
        super().__init__(f"no role is called {role!r}: {', '.join(sorted(ROLES))}")
        self.role, self.roles = role, tuple(sorted(ROLES))


class LastAdminError(DomainError):
    """An organisation without an admin could never have one again, but by its root keys on paper."""

    code: ClassVar[str] = "last-admin"

    def __init__(self, *, person: str) -> None:
        super().__init__(f"{person!r} is the only admin: give somebody else that role first")
        self.person = person


class GrantAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """A role for a person: everywhere or at places, always or between two instants (ms)."""

    person: Id
    role: Id
    places: list[Id] | None = None
    from_ms: Whole | None = None
    until_ms: Whole | None = None


class RevocationAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """The end of all of a person's rights, of one role, of a device (hex), or of a person's sessions or one (hex)."""

    what: Literal["person", "role", "device", "sessions"]
    id: Id
    role: Id | None = None


class Recorded(Struct, frozen=True):
    """The op that says so."""

    index: int


class SessionLine(Struct, frozen=True):
    """A session that has not expired."""

    id: str
    person: str
    person_name: str
    device: str
    device_name: str
    assurance: str
    expires: int
    index: int
    is_ended: bool


@post("/grants")
async def grant(request: Asked, house: Housed, data: JSONBody[GrantAsked]) -> Recorded:
    """Give a person a role. Managers and admins are made by admins alone."""
    caller = await asking_person(request, house, OFFICE_ROLES)
    if not is_somebody(house, data.person):
        raise UnknownPersonError(person=data.person)
    if data.role not in ROLES:
        raise UnknownRoleError(role=data.role)
    refuse_above(caller, {data.role})
    places = None if data.places is None else tuple(data.places)
    fields = (data.person, data.role, places, data.from_ms, data.until_ms)
    return await _record(house, caller, Intention("grant", (None, (), *fields)))


@post("/revocations")
async def revoke(request: Asked, house: Housed, data: JSONBody[RevocationAsked]) -> Recorded:
    """Take rights back. What was recorded before, and arrives later, is kept for a manager to decide."""
    caller = await asking_person(request, house, OFFICE_ROLES)
    subject: str | bytes = data.id
    if data.what == "device":
        subject = _of_hex(data.id, "device")
        device = house.ledger.directory.device(subject)
        if device is None or device.purpose == "server":
            raise NotFoundError(what="device")
        if device.person != caller.person:
            refuse_above_person(house, caller, device.person)
    elif data.what == "sessions" and not is_somebody(house, data.id):
        subject = _of_hex(data.id, "session")
        session = house.ledger.directory.session(subject)
        if session is None:
            raise NotFoundError(what="session")
        if session.person != caller.person:
            refuse_above_person(house, caller, session.person)
    if isinstance(subject, str):
        _refuse_revoking(house, caller, subject, data)
    fields = (data.what, subject, data.role if data.what == "role" else None)
    return await _record(house, caller, Intention("revoke", (None, (), *fields)))


@get("/sessions")
async def sessions(request: Asked, house: Housed) -> list[SessionLine]:
    """Who is signed in where, the latest first."""
    await asking_person(request, house, OFFICE_ROLES)
    ledger, now_ms = house.ledger, house.clock()
    directory, naming = ledger.directory, Naming(house.ledger, now_ms=house.clock())
    found = []
    for session in sorted(directory.sessions(), key=lambda each: -each.index):
        if session.expires_ms <= now_ms:
            continue
        device = directory.device(session.device)
        found.append(
            SessionLine(
                id=session.id.hex(),
                person=session.person,
                person_name=naming.person(session.person).zh,
                device=session.device.hex(),
                device_name="" if device is None else device.name,
                assurance=session.assurance,
                expires=session.expires_ms,
                index=session.index,
                is_ended=directory.is_ended(session, ledger.size),
            )
        )
    return found


def _refuse_revoking(house: House, caller: Caller, person: str, asked: RevocationAsked) -> None:
    """Let nobody take from who stands above, nor the last admin from the organisation.

    Raises UnknownPersonError, UnknownRoleError, NoRightError, LastAdminError.
    """
    if not is_somebody(house, person):
        raise UnknownPersonError(person=person)
    directory, size, now_ms = house.ledger.directory, house.ledger.size, house.clock()
    held = directory.roles_of(person, below=size, at_ms=now_ms)
    if asked.what == "role":
        if asked.role not in ROLES:
            raise UnknownRoleError(role=asked.role or "")
        held &= {asked.role}
    if person != caller.person:
        refuse_above(caller, held)
    if asked.what == "sessions":
        return
    # Who is an admin until Friday leaves none on Saturday.
    admins = directory.grants(ADMIN, below=size, at_ms=now_ms)
    others = {grant.person for grant in admins if grant.until_ms is None} - {person}
    if ADMIN in held and not others:
        raise LastAdminError(person=person)


async def _record(house: House, caller: Caller, intention: Intention) -> Recorded:
    asked = Intention(intention.kind, intention.body, caller.session)
    [(index, _)] = await house.sequencer.record([asked])
    refuse_unless_accepted(house, index)
    return Recorded(index)


def _of_hex(text: str, what: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise NotFoundError(what=what) from None


ROUTER: Final = Router("/api/v1", route_handlers=[grant, revoke, sessions], tags=["identity"])
