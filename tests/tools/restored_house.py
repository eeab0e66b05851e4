"""A company on a real disk whose server is backed up, lost and restored, with phones that lived through it."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from api.backups.archive import read_archive, write_archive
from api.backups.derive import derive, joined
from api.backups.stored import read_stored, rebuild, tail_of
from api.bootstrap import PIN, House, found_house, open_database, open_house
from api.cli.doctor import examine
from api.founding import Founding
from api.routes.sync import exchange
from api.settings import Settings
from domain.ops import LeafHash, device_id, device_secret
from sync_engine.commit import Intention
from sync_engine.phone import Enrolment, Phone
from sync_engine.seal import raw_key
from sync_engine.wire import SyncReply, decode_request, encode_reply
from tests.tools.op_chain import private_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

START_MS = 1_795_400_000_000
SEEDS = tuple(bytes([number]) * 32 for number in range(1, 4))
PEOPLE = {"liu": "picker", "zhang": "picker", "limin": "manager"}


@dataclass
class Day:
    """A company, its data folder, and its phones; time moves with every act."""

    folder: Path
    now_ms: int = START_MS
    database_url: str = ""
    chance: Random = field(default_factory=lambda: Random(7))
    phones: dict[str, Phone] = field(default_factory=dict)
    acknowledged: dict[str, list[LeafHash]] = field(default_factory=dict)

    def __call__(self) -> int:
        return self.now_ms

    @property
    def settings(self) -> Settings:
        return Settings(
            data_dir=self.folder, public_url="https://stock.example", database_url=self.database_url
        )

    async def found(self) -> None:
        founding = Founding(org="lvyuan", name="绿原", admin="limin", admin_name="李敏")
        await found_house(self.settings, founding, self, root_seeds=SEEDS)
        async with self.open() as house:
            said = [
                Intention("set", (None, (), "item", "TOM-5", [["name", "番茄"], ["unit", "each"]])),
                Intention(
                    "adjust", (None, (), "opening", [["TOM-5", "1121", "virtual:opening", "R1", 1000]])
                ),
                *(Intention("grant", (None, (), person, role)) for person, role in PEOPLE.items()),
            ]
            await house.sequencer.record(said)
            for person in PEOPLE:
                await self.hire(house, person)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[House]:
        async with open_house(self.settings, self) as house:
            yield house

    # --- phones ----------------------------------------------------------------------------------------------------

    async def hire(self, house: House, person: str, name: str = "") -> Phone:
        key = private_key(len(self.phones) + 1)
        public = raw_key(key.public_key())
        body = (None, (), device_id(public), public, name or person, person, "phone")
        [(_, enrol)] = await house.sequencer.record([Intention("enrol", body)])
        secret = device_secret(house.secrets.organisation, device_id(public))
        phone = Phone(key, Enrolment("lvyuan", secret, LeafHash(enrol)), lambda: self.chance.getrandbits(53))
        phone.seen, phone.checkpoint = house.sequencer.head.seen, house.sequencer.head.note
        self.phones[name or person] = phone
        expires_ms, nonce = START_MS + 90 * 86_400_000, self.chance.randbytes(16)
        digest = phone.sign_in(
            person, expires_ms=expires_ms, nonce=nonce, wall_ms=self.now_ms, mono_ms=self._mono_ms
        )
        self.acknowledged.setdefault(name or person, []).append(digest)
        await self.sync(house, name or person)
        return phone

    def record(self, name: str, kind: str, *fields: Any, names: Sequence[bytes] = ()) -> LeafHash:
        self.now_ms += 1_000
        digest = self.phones[name].record(
            kind, fields, wall_ms=self.now_ms, mono_ms=self._mono_ms, names=names
        )
        self.acknowledged.setdefault(name, []).append(digest)
        return digest

    def pick(self, name: str, qty: int = 1) -> LeafHash:
        return self.record(name, "pick", None, None, [["TOM-5", "1121", "R1", "T1", qty]])

    async def sync(self, house: House, name: str) -> SyncReply:
        phone = self.phones[name]
        self.now_ms += 500
        wall_ms, mono_ms = self.now_ms, self._mono_ms
        request = decode_request(phone.request(wall_ms=wall_ms, mono_ms=mono_ms))
        reply = await exchange(house, request, is_proven=True)
        return phone.receive(
            encode_reply(reply),
            sent_wall_ms=wall_ms,
            sent_mono_ms=mono_ms,
            received_wall_ms=wall_ms,
            received_mono_ms=mono_ms,
        )

    async def sync_all(self, house: House, rounds: int = 2) -> None:
        for _ in range(rounds):
            for name in self.phones:
                await self.sync(house, name)

    @property
    def _mono_ms(self) -> int:
        return self.now_ms - START_MS

    # --- disks -----------------------------------------------------------------------------------------------------

    async def back_up(self, name: str, begin: int = 0) -> Path:
        """Write a backup file beside the data folder; the server may run."""
        path = self.folder.parent / f"{name}.backup"
        engine = await open_database(self.settings)
        try:
            whole = await read_stored(engine, "lvyuan", now_ms=self.now_ms)
            write_archive(path, tail_of(whole, begin) if begin else whole)
        finally:
            await engine.dispose()
        return path

    async def restored(self, folder: Path, *paths: Path, keeps_pin: bool = True, url: str = "") -> Day:
        """The same company on a new disk, filled from backups; the phones go on from where they are."""
        _copy_kept(self.folder, folder, keeps_pin=keeps_pin)
        phones = {name: phone.clone() for name, phone in self.phones.items()}
        acknowledged = {name: list(found) for name, found in self.acknowledged.items()}
        day = Day(folder, self.now_ms, url, Random(11), phones, acknowledged)
        archive, _ = read_archive(paths[0])
        for path in paths[1:]:
            archive = joined(archive, read_archive(path)[0])
        engine = await open_database(day.settings)
        try:
            await rebuild(engine, archive, derive(archive))
        finally:
            await engine.dispose()
        return day

    # --- what must hold --------------------------------------------------------------------------------------------

    def missing(self, house: House) -> list[tuple[str, str]]:
        """Ops that a phone acknowledged to its user and that the log does not have."""
        return [
            (name, digest.hex()[:8])
            for name, found in self.acknowledged.items()
            for digest in found
            if house.ledger.fold.index_of(digest) is None
        ]

    async def findings(self) -> list[Any]:
        """What `gobi doctor` says."""
        _, ledger, log = await examine(self.settings)
        return [*ledger.findings, *log.findings]


def _copy_kept(old: Path, new: Path, *, keeps_pin: bool) -> None:
    """Bring along what is in no backup."""
    shutil.copytree(old / "secrets", new / "secrets")
    if keeps_pin:
        shutil.copy(old / PIN, new / PIN)
