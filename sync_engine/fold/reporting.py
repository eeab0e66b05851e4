"""Findings by where they come from: what is new, what is gone, what somebody closed."""

from collections.abc import Iterable

from sync_engine.fold.findings import Finding, as_one
from sync_engine.fold.rows import Rows
from sync_engine.fold.state import State


def report(state: State, source: tuple[str, ...], findings: Iterable[Finding]) -> None:
    """Replace what `source` found; `show` brings it to the rows."""
    before = state.findings.get(source, {})
    found = {finding.id: finding for finding in findings}
    if before == found:
        return
    for key in before.keys() - found.keys():
        state.finding_sources[key].pop(source, None)
        state.dirty_findings[key] = None
    for key, finding in found.items():
        if before.get(key) != finding:
            state.finding_sources.setdefault(key, {})[source] = finding
            state.dirty_findings[key] = None
    if found:
        state.findings[source] = found
    else:
        del state.findings[source]


def show(state: State, rows: Rows) -> None:
    """Write the row of every finding that changed; one whose cause is gone without a trace has none."""
    dirty, state.dirty_findings = list(state.dirty_findings), {}
    state.shown_anew.update(dict.fromkeys(dirty))
    for key in dirty:
        finding = standing(state, key)
        if finding is None:
            state.finding_sources.pop(key, None)
            rows.spread("exception", key, (), None)
        else:
            rows.spread("exception", key, ("desk", *state.buckets_of(finding.ops)), finding.row())


def standing(state: State, key: str) -> Finding | None:
    """Return the one finding under an id, open or closed; None when nothing is found under it."""
    found = state.finding_sources.get(key)
    return _with_word(state, as_one(found.values())) if found else None


def _with_word(state: State, finding: Finding) -> Finding:
    """A `resolve` closes what its author could know of: ops that were logged after it open the exception again."""
    if finding.closed_by is not None:
        return finding
    last = max(finding.ops, default=-1)
    closers = [index for index in state.resolved.get(finding.id, ()) if index > last]
    return finding._replace(closed_by=min(closers)) if closers else finding
