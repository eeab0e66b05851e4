"""`gobi demo`: the demo day in the terminal: who recorded what, what it changed, and how the day ends."""

import argparse
import sys
from random import Random
from typing import Final

from api.cli.options import Commands, command
from api.cli.telling import Teller
from api.demo.ends import differences
from api.demo.play import Play
from api.demo.shuffle import ShuffledDay, finished, found_in_memory
from api.naming import Said

_TEXT: Final = """\
Play Monday 2026-11-23 at the demo co-operative in memory: two phones pick and count the same boxes without a signal,
sync in the wrong order, and the ledger comes out right. Nothing is stored.

  gobi demo
  gobi demo --shuffle 7        sync at other times, lose replies, carry frames, set clocks wrong; the end is the same
  gobi demo --english
"""

_WELL: Final = Said(
    "✓ 结存、往来款和异常都与这一天应有的结果相符。",
    "✓ Every balance, every sum of money and the open exceptions are as the day must end.",
)


def add(commands: Commands) -> None:
    """Add the subcommand."""
    made = command(commands, "demo", _run, brief="play the demo day in the terminal", text=_TEXT)
    made.add_argument("--shuffle", type=int, metavar="SEED", help="play the day as this seed has it")
    made.add_argument("--english", action="store_true", help="tell it in English")
    made.add_argument("--plain", action="store_true", help="no colours")


def _run(given: argparse.Namespace) -> int:
    is_coloured = sys.stdout.isatty() and not given.plain
    if given.shuffle is not None:
        day = ShuffledDay(given.shuffle)
        outcome = day.outcome()
        Teller(day.server, is_english=given.english, is_coloured=is_coloured).tell_end()
        wrong = list(outcome.diverged)
        print(f"\nseed {outcome.seed}: lost {outcome.lost}, stuck {outcome.stuck}")
    else:
        chance = Random("the demo day")  # noqa: S311  # keys of a played day, the same on every run
        server, secret, _ = found_in_memory(chance)
        finished(_play(Play(server, secret, chance), Teller(server, given.english, is_coloured)))
        wrong = differences(server.rows)
    if not wrong:
        print("\n" + (_WELL.en if given.english else _WELL.zh))
    for line in wrong:
        print(f"not as it must be: {line}")
    return 1 if wrong else 0


async def _play(play: Play, teller: Teller) -> None:
    await play.prepare()
    teller.begin()
    async for happening in play.rest():
        teller.tell(happening)
    teller.tell_end()
