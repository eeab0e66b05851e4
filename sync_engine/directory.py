"""Devices, sessions and grants as the log states them, by index: who somebody was when an op was recorded.

Order-free: an entry counts from its index on, and a revocation ends it below the revoke's index (DESIGN §9).
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from hashlib import sha256
from operator import itemgetter

from msgspec import Struct, structs

from domain import kinds
from domain.assertion import Passkey
from domain.rights import DESK_ROLES, may_record
from sync_engine.logged import ACCEPTED, Logged, readable_body

IDENTITY_KINDS = frozenset({"genesis", "enrol", "session", "grant", "revoke", "rotate", "credential"})


class Device(Struct, frozen=True):
    """A device of the organisation; `enrol_hash` is what its first op follows."""

    id: bytes
    key: bytes
    name: str
    person: str | None
    purpose: str
    index: int
    enrol_hash: bytes


class Session(Struct, frozen=True):
    """A person at a device."""

    id: bytes
    person: str
    expires_ms: int
    device: bytes
    index: int
    assurance: str


class Grant(Struct, frozen=True):
    """A role of a person."""

    person: str
    role: str
    places: tuple[str, ...] | None
    from_ms: int | None
    until_ms: int | None
    index: int


class Revocation(Struct, frozen=True):
    """The end of a device's, a person's or a role's rights, from an index on."""

    what: str
    id: bytes | str
    role: str | None
    index: int


def device_id(key: bytes) -> bytes:
    """Return the id of a device: of its first public key."""
    return sha256(key).digest()[:16]


class Directory:
    """The identity part of the fold."""

    def __init__(self) -> None:
        self._devices: dict[bytes, Device] = {}
        self._keys: dict[bytes, list[tuple[int, bytes]]] = {}
        """Device → (index, key) of its enrolment and of every rotation, in order of the log."""
        self._sessions: dict[bytes, Session] = {}
        self._devices_of: dict[str, dict[int, bytes]] = {}
        """Person → index of a session → its device."""
        self._grants: dict[str, list[Grant]] = {}
        self._bound: set[str] = set()
        """People with a grant that names places."""
        self._revocations: list[Revocation] = []
        self._devices_revoked: dict[bytes, int] = {}
        self._sessions_ended: dict[bytes | str, list[int]] = {}
        """Person, or session id → the indexes at which their sessions were ended."""
        self._passkeys: dict[bytes, list[tuple[int, Passkey, str]]] = {}
        """Credential id → (index, passkey, its name), in order of the log."""
        self._passkeys_revoked: dict[bytes, list[int]] = {}
        self._last_index = -1
        self._roles: dict[tuple[str, int], frozenset[str]] = {}
        """Roles by (person, index), of people whose grants name no instants; forgotten with every new entry."""
        self.genesis: kinds.Genesis | None = None

    def apply(self, logged: Iterable[Logged]) -> None:
        """Take accepted identity ops; all others are ignored."""
        for entry in logged:
            if entry.op.kind in IDENTITY_KINDS and entry.verdict == ACCEPTED:
                self._enter(entry)

    def _enter(self, entry: Logged) -> None:
        body, index = readable_body(entry.op), entry.index
        self._last_index = max(self._last_index, index)
        self._roles.clear()
        if isinstance(body, kinds.Genesis) and index:
            # The log's new origin, in the words of the sequencer alone; nobody is enrolled or granted anything by it.
            if self.genesis is not None and entry.op.device == device_id(self.genesis.key):
                self.genesis = body
        elif isinstance(body, kinds.Genesis):
            self.genesis = body
            server = device_id(body.key)
            self._devices[server] = Device(server, body.key, "server", None, "server", index, bytes(32))
            self._enter_key(server, index, body.key)
            person = body.admin[0]
            self._grants.setdefault(person, []).append(Grant(person, "admin", None, None, None, index))
        elif isinstance(body, kinds.Enrol):
            self._devices[body.device] = Device(
                body.device, body.key, body.name, body.person, body.purpose, index, body.was or entry.hash
            )
            self._enter_key(body.device, index, body.key)
        elif isinstance(body, kinds.Session):
            session = Session(
                entry.hash[:16], body.person, body.expires_ms, entry.op.device, index, body.assurance
            )
            self._sessions[session.id] = session
            self._devices_of.setdefault(body.person, {})[index] = entry.op.device
        elif isinstance(body, kinds.Grant):
            grant = Grant(body.person, body.role, body.places, body.from_ms, body.until_ms, index)
            self._grants.setdefault(body.person, []).append(grant)
            if body.places is not None:
                self._bound.add(body.person)
        elif isinstance(body, kinds.Rotate):
            self._enter_key(body.device, index, body.key)
        elif isinstance(body, kinds.Credential):
            passkey = Passkey(body.id, body.person, body.alg, body.key, body.rp)
            insort(self._passkeys.setdefault(body.id, []), (index, passkey, body.name), key=itemgetter(0))
        elif isinstance(body, kinds.Revoke):
            self._enter_revocation(body, index)

    def _enter_revocation(self, body: kinds.Revoke, index: int) -> None:
        if body.what == "passkey":
            if isinstance(body.id, bytes):
                insort(self._passkeys_revoked.setdefault(body.id, []), index)
            return
        if body.what == "sessions":
            insort(self._sessions_ended.setdefault(body.id, []), index)
            return
        self._revocations.append(Revocation(body.what, body.id, body.role, index))
        if body.what == "device":
            revoked = body.id if isinstance(body.id, bytes) else _device_of(body.id)
            self._devices_revoked[revoked] = min(index, self._devices_revoked.get(revoked, index))

    def _enter_key(self, device: bytes, index: int, key: bytes) -> None:
        keys = self._keys.setdefault(device, [])
        if (index, key) not in keys:
            insort(keys, (index, key))
        known = self._devices.get(device)
        if known is not None:
            self._devices[device] = structs.replace(known, key=keys[-1][1])

    def keys_of(self, device: bytes, seen: int) -> list[bytes]:
        """Return the keys of a device that hold for an op which had seen the log below `seen`, the newest first.

        The last one below it, or the first of all; and those that came later.
        """
        keys = self._keys.get(device, [])
        replaced = max(bisect_left(keys, (seen,)) - 1, 0)
        return [key for _index, key in reversed(keys[replaced:])]

    def device(self, device: bytes) -> Device | None:
        """Return an enrolled device, revoked or not."""
        return self._devices.get(device)

    def devices(self) -> Iterator[Device]:
        """Yield every device ever enrolled."""
        yield from self._devices.values()

    def session(self, session: bytes) -> Session | None:
        """Return a session by its id."""
        return self._sessions.get(session)

    def sessions(self) -> Iterator[Session]:
        """Yield every session ever begun, ended or not."""
        yield from self._sessions.values()

    def is_ended(self, session: Session, below: int) -> bool:
        """Whether the log below an index ended a session before its time: it alone, or all of its person."""
        return any(
            session.index < index < below
            for ended in (session.person, session.id)
            for index in self._sessions_ended.get(ended, ())
        )

    def live_session(self, session: bytes, device: bytes) -> Session | None:
        """Return a session of this device that nobody ended, expired or not."""
        found = self._sessions.get(session)
        if found is None or found.device != device or self.is_ended(found, self._last_index + 1):
            return None
        return found

    def device_of(self, person: str) -> bytes | None:
        """Return the device at which a person signed in last and that is not revoked; None when there is none."""
        sessions = self._devices_of.get(person, {})
        for index in sorted(sessions, reverse=True):
            if sessions[index] not in self._devices_revoked:
                return sessions[index]
        return None

    def device_revoked_at(self, device: bytes) -> int | None:
        """Return the index from which a device's key no longer counts."""
        return self._devices_revoked.get(device)

    def passkey(self, credential: bytes, below: int) -> Passkey | None:
        """Return the passkey that the log below an index gives to somebody and does not take back."""
        known = [
            (index, passkey) for index, passkey, _ in self._passkeys.get(credential, ()) if index < below
        ]
        if not known:
            return None
        index, passkey = known[-1]
        is_revoked = any(index < at < below for at in self._passkeys_revoked.get(credential, ()))
        return None if is_revoked else passkey

    def passkeys_of(self, person: str) -> list[tuple[int, Passkey, str]]:
        """Return (index, passkey, name) of each that a person has now, the oldest first."""
        end = self._last_index + 1
        found = [known[-1] for known in self._passkeys.values()]
        return sorted(
            (it for it in found if it[1].person == person and self.passkey(it[1].id, end) == it[1]),
            key=itemgetter(0),
        )

    def roles_of(self, person: str, *, below: int, at_ms: int) -> frozenset[str]:
        """Return the roles that the log gave a person in the entries below an index, at an instant."""
        # Asked twice of every op; what no entry lies between is one question.
        key = (person, min(below, self._last_index + 1))
        roles = self._roles.get(key)
        if roles is None:
            roles = frozenset([grant.role for grant in self.grants_of(person, below=below, at_ms=at_ms)])
            if all(
                grant.from_ms is None and grant.until_ms is None for grant in self._grants.get(person, ())
            ):
                self._roles[key] = roles
        return roles

    def grants_of(self, person: str, *, below: int, at_ms: int) -> tuple[Grant, ...]:
        """Return the grants, with their places, that the log gave a person and did not take back: as `roles_of`."""
        return tuple(
            [
                grant
                for grant in self._grants.get(person, ())
                if grant.index < below
                and (grant.from_ms is None or grant.from_ms <= at_ms)
                and (grant.until_ms is None or at_ms < grant.until_ms)
                and not self._is_revoked(grant, below)
            ]
        )

    def grants(self, role: str, *, below: int, at_ms: int) -> tuple[Grant, ...]:
        """Return everybody's grants of one role: as `grants_of`."""
        held = (
            grant for person in self._grants for grant in self.grants_of(person, below=below, at_ms=at_ms)
        )
        return tuple(grant for grant in held if grant.role == role)

    def reach_of(self, person: str, kind: str, *, below: int, at_ms: int) -> frozenset[str] | None:
        """Return the places at which a person's grants allow a kind of op; None: everywhere.

        Roles of the desk answer for the whole, whatever places their grants name.
        """
        if person not in self._bound:
            return None
        found: set[str] = set()
        for grant in self.grants_of(person, below=below, at_ms=at_ms):
            if may_record((grant.role,), kind):
                if grant.places is None or grant.role in DESK_ROLES:
                    return None
                found.update(grant.places)
        return frozenset(found)

    def _is_revoked(self, grant: Grant, below: int) -> bool:
        return any(
            r.id == grant.person
            and grant.index < r.index < below
            and (r.what == "person" or r.role == grant.role)
            for r in self._revocations
            if r.what in {"person", "role"}
        )


def _device_of(text: str) -> bytes:
    """The device that a revocation names in hex; what is no device's name revokes none."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
