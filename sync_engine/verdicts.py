"""What the ledger says of an op when it is logged (DESIGN §6, sync.md §3). Facts are never refused; intents may be."""

from collections.abc import Callable
from typing import Final, NamedTuple

from domain import kinds
from domain.kinds import INTENTS, SERVER_KINDS, Body, MalformedBodyError, parse_body
from domain.ops import Op, named_hashes, occurred
from domain.rights import may_back_date, may_record
from sync_engine.directory import Directory
from sync_engine.logged import Verdict

OFFLINE_ALLOWANCE_MS: Final = 30 * 24 * 3_600_000
"""A month without a sync: longer, and nobody can say what the device knew of its rights."""


class Ruling(NamedTuple):
    """A verdict and its code; the code is empty for acceptance."""

    verdict: Verdict
    code: str = ""


ACCEPT: Final = Ruling("accepted")


class Circumstances(NamedTuple):
    """What a ruling depends on besides the op: all of it follows from the log."""

    directory: Directory
    leaf: int
    t: int
    seen_ms: int
    arrived_ms: int
    index_of: Callable[[bytes], int | None]


def _no(op: Op, code: str) -> Ruling:
    return Ruling("refused" if op.kind in INTENTS else "quarantined", code)


def rule(op: Op, c: Circumstances) -> Ruling:
    """Return the verdict that form, names and authority give; the intent's own rules come after (`intents`)."""
    try:
        body = parse_body(op.kind, op.body) if op.v == 1 else None
    except MalformedBodyError:
        return _no(op, "malformed-body")
    if body is None:
        return Ruling("deferred", "unknown-kind")
    if any(c.index_of(name) is None for name in named_hashes(op)):
        return Ruling("deferred", "missing-op")
    return _authority(op, body, c)


def _authority(op: Op, body: Body, c: Circumstances) -> Ruling:
    device = c.directory.device(op.device)
    if device is None:
        return (
            ACCEPT
            if isinstance(body, kinds.Genesis) and c.leaf == 0
            else Ruling("quarantined", "unknown-device")
        )
    revoked = c.directory.device_revoked_at(op.device)
    if revoked is not None and revoked < c.leaf:
        return _no(op, "revoked-device")
    if device.purpose == "server" and not op.actor:
        return ACCEPT
    if isinstance(body, kinds.Session):
        return _session(op, body, device.person, c)
    if op.kind in SERVER_KINDS and device.purpose != "server":
        return _no(op, "no-right")
    session = c.directory.session(op.actor)
    if session is None or (session.device != op.device and device.purpose != "server"):
        return _no(op, "no-session")
    return _rights(op, session.person, c)


def _session(op: Op, body: kinds.Session, owner: str | None, c: Circumstances) -> Ruling:
    if owner is not None and owner != body.person:
        return _no(op, "no-right")
    if not c.directory.roles_of(body.person, below=c.leaf, at_ms=c.t):
        return _no(op, "no-right")
    return ACCEPT


def _rights(op: Op, person: str, c: Circumstances) -> Ruling:
    if c.arrived_ms - c.seen_ms > OFFLINE_ALLOWANCE_MS:
        return _no(op, "stale")
    known = c.directory.roles_of(person, below=max(op.seen[0], 1), at_ms=c.t)
    if not may_record(known, op.kind):
        return _no(op, "no-right")
    if occurred(op) is not None and not may_back_date(known):
        return _no(op, "no-right")
    now = c.directory.roles_of(person, below=c.leaf, at_ms=c.arrived_ms)
    return ACCEPT if may_record(now, op.kind) else _no(op, "lapsed-permission")
