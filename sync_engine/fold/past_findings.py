"""Exceptions that ended by themselves: open at one boundary of the log, without a cause at the next (fold.md §6).

Rows are a function of the ops and verdicts alone; that something was open *once* is not. It is one of the log in order,
looked at where each group commit ends: there, every reader of the log sees the same.
"""

from typing import Final

from sync_engine.fold.findings import Finding
from sync_engine.fold.reporting import standing
from sync_engine.fold.rows import Rows
from sync_engine.fold.state import State

PAST: Final = "past_exception"


def remember(state: State, rows: Rows, boundary: int) -> None:
    """Compare what is open to the boundary before: `boundary` is the index of the last op of a group commit."""
    anew, state.shown_anew = list(state.shown_anew), {}
    for key in anew:
        finding, was = standing(state, key), state.open_then.pop(key, None)
        if finding is not None:
            if finding.closed_by is None:
                state.open_then[key] = finding
            rows.spread(PAST, key, (), None)
        elif was is not None:
            rows.spread(PAST, key, ("desk", *state.buckets_of(was.ops)), _row(was, boundary))


def _row(finding: Finding, boundary: int) -> list[object]:
    identity, code, facts, ops, owner, opened, *_ = finding.row()
    return [identity, code, facts, ops, owner, opened, boundary]
