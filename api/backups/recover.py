"""How a restored server goes on: with the identical log, rebuilt from a tail, or under a new origin (log.md §6)."""

import secrets as chance
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from api.backups.archive import Archive, WrongBackupError, read_archive
from api.backups.derive import derive, joined
from api.backups.stored import read_stored, rebuild
from api.bootstrap import EPOCH_BITS, PIN, open_database, refuse_other_keys
from api.clock import Clock, wall_clock
from api.origins import Origins, read_origins
from api.settings import Secrets, SettingError, Settings, read_secrets
from blockchain_trace.adapters.pin_file import PinFile
from blockchain_trace.log import LostHead, PinLostError, SignedHead, TransparencyLog
from blockchain_trace.note import SignerKey
from domain.errors import DomainError
from domain.kinds import Genesis, parse_body
from sync_engine.adapters.ledger_store import StoredLedger
from sync_engine.adapters.presented_store import StoredPresented
from sync_engine.commit import Commit
from sync_engine.genesis import genesis_fault, reopened_genesis
from sync_engine.ledger import Ledger
from sync_engine.sequencer import Sequencer

ORIGIN_TIME: Final = "%Y%m%d%H%M%S"


class NotRecoveringError(DomainError):
    """The log is what was last signed: there is nothing to recover."""

    code: ClassVar[str] = "not-recovering"

    def __init__(self) -> None:
        super().__init__("the log is the one that was last signed: there is nothing to recover")


class NewerHeadKnownError(DomainError):
    """The same origin cannot go on: devices showed a head of it that this log does not have."""

    code: ClassVar[str] = "newer-head-known"

    def __init__(self, *, size: int, signed_size: int) -> None:
        super().__init__(
            f"the log has {size} entries, and {signed_size} were signed under this origin: "
            "it needs its tail, or a new origin"
        )
        self.size, self.signed_size = size, signed_size


class Recovering(Struct, frozen=True, kw_only=True):
    """What a restored server lacks, as far as anybody knows."""

    org: str
    origin: str
    size: int
    """Entries that it has."""
    root: bytes
    restored_ms: int
    """Server time of the last thing that it has."""
    signed_size: int
    """Of the largest head that is known to have been signed; `size` where none is known."""
    signed_root: bytes
    is_pin_lost: bool
    shown_by: int
    """Devices that showed a head which it does not have."""
    waiting: int
    """Ops that wait beside the log, sent by devices since."""

    @property
    def lost(self) -> int:
        """Entries that were signed and are not here."""
        return max(0, self.signed_size - self.size)


class _Open(Struct, frozen=True):
    settings: Settings
    engine: AsyncEngine
    origins: Origins
    secrets: Secrets
    pin: PinFile
    sequencer: Sequencer
    log: TransparencyLog
    standing: Recovering

    def sequencer_under(self, log: TransparencyLog, clock: Clock) -> Sequencer:
        org, secrets = self.origins.org, self.secrets
        return Sequencer(
            store=StoredLedger(self.engine, org),
            sealer=log,
            new_ledger=lambda: Ledger(org, secrets.organisation, secrets.server_key),
            now_ms=clock,
        )


async def standing(settings: Settings) -> Recovering:
    """Return what a restored server lacks. It must not run.

    Raises NotRecoveringError, NotFoundedError, SettingError, FaultError.
    """
    async with _opened(settings) as found:
        return found.standing


async def go_on_with_tail(settings: Settings, path: Path, clock: Clock = wall_clock) -> Recovering | None:
    """Rebuild the log with a tail behind it; return what it still lacks, None when it is the one that was signed.

    Raises WrongBackupError, NotRecoveringError, NotFoundedError, SettingError, FaultError; then nothing changed.
    """
    async with _opened(settings) as found:
        tail, _ = read_archive(path)
        archive = await read_stored(found.engine, found.origins.org, now_ms=clock())
        whole = joined(_without_waiting(archive), tail)
        if len(whole.ops) == len(archive.ops):
            raise WrongBackupError(reason=f"it ends at {tail.head.size}, where this log is already")
        derived = derive(whole)
        await found.sequencer.stop()
        await rebuild(found.engine, whole, derived)
    try:
        return await standing(settings)
    except NotRecoveringError:
        return None


async def keep_origin(settings: Settings) -> Recovering:
    """Vouch that this is the newest log there is, where the record of the last signed size is gone.

    Raises NewerHeadKnownError when a larger one is known; NotRecoveringError, SettingError, FaultError.
    """
    async with _opened(settings) as found:
        now = found.standing
        if not now.is_pin_lost or now.shown_by:
            raise NewerHeadKnownError(size=now.size, signed_size=now.signed_size)
        found.pin.replace(SignedHead(now.size, now.root))
        return now


async def open_origin(
    settings: Settings, root_seeds: Sequence[bytes], clock: Clock = wall_clock
) -> tuple[Recovering, str]:
    """Go on under a new origin whose genesis names the lost head; return what was lost, and the new name.

    A crash at any instant leaves the server recovering, or under the new origin.

    Raises SettingError when fewer than two of the three root keys are given; NotRecoveringError, FaultError.
    """
    async with _opened(settings) as found:
        lacks, origins, now_ms = found.standing, found.origins, clock()
        stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime(ORIGIN_TIME)
        origin = f"{origins.keys[0][1].name}/{stamp}"
        key = SignerKey(origin, found.secrets.log_key)
        lost = LostHead(lacks.origin, lacks.signed_size, lacks.signed_root, lacks.size)
        fields = reopened_genesis(
            lacks.org,
            origins.first,
            log_key=key.verifier.vkey,
            follows=(lost.origin, lost.size, lost.root, lost.kept),
            root_seeds=root_seeds,
        )
        _refuse_unsigned(lacks.org, fields)
        log = TransparencyLog(
            origin=origin, key=key, pin=found.pin, lost=(*origins.lost, lost), before=origins.key
        )
        await found.sequencer.stop()
        sequencer = found.sequencer_under(log, clock)

        def reopen(ledger: Ledger, now_ms: int) -> Commit:
            epoch = chance.randbits(EPOCH_BITS)
            return ledger.reopen(fields, epoch=epoch, now_ms=now_ms, seen=sequencer.head.seen)

        try:
            await sequencer.found(reopen, anew=True)
        finally:
            await sequencer.stop()
        return lacks, origin


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[_Open]:
    engine = await open_database(settings)
    try:
        origins = await read_origins(engine, settings.org)
        secrets = read_secrets(settings.data_dir)
        refuse_other_keys(origins.last, secrets)
        pin = PinFile(settings.data_dir / PIN)
        name = origins.key.name
        log = TransparencyLog(origin=name, key=SignerKey(name, secrets.log_key), pin=pin, lost=origins.lost)
        sequencer = Sequencer(
            store=StoredLedger(engine, origins.org),
            sealer=log,
            new_ledger=lambda: Ledger(origins.org, secrets.organisation, secrets.server_key),
            now_ms=wall_clock,
            presented=StoredPresented(engine, origins.org),
        )
        try:
            async with sequencer.at_rest() as rest:
                await rest.cut.close()
                if log.refusal is None:
                    raise NotRecoveringError
                lacks = await _lacks(rest.ledger, log, pin, engine, origins, rest.head.root)
            yield _Open(settings, engine, origins, secrets, pin, sequencer, log, lacks)
        finally:
            await sequencer.stop()
    finally:
        await engine.dispose()


async def _lacks(
    ledger: Ledger, log: TransparencyLog, pin: PinFile, engine: AsyncEngine, origins: Origins, root: bytes
) -> Recovering:
    shown = [
        (one, head)
        for one in await StoredPresented(engine, origins.org).all()
        if (head := log.read(one.note)) is not None
        and ledger.sight.counted((head.size, head.root[:16])) is None
    ]
    name = origins.key.name
    heads = [LostHead(one.note.partition("\n")[0], one.size, one.root, ledger.size) for one, _ in shown]
    pinned = pin.read()
    if pinned is not None and pinned.size > ledger.size:
        heads.append(LostHead(name, pinned.size, pinned.root, ledger.size))
    # The pin does not say under which name; a note of the same head, before it in the list, does.
    largest = max(heads, key=lambda head: head.size, default=LostHead(name, ledger.size, root, ledger.size))
    return Recovering(
        org=origins.org,
        origin=largest.origin,
        size=ledger.size,
        root=root,
        restored_ms=ledger.server_ms,
        signed_size=largest.size,
        signed_root=largest.root,
        is_pin_lost=isinstance(log.refusal, PinLostError) or pinned is None,
        shown_by=len({one.device for one, _ in shown}),
        waiting=sum(
            frame.last_seq - frame.first_seq + 1
            for device in ledger.directory.devices()
            for frame in ledger.waiting(device.id)
        ),
    )


def _without_waiting(archive: Archive) -> Archive:
    """What waits beside the log stays where it is: it is in the database already."""
    beside = {name: records for name, records in archive.beside.items() if name != "waiting_frames"}
    return Archive(archive.head, archive.ops, beside)


def _refuse_unsigned(org: str, fields: Sequence[object]) -> None:
    genesis = parse_body(Genesis.kind, (None, (), *fields))
    assert isinstance(genesis, Genesis), "a kind of this version"
    if (fault := genesis_fault(org, genesis)) is not None:
        raise SettingError(name="root keys", reason=f"two of the three on paper are needed: {fault}")
