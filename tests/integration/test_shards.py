"""Two organisations in one database: each is a shard, and whatever one does touches no row of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from api.bootstrap import found_house, open_house
from api.cli.doctor import examine
from api.dpop import ProofError
from api.founding import Founding
from api.routes.enrolment import EnrolmentAsked, make_code
from api.settings import SettingError, Settings
from api.stores.codes import Code
from api.stores.evidence import Evidence
from storage.engine import open_engine
from storage.tables import metadata
from sync_engine.commit import Delivery, Intention
from tests.contracts.databases import POSTGRESQL, database_url
from tests.tools.op_chain import Chain, private_key

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncEngine

    from api.bootstrap import House

pytestmark = pytest.mark.needs_service("postgresql")


async def _rows_of(engine: AsyncEngine, org: str) -> dict[str, list[Any]]:
    """Every row of an organisation in every table."""
    async with engine.connect() as connection:
        return {
            table.name: [
                tuple(record)
                for record in await connection.execute(
                    select(table).where(table.c.org == org).order_by(*table.primary_key.columns)
                )
            ]
            for table in metadata.sorted_tables
        }


async def _work(house: House) -> None:
    """Touch every table that a day touches."""
    item = Intention("set", (None, (), "item", "TOM-5", [["name", "番茄"]]))
    await house.sequencer.record([item, Intention("grant", (None, (), "liu", "picker", None))])
    await make_code(house, EnrolmentAsked(person="liu", purpose="phone"), server_url="http://localhost")
    await house.codes.use("none", now_ms=house.clock())
    await house.codes.put("a-code", Code(person=None, name="x", purpose="phone", expires_ms=1), now_ms=0)
    await house.evidence.put(b"e" * 32, Evidence("image/png", b"photo"), device=b"d" * 16, now_ms=1)
    with pytest.raises(ProofError):
        await house.proofs.check("none", b"k" * 65, method="GET", url="http://x/", now_ms=house.clock())
    stranger = Chain(private_key(99))
    stranger.record("pick", None, None, [["TOM-5", "1121", "R1", "T1", 40]])
    await house.sequencer.submit(Delivery(device=None, now_ms=None, run=None, frames=[stranger.frame()]))


async def test_what_one_organisation_does_touches_no_row_of_another(tmp_path: Path) -> None:
    assert all("org" in table.primary_key.columns for table in metadata.sorted_tables)
    async with database_url(POSTGRESQL, tmp_path, "shards") as url:
        settings = {
            org: Settings(data_dir=tmp_path / org, database_url=url, org=org) for org in ("lvyuan", "qinghe")
        }
        for org, told in settings.items():
            await found_house(told, Founding(org=org, name=org, admin="limin", admin_name="李敏"))
        engine = open_engine(url)
        async with open_house(settings["lvyuan"]) as house, open_house(settings["qinghe"]) as other:
            await _work(house)
            before = await _rows_of(engine, "lvyuan")
            await _work(other)
            assert await _rows_of(engine, "lvyuan") == before
            assert {name for name, rows in before.items() if rows} == {
                name for name, rows in (await _rows_of(engine, "qinghe")).items() if rows
            }
            assert house.ledger.size == other.ledger.size
        async with engine.connect() as connection:
            orgs = {
                org
                for table in metadata.sorted_tables
                for org in (await connection.execute(select(table.c.org).distinct())).scalars()
            }
            assert orgs == {"lvyuan", "qinghe"}
            assert (
                await connection.execute(select(func.count()).select_from(metadata.tables["ops"]))
            ).scalar()
        await engine.dispose()
        for org, told in settings.items():
            named, ledger, log = await examine(told)
            assert (named, list(ledger.findings), list(log.findings)) == (org, [], [])


async def test_where_there_are_several_the_server_must_be_told_which(tmp_path: Path) -> None:
    async with database_url(POSTGRESQL, tmp_path, "which") as url:
        for org in ("lvyuan", "qinghe"):
            told = Settings(data_dir=tmp_path / org, database_url=url)
            await found_house(told, Founding(org=org, name=org, admin="limin", admin_name="李敏"))
        with pytest.raises(SettingError, match="lvyuan, qinghe"):
            async with open_house(told):
                pass
        with pytest.raises(SettingError, match="is there already"):
            await found_house(told, Founding(org="qinghe", name="x", admin="x", admin_name="x"))
