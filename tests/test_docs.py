"""Every document can be followed: links lead somewhere, fences close, one title each."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
_LINK: Final = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|!\[[^\]\n]*\]\(([^)\s]+)\)")
_FENCE: Final = re.compile(r"^ {0,3}(```+|~~~+)")


def _documents() -> list[str]:
    return sorted(
        path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    )


def _prose(text: str) -> list[str]:
    """The lines outside code fences, code spans emptied: what may hold links and headings."""
    lines: list[str] = []
    fence = ""
    for line in text.splitlines():
        opens = _FENCE.match(line)
        if opens and not fence:
            fence = opens.group(1)
        elif fence:
            fence = "" if line.strip().startswith(fence) else fence
        else:
            lines.append(re.sub(r"`[^`]*`", lambda span: "`" + "x" * (len(span.group()) - 2) + "`", line))
    assert not fence, "a code fence is never closed"
    return lines


@cache
def _anchors(path: Path) -> frozenset[str]:
    """The anchors of a document, by the rule of the forges: lower case, punctuation out, dashes in."""
    anchors: set[str] = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            slug = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading.group(1)).lower()).replace(" ", "-")
            count = sum(
                1 for known in anchors if known == slug or re.fullmatch(re.escape(slug) + r"-\d+", known)
            )
            anchors.add(f"{slug}-{count}" if count else slug)
    return frozenset(anchors)


@pytest.mark.parametrize("document", _documents())
def test_every_link_of_a_document_leads_somewhere(document: str) -> None:
    path = ROOT / document
    broken: list[str] = []
    for match in _LINK.finditer("\n".join(_prose(path.read_text(encoding="utf-8")))):
        target = match.group(1) or match.group(2)
        if re.match(r"[a-z][a-z+.-]*:", target):
            continue
        file, _, anchor = target.partition("#")
        goal = (path.parent / file).resolve() if file else path
        if not goal.exists() or (anchor and goal.suffix == ".md" and anchor not in _anchors(goal)):
            broken.append(target)

    assert broken == []


@pytest.mark.parametrize("document", _documents())
def test_a_document_has_one_title(document: str) -> None:
    titles = [line for line in _prose((ROOT / document).read_text(encoding="utf-8")) if line.startswith("# ")]
    assert len(titles) == 1
