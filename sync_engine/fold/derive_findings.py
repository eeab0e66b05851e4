"""Findings about single ops: hand-overs, breaches, clocks, authority, mass balance (fold.md §6)."""

from collections.abc import Mapping

from domain import kinds
from domain.ops import occurred
from sync_engine.effective_time import CLOCK_STEP_MS
from sync_engine.fold.findings import Finding
from sync_engine.fold.reporting import report
from sync_engine.fold.state import Noted, State
from sync_engine.logged import ACCEPTED, QUARANTINED, Logged


def is_off(entry: Logged) -> bool:
    """Whether an op needs a look for its own sake: its authority or its clock."""
    return entry.verdict == QUARANTINED or abs(entry.t - entry.op.at) > entry.op.err + CLOCK_STEP_MS


def derive(state: State, ops: Mapping[int, Logged]) -> None:
    """Derive the findings of every op that something touched."""
    dirty, state.dirty_ops = sorted(state.dirty_ops), {}
    for index in dirty:
        entry = ops.get(index)
        if entry is not None:
            report(state, ("op", str(index)), _findings(state, entry))


def _findings(state: State, entry: Logged) -> list[Finding]:
    found = [*_authority(state, entry), *_clock(entry)]
    noted = state.noted.get(entry.index)
    if noted is None:
        return found
    body = noted.body
    if isinstance(body, kinds.Deliver | kinds.Take):
        found.extend(_hand_over(state, noted, body))
    elif isinstance(body, kinds.Offer):
        found.append(_offer(state, noted, body))
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
        device = op.device.hex()
        state.copies.forks.setdefault(device, set()).add(entry.index)
        closer = min((i for i in state.copies.rekeyed.get(device, ()) if i > entry.index), default=None)
        facts = (device, op.epoch, op.seq)
        return [Finding("forked-device", (device, dot), facts, (entry.index,), entry.t, closer)]
    # Whatever else kept a fact apart, a manager must hear of it: its code says why.
    lapsed = (op.device.hex(), op.kind, entry.code)
    return [Finding("lapsed-permission", (str(entry.index),), lapsed, (entry.index,), entry.t)]


def _clock(entry: Logged) -> list[Finding]:
    """A step, or a bound that bit; never a steady offset, which the last sync already took out of `at`."""
    op = entry.op
    if entry.verdict != ACCEPTED or occurred(op) is not None or op.kind == "sequenced":
        return []
    off = entry.t - op.at
    if abs(off) <= op.err + CLOCK_STEP_MS:
        return []
    about = (op.device.hex(), str(op.run))
    return [Finding("suspect-clock", about, (op.device.hex(), off), (entry.index,), entry.t)]


def _offer(state: State, noted: Noted, body: kinds.Offer) -> Finding:
    index = noted.origin.index
    facts = (body.to, *(f"{line.item} {line.lot}" for line in body.lines[:4]))
    taken = state.names_of(noted.origin.hash, kinds.Take)
    return Finding(
        "hand-over-open", (str(index),), facts, (index,), noted.origin.o, taken[0] if taken else None
    )


def _closer(state: State, noted: Noted) -> int | None:
    """The first op that says what became of goods that a hand-over left behind."""
    named = state.naming.get(noted.origin.hash, {})
    closers = [
        i for i, body in named.items() if isinstance(body, kinds.Dispose | kinds.Return | kinds.Resolve)
    ]
    return min(closers, default=None)


def _hand_over(state: State, noted: Noted, body: kinds.Deliver | kinds.Take) -> list[Finding]:
    index, o = noted.origin.index, noted.origin.o
    found: list[Finding] = []
    partner = body.partner if isinstance(body, kinds.Deliver) else ""
    closer = _closer(state, noted)
    for code, lines in (("refused-goods", body.refused), ("hand-over-missing", body.missing)):
        for number, line in enumerate(lines):
            if not (line.qty or line.weight):
                continue
            if code == "refused-goods" and _held_by_breach(state, line):
                continue
            facts = (partner, line.item, line.lot, line.qty, line.weight, line.reason)
            found.append(Finding(code, (str(index), str(number)), facts, (index,), o, closer))
    return found


def _held_by_breach(state: State, line: kinds.Unmoved) -> bool:
    """Whether an excursion holds the lot where it was refused: the breach already says what is wrong with it."""
    reached = state.reached.get((line.item, line.lot), frozenset())
    return any(place == line.place and source in state.exposed for source, place in reached)


def _breach(state: State, noted: Noted, body: kinds.Hold) -> list[Finding]:
    index = noted.origin.index
    exposed = sorted(state.exposed.get(index, ()))
    if not exposed or body.interval is None:
        return []
    released = state.names_of(noted.origin.hash, kinds.Release)
    standing: list[object] = []
    for item, lot in exposed:
        for held in state.held.get((item, lot), ()):
            if held.source == index and held.place is not None:
                balance = state.groups[item][held.place].balances[lot]
                standing.append([item, lot, held.place, balance.q, balance.w])
    start, until = body.interval
    facts = (body.place, start, until, body.reason, standing)
    closer = released[0] if released else None
    return [Finding("cold-chain-breach", (str(index),), facts, (index,), start, closer)]


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
