"""What the ledger says of an op when it is logged (DESIGN §6, sync.md §3). Facts are never refused; intents may be."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import Final, NamedTuple

from domain import kinds
from domain.assertion import (
    Assertion,
    WrongAssertionError,
    decode_assertion,
    session_challenge,
    sign_challenge,
    verify_assertion,
)
from domain.canonical import MalformedError
from domain.kinds import INTENTS, SERVER_KINDS, Body, MalformedBodyError, parse_body
from domain.ops import VERSION, Op, named_hashes, occurred
from domain.rights import OFFICE_ROLES, may_back_date, may_record
from sync_engine.directory import Device, Directory
from sync_engine.logged import Verdict
from sync_engine.reach import PathOf, is_within, names_own_account

OFFLINE_ALLOWANCE_MS: Final = 30 * 24 * 3_600_000
"""A month without a sync: longer, and nobody can say what the device knew of its rights."""

ACTING_ON_AN_OP: Final = frozenset({"weigh", "approve", "release", "void"})
"""Kinds that change what names[0] does: it is an op of this log."""


_may_record = cache(may_record)
"""Asked twice of every op; people have few sets of roles."""


class Ruling(NamedTuple):
    """A verdict and its code; the code of an acceptance is empty, or `RESOLVED`."""

    verdict: Verdict
    code: str = ""
    facts: tuple[object, ...] = ()
    """Why an intent was refused, for who asked: names and integers."""


ACCEPT: Final = Ruling("accepted")
UNKNOWN_KIND: Final = Ruling("deferred", "unknown-kind")
MISSING_OP: Final = Ruling("deferred", "missing-op")
RESOLVED: Final = "resolved"
"""The code of a verdict that a manager gave, acceptance included."""
FORK: Final = Ruling("quarantined", "fork")


class Circumstances(NamedTuple):
    """What a ruling depends on besides the op: all of it follows from the log."""

    directory: Directory
    leaf: int
    t: int
    seen: int
    """How much of this log the op had seen."""
    seen_ms: int | None
    """Server time of the checkpoint in `seen`; None when no log ever had that checkpoint."""
    arrived_ms: int
    index_of: Callable[[bytes], int | None]
    path_of: PathOf
    """Where a place stands, as the ledger below this commit has it."""


def _no(op: Op, code: str) -> Ruling:
    return Ruling("refused" if op.kind in INTENTS else "quarantined", code)


def read(op: Op) -> Body | Ruling:
    """Return the typed body, or the ruling on an op that this version cannot read."""
    try:
        body = parse_body(op.kind, op.body) if op.v == VERSION else None
    except MalformedBodyError:
        return _no(op, MalformedBodyError.code)
    if body is None:
        return UNKNOWN_KIND
    if op.kind in ACTING_ON_AN_OP and not isinstance(body.names[0], bytes):
        return _no(op, MalformedBodyError.code)
    return body


def rule(op: Op, body: Body, c: Circumstances) -> Ruling:
    """Return the verdict that names and authority give; the intent's own rules come after (`intents`)."""
    if body.names and any(c.index_of(name) is None for name in named_hashes(op)):
        return MISSING_OP
    device = c.directory.device(op.device)
    if device is None:
        is_genesis = isinstance(body, kinds.Genesis) and c.leaf == 0
        return ACCEPT if is_genesis else Ruling("quarantined", "unknown-device")
    revoked = c.directory.device_revoked_at(op.device)
    if revoked is not None and revoked < c.leaf:
        return _no(op, "revoked-device")
    if device.purpose == "server":
        return _of_server(op, body, device, c)
    if c.seen_ms is None:
        # A proof of knowledge that is none: what the op knew, and when it was made, are anybody's guess.
        return _no(op, "false-seen")
    if isinstance(body, kinds.Session):
        return _session(op, body, device, c)
    if op.kind in SERVER_KINDS:
        return _no(op, "no-right")
    return _in_session(op, body, device, c)


def _of_server(op: Op, body: Body, device: Device, c: Circumstances) -> Ruling:
    """The server's own word stands; what it records for a person needs that person's right."""
    if isinstance(body, kinds.Rotate):
        rotated = c.directory.device(body.device)
        if rotated is None:
            return Ruling("quarantined", "unknown-device")
        if rotated.index == 0:
            # The sequencer's key is the organisation's: another one is another genesis.
            return Ruling("quarantined", "no-right")
    return _in_session(op, body, device, c) if op.actor else ACCEPT


def _in_session(op: Op, body: Body, device: Device, c: Circumstances) -> Ruling:
    """A session is of one device; the server's device acts in everybody's (assurance `form`)."""
    session = c.directory.session(op.actor)
    is_server = device.purpose == "server"
    if session is None or (session.device != op.device and not is_server):
        return _no(op, "no-session")
    if c.directory.is_ended(session, c.leaf):
        # What had seen the end of its session was recorded by somebody who should not; else nobody can tell.
        return _no(op, "no-session" if c.directory.is_ended(session, op.seen[0]) else "lapsed-permission")
    if not is_server and c.arrived_ms - (c.seen_ms or 0) > OFFLINE_ALLOWANCE_MS:
        return _no(op, "stale")
    ruling = _rights(op, body, session.person, c)
    return _sign(op, body, session.person, c) if ruling is ACCEPT and isinstance(body, kinds.Sign) else ruling


def _session(op: Op, body: kinds.Session, device: Device, c: Circumstances) -> Ruling:
    if device.person is not None and device.person != body.person:
        return _no(op, "no-right")
    roles = c.directory.roles_of(body.person, below=c.leaf, at_ms=c.t)
    if not roles:
        return _no(op, "no-right")
    if device.person is None and body.assurance == "device" and not OFFICE_ROLES.isdisjoint(roles):
        return _no(op, "no-right")  # whoever holds a shared phone may have set the manager's PIN on it
    if body.assurance == "form":
        return _no(op, "no-right")  # only a server's device records what a form said
    if body.assurance == "device":
        return ACCEPT
    try:
        assertion = decode_assertion(body.proof or b"")
    except MalformedError:
        return _no(op, WrongAssertionError.code)
    challenges = [
        session_challenge(op.org, op.device, key, body.person, body.expires_ms, body.nonce)
        for key in c.directory.keys_of(op.device, op.seen[0])
    ]
    return _asserted(op, assertion, body.person, challenges, c)


def _sign(op: Op, body: kinds.Sign, person: str, c: Circumstances) -> Ruling:
    """A fresh assertion by the person whose session it is, over the op that it names."""
    assertion = Assertion(body.credential, body.authenticator_data, body.client_data, body.signature)
    named = body.names[0]
    if not isinstance(named, bytes):
        return _no(op, MalformedBodyError.code)
    return _asserted(op, assertion, person, [sign_challenge(op.org, named)], c)


def _asserted(
    op: Op, assertion: Assertion, person: str, challenges: Iterable[bytes], c: Circumstances
) -> Ruling:
    """By a passkey that the log gave to this person below the op, and had not taken back when it arrived."""
    passkey = c.directory.passkey(assertion.credential, c.leaf)
    if passkey is None or passkey.person != person:
        return _no(op, "unknown-passkey")
    for challenge in challenges:
        with suppress(WrongAssertionError):
            verify_assertion(assertion, passkey, challenge)
            return ACCEPT
    return _no(op, WrongAssertionError.code)


def _rights(op: Op, body: Body, person: str, c: Circumstances) -> Ruling:
    """By the grants that the op had seen; and where those at its arrival would refuse, by these too."""
    below, directory = max(c.seen, 1), c.directory
    known = directory.roles_of(person, below=below, at_ms=c.t)
    if not _may_record(known, op.kind):
        return _no(op, "no-right")
    if occurred(op) is not None and not may_back_date(known):
        return _no(op, "no-right")
    if names_own_account(body) and not _may_record(known, kinds.Adjust.kind):
        return _no(op, "no-right")  # under another name it would be a correction of stock
    reach = directory.reach_of(person, op.kind, below=below, at_ms=c.t)
    if reach is not None and not is_within(body, reach, c.path_of):
        return _no(op, "no-right")
    now = directory.roles_of(person, below=c.leaf, at_ms=c.arrived_ms)
    if now is not known and not _may_record(now, op.kind):
        return _no(op, "lapsed-permission")
    reach = directory.reach_of(person, op.kind, below=c.leaf, at_ms=c.arrived_ms)
    return ACCEPT if reach is None or is_within(body, reach, c.path_of) else _no(op, "lapsed-permission")
