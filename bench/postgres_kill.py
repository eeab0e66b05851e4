"""Kills of servers over one PostgreSQL, and of PostgreSQL itself: what was acknowledged is there, once, in one log.

Three `gobi serve` processes, six phones that meet any of them and send again what was not answered. Blows fall at
random: SIGKILL of a server, the end of a session that commits, a server that stands still while its session ends and
wakes later, a crash of the database. `value` counts ops that were lost, doubled, changed or forked.
"""

import asyncio
import random
import tempfile
import time
from pathlib import Path
from typing import Any


def run(kills: int = 40) -> dict[str, Any]:
    """Strike so many times."""
    from tests.tools.fleet_day import FleetDay  # noqa: PLC0415 - only who measures this needs the tools of the tests
    from tests.tools.private_postgres import PrivatePostgres  # noqa: PLC0415 - as above

    seed = random.randrange(2**32)
    postgres = PrivatePostgres()
    try:
        with tempfile.TemporaryDirectory() as name:
            began = time.monotonic()
            tally = asyncio.run(FleetDay(Path(name), postgres, seed=seed).run(kills))
            seconds = time.monotonic() - began
    finally:
        postgres.stop()
    wrong = tally.lost + tally.acked_lost + tally.doubled + tally.not_accepted + tally.moved + tally.forked
    return {
        "name": "postgres-kill",
        "value": wrong + len(tally.findings),
        "unit": "ops lost, doubled, changed or forked, and findings",
        "floor": 0,
        "kills": tally.kills,
        **tally.kinds,
        "recorded": tally.recorded,
        "acked": tally.acked,
        "answered": tally.answered,
        "unanswered": tally.unanswered,
        "redelivered": tally.redelivered,
        "findings": tally.findings[:20],
        "seed": seed,
        "seconds": round(seconds),
    }
