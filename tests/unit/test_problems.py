"""Every refusal and every fault has a status and a document, and none says more than its caller may know."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.imports.reasons import REASONS
from api.problems import STATUSES, problem, status_of
from api.routes.enrolment import UnknownEnrolmentCodeError
from sync_engine.ports import LedgerUnavailableError

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("domain", "storage", "sync_engine", "blockchain_trace", "iot_ingest", "voice", "api")


def codes() -> Iterator[str]:
    """The `code` of every class, read from the source: importing a module is not needed to find its refusals."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    yield from (code for line in node.body if (code := _code(line)) is not None)


def _code(line: ast.stmt) -> str | None:
    match line:
        case ast.AnnAssign(
            target=ast.Name(id="code"), annotation=ast.Subscript(), value=ast.Constant(value=str(code))
        ):
            return code
        case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
            return code
        case _:
            return None


CODES = sorted(set(codes()))


@pytest.mark.parametrize("code", CODES)
def test_every_refusal_and_fault_has_a_status(code: str) -> None:
    assert code in STATUSES


@pytest.mark.parametrize("code", sorted({*CODES, *STATUSES}))
def test_every_code_that_a_caller_may_meet_is_explained(code: str) -> None:
    page = ROOT / "docs" / "errors" / f"{code}.md"
    assert page.is_file()
    assert page.read_text(encoding="utf-8").startswith(f"# {code}\n")


def test_no_document_explains_a_code_that_nobody_raises() -> None:
    written = {path.stem for path in (ROOT / "docs" / "errors").glob("*.md")} - {"README"}
    assert written - {*CODES, *STATUSES} == set()


def test_a_fault_is_not_the_callers_and_says_when_to_come_again() -> None:
    assert status_of(LedgerUnavailableError(reason="x")) == 503
    assert status_of(UnknownEnrolmentCodeError()) == 404


_facts = st.dictionaries(
    st.sampled_from(["type", "status", "detail", "title", "reason", "more"]),
    st.one_of(st.text(), st.binary(), st.integers(), st.lists(st.binary(max_size=3)), st.none()),
)


@given(_facts, st.text(max_size=40))
def test_facts_never_take_the_place_of_what_rfc_9457_says(facts: dict[str, object], detail: str) -> None:
    said = json.loads(problem(404, "not-found", detail, facts).content)
    assert (said["type"], said["status"], said["detail"]) == ("/errors/not-found", 404, detail)


def test_reasons_of_bad_rows_are_worded() -> None:
    assert all(zh and en for zh, en in REASONS.values())
