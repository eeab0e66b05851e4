"""What several subcommands share: where the data is, and how examples look in help."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

Commands = Any
"""argparse's own class for subcommands is not public."""

DATA_HELP: Final = "folder of the database and the secrets (default: $GOBI_DATA or ./var)"


def command(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    brief: str,
    text: str,
) -> argparse.ArgumentParser:
    """Add a subcommand: `brief` stands in the list, `text` with its examples in its own help."""
    made: argparse.ArgumentParser = commands.add_parser(
        name, help=brief, description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.set_defaults(run=run)
    return made


def add_data(made: argparse.ArgumentParser) -> None:
    """Add `--data`."""
    made.add_argument("--data", type=Path, metavar="DIR", dest="data_dir", help=DATA_HELP)
