"""`gobi doctor`: prove that the tables follow from the log, and the log from its signatures."""

import argparse
import asyncio
import json
from typing import Any, Final

from api.bootstrap import DATABASE, PIN, open_database
from api.cli.options import Commands, add_data, command
from api.origins import NotFoundedError, read_origins
from api.settings import Settings, read_settings
from blockchain_trace.adapters.pin_file import PinFile
from blockchain_trace.adapters.stored_tiles import read_log
from blockchain_trace.fsck import LogReport, check_log
from sync_engine.adapters.evidence import read_evidence
from sync_engine.doctor import LedgerReport, check_ledger

_TEXT: Final = """\
Verify everything that is stored, and change nothing: every op's bytes, chain and seal, the Merkle tree and its signed
checkpoints, and that balances, verdicts and exceptions are what the log gives when it is folded from the beginning.

  gobi doctor
  gobi doctor --data /srv/gobi --json       the last line is one JSON object

Exit code 0: all is well. 1: something is not, named line by line. It may run beside the server.
"""


def add(commands: Commands) -> None:
    """Add the subcommand."""
    made = command(commands, "doctor", _run, brief="verify the stored ledger", text=_TEXT)
    made.add_argument("--json", action="store_true", help="print nothing but one JSON object")
    add_data(made)


def _run(given: argparse.Namespace) -> int:
    org, ledger, log = asyncio.run(examine(read_settings(data_dir=given.data_dir)))
    found = _findings(ledger, log)
    if given.json:
        print(json.dumps(_report(org, ledger, log), ensure_ascii=False))
        return 1 if found else 0
    for table, about, wrong in found:
        print(f"  {table}: {about}: {wrong}")
    said = f"{len(found)} findings" if found else "all is well"
    print(
        f"{org}: {ledger.ops:,} ops, {ledger.seals:,} seals, {ledger.rows:,} rows, "
        f"{log.tiles:,} tiles and {log.checkpoints:,} checkpoints examined: {said}"
    )
    return 1 if found else 0


async def examine(settings: Settings) -> tuple[str, LedgerReport, LogReport]:
    """Return the organisation of a data folder, and what is wrong with its ledger and its log.

    Raises NotFoundedError, FaultError.
    """
    if not settings.database_url and not (settings.data_dir / DATABASE).is_file():
        raise NotFoundedError  # opening it would make one, and who verifies changes nothing
    engine = await open_database(settings)
    try:
        origins = await read_origins(engine, settings.org)
        org = origins.org
        ledger = check_ledger(await read_evidence(engine, org))
        (_, key), *later = origins.keys
        # Before the log: a server that runs may sign more at any time.
        pinned = PinFile(settings.data_dir / PIN).read()
        log = check_log(
            await read_log(engine, org),
            key=key,
            origin=key.name,
            pinned=pinned,
            later=later,
            lost=origins.lost,
        )
    finally:
        await engine.dispose()
    return org, ledger, log


def _findings(ledger: LedgerReport, log: LogReport) -> list[tuple[str, str, str]]:
    return [
        *((one.table, one.about, one.problem) for one in ledger.findings),
        *((one.table, one.about, one.problem) for one in log.findings),
    ]


def _report(org: str, ledger: LedgerReport, log: LogReport) -> dict[str, Any]:
    return {
        "org": org,
        "is_sound": ledger.is_sound and log.is_sound,
        "ops": ledger.ops, "seals": ledger.seals, "rows": ledger.rows,
        "tiles": log.tiles, "checkpoints": log.checkpoints, "root": log.root.hex(),
        "findings": [
            {"table": table, "about": about, "problem": wrong} for table, about, wrong in _findings(ledger, log)
        ],
    }  # fmt: skip
