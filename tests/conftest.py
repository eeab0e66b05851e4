"""Skips what this machine cannot test, says so at the end, and gives every suite its vectors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, settings

from tests.services import are_required, is_present

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parent.parent
_ABSENT: Final = "absent service"

# Machines differ and are shared, so no test is judged by its time. CI repeats the same examples, so
# that a red run is the fault of its change.
settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("local"), derandomize=True, print_blob=True)
settings.register_profile("nightly", parent=settings.get_profile("local"), max_examples=2_000)
settings.load_profile(os.environ.get("GOBI_HYPOTHESIS", "ci" if os.environ.get("CI") else "local"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail where services are required, before any fixture tries to connect."""
    needed = {name for mark in item.iter_markers("needs_service") for name in mark.args}
    absent = sorted(name for name in needed if not is_present(name))
    if not absent:
        return
    item.user_properties.extend((_ABSENT, name) for name in absent)
    reason = f"{_ABSENT}: {', '.join(absent)}"
    if are_required():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the very end which services were absent and what they left untested."""
    tests_by_service: dict[str, int] = {}
    for report in _reports(terminalreporter):
        for name, value in report.user_properties:
            if name == _ABSENT:
                tests_by_service[str(value)] = tests_by_service.get(str(value), 0) + 1
    if tests_by_service:
        terminalreporter.section("absent services", sep="-")
        for service, count in sorted(tests_by_service.items()):
            terminalreporter.write_line(f"{service}: {count} tests did not run")


def _reports(terminalreporter: pytest.TerminalReporter) -> Iterator[pytest.TestReport]:
    for outcome in ("skipped", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, ()):
            if isinstance(report, pytest.TestReport):
                yield report


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The public test vectors of the standards that we follow, which live beside the repository."""
    folder = Path(os.environ.get("GOBI_VECTORS", ROOT.parent / "shared" / "vectors"))
    if not folder.is_dir():
        pytest.skip(f"no vectors in {folder}; set GOBI_VECTORS")
    return folder
