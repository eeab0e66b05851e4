"""How far an op's time may be off: no claim of a device reaches beyond what the server knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.canonical import INT_MAX
from sync_engine.effective_time import effective_time, uncertainty
from tests.tools.company import Company

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
INSTANTS = st.integers(0, 400 * DAY_MS)


@pytest.fixture
def company() -> Company:
    return Company()


def test_a_claim_of_years_throws_no_doubt_on_counts_of_a_later_hour(company: Company) -> None:
    before = company.server.seen
    company.pick("liu", err=INT_MAX)
    company.bring("liu")
    company.now_ms += HOUR_MS
    lines = [["TOM-5", "1121", 990, None, 0]]
    company.record("zhang", "count", "R1", None, False, False, lines, seen=before, err=1000)
    company.bring("zhang")
    assert company.last("liu").err < HOUR_MS
    assert not [finding for finding in company.exceptions() if finding.startswith("contested-count")]


def test_a_claim_within_the_bounds_stands_as_the_device_made_it(company: Company) -> None:
    seen = company.server.seen
    company.now_ms += DAY_MS
    company.pick("liu", err=5_000, seen=seen)
    company.bring("liu", at=company.now_ms + DAY_MS)
    assert company.last("liu").err == 5_000


@given(INSTANTS, INSTANTS, INSTANTS, st.integers(-400 * DAY_MS, 800 * DAY_MS), st.integers(0, INT_MAX))
def test_the_interval_holds_the_true_instant_whenever_the_bounds_or_the_claim_do(
    a: int, b: int, c: int, clock: int, claimed: int
) -> None:
    seen, true, arrived = sorted((a, b, c))
    t = effective_time(clock, seen_ms=seen, arrived_ms=arrived, follows_ms=None)
    err = uncertainty(t, claimed, seen_ms=seen, arrived_ms=arrived)
    assert err <= claimed
    assert err <= arrived - seen
    assert abs(true - t) <= err or err == claimed
