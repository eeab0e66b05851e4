"""Where somebody may record: grants that name places, judged by the sites and plots that an op names (DESIGN §9)."""

from __future__ import annotations

import pytest

from tests.tools.company import Company


@pytest.fixture
def company() -> Company:
    return Company()


def _bound(company: Company, role: str, *places: str) -> None:
    """Wei, who may act at these places alone, of a company with two farms."""
    for place, parent in (("P1", "F1"), ("P2", "F1"), ("P3", "F3"), ("R9", "R1")):
        company.say("set", "place", place, (("parent", parent),))
    company.say("grant", "wei", role, places)
    company.enrol("wei", "wei", 9)


def test_who_may_act_at_one_site_may_not_act_at_another(company: Company) -> None:
    _bound(company, "picker", "R1")
    company.record("wei", "move", None, [["TOM-5", "1121", "R9", "R1", 1]])
    company.bring("wei")
    assert company.verdict("wei") == ("accepted", "")
    tried: list[tuple[str, *tuple[object, ...]]] = [
        ("move", None, [["TOM-5", "1121", "R1", "T1", 1]]),
        ("pick", None, None, [["TOM-5", "1121", "T1", "R1", 1]]),
        ("count", "T1", None, False, False, []),
        ("move", None, [], [["unit", "T1"]]),
        ("deliver", "zhou", None, None, [["TOM-5", "1121", "R1", "", 1]], [["TOM-5", "1121", "T1", 1]]),
    ]
    for kind, *fields in tried:
        company.record("wei", kind, *fields)
        company.bring("wei")
        assert company.verdict("wei") == ("quarantined", "no-right"), fields
    company.record("wei", "pack", "unit", "R9", [["TOM-5", "1121", "R1", "", 1]])
    company.record("wei", "unpack", "unit", [["TOM-5", "1121", "", "R1", 1]])
    company.record("wei", "deliver", "zhou", None, None, [["TOM-5", "1121", "R1", "", 1]])
    company.bring("wei")
    assert company.verdict("wei") == ("accepted", "")


def test_a_farmer_whose_grant_names_a_plot_records_of_no_other(company: Company) -> None:
    _bound(company, "farmer", "P1")
    lines: list[object] = [["PAK", "L1", "", "F1", 5]]
    company.record("wei", "harvest", "P1", lines, [])
    company.record("wei", "farm_work", ["P1"], "weeding", [], "2026-11-20", "2026-11-20")
    company.bring("wei")
    assert company.verdict("wei") == ("accepted", "")
    tried: list[tuple[str, *tuple[object, ...]]] = [
        ("harvest", "P2", lines, []),
        ("harvest", "P1", [["PAK", "L1", "", "F3", 5]], []),
        ("farm_work", ["P1", "P2"], "weeding", [], "2026-11-20", "2026-11-20"),
    ]
    for kind, *fields in tried:
        company.record("wei", kind, *fields)
        company.bring("wei")
        assert company.verdict("wei") == ("quarantined", "no-right"), fields


def test_a_farm_that_a_grant_names_has_all_of_its_plots(company: Company) -> None:
    _bound(company, "farmer", "F1")
    company.record("wei", "farm_work", ["P1", "P2"], "weeding", [], "2026-11-20", "2026-11-20")
    company.bring("wei")
    assert company.verdict("wei") == ("accepted", "")
    company.record("wei", "farm_work", ["P3"], "weeding", [], "2026-11-20", "2026-11-20")
    company.bring("wei")
    assert company.verdict("wei") == ("quarantined", "no-right")


def test_roles_of_the_desk_and_roles_without_places_reach_everywhere(company: Company) -> None:
    _bound(company, "manager", "R1")
    company.record("wei", "move", None, [["TOM-5", "1121", "T1", "R2", 1]])
    company.bring("wei")
    assert company.verdict("wei") == ("accepted", "")
    company.say("revoke", "role", "wei", "manager")
    company.say("grant", "wei", "picker", ("R1",))
    company.say("grant", "wei", "driver")
    company.record("wei", "move", None, [["TOM-5", "1121", "T1", "R2", 1]])
    company.bring("wei")
    assert company.verdict("wei") == ("accepted", "")


def test_a_site_that_was_taken_away_meanwhile_is_a_lapsed_permission(company: Company) -> None:
    _bound(company, "picker", "R1")
    company.record("wei", "move", None, [["TOM-5", "1121", "R9", "R1", 1]])
    company.say("revoke", "role", "wei", "picker")
    company.say("grant", "wei", "picker", ("F1",))
    company.bring("wei")
    assert company.verdict("wei") == ("quarantined", "lapsed-permission")


def test_who_may_not_correct_stock_may_not_do_so_under_another_name(company: Company) -> None:
    company.say("grant", "wei", "picker", None)
    company.enrol("wei", "wei", 9)
    tried: list[tuple[str, *tuple[object, ...]]] = [
        ("pick", None, None, [["TOM-5", "1121", "virtual:opening", "R1", 5]]),
        ("move", None, [["TOM-5", "1121", "R1", "virtual:loss", 5]]),
        ("transform", "sort", [["TOM-5", "1121", "R1", "virtual:shrinkage", 5]], []),
    ]
    for kind, *fields in tried:
        company.record("wei", kind, *fields)
        company.bring("wei")
        assert company.verdict("wei") == ("quarantined", "no-right"), fields
    company.record("wei", "dispose", "crushed", [["TOM-5", "1121", "R1", "", 5]])
    company.bring("wei")
    assert company.verdict("wei") == ("accepted", "")
