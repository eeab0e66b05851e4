"""`gobi simulate`: the demo day by seed, with every fault, compared with how it must end."""

import argparse
import json
import sys
from typing import Final

from api.cli.options import Commands, command
from api.demo.shuffle import shuffled_days

_TEXT: Final = """\
Play the demo day again and again: syncs at other times, lost replies, duplicates, phones that carry each other's
frames, restarts, clocks that are hours or a year off. Each seed must end in the same balances, money and exceptions.

  gobi simulate --seeds 200
  gobi simulate --seeds 1 --first 4711      one seed, to look at it
  gobi simulate --seeds 1000 --json         the last line is one JSON object
"""
_EVERY: Final = 100


def add(commands: Commands) -> None:
    """Add the subcommand."""
    made = command(commands, "simulate", _run, brief="play shuffled demo days by seed", text=_TEXT)
    made.add_argument("--seeds", type=int, default=100, help="how many days (default: 100)")
    made.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    made.add_argument("--json", action="store_true", help="print nothing but one JSON object")


def _run(given: argparse.Namespace) -> int:
    failed = lost = stuck = diverged = seeds = 0
    for day in shuffled_days(given.seeds, first=given.first):
        seeds += 1
        failed += not day.is_well
        lost += day.lost
        stuck += day.stuck
        diverged += bool(day.diverged)
        if not day.is_well and not given.json:
            print(f"seed {day.seed}: lost {day.lost}, stuck {day.stuck}; {'; '.join(day.diverged)}")
        if seeds % _EVERY == 0:
            print(f"{seeds} of {given.seeds}, {failed} failed", file=sys.stderr, flush=True)
    print(json.dumps({"seeds": seeds, "failed": failed, "lost": lost, "stuck": stuck, "diverged": diverged}))
    return 1 if failed else 0
