"""Closed periods (DESIGN §5): reports are frozen, the ledger is not, and both can be asked."""

from tests.tools.fold_log import FoldLog, at, line

KEY = ("MLK", "1120", "R2")


def month() -> FoldLog:
    """Twenty come and five go before the close; three more that went before it are told after it."""
    log = FoldLog()
    log.log("adjust", "opening", [line("MLK", "1120", "virtual:opening", "R2", 20)], t=at("06:00"))
    log.log("pick", None, None, [line("MLK", "1120", "R2", "T1", 5)], t=at("07:00"))
    log.log("close", at("08:00"), t=at("09:00"))
    log.log("pick", None, None, [line("MLK", "1120", "R2", "T1", 3)], t=at("07:30"), by=2)
    return log


def test_the_ledger_folds_each_op_at_its_own_instant() -> None:
    assert month().fold().balances(at("08:00"))[KEY] == (12, 0, False)


def test_a_closed_period_reports_what_was_known_when_it_was_closed() -> None:
    assert month().fold().reported(at("08:00"))[KEY] == (15, 0, False)
    assert month().fold().reported(at("06:30"))[KEY] == (20, 0, False)


def test_what_came_late_is_posted_at_the_next_open_instant() -> None:
    fold = month().fold()
    assert fold.reported(at("08:00") + 1)[KEY] == (12, 0, False)
    assert fold.reported()[KEY] == (12, 0, False)
    assert fold.carried(at("08:00"))[KEY] == (-3, 0, False)


def test_a_void_after_the_close_does_not_reach_into_the_report() -> None:
    log = month()
    log.log("void", "never left", t=at("10:00"), names=(log.entries[1].hash,))
    fold = log.fold()
    assert fold.reported(at("08:00"))[KEY] == (15, 0, False)
    assert fold.balances(at("08:00"))[KEY] == (17, 0, False)


def test_a_verdict_after_the_close_does_not_reach_into_the_report() -> None:
    from sync_engine.logged import VerdictChange  # noqa: PLC0415  # beside its one use

    log = FoldLog()
    log.log("adjust", "opening", [line("MLK", "1120", "virtual:opening", "R2", 20)], t=at("06:00"))
    log.log(
        "pick",
        None,
        None,
        [line("MLK", "1120", "R2", "T1", 5)],
        t=at("07:00"),
        verdict="quarantined",
        code="stale",
    )
    log.log("close", at("08:00"), t=at("09:00"))
    fold = log.fold()
    fold.amend([VerdictChange(1, "accepted", "", at("07:00"), 0, stated_at=4)])
    assert fold.reported(at("08:00"))[KEY] == (20, 0, False)
    assert fold.balances(at("08:00"))[KEY] == (15, 0, False)


def test_the_first_close_that_covers_an_instant_freezes_it() -> None:
    log = month()
    log.log("close", at("08:30"), t=at("09:30"))
    fold = log.fold()
    assert fold.reported(at("08:00"))[KEY] == (15, 0, False)
    assert fold.reported(at("08:30"))[KEY] == (12, 0, False)
    assert fold.closes() == [(at("08:00"), 2), (at("08:30"), 4)]
