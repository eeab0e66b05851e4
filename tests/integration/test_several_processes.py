"""Three servers over one PostgreSQL, killed and cut off in mid-commit: nothing is lost, doubled, forked or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.tools.fleet_day import FleetDay
from tests.tools.private_postgres import PrivatePostgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KILLS: Final = 12


@pytest.fixture
def postgres() -> Iterator[PrivatePostgres]:
    server = PrivatePostgres()
    yield server
    server.stop()


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.needs_service("postgresql-programs")
async def test_nothing_is_lost_doubled_or_forked_while_servers_and_their_database_are_killed(
    postgres: PrivatePostgres, tmp_path: Path
) -> None:
    tally = await FleetDay(tmp_path, postgres, seed=12).run(KILLS)
    assert tally.is_well, tally
    assert tally.kills == KILLS
    assert tally.acked > 50
    assert tally.redelivered > 0
