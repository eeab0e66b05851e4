"""The corpus that Python and TypeScript share: what is committed is what the rules answer."""

from __future__ import annotations

import json

import pytest

from domain.digital_link import build_digital_link, parse_digital_link
from domain.errors import DomainError
from domain.gs1 import parse_bracketed, parse_elements
from tests.tools import make_domain_vectors

PUBLISHED = json.loads((make_domain_vectors.FOLDER / "digital_link_public.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", make_domain_vectors.documents())
def test_the_committed_corpus_is_what_the_rules_answer(name: str) -> None:
    committed = (make_domain_vectors.FOLDER / name).read_text(encoding="utf-8")
    assert committed == make_domain_vectors.documents()[name]


@pytest.mark.parametrize("case", PUBLISHED["parse"], ids=lambda case: case["uri"])
def test_digital_links_are_read_as_the_reference_engine_reads_them(case: dict[str, str]) -> None:
    if case["ok"]:
        assert parse_digital_link(case["uri"]) == parse_elements(case["elements"])
    else:
        with pytest.raises(DomainError):
            parse_digital_link(case["uri"])


@pytest.mark.parametrize("case", PUBLISHED["generate"], ids=lambda case: case["ai"])
def test_digital_links_are_built_as_the_reference_engine_builds_them(case: dict[str, str]) -> None:
    if case["ok"]:
        assert build_digital_link(case["stem"], parse_bracketed(case["ai"])) == case["uri"]
    else:
        with pytest.raises(DomainError):
            build_digital_link(case["stem"], parse_bracketed(case["ai"]))
