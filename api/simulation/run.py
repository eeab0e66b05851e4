"""Many seeds, on as many processes as asked for: each has an application and a process of phones of its own."""

import asyncio
import gc
import logging
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from threading import Timer
from typing import Final, NamedTuple

import structlog

from api.simulation.found import Breach
from api.simulation.outcome import Outcome, Stage
from api.simulation.phones import bundle
from api.simulation.plan import Plan, make_plan
from api.simulation.server import found, new_folder

CHUNK: Final = 10
"""Seeds that a process takes at once."""
SECONDS_MAX: Final = 90.0
"""A world that takes longer hangs."""
BROKE: Final = "the play ends"


class Props(NamedTuple):
    """What every world is played with: the company before its first day, and the phones' program."""

    template: Path
    driver: Path


@contextmanager
def props(driver: Path | None = None) -> Iterator[Props]:
    """Found the company and build the phones' program, unless one is given; both are gone afterwards.

    Raises CalledProcessError when the program cannot be built.
    """
    folder = new_folder()
    try:
        template = folder / "template"
        template.mkdir()
        asyncio.run(found(template))
        yield Props(template, bundle(folder) if driver is None else driver)
    finally:
        shutil.rmtree(folder)


class Theatre:
    """Plays one plan after the other, whatever becomes of each."""

    def __init__(self, given: Props) -> None:
        self._props = given
        self._stage: Stage | None = None

    def close(self) -> None:
        """End the phones' process."""
        stage, self._stage = self._stage, None
        if stage is not None:
            stage.close()

    def outcome(self, plan: Plan) -> Outcome:
        """Play a plan. One that breaks off or hangs is an outcome like others, and the stage is built anew."""
        stage = self._stage = self._stage or Stage(self._props.template, self._props.driver)
        watch = Timer(SECONDS_MAX, stage.kill)
        watch.start()
        try:
            return asyncio.run(asyncio.wait_for(stage.outcome(plan), SECONDS_MAX))
        except Exception as error:  # noqa: BLE001  # whatever breaks a play is a finding of it
            stage.kill()
            self._stage = None
            return Outcome(plan, [Breach("stuck", BROKE, f"{type(error).__name__}: {error}")], 0, 0, "")
        finally:
            watch.cancel()
            # Every ledger that is loaded is taken out of the collector's sight (`sequencer`): here many are.
            gc.unfreeze()


def outcomes(seeds: Sequence[int], given: Props, *, jobs: int = 1) -> Iterator[Outcome]:
    """Play the worlds of seeds, in their order as far as one process goes."""
    if jobs == 1:
        theatre = Theatre(given)
        quiet()
        try:
            for seed in seeds:
                yield theatre.outcome(make_plan(seed))
        finally:
            theatre.close()
        return
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for played in pool.map(_Chunk(given), chunks):
            yield from played


class _Chunk:
    """A chunk's work, as a value that another process can take."""

    def __init__(self, given: Props) -> None:
        self._props = given

    def __call__(self, seeds: Sequence[int]) -> list[Outcome]:
        return list(outcomes(seeds, self._props))


def quiet() -> None:
    """Faults are what is simulated: the log would tell of nothing else."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
