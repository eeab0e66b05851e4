"""Which subcommand a line means, and how refusals and faults are told at a terminal."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Final

from api.cli import backup, bench, demo, doctor, found, imports, restore, serve, simulate
from domain.errors import DomainError, FaultError

_HELP: Final = """\
Gobi (戈壁): the stock ledger that works where there is no signal.

See it work:
  gobi serve --demo          the demo company on this machine; open the links that it prints
  gobi demo                  the whole day in the terminal, with what each op changed
  gobi demo --english        the same in English
  gobi demo --shuffle 7      the same day, synced in another order: it ends in the same balances and money

Run a company:
  gobi found --org lvyuan --name 绿原合作社 --admin limin --admin-name 李敏 --url https://stock.example
  gobi serve --host 0.0.0.0
  gobi import items.csv places.csv opening.xlsx --dry-run
  gobi doctor                prove that the tables follow from the log, and the log from its signatures
  gobi backup TO             one checked file; gobi restore and gobi recover bring a server back

Measure it:
  gobi bench all
  gobi simulate --seeds 200
"""

EXIT_REFUSED: Final = 1
EXIT_FAULT: Final = 3
"""2 is argparse's, for a line that it cannot read."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    whole = argparse.ArgumentParser(
        prog="gobi", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in (serve, demo, found, imports, bench, simulate, doctor, backup, restore):
        module.add(commands)
    return whole


def main(arguments: Sequence[str]) -> int:
    """Run a line and return its exit code."""
    given = parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = given.run
    try:
        return run(given)
    except DomainError as refusal:
        print(f"gobi: {refusal}", file=sys.stderr)
        return EXIT_REFUSED
    except FaultError as fault:
        hint = f"; try again in {fault.retry_after_s} s" if fault.retry_after_s else ""
        print(f"gobi: {fault}{hint}", file=sys.stderr)
        return EXIT_FAULT
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `gobi demo | head`
        sys.stderr.close()
        return 0
