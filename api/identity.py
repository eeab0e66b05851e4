"""Who asks: a device by its proof, a person by a live session on it, and what its roles let it see (DESIGN §9)."""

from collections.abc import Collection
from typing import Any, ClassVar, Final

from litestar import Request
from msgspec import Struct

from api.bootstrap import House
from api.dpop import ProofError, raw_key_of_proof
from domain.errors import DomainError
from domain.ops import SESSION_BYTES
from domain.rights import DESK_ROLES, OFFICE_ROLES
from sync_engine.directory import Device

SESSION_HEADER: Final = "Gobi-Session"
PROOF_HEADER: Final = "DPoP"
NONCE_HEADER: Final = "DPoP-Nonce"

Asked = Request[Any, Any, Any]


class NoSessionError(DomainError):
    """Nobody is signed in on this device, as far as the ledger knows."""

    code: ClassVar[str] = "no-session"

    def __init__(self) -> None:
        super().__init__(f"the header {SESSION_HEADER} names no session of this device")


class SessionExpiredError(DomainError):
    """The session has ended: sign in again."""

    code: ClassVar[str] = "session-expired"

    def __init__(self, *, expired_ms: int) -> None:
        super().__init__("the session has ended")
        self.expired_ms = expired_ms


class RevokedDeviceError(DomainError):
    """The device was revoked: what it holds may still come up, rows and answers it gets no more."""

    code: ClassVar[str] = "revoked-device"

    def __init__(self) -> None:
        super().__init__("this device was revoked")


class NoRightError(DomainError):
    """The person has none of the roles that this asks for."""

    code: ClassVar[str] = "no-right"

    def __init__(self, *, roles: tuple[str, ...], needed: tuple[str, ...]) -> None:
        super().__init__(f"this needs one of the roles {', '.join(needed)}")
        self.roles, self.needed = roles, needed


class Caller(Struct, frozen=True):
    """A device with a person at it."""

    device: bytes
    session: bytes
    person: str
    roles: frozenset[str]


async def asking_device(request: Asked, house: House, *, is_fresh: bool = True) -> Device:
    """Return the enrolled device whose key proves the request; `is_fresh` False: an upload, which may be late.

    Raises ProofError, UseDpopNonceError, RevokedDeviceError.
    """
    proof = request.headers.get(PROOF_HEADER, "")
    key = raw_key_of_proof(proof)
    device = next((one for one in house.ledger.directory.devices() if one.key == key), None)
    if device is None:
        raise ProofError(reason="its key is not enrolled here")
    await check_proof(request, house, device, is_fresh=is_fresh)
    if is_fresh and house.ledger.directory.device_revoked_at(device.id) is not None:
        raise RevokedDeviceError
    return device


async def check_proof(request: Asked, house: House, device: Device, *, is_fresh: bool = True) -> None:
    """Check that the device's key proves this very request.

    Raises ProofError, UseDpopNonceError.
    """
    await house.proofs.check(
        request.headers.get(PROOF_HEADER, ""),
        device.key,
        method=str(request.method),
        url=str(request.url),
        now_ms=house.clock(),
        is_fresh=is_fresh,
    )


async def asking_person(request: Asked, house: House, roles: Collection[str] = DESK_ROLES) -> Caller:
    """Return who asks: somebody with a live session on the device that proves the request, and one of the roles.

    What is for managers and admins alone they ask by a passkey, or on a device of their own.

    Raises the refusals of `asking_device`, NoSessionError, SessionExpiredError, NoRightError.
    """
    device = await asking_device(request, house)
    directory = house.ledger.directory
    session = directory.live_session(_session_of(request), device.id)
    if session is None:
        raise NoSessionError
    now_ms = house.clock()
    if session.expires_ms <= now_ms:
        raise SessionExpiredError(expired_ms=session.expires_ms)
    held = directory.roles_of(session.person, below=house.ledger.size, at_ms=now_ms)
    if not held & set(roles):
        raise NoRightError(roles=tuple(sorted(held)), needed=tuple(sorted(roles)))
    if OFFICE_ROLES.issuperset(roles) and not (
        session.assurance == "passkey" or device.person == session.person
    ):
        # At a device that others use, a PIN is the word of whoever set it.
        raise NoRightError(roles=tuple(sorted(held)), needed=tuple(sorted(roles)))
    return Caller(device.id, session.id, session.person, held)


def _session_of(request: Asked) -> bytes:
    text = request.headers.get(SESSION_HEADER, "")
    try:
        session = bytes.fromhex(text)
    except ValueError:
        raise NoSessionError from None
    if len(session) != SESSION_BYTES:
        raise NoSessionError
    return session
