"""What the ledger refuses of those who ask: promises it cannot keep, and words on what they do not fit."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.tools.company import DAY_MS, Company


@pytest.fixture
def company() -> Company:
    return Company()


def asked(company: Company, kind: str, *fields: object, names: tuple[bytes, ...] = ()) -> tuple[str, str]:
    """The verdict on an intent of the manager."""
    company.record("limin", kind, *fields, names=names)
    company.bring("limin")
    return company.verdict("limin")


def reserve(company: Company, qty: int, *, days: int = 1) -> tuple[str, str]:
    line = ["TOM-5", "1121", "R1", "", qty]
    return asked(company, "reserve", None, [line], company.now_ms + days * DAY_MS)


def test_a_reservation_never_promises_more_than_stands_there(company: Company) -> None:
    assert reserve(company, 600) == ("accepted", "")
    assert reserve(company, 600) == ("refused", "insufficient-atp")
    assert reserve(company, 400) == ("accepted", "")


def test_what_was_promised_until_yesterday_may_be_promised_again(company: Company) -> None:
    assert reserve(company, 1000, days=1) == ("accepted", "")
    company.now_ms += 2 * DAY_MS
    company.take(at=company.now_ms)
    assert reserve(company, 1000) == ("accepted", "")


def test_two_reservations_in_one_commit_cannot_both_have_the_last_box(company: Company) -> None:
    for _ in range(2):
        company.record("limin", "reserve", None, [["TOM-5", "1121", "R1", "", 800]], company.now_ms + DAY_MS)
    company.bring("limin")
    verdicts = [company.entry(digest).verdict for digest in company.chains["limin"].hashes[-2:]]
    assert verdicts == ["accepted", "refused"]


def test_what_was_picked_in_the_same_commit_cannot_be_promised(company: Company) -> None:
    company.pick("liu", 900)
    company.record("limin", "reserve", None, [["TOM-5", "1121", "R1", "", 200]], company.now_ms + DAY_MS)
    company.take(company.delivery("liu"), company.delivery("limin"))
    assert company.verdict("limin") == ("refused", "insufficient-atp")


def test_held_goods_can_be_neither_promised_nor_certified(company: Company) -> None:
    asked(company, "hold", "TOM-5", "1121", None, "hold", "mould")
    hold = company.chains["limin"].prev
    assert reserve(company, 1) == ("refused", "lot-held")
    certificate = ("C-1", [["TOM-5", "1121"]], "番茄", 10, None, "自检合格", "孙梅")
    assert asked(company, "certificate", *certificate) == ("refused", "lot-held")
    assert asked(company, "release", "fine again", names=(hold,)) == ("accepted", "")
    assert asked(company, "certificate", *certificate) == ("accepted", "")


def test_a_certificate_waits_for_the_end_of_the_interval(company: Company) -> None:
    company.record("sun", "farm_work", ["P3"], "spray", [["a", "b", "c", "d", 7]], "2026-11-19", "2026-11-19")
    company.record("sun", "harvest", "P3", [["PAK", "L", "", "F3", 80]])
    company.record("sun", "certificate", "C-1", [["PAK", "L"]], "小白菜", 80, None, "自检合格", "孙梅")
    company.bring("sun")
    assert company.verdict("sun") == ("refused", "inside-pre-harvest-interval")


@pytest.mark.parametrize("kind", ["void", "approve", "close", "resolve", "session"])
def test_some_things_cannot_be_taken_back(company: Company, kind: str) -> None:
    company.pick("liu")
    company.bring("liu")
    pick = company.chains["liu"].prev
    fields: dict[str, tuple[object, ...]] = {
        "void": ("a slip",),
        "approve": ("TOM-5", "1121", "R1", 0),
        "close": (company.now_ms,),
        "resolve": ("accepted", "", "variance"),
        "session": ("limin", company.now_ms + DAY_MS, b"n", "device", None),
    }
    asked(company, kind, *fields[kind], names=(pick,) if kind in {"void", "approve"} else ())
    assert asked(company, "void", "no", names=(company.chains["limin"].prev,)) == ("refused", "not-voidable")


def test_only_a_count_is_approved_and_only_a_hold_released(company: Company) -> None:
    company.pick("liu")
    company.bring("liu")
    pick = company.chains["liu"].prev
    assert asked(company, "approve", "TOM-5", "1121", "R1", 0, names=(pick,)) == ("refused", "not-a-count")
    assert asked(company, "release", "", names=(pick,)) == ("refused", "not-a-hold")


def test_a_word_on_nothing_resolves_nothing(company: Company) -> None:
    assert asked(company, "resolve", "accepted", "") == ("refused", "nothing-to-resolve")
    assert asked(company, "resolve", "accepted", "seen", "variance\x1f9") == ("accepted", "")


@pytest.mark.parametrize("order", list(permutations(("zhang", "limin", "sun"))))
def test_in_whatever_order_one_commit_brings_them_what_is_named_is_judged_first(
    company: Company, order: tuple[str, ...]
) -> None:
    company.say("grant", "sun", "manager")
    company.take()
    company.record("zhang", "count", "R1", None, False, False, [["TOM-5", "1121", 990]])
    company.record(
        "limin", "approve", "TOM-5", "1121", "R1", -10, None, names=(company.chains["zhang"].prev,)
    )
    company.record("sun", "void", "no", names=(company.chains["limin"].prev,))
    company.take(*[company.delivery(name) for name in order])
    verdicts = [company.verdict(name) for name in ("zhang", "limin", "sun")]
    assert verdicts == [("accepted", ""), ("accepted", ""), ("refused", "not-voidable")]
