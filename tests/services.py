"""What tests may need from outside: running services and installed programs, and how to reach them.

Mark a test with `@pytest.mark.needs_service("postgresql")`. Where the service is absent the test is
skipped and the run ends with a list of what was absent; with `GOBI_REQUIRE_SERVICES=1`, as in CI, it
fails instead, so that nothing is left out unseen.
"""

from __future__ import annotations

import os
import shutil
import socket
from functools import cache
from typing import TYPE_CHECKING, Final

from tests.tools.private_postgres import programs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

POSTGRESQL_URL: Final = os.environ.get(
    "GOBI_TEST_POSTGRESQL", "postgresql+asyncpg://postgres@127.0.0.1:5432/test"
)
"""A database that tests may fill; each makes and drops a schema of its own."""

CHROMIUM_ARGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
"""Chromium refuses its sandbox to root, and must not call home from a test."""


@cache
def chromium_path() -> str | None:
    """Where the browser is, if there is one; `GOBI_CHROMIUM` names another."""
    named = os.environ.get("GOBI_CHROMIUM")
    if named:
        return shutil.which(named)
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


def _listens(port: int) -> Callable[[], bool]:
    def probe() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
        except OSError:
            return False

    return probe


def _installed(program: str) -> Callable[[], bool]:
    return lambda: shutil.which(program) is not None


_PROBES: Final[Mapping[str, Callable[[], bool]]] = {
    "chromium": lambda: chromium_path() is not None,
    "espeak-ng": _installed("espeak-ng"),
    "mosquitto": _listens(1883),
    "nats": _listens(4222),
    "node": _installed("node"),
    "postgresql": _listens(5432),
    "postgresql-programs": lambda: programs() is not None,
}


@cache
def is_present(service: str) -> bool:
    """Whether `service` answers; asked once per process. An unknown name is a bug of the test."""
    assert service in _PROBES, f"no probe for {service!r}; known: {', '.join(_PROBES)}"
    return _PROBES[service]()


def are_required() -> bool:
    """Whether an absent service fails its tests instead of skipping them."""
    return os.environ.get("GOBI_REQUIRE_SERVICES", "") not in {"", "0"}
