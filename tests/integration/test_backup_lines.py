"""`gobi backup`, `gobi restore` and `gobi recover` as an operator types them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from api.backups.archive import Archive, read_archive, write_archive
from api.bootstrap import DATABASE
from api.cli.main import EXIT_REFUSED, main
from storage.engine import open_engine, sqlite_url
from tests.contracts.databases import POSTGRESQL, database_url
from tests.integration.api_house import WORLD

if TYPE_CHECKING:
    from pathlib import Path

ORGS = ("lvyuan", "qinghe")


async def _main(*line: str) -> int:
    return await asyncio.to_thread(main, list(line))


async def _change(file: Path, statement: str) -> None:
    engine = open_engine(sqlite_url(file))
    async with engine.begin() as connection:
        assert (await connection.exec_driver_sql(statement)).rowcount > 0
    await engine.dispose()


async def _found(folder: Path, org: str) -> None:
    names = ("--org", org, "--name", org, "--admin", "li", "--admin-name", "李")
    assert await _main("found", *names, "--data", str(folder)) == 0


@pytest.mark.needs_service("postgresql")
async def test_each_organisation_of_a_database_is_backed_up_recovered_and_restored_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with (
        database_url(POSTGRESQL, tmp_path, "old") as old,
        database_url(POSTGRESQL, tmp_path, "new") as new,
    ):
        monkeypatch.setenv("GOBI_DATABASE_URL", old)
        for org in ORGS:
            await _found(tmp_path / org, org)
        for org in ORGS:
            monkeypatch.setenv("GOBI_ORG", org)
            backup, data = str(tmp_path / f"{org}.backup"), ("--data", str(tmp_path / org))
            assert await _main("backup", backup, *data) == 0
            assert await _main("backup", "--confirm", backup, *data) == 0
            assert await _main("recover", *data) == EXIT_REFUSED
            assert "there is nothing to recover" in capsys.readouterr().err
        monkeypatch.setenv("GOBI_DATABASE_URL", new)
        for org in ORGS:
            monkeypatch.setenv("GOBI_ORG", org)
            backup, data = str(tmp_path / f"{org}.backup"), ("--data", str(tmp_path / org))
            assert await _main("restore", backup, *data) == 0
            assert await _main("restore", backup, *data) == EXIT_REFUSED
            assert f"{org!r} is there already" in capsys.readouterr().err
            assert await _main("doctor", *data) == 0


async def test_what_cannot_be_restored_is_neither_written_nor_confirmed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, data = tmp_path / "data", ("--data", str(tmp_path / "data"))
    good, bad, tail = (tmp_path / name for name in ("good", "bad", "tail"))
    await _found(folder, "lvyuan")
    assert await _main("backup", str(good), *data) == 0
    assert await _main("import", str(WORLD / "items.csv"), *data) == 0
    await _change(folder / DATABASE, "DELETE FROM seals")
    capsys.readouterr()
    assert await _main("backup", str(bad), *data) == 1
    assert await _main("backup", str(tail), "--since", str(good), *data) == 1
    assert "seals" in capsys.readouterr().out
    assert not bad.exists()
    assert not tail.exists()
    whole, _ = read_archive(good)
    write_archive(bad, Archive(whole.head, whole.ops, {**whole.beside, "seals": []}))
    assert await _main("backup", "--confirm", str(bad), *data) == 1
    assert await _main("backup", "--confirm", str(good), *data) == 0
