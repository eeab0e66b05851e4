"""People's passkeys: made on an enrolled device, named, and taken back (docs/protocol/identity.md §5)."""

from typing import Annotated, Any, ClassVar, Final

from litestar import Router, delete, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from api.bootstrap import House
from api.ceremony import creation_options, is_our_challenge, made_passkey, make_challenge, relying_party
from api.given import Housed
from api.identity import Asked, Caller, NoRightError, asking_person
from api.rank import refuse_above_person
from api.routes.enrolment import UnknownEnrolmentCodeError, name_of, refuse_unless_accepted
from api.routes.log import NotFoundError
from domain.errors import DomainError
from domain.rights import OFFICE_ROLES, ROLES
from sync_engine.commit import Intention

FRESH_ENROLMENT_MS: Final = 60 * 60_000
"""So long does the manager's code, which brought the device in, also stand for the person who holds it."""


class NotEntitledError(DomainError):
    """A passkey proves more than a PIN, so a PIN alone makes none: a passkey, or a manager's fresh code, does."""

    code: ClassVar[str] = "not-entitled-to-passkey"

    def __init__(self) -> None:
        super().__init__("sign in with a passkey, or give a manager's one-time code, to add a passkey")


class PasskeyThereError(DomainError):
    """This passkey is somebody's already."""

    code: ClassVar[str] = "passkey-there"

    def __init__(self) -> None:
        super().__init__("this passkey is known already")


class MakingAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """What the browser answered, what the passkey shall be called, and a manager's code where one is needed."""

    answer: dict[str, Any]
    name: Annotated[str, Meta(max_length=64)] = ""
    code: Annotated[str, Meta(max_length=64)] | None = None


class PasskeyMade(Struct, frozen=True):
    """The passkey in the log."""

    index: int
    id: str


@post("/passkeys/options")
async def options(request: Asked, house: Housed) -> dict[str, Any]:
    """Return what to ask the browser for. For everybody who is signed in."""
    caller = await asking_person(request, house, ROLES)
    directory = house.ledger.directory
    return creation_options(
        rp=_relying_party(request, house),
        organisation=house.genesis.name,
        person=caller.person,
        name=name_of(house, caller.person),
        challenge=make_challenge(house.secrets.dpop, caller.device, caller.person, house.clock()),
        known=[passkey.id for _, passkey, _ in directory.passkeys_of(caller.person)],
    )


@post("/passkeys")
async def make(request: Asked, house: Housed, data: JSONBody[MakingAsked]) -> PasskeyMade:
    """Give the person who is signed in the passkey that the browser made."""
    caller = await asking_person(request, house, ROLES)
    now_ms, rp = house.clock(), _relying_party(request, house)
    made = made_passkey(
        data.answer,
        rp=rp,
        person=caller.person,
        challenge_is_ours=lambda challenge: is_our_challenge(
            challenge, house.secrets.dpop, caller.device, caller.person, now_ms
        ),
    )
    passkey = made.passkey
    if house.ledger.directory.passkey(passkey.id, house.ledger.size) is not None:
        raise PasskeyThereError
    await _refuse_unless_entitled(house, caller, data.code, now_ms)
    fields = (
        passkey.person,
        passkey.id,
        passkey.alg,
        passkey.key,
        passkey.rp,
        data.name,
        caller.device,
        made.is_backed_up,
    )
    [(index, _)] = await house.sequencer.record([Intention("credential", (None, (), *fields))])
    refuse_unless_accepted(house, index)
    return PasskeyMade(index, passkey.id.hex())


def _relying_party(request: Asked, house: House) -> str:
    return relying_party(request.headers.get("host", ""), house.settings.public_url)


async def _refuse_unless_entitled(house: House, caller: Caller, code: str | None, now_ms: int) -> None:
    """Let nobody turn a PIN that was seen into a passkey of their own.

    Raises NotEntitledError, UnknownEnrolmentCodeError.
    """
    directory = house.ledger.directory
    session = directory.session(caller.session)
    if session is not None and session.assurance == "passkey":
        return
    if code is not None:
        entitled = await house.codes.find(code)
        if entitled is None or entitled.person != caller.person:
            raise UnknownEnrolmentCodeError
        if await house.codes.use(code, now_ms=now_ms) is None:
            raise UnknownEnrolmentCodeError
        return
    device = directory.device(caller.device)
    enrolled = None if device is None else house.ledger.fold.logged(device.index)
    is_fresh = enrolled is not None and now_ms - enrolled.t <= FRESH_ENROLMENT_MS
    is_own = device is not None and device.person == caller.person
    if not (is_fresh and is_own and not directory.passkeys_of(caller.person)):
        raise NotEntitledError


@delete("/passkeys/{credential:str}", status_code=204)
async def remove(request: Asked, house: Housed, credential: FromPath[str]) -> None:
    """Take a passkey back: one's own, or another's who does not stand above, for managers and admins."""
    caller = await asking_person(request, house, ROLES)
    try:
        identity = bytes.fromhex(credential)
    except ValueError:
        raise NotFoundError(what="passkey") from None
    passkey = house.ledger.directory.passkey(identity, house.ledger.size)
    if passkey is None:
        raise NotFoundError(what="passkey")
    if passkey.person != caller.person and not caller.roles & OFFICE_ROLES:
        raise NoRightError(roles=tuple(sorted(caller.roles)), needed=tuple(sorted(OFFICE_ROLES)))
    if passkey.person != caller.person:
        refuse_above_person(house, caller, passkey.person)
    # Who may not record a revocation still takes back their own: then the server says so by itself.
    actor = caller.session if caller.roles & OFFICE_ROLES else b""
    revoked = Intention("revoke", (None, (), "passkey", identity, None), actor)
    [(index, _)] = await house.sequencer.record([revoked])
    refuse_unless_accepted(house, index)


ROUTER: Final = Router("/api/v1", route_handlers=[options, make, remove], tags=["identity"])
