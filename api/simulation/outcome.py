"""One seed from its plan to its outcome."""

import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, NamedTuple

from api.simulation.found import Breach, find
from api.simulation.laws import LAWS
from api.simulation.laws_again import (
    balances_have_a_second_opinion,
    opening_anew_changes_nothing,
    order_does_not_matter,
    records_stand_at_their_time,
    redelivery_changes_nothing,
)
from api.simulation.phones import Phones
from api.simulation.plan import Plan
from api.simulation.play import Play
from api.simulation.server import App, SimServer, new_folder
from api.simulation.steps import do
from sync_engine import row_pages

PAGE_ROWS: Final = row_pages.PAGE_ROWS
FOLDED_EVERY: Final = 3
"""The log is folded in another order in one world of so many: it costs as much as all other laws together."""


class Outcome(NamedTuple):
    """What became of a world; all is well when no law is broken."""

    plan: Plan
    breaches: Sequence[Breach]
    saved: int
    """Ops that somebody was told are saved."""
    logged: int
    digest: str
    """Of everything that was decided: the same for the same seed."""

    @property
    def is_well(self) -> bool:
        """Whether every law held."""
        return not self.breaches


PAGE_ROWS_SMALL: Final = 30
"""A whole company's rows fit into one page: in every second world pages are small, so that they are turned."""


class Stage:
    """What worlds are played on: the application, the company's template, and the phones' process."""

    def __init__(self, template: Path, driver: Path) -> None:
        self._template, self._app = template, App()
        self._driver = driver
        self._phones = Phones(driver)

    def close(self) -> None:
        """End the process."""
        self._phones.close()

    def kill(self) -> None:
        """End the process whatever it does."""
        self._phones.kill()

    async def outcome(self, plan: Plan) -> Outcome:
        """Play a plan, and look."""
        folder = Path(mkdtemp(prefix="gobi-sim-")) if plan.on_disk else new_folder()
        self._phones.command("", "reset")
        play = Play(plan, self._phones, SimServer(self._app, self._template, folder))
        try:
            return await _played(play)
        finally:
            await play.server.die()
            shutil.rmtree(folder)


async def _played(play: Play) -> Outcome:
    setattr(row_pages, "PAGE_ROWS", PAGE_ROWS if play.plan.seed % 2 else PAGE_ROWS_SMALL)  # noqa: B010  # a constant elsewhere
    await play.begin()
    await play.live(do)
    await play.heal()
    await play.compare()
    found = await find(play)
    breaches = [breach for law in LAWS for breach in law(found)]
    breaches += [*balances_have_a_second_opinion(found), *records_stand_at_their_time(found)]
    if play.plan.seed % FOLDED_EVERY == 0:
        breaches += order_does_not_matter(found)
    breaches += await redelivery_changes_nothing(found)
    breaches += await opening_anew_changes_nothing(found)
    digest = sha256(repr(play.memory.trace).encode()).hexdigest()[:16]
    return Outcome(play.plan, breaches, len(play.memory.saved), len(found.entries), digest)
