"""Every document can be followed: links lead somewhere, commands and paths exist, fences close, one title each."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from api.cli.main import parser
from api.imports.columns import COLUMNS

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


def _lines_of_fences(text: str) -> list[str]:
    """The lines inside code fences."""
    lines: list[str] = []
    fence = ""
    for line in text.splitlines():
        opens = _FENCE.match(line)
        if opens and not fence:
            fence = opens.group(1)
        elif fence and line.strip().startswith(fence):
            fence = ""
        elif fence:
            lines.append(line)
    return lines


def _commands(document: str) -> list[list[str]]:
    """What a reader is told to run, as words: `NAME=value` before it and comments left out."""
    found: list[list[str]] = []
    for line in _lines_of_fences((ROOT / document).read_text(encoding="utf-8")):
        words = shlex.split(line, comments=True) if line.count('"') % 2 == 0 and "'" not in line else []
        while words and re.match(r"[A-Z_]+=", words[0]):
            del words[0]
        found.append(words)
    return found


@pytest.mark.parametrize("document", _documents())
def test_every_command_of_a_document_is_one(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for words in _commands(document):
        if words[:1] in (["gobi"], [".venv/bin/gobi"]) and "--help" not in words:
            parser().parse_args(words[1:])
        if words[:1] == ["make"]:
            assert {word for word in words[1:] if "=" not in word and word[0] != "-"} <= targets


def _places(path: str) -> list[Path]:
    """Where a path is: a module may be named without its suffix, `domain/ops`."""
    return [found for suffix in ("", ".py", ".ts") if (found := ROOT / f"{path}{suffix}").exists()]


@pytest.mark.parametrize("document", _documents())
def test_every_path_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(r"`((?:api|bench|docs|domain|pwa|storage|sync_engine|tests)/[\w./-]+)`", text)
    built = "pwa/dist"
    assert [path for path in named if path != built and not any(_places(path))] == []


def test_every_column_of_an_import_is_named() -> None:
    text = (ROOT / "docs" / "operating" / "importing.md").read_text(encoding="utf-8")
    for table, columns in COLUMNS.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{table}`"))
        required, others = row.split("|")[2:4]
        for column in columns:
            assert f"`{column.name}`" in (required if column.required else others), (table, column.name)
