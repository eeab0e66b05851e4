"""Findings about single ops: hand-overs, breaches, clocks, authority, mass balance (fold.md §6)."""

from collections.abc import Mapping
from typing import Final

from domain import kinds
from domain.ops import occurred
from sync_engine.fold.findings import Finding
from sync_engine.fold.reporting import report, report_again
from sync_engine.fold.rows import Rows
from sync_engine.fold.state import Noted, State
from sync_engine.logged import ACCEPTED, QUARANTINED, Logged

CLOCK_STEP_MS: Final = 60_000
"""A phone whose estimate is off by more than a minute beyond its own claim had a clock that stepped."""

AUTHORITY: Final = frozenset(
    {"no-right", "lapsed-permission", "no-session", "revoked-device", "stale", "session-expired"}
)


def derive(state: State, rows: Rows, ops: Mapping[int, Logged]) -> None:
    """Derive the findings of every op that something touched."""
    dirty, state.dirty_ops = sorted(state.dirty_ops), {}
    for index in dirty:
        entry = ops.get(index)
        if entry is not None:
            report(state, rows, ("op", str(index)), _findings(state, entry))
    resolved, state.dirty_resolved = list(state.dirty_resolved), {}
    for exception in resolved:
        report_again(state, rows, exception)


def _findings(state: State, entry: Logged) -> list[Finding]:
    found = [*_authority(state, entry), *_clock(state, entry)]
    noted = state.noted.get(entry.index)
    if noted is None:
        return found
    body = noted.body
    if isinstance(body, kinds.Deliver | kinds.Take):
        found.extend(_hand_over(state, noted, body))
    elif isinstance(body, kinds.Offer):
        if not state.names_of(noted.origin.hash, kinds.Take):
            facts = (body.to, *(f"{line.item} {line.lot}" for line in body.lines[:4]))
            found.append(
                Finding("hand-over-open", (str(entry.index),), facts, (entry.index,), noted.origin.o)
            )
    elif isinstance(body, kinds.Hold) and body.interval:
        found.extend(_breach(state, noted, body))
    elif isinstance(body, kinds.Transform):
        found.extend(_mass_balance(state, noted, body))
    return found


def _authority(state: State, entry: Logged) -> list[Finding]:
    op, dot = entry.op, f"{entry.op.epoch}"
    if entry.verdict != QUARANTINED:
        return []
    if entry.code == "fork":
        facts = (op.device.hex(), op.epoch, op.seq)
        return [Finding("forked-device", (op.device.hex(), dot), facts, (entry.index,), entry.t)]
    if entry.code in AUTHORITY:
        lapsed = (op.device.hex(), op.kind, entry.code)
        return [Finding("lapsed-permission", (str(entry.index),), lapsed, (entry.index,), entry.t)]
    return []


def _clock(state: State, entry: Logged) -> list[Finding]:
    """A step, or a bound that bit; never a steady offset, which the last sync already took out of `at`."""
    op = entry.op
    if entry.verdict != ACCEPTED or occurred(op) is not None or op.kind == "sequenced":
        return []
    off = entry.t - op.at
    if abs(off) <= op.err + CLOCK_STEP_MS:
        return []
    about = (op.device.hex(), str(op.run))
    return [Finding("suspect-clock", about, (op.device.hex(), off), (entry.index,), entry.t)]


def _closers(state: State, noted: Noted) -> bool:
    named = state.naming.get(noted.origin.hash, {})
    return any(isinstance(body, kinds.Dispose | kinds.Return | kinds.Resolve) for body in named.values())


def _hand_over(state: State, noted: Noted, body: kinds.Deliver | kinds.Take) -> list[Finding]:
    index, o = noted.origin.index, noted.origin.o
    found: list[Finding] = []
    partner = body.partner if isinstance(body, kinds.Deliver) else ""
    closed = _closers(state, noted)
    for number, line in enumerate(body.refused):
        if not closed and (line.qty or line.weight) and not _held_by_breach(state, line.item, line.lot):
            facts = (partner, line.item, line.lot, line.qty, line.weight, line.reason)
            found.append(Finding("refused-goods", (str(index), str(number)), facts, (index,), o))
    for number, line in enumerate(body.missing):
        if not closed and (line.qty or line.weight):
            facts = (partner, line.item, line.lot, line.qty, line.weight, line.reason)
            found.append(Finding("hand-over-missing", (str(index), str(number)), facts, (index,), o))
    return found


def _held_by_breach(state: State, item: str, lot: str) -> bool:
    """Whether an excursion holds the lot somewhere: the breach already says what is wrong with it."""
    return any(held.source in state.exposed for held in state.held.get((item, lot), ()))


def _breach(state: State, noted: Noted, body: kinds.Hold) -> list[Finding]:
    index = noted.origin.index
    exposed = sorted(state.exposed.get(index, ()))
    if not exposed or state.names_of(noted.origin.hash, kinds.Release):
        return []
    standing: list[object] = []
    for item, lot in exposed:
        for held in state.held.get((item, lot), ()):
            if held.source == index and held.place is not None:
                balance = state.groups[item][held.place].balances[lot]
                standing.append([item, lot, held.place, balance.q, balance.w])
    assert body.interval is not None
    start, until = body.interval
    facts = (body.place, start, until, body.reason, standing)
    return [Finding("cold-chain-breach", (str(index),), facts, (index,), start)]


def _grams(state: State, lines: kinds.Lines) -> int | None:
    """The mass of lines, None when an item's is not known."""
    total = 0
    for line in lines:
        if line.weight is not None:
            total += line.weight
            continue
        unit = state.attribute("item", line.item, "unit")
        each = 1 if unit == "g" else state.attribute("item", line.item, "weight_g")
        if not isinstance(each, int):
            return None
        total += line.qty * each
    return total


def _mass_balance(state: State, noted: Noted, body: kinds.Transform) -> list[Finding]:
    grams_in, grams_out, wasted = (_grams(state, lines) for lines in (body.inputs, body.outputs, body.waste))
    if grams_in is None or grams_out is None or wasted is None or grams_in == grams_out + wasted:
        return []
    facts = (body.process, grams_in, grams_out, wasted)
    index = noted.origin.index
    return [Finding("mass-balance", (str(index),), facts, (index,), noted.origin.o)]
