"""`gobi backup`, `gobi restore` and `gobi recover` as an operator types them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from api.cli.main import EXIT_REFUSED, main
from tests.contracts.databases import POSTGRESQL, database_url

if TYPE_CHECKING:
    from pathlib import Path

ORGS = ("lvyuan", "qinghe")


async def _main(*line: str) -> int:
    return await asyncio.to_thread(main, list(line))


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
