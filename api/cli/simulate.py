"""`gobi simulate`: weeks of work with every fault by seed, against the laws that must hold; or the demo day."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

from api.cli.options import Commands, command
from api.demo.shuffle import shuffled_days
from api.simulation.found import Breach
from api.simulation.outcome import Outcome
from api.simulation.plan import make_plan
from api.simulation.run import Props, Theatre, outcomes, props, quiet
from api.simulation.shrink import shrunk, told

_TEXT: Final = """\
Play simulated weeks on real phones and the real server: requests lost, doubled and late, apps and servers killed at any
point, full and torn disks, copied and restored phones, clocks years off, revoked rights. Then everything heals, and
every law of the ledger must hold (docs/simulator.md). Needs Node and `pwa/node_modules`.

  gobi simulate --seeds 200
  gobi simulate --seeds 1 --first 4711             one seed, to look at it
  gobi simulate --seeds 1 --first 4711 --shrink    the fewest steps that still fail
  gobi simulate --seeds 1000 --jobs 2 --json       the last line is one JSON object
  gobi simulate --world day --seeds 1000           the demo day in disorder: each must end in the same tables
"""
_EVERY: Final = 100


class _Seed(NamedTuple):
    """How a seed ended, of either world."""

    seed: int
    lost: int
    stuck: int
    diverged: int
    lines: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        return not (self.lost or self.stuck or self.diverged)


def add(commands: Commands) -> None:
    """Add the subcommand."""
    made = command(commands, "simulate", _run, brief="play worlds with every fault by seed", text=_TEXT)
    made.add_argument("--seeds", type=int, default=100, help="how many (default: 100)")
    made.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    made.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a processor)"
    )
    made.add_argument(
        "--world", choices=("weeks", "day"), default="weeks", help="which world (default: weeks)"
    )
    made.add_argument("--shrink", action="store_true", help="make the first failing plan small, and print it")
    made.add_argument("--json", action="store_true", help="print nothing but one JSON object")


def _run(given: argparse.Namespace) -> int:
    failed = lost = stuck = diverged = seeds = 0
    for one in _days(given) if given.world == "day" else _weeks(given):
        seeds += 1
        failed += not one.is_well
        lost += one.lost
        stuck += one.stuck
        diverged += bool(one.diverged)
        if not one.is_well and not given.json:
            print(f"seed {one.seed}: lost {one.lost}, stuck {one.stuck}, diverged {one.diverged}")
            print("\n".join(one.lines), flush=True)
        if seeds % _EVERY == 0:
            print(f"{seeds} of {given.seeds}, {failed} failed", file=sys.stderr, flush=True)
    print(json.dumps({"seeds": seeds, "failed": failed, "lost": lost, "stuck": stuck, "diverged": diverged}))
    return 1 if failed else 0


def _days(given: argparse.Namespace) -> Iterator[_Seed]:
    for day in shuffled_days(given.seeds, first=given.first):
        yield _Seed(
            day.seed, day.lost, day.stuck, len(day.diverged), tuple(f"  {one}" for one in day.diverged)
        )


def _weeks(given: argparse.Namespace) -> Iterator[_Seed]:
    with props() as made:
        jobs = min(given.jobs, given.seeds)
        for outcome in outcomes(range(given.first, given.first + given.seeds), made, jobs=jobs):
            lines = _lines(outcome)
            if given.shrink and not outcome.is_well:
                lines += _shrunk(outcome, made)
            yield _Seed(
                outcome.plan.seed,
                _count(outcome, "lost"),
                _count(outcome, "stuck"),
                _count(outcome, "diverged"),
                tuple(lines),
            )
            if given.shrink and not outcome.is_well:
                return


def _count(outcome: Outcome, kind: str) -> int:
    return sum(1 for breach in outcome.breaches if breach.kind == kind)


def _lines(outcome: Outcome) -> list[str]:
    again = f"  again: gobi simulate --seeds 1 --first {outcome.plan.seed}"
    return [*(f"  {breach.kind}: {breach.law}: {breach.detail}" for breach in outcome.breaches), again]


def _shrunk(outcome: Outcome, made: Props) -> list[str]:
    """The fewest steps that break a law which this outcome broke first."""
    law, theatre = outcome.breaches[0].law, Theatre(made)
    quiet()

    def breaches(found: Outcome) -> list[Breach]:
        return [breach for breach in found.breaches if breach.law == law]

    try:
        least = shrunk(make_plan(outcome.plan.seed), lambda plan: bool(breaches(theatre.outcome(plan))))
        said = breaches(theatre.outcome(least))
    finally:
        theatre.close()
    return [f"  {law}: {said[0].detail if said else 'no longer'}", *(f"  {line}" for line in told(least))]
