"""`gobi backup`: a checked copy of the ledger; and the word that it exists elsewhere."""

import argparse
import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from api.backups.archive import Archive, WrongBackupError, read_archive, write_archive
from api.backups.confirmed import ConfirmedBackups
from api.backups.derive import check, derive, joined, signed_of
from api.backups.stored import read_stored, tail_of
from api.bootstrap import open_database
from api.cli.options import Commands, add_data, command
from api.clock import wall_clock
from api.origins import read_origins
from api.settings import read_settings

_TEXT: Final = """\
Write the log, and what lies beside it, into one checked file. The server may run. What `gobi restore`
would refuse is named, and neither written nor confirmed.

  gobi backup /mnt/nas/gobi-1123.backup                        the whole ledger
  gobi backup /mnt/nas/gobi-1123-1.backup --since gobi-1123.backup     only what came after that one: a tail
  gobi backup --verify gobi-1123.backup [TAIL…]                fold it from its first op, as `gobi doctor` would
  gobi backup --confirm /mnt/nas/gobi-1123.backup              say that this copy exists elsewhere

Phones keep their ops until a confirmed backup holds them. Confirm a copy where it lies on another machine, not the
file that you made beside the database. Secrets are in no backup: docs/operating/backup-and-restore.md.
"""


def add(commands: Commands) -> None:
    """Add the subcommand."""
    made = command(commands, "backup", _run, brief="write, verify or confirm a backup", text=_TEXT)
    made.add_argument("to", nargs="?", type=Path, metavar="TO", help="the file to write")
    made.add_argument("--since", type=Path, metavar="FILE", help="only what came after this backup: a tail")
    made.add_argument("--verify", nargs="+", type=Path, metavar="FILE", help="a backup, then its tails")
    made.add_argument("--confirm", type=Path, metavar="FILE", help="this copy exists elsewhere")
    add_data(made)


def _run(given: argparse.Namespace) -> int:
    if given.verify:
        return _verify(given.verify)
    if given.confirm:
        return asyncio.run(_confirm(given))
    if given.to is None:
        raise WrongBackupError(reason="name the file to write")
    return asyncio.run(_write(given))


async def _write(given: argparse.Namespace) -> int:
    begin = 0 if given.since is None else read_archive(given.since)[0].head.size
    settings = read_settings(data_dir=given.data_dir)
    engine = await open_database(settings)
    try:
        origins = await read_origins(engine, settings.org)
        whole = await read_stored(engine, origins.org, now_ms=wall_clock())
    finally:
        await engine.dispose()
    archive = tail_of(whole, begin) if begin else whole
    if count := _tell_findings(whole):
        print(f"{told(whole)}: {count} findings. Nothing was written: what cannot be restored is no backup.")
        return 1
    digest = write_archive(given.to, archive)
    print(f"{given.to}: {told(archive)}\n  sha256 {digest.hex()}")
    print(f"Copy it to another machine, then: gobi backup --confirm {given.to}")
    return 0


def _verify(paths: Sequence[Path]) -> int:
    archive, _ = read_archive(paths[0])
    for path in paths[1:]:
        archive = joined(archive, read_archive(path)[0])
    if archive.head.begin:
        print(f"{paths[0]}: {told(archive)}; whole, but only with what comes before it can it be folded")
        return 0
    count = _tell_findings(archive)
    print(f"{paths[0]}: {told(archive)}: {f'{count} findings' if count else 'all is well'}")
    return 1 if count else 0


def _tell_findings(archive: Archive) -> int:
    """Name what of a whole backup does not follow from its log, and return how much that is."""
    findings = check(archive, derive(archive))
    for finding in findings:
        print(f"  {finding.table}: {finding.about}: {finding.problem}")
    return len(findings)


async def _confirm(given: argparse.Namespace) -> int:
    archive, digest = read_archive(given.confirm)
    head, signed = archive.head, signed_of(archive)
    settings = read_settings(data_dir=given.data_dir)
    engine = await open_database(settings)
    try:
        origins = await read_origins(engine, settings.org)
        confirmed = ConfirmedBackups(engine, origins.org)
        if head.org != origins.org or not await confirmed.has_checkpoint(signed.size, signed.root):
            raise WrongBackupError(reason="it is not of the log that is here")
        if head.begin:
            joined(await read_stored(engine, origins.org, now_ms=wall_clock()), archive)
        elif count := _tell_findings(archive):
            print(
                f"{given.confirm}: {told(archive)}: {count} findings. It cannot be restored: not confirmed."
            )
            return 1
        await confirmed.confirm(begin=head.begin, size=head.size, digest=digest, now_ms=wall_clock())
        covered = await confirmed.covered_now()
    finally:
        await engine.dispose()
    print(f"Confirmed: {told(archive)}. Phones may forget what lies in the first {covered:,} entries.")
    if covered < head.size:
        print("What comes before this tail is not confirmed, so it covers nothing yet.")
    return 0


def told(archive: Archive) -> str:
    """Say what a backup holds."""
    head = archive.head
    at = datetime.fromtimestamp(head.made_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    first = "from its first entry" if not head.begin else f"from entry {head.begin:,}"
    return f"{head.org}, {first} to {head.size:,}, made {at}"
