"""The corpus of assertions is what the rules answer; TypeScript answers the same (`pwa/tests/assertion.test.ts`)."""

from __future__ import annotations

import pytest

from tests.tools.make_identity_vectors import FOLDER, documents


@pytest.mark.parametrize("name", documents())
def test_the_committed_corpus_is_what_the_rules_answer(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == documents()[name]
