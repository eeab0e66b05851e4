"""The composition root: where every feature meets its adapters and each other. Nothing else imports adapters.

A house is one organisation's running server: its database, its one sequencer, its signed log, and what the API itself
keeps. Features never import each other, so the sequencer is handed the log that signs here.
"""

import secrets as chance
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from api.backups.confirmed import ConfirmedBackups
from api.clock import Clock, wall_clock
from api.dpop import Proofs, ProofsInMemory
from api.founding import Founding, genesis_fields, refuse_unsigned
from api.origins import NotFoundedError, read_origins
from api.settings import SECRET_BYTES, Secrets, SettingError, Settings, read_secrets
from api.stores.codes import CodeStore
from api.stores.evidence import EvidenceStore
from api.stores.proofs import StoredProofs
from api.stores.reads import Reads
from api.stores.unread import UnreadStore
from blockchain_trace.adapters.pin_file import PinFile
from blockchain_trace.adapters.stored_tiles import StoredLog
from blockchain_trace.log import TransparencyLog
from blockchain_trace.note import SignerKey, parse_vkey
from domain import kinds
from storage.engine import is_sqlite, open_engine, sqlite_url
from storage.migrate import migrate
from sync_engine.adapters.faults import as_faults
from sync_engine.adapters.ledger_store import StoredLedger
from sync_engine.adapters.presented_store import StoredPresented
from sync_engine.adapters.snapshot_store import StoredSnapshots
from sync_engine.bucket_token import BucketTokens
from sync_engine.commit import Commit
from sync_engine.genesis import ROOT_KEYS
from sync_engine.ledger import Ledger
from sync_engine.seal import raw_key
from sync_engine.sequencer import Sequencer
from sync_engine.snapshotter import Snapshotter

DATABASE: Final = "gobi.sqlite3"
PIN: Final = "last-signed"
EPOCH_BITS: Final = 53


class House(Struct, frozen=True, kw_only=True):
    """One organisation's server with all that its routes use."""

    settings: Settings
    secrets: Secrets
    engine: AsyncEngine
    org: str
    log_vkey: str
    """The key by which others verify checkpoints."""
    sequencer: Sequencer
    log: StoredLog
    codes: CodeStore
    evidence: EvidenceStore
    unread: UnreadStore
    reads: Reads
    snapshots: StoredSnapshots
    snapshotter: Snapshotter
    bucket_tokens: BucketTokens
    proofs: Proofs
    backups: ConfirmedBackups
    opened_ms: int
    """When this process began."""
    clock: Clock

    @property
    def ledger(self) -> Ledger:
        """The ledger as it stands now. Read it before the next `await`."""
        return self.sequencer.ledger

    @property
    def genesis(self) -> kinds.Genesis:
        """How the organisation began."""
        genesis = self.ledger.directory.genesis
        assert genesis is not None, "a house stands on a genesis"
        return genesis


async def open_database(settings: Settings) -> AsyncEngine:
    """Return the engine of the settings' database, brought to the schema of this version. Raises FaultError."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = open_engine(settings.database_url or sqlite_url(settings.data_dir / DATABASE))
    try:
        async with as_faults():
            await migrate(engine)
    except BaseException:
        await engine.dispose()
        raise
    return engine


async def wire_house(
    settings: Settings,
    engine: AsyncEngine,
    clock: Clock,
    *,
    open_store: Callable[[AsyncEngine, str], StoredLedger] = StoredLedger,
) -> House:
    """Return the house of the organisation that a database holds; its sequencer does not run yet.

    `open_store` may give a store that fails as a simulated disk does.

    Raises NotFoundedError, SettingError.
    """
    origins = await read_origins(engine, settings.org)
    secrets = read_secrets(settings.data_dir)
    refuse_other_keys(origins.last, secrets)
    log = TransparencyLog(
        origin=origins.key.name,
        key=SignerKey(origins.key.name, secrets.log_key),
        pin=PinFile(settings.data_dir / PIN),
        lost=origins.lost,
    )
    store = open_store(engine, origins.org)
    return _wire(settings, secrets, engine, origins.org, log, clock, store=store)


@asynccontextmanager
async def open_house(settings: Settings, clock: Clock = wall_clock) -> AsyncIterator[House]:
    """Run the server of the organisation that the database holds.

    Raises NotFoundedError, SettingError, FaultError.
    """
    engine = await open_database(settings)
    try:
        house = await wire_house(settings, engine, clock)
        await house.sequencer.start()
        house.snapshotter.start()
        try:
            yield house
        finally:
            await house.snapshotter.stop()
            await house.sequencer.stop()
    finally:
        await engine.dispose()


async def found_house(
    settings: Settings, founding: Founding, clock: Clock = wall_clock, *, root_seeds: Sequence[bytes] = ()
) -> tuple[bytes, ...]:
    """Begin an organisation, and return the seeds of its root keys: for paper, kept nowhere.

    A file is of one organisation; a database server holds any number, each with a data folder of its own.

    Raises SettingError when there is one already, FaultError.
    """
    seeds = tuple(root_seeds) or tuple(chance.token_bytes(SECRET_BYTES) for _ in range(ROOT_KEYS))
    engine = await open_database(settings)
    try:
        try:
            org = (await read_origins(engine, "" if is_sqlite(engine) else founding.org)).org
        except NotFoundedError:
            pass
        else:
            raise SettingError(name="found", reason=f"{org!r} is there already, in {settings.data_dir}")
        secrets = read_secrets(settings.data_dir)
        origin = f"gobi.localhost/{founding.org}" if not settings.public_url else _origin(settings, founding)
        log = TransparencyLog(
            origin=origin, key=SignerKey(origin, secrets.log_key), pin=PinFile(settings.data_dir / PIN)
        )
        house = _wire(settings, secrets, engine, founding.org, log, clock)
        fields = genesis_fields(
            founding,
            server_key=raw_key(secrets.server_key.public_key()),
            log_key=house.log_vkey,
            root_seeds=seeds,
        )
        refuse_unsigned(founding.org, fields)

        def begin(ledger: Ledger, now_ms: int) -> Commit:
            return ledger.found(fields, epoch=chance.randbits(EPOCH_BITS), now_ms=now_ms)

        await house.sequencer.start()
        try:
            await house.sequencer.found(begin)
        finally:
            await house.sequencer.stop()
    finally:
        await engine.dispose()
    return seeds


def _origin(settings: Settings, founding: Founding) -> str:
    """The name of the log (C2SP): a URL without its scheme, which stays when the server moves."""
    return f"{settings.public_url.partition('://')[2]}/{founding.org}"


def refuse_other_keys(genesis: kinds.Genesis, secrets: Secrets) -> None:
    """Check that the secrets are those of an organisation.

    Raises SettingError.
    """
    signer = SignerKey(parse_vkey(genesis.log_key).name, secrets.log_key)
    if signer.verifier.vkey != genesis.log_key or raw_key(secrets.server_key.public_key()) != genesis.key:
        raise SettingError(name="secrets", reason="they are not those of the organisation in this database")


def _wire(
    settings: Settings,
    secrets: Secrets,
    engine: AsyncEngine,
    org: str,
    log: TransparencyLog,
    clock: Clock,
    *,
    store: StoredLedger | None = None,
) -> House:
    sequencer = Sequencer(
        store=store or StoredLedger(engine, org),
        sealer=log,
        new_ledger=lambda: Ledger(org, secrets.organisation, secrets.server_key),
        now_ms=clock,
        presented=StoredPresented(engine, org),
    )
    snapshots = StoredSnapshots(engine, org)
    return House(
        settings=settings,
        secrets=secrets,
        engine=engine,
        org=org,
        log_vkey=log.verifier.vkey,
        sequencer=sequencer,
        log=StoredLog(engine, org),
        codes=CodeStore(engine, org),
        evidence=EvidenceStore(engine, org),
        unread=UnreadStore(engine, org),
        reads=Reads(engine, org),
        snapshots=snapshots,
        snapshotter=Snapshotter(store=snapshots, sequencer=sequencer, org=org, now_ms=clock),
        bucket_tokens=BucketTokens(secrets.dpop, org),
        proofs=_proofs(secrets, engine, org),
        backups=ConfirmedBackups(engine, org),
        opened_ms=clock(),
        clock=clock,
    )


def _proofs(secrets: Secrets, engine: AsyncEngine, org: str) -> Proofs:
    """Processes that share a ledger share their nonces and what was used; one alone begins anew with each start."""
    if is_sqlite(engine):
        return Proofs(secrets.dpop + chance.token_bytes(SECRET_BYTES), ProofsInMemory())
    return Proofs(secrets.dpop, StoredProofs(engine, org))
