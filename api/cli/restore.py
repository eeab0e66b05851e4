"""`gobi restore` and `gobi recover`: a server comes back from a backup, and goes on."""

import argparse
import asyncio
import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from api.backups.archive import WrongBackupError, read_archive
from api.backups.derive import check, derive, joined
from api.backups.recover import Recovering, go_on_with_tail, keep_origin, open_origin, standing
from api.backups.stored import rebuild
from api.bootstrap import open_database
from api.cli.options import Commands, add_data, command
from api.origins import NotFoundedError, read_origins
from api.settings import SECRET_BYTES, SettingError, Settings, read_settings
from storage.engine import is_sqlite
from sync_engine.genesis import ROOT_SIGNATURES

_RESTORE: Final = """\
Fill an empty database from a backup and its tails: every table is derived from the log anew, and checked.

  gobi restore gobi-1123.backup gobi-1123-1.backup --data /srv/gobi

Put `secrets/` back yourself, and `last-signed` if the old disk still has it; never a copy of it from a backup.
"""
_RECOVER: Final = """\
A server that was restored to less than it signed starts without signing: phones send again what they keep. This says
how it goes on. Stop the server first.

  gobi recover                      what is known of what is missing
  gobi recover --tail FILE          the identical log: rebuild it from a tail
  gobi recover --new-origin         go on under a new name, which names the lost head; asks for two root keys
  gobi recover --same-origin        only the file `last-signed` is lost: this is the newest log there is
"""


def add(commands: Commands) -> None:
    """Add the subcommands."""
    made = command(commands, "restore", _restore, brief="fill an empty database from a backup", text=_RESTORE)
    made.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a backup, then its tails")
    add_data(made)
    made = command(commands, "recover", _recover, brief="say how a restored server goes on", text=_RECOVER)
    how = made.add_mutually_exclusive_group()
    how.add_argument("--tail", type=Path, metavar="FILE", help="entries that the log lacks")
    how.add_argument("--new-origin", action="store_true", help="declare the rest lost")
    how.add_argument("--same-origin", action="store_true", help="nothing is lost but the file last-signed")
    add_data(made)


def _restore(given: argparse.Namespace) -> int:
    archive, _ = read_archive(given.files[0])
    for path in given.files[1:]:
        archive = joined(archive, read_archive(path)[0])
    derived = derive(archive)
    findings = check(archive, derived)
    for finding in findings:
        print(f"  {finding.table}: {finding.about}: {finding.problem}")
    if findings:
        raise WrongBackupError(reason=f"{len(findings)} things in it do not follow from its log")

    async def fill(settings: Settings) -> None:
        engine = await open_database(settings)
        try:
            await _refuse_filled(engine, settings, archive.head.org)
            await rebuild(engine, archive, derived)
        finally:
            await engine.dispose()

    asyncio.run(fill(read_settings(data_dir=given.data_dir)))
    print(f"{derived.org}: {len(derived.appended):,} entries restored, up to {_time(derived.server_ms)}.")
    print("Next: put secrets/ back, then gobi serve. It says whether it signed more than this.")
    return 0


async def _refuse_filled(engine: AsyncEngine, settings: Settings, org: str) -> None:
    try:
        # A file is of one organisation; a database server holds any number.
        origins = await read_origins(engine, "" if is_sqlite(engine) else org)
    except NotFoundedError:
        return
    raise SettingError(name="restore", reason=f"{origins.org!r} is there already, in {settings.data_dir}")


def _recover(given: argparse.Namespace) -> int:
    settings = read_settings(data_dir=given.data_dir)
    if given.tail is not None:
        left = asyncio.run(go_on_with_tail(settings, given.tail))
        if left is None:
            print(
                "The log is again the one that was signed. Start the server: it goes on under its old origin."
            )
            return 0
        _tell(left)
        return 1
    if given.same_origin:
        kept = asyncio.run(keep_origin(settings))
        print(f"{kept.origin} goes on from {kept.size:,} entries. Start the server.")
        return 0
    if given.new_origin:
        lost, origin = asyncio.run(open_origin(settings, _root_seeds()))
        print(f"The log goes on as {origin}.")
        _tell_lost(lost)
        print("Start the server: what waits beside the log is taken at once, and phones send the rest.")
        return 0
    _tell(asyncio.run(standing(settings)))
    return 1


def _root_seeds() -> list[bytes]:
    """Read two root keys: unseen from a terminal, otherwise a line each."""
    seeds = []
    for number in range(1, ROOT_SIGNATURES + 1):
        prompt = f"Root key {number} of {ROOT_SIGNATURES} (64 hex digits): "
        line = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()
        try:
            seed = bytes.fromhex("".join(line.split()))
        except ValueError:
            seed = b""
        if len(seed) != SECRET_BYTES:
            raise SettingError(name="root keys", reason=f"key {number} is not {SECRET_BYTES} bytes in hex")
        seeds.append(seed)
    return seeds


def _tell(now: Recovering) -> None:
    print(f"{now.org}: the log has {now.size:,} entries, up to {_time(now.restored_ms)} ({now.origin}).")
    if now.lost:
        print(f"It signed {now.signed_size:,}: {now.lost:,} entries are missing.")
    elif now.is_pin_lost:
        print("The file last-signed is gone: nobody knows whether it signed more.")
    print(f"{now.shown_by} devices showed newer heads; {now.waiting:,} ops of devices wait beside the log.")
    print("See gobi recover --help.")


def _tell_lost(lost: Recovering) -> None:
    print(
        f"Declared lost: entries {lost.size:,} to {lost.signed_size:,} of {lost.origin}, recorded after "
        f"{_time(lost.restored_ms)}. Of these, {lost.waiting:,} ops of devices are back and wait; what the server "
        "itself recorded there (imports, enrolments, grants, leases, times and verdicts) is lost."
    )


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
