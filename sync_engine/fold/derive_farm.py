"""Harvests against what was sprayed: the pre-harvest interval (fold.md §4)."""

from collections.abc import Iterator
from datetime import date

from domain import kinds
from domain.expiry import day_of, parse_day
from domain.interval import PlotInterval, Treatment, plot_interval
from sync_engine.fold.findings import Finding
from sync_engine.fold.holds import HoldCause
from sync_engine.fold.reporting import report
from sync_engine.fold.state import Noted, State


def interval_of(state: State, plot: str, day: date) -> PlotInterval:
    """Return what binds a harvest of the plot on a day, as far as its farm work tells."""
    return plot_interval(_treatments(state, plot), day)


def _treatments(state: State, plot: str) -> Iterator[Treatment]:
    for index in state.plots.get(plot, ()):
        body = state.noted[index].body
        stopped = parse_day(body.stopped_on) if isinstance(body, kinds.FarmWork) else None
        if isinstance(body, kinds.FarmWork) and stopped is not None:
            for trade_name, _generic, _registration, _dose, days in body.inputs:
                yield Treatment(trade_name, stopped, days)


def derive(state: State) -> None:
    """Derive the holds that harvests inside an interval cause."""
    for what, plot in list(state.dirty_documents):
        if what == "plot":
            del state.dirty_documents[what, plot]
            _derive_plot(state, plot)


def _derive_plot(state: State, plot: str) -> None:
    causes: dict[tuple[str, str, int], HoldCause] = {}
    findings: list[Finding] = []
    for index in sorted(state.plots.get(plot, ())):
        noted = state.noted[index]
        if isinstance(noted.body, kinds.Harvest):
            day = day_of(noted.origin.o, state.utc_offset_minutes)
            interval = interval_of(state, plot, day)
            if interval.forbids:
                causes.update(((c.item, c.lot, index), c) for c in _causes(noted, noted.body))
                findings.append(_finding(state, noted, noted.body, plot, interval))
    for item, lot, index in state.caused_by_plot.get(plot, {}):
        state.causes[item, lot].pop(index, None)
        state.dirty_lots[item, lot] = None
    for (item, lot, index), cause in causes.items():
        state.causes.setdefault((item, lot), {})[index] = cause
        state.dirty_lots[item, lot] = None
    state.caused_by_plot[plot] = causes
    report(state, ("plot", plot), findings)


def _causes(noted: Noted, body: kinds.Harvest) -> list[HoldCause]:
    reason = "harvest-inside-interval"
    return [
        HoldCause(noted.origin, line.item, line.lot, None, "hold", reason, noted.origin.o)
        for line in body.lines
    ]


def _finding(state: State, noted: Noted, body: kinds.Harvest, plot: str, interval: PlotInterval) -> Finding:
    line = body.lines[0] if body.lines else None
    facts = (
        plot, "" if line is None else line.item, "" if line is None else line.lot,
        None if interval.clear_on is None else interval.clear_on.isoformat(), interval.name,
        None if interval.stopped_on is None else interval.stopped_on.isoformat(),
    )  # fmt: skip
    index, released = noted.origin.index, state.names_of(noted.origin.hash, kinds.Release)
    return Finding(
        "harvest-inside-interval",
        (str(index),),
        facts,
        (index,),
        noted.origin.o,
        released[0] if released else None,
    )
