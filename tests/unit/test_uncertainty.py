"""How far an op's time may be off: no claim of a device reaches beyond what the server knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.canonical import INT_MAX
from sync_engine.effective_time import CLOCK_STEP_MS, effective_time, uncertainty
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


def test_a_clock_that_was_ahead_and_put_right_offline_leaves_the_counts_that_it_crosses_in_doubt(
    company: Company,
) -> None:
    before = company.server.seen
    company.pick("liu", at=company.now_ms + DAY_MS, err=1_000, seen=before)
    # Made right after, by the right clock: it cannot come before the pick, whose time is not known.
    company.record(
        "liu",
        "pick",
        None,
        None,
        [["TOM-5", "1121", "R2", "T1", 1]],
        at=company.now_ms,
        err=1_000,
        seen=before,
    )
    company.now_ms += HOUR_MS
    for place in ("R1", "R2"):
        lines = [["TOM-5", "1121", 990, None, 0]]
        company.record("zhang", "count", place, None, False, False, lines, seen=before, err=1_000)
    company.bring("zhang")
    company.now_ms += HOUR_MS
    company.bring("liu")
    contested = [finding for finding in company.exceptions() if finding.startswith("contested-count")]
    assert len(contested) == 2


@given(INSTANTS, INSTANTS, INSTANTS, st.integers(-400 * DAY_MS, 800 * DAY_MS), st.integers(0, INT_MAX))
def test_the_interval_holds_the_true_instant_whenever_the_claim_does_or_is_refuted(
    a: int, b: int, c: int, clock: int, claimed: int
) -> None:
    seen, true, arrived = sorted((a, b, c))
    t = effective_time(clock, seen_ms=seen, arrived_ms=arrived, follows_ms=None)
    err = uncertainty(t, claimed, corrected_at=clock, seen_ms=seen, arrived_ms=arrived)
    is_refuted = abs(t - clock) > claimed + CLOCK_STEP_MS
    assert err <= arrived - seen
    assert abs(true - t) <= err or not (is_refuted or abs(true - clock) <= claimed)
