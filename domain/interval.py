"""The pre-harvest interval (安全间隔期): from when on a plot may be harvested after it was treated.

Clear on = the latest of stop day + interval over all inputs; the clear day itself is allowed. An input whose interval
nobody knows makes the plot red until somebody says it: unknown is never safe.
Twin: `pwa/src/domain/interval.ts`; corpus: `tests/vectors/domain/interval.json`.
"""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from msgspec import Struct

from domain.expiry import days_after

Light = Literal["clear", "running", "unknown"]
"""Green, amber and red of the farmer's page."""


class Treatment(Struct, frozen=True):
    """One input on a plot: its name, when its use stopped, and its interval where it is known."""

    name: str
    stopped_on: date
    interval_days: int | None


class PlotInterval(Struct, frozen=True, kw_only=True):
    """What binds a harvest on a day, and which treatment binds it."""

    light: Light
    clear_on: date | None = None
    name: str = ""
    stopped_on: date | None = None

    @property
    def forbids(self) -> bool:
        """Whether a harvest on that day lies inside the interval."""
        return self.light != "clear"


def plot_interval(treatments: Iterable[Treatment], day: date) -> PlotInterval:
    """Return what binds a harvest on `day`: treatments that stopped later do not, unknown wins, then the latest."""
    binding: PlotInterval | None = None
    for treatment in sorted((t for t in treatments if t.stopped_on <= day), key=_order):
        if treatment.interval_days is None:
            return PlotInterval(light="unknown", name=treatment.name, stopped_on=treatment.stopped_on)
        clear = days_after(treatment.stopped_on, treatment.interval_days)
        if binding is None or binding.clear_on is None or clear > binding.clear_on:
            light: Light = "clear" if day >= clear else "running"
            binding = PlotInterval(
                light=light, clear_on=clear, name=treatment.name, stopped_on=treatment.stopped_on
            )
    return binding or PlotInterval(light="clear")


def _order(treatment: Treatment) -> tuple[date, str]:
    return treatment.stopped_on, treatment.name
