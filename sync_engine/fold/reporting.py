"""Findings by where they come from: what is new, what is gone, what somebody closed."""

from collections.abc import Iterable

from sync_engine.fold.findings import Finding
from sync_engine.fold.rows import Rows
from sync_engine.fold.state import State


def report(state: State, rows: Rows, source: tuple[str, ...], findings: Iterable[Finding]) -> None:
    """Replace what `source` found; a finding that it no longer makes closes by itself."""
    before = state.findings.get(source, {})
    found = {finding.id: finding for finding in findings}
    if not before and not found:
        return
    for key in before.keys() - found.keys():
        holders = state.finding_sources.get(key, set())
        holders.discard(source)
    for key in found:
        state.finding_sources.setdefault(key, set()).add(source)
    gone = {key for key in before.keys() - found.keys() if not state.finding_sources.get(key)}
    state.findings[source] = found
    rows.findings(
        {key: (finding, state.buckets_of(finding.ops)) for key, finding in found.items()},
        gone,
        {key: closer for key in found if (closer := closed_by(state, found[key])) is not None},
    )


def closed_by(state: State, finding: Finding) -> str | None:
    """Return the op that closed a finding by naming its exception, None while it is open."""
    closers = state.resolved.get(finding.id)
    return str(min(closers)) if closers else None


def report_again(state: State, rows: Rows, exception: str) -> None:
    """Show a finding anew after somebody closed it."""
    for source in state.finding_sources.get(exception, set()).copy():
        report(state, rows, source, state.findings[source].values())
