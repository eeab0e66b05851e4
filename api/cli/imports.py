"""`gobi import`: files into the ledger. A ledger in a file is of one process, so there the server must not run."""

import argparse
import asyncio
from pathlib import Path
from typing import Final

from api.bootstrap import open_house
from api.cli.options import Commands, add_data, command
from api.imports.columns import TABLES, Table
from api.imports.intentions import Imported
from api.imports.taking import take_file
from api.settings import read_settings

_TEXT: Final = """\
Import items, places, partners, people, prices, orders and opening stock from CSV or XLSX.

  gobi import items.csv places.csv people.csv        the table is told by the file's name or its header
  gobi import stock.xlsx --table opening
  gobi import items.csv --dry-run                    say what would be done, and what is wrong with which row
  gobi import items.csv --skip-bad                   take the good rows although some are bad

Files may be UTF-8 or GBK, with comma, semicolon or tab, with English or Chinese headers. What the ledger says already
is left alone, so a file can be imported again. docs/operating/importing.md names every column.
Stop the server first, or send the file to it: POST /api/v1/imports/<table>. On PostgreSQL the server may run.
"""


def add(commands: Commands) -> None:
    """Add the subcommand."""
    made = command(commands, "import", _run, brief="import CSV and XLSX files", text=_TEXT)
    made.add_argument("files", nargs="+", type=Path, metavar="FILE")
    made.add_argument("--table", choices=TABLES, help="what the files are about")
    made.add_argument("--dry-run", action="store_true", help="record nothing")
    made.add_argument("--skip-bad", action="store_true", help="record the good rows of a file with bad ones")
    add_data(made)


def _run(given: argparse.Namespace) -> int:
    return asyncio.run(_import(given))


async def _import(given: argparse.Namespace) -> int:
    is_clean = True
    async with open_house(read_settings(data_dir=given.data_dir)) as house:
        for path in _ordered(given.files, given.table):
            table = given.table or _table_of(path)
            try:
                data = path.read_bytes()
            except OSError as error:
                print(f"{path}: {error.strerror}")
                is_clean = False
                continue
            taken = await take_file(
                house, data, table, is_dry=given.dry_run, skips_bad=given.skip_bad, actor=b""
            )
            _tell(path, taken.imported, recorded=taken.recorded, is_dry=given.dry_run)
            is_clean = is_clean and not taken.imported.faults
    return 0 if is_clean else 1


def _ordered(files: list[Path], table: Table | None) -> list[Path]:
    """Later tables speak of earlier ones, whatever the order on the line."""
    if table is not None:
        return files
    return sorted(files, key=lambda path: TABLES.index(found) if (found := _table_of(path)) else len(TABLES))


def _table_of(path: Path) -> Table | None:
    return next((table for table in TABLES if path.stem.lower().startswith(table)), None)


def _tell(path: Path, imported: Imported, *, recorded: int, is_dry: bool) -> None:
    for fault in imported.faults:
        typed = f" {fault.typed!r}" if fault.typed else ""
        print(f"{path}:{fault.line}: {fault.column}{typed}: {fault.reason} / {fault.reason_zh}")
    new = len(imported.intentions)
    bad = len(imported.faults)
    print(
        f"{path}: {imported.table}, {imported.rows} good rows, {imported.unchanged} already known, "
        f"{bad} faults; {recorded} of {new} ops recorded"
    )
    if bad and recorded < new and not is_dry:
        print(f"{path}: correct the file, or take its good rows with --skip-bad")
