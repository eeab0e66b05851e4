"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("domain", "storage", "sync_engine", "blockchain_trace", "iot_ingest", "voice", "api")
FEATURES: Final = ("sync_engine", "blockchain_trace", "iot_ingest", "voice")
NOT_OURS: Final = frozenset({".git", ".venv", "node_modules", "dist", "generated", "__pycache__", "var"})
BINARY: Final = frozenset({".png", ".wasm", ".zip", ".gz", ".woff2", ".ico", ".wav", ".jpg", ".pdf", ".bin"})

FILE_LINES_MAX: Final = 500
FUNCTION_LINES_MAX: Final = 70
"""A reader holds one screen and a half in mind; past these a file or function has two subjects."""

BANNED_NAMES: Final = frozenset({"utils", "util", "helpers", "helper", "manager", "misc", "common", "shared"})
"""Names that say nothing about what is inside, and so attract everything."""

OUTLIERS: Final[Mapping[str, int]] = {
    "domain/kinds.py": 681,  # one struct per kind of operation: a table, read by entry
}
"""Path, or `path:function` → lines that it has today. May shrink, never grow; delete when within the limit."""


@cache
def _files() -> tuple[Path, ...]:
    def walk(folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if path.name in NOT_OURS or path.is_symlink():
                continue
            if path.is_dir():
                if (
                    not (path.name.startswith(".") and path.name.endswith("_cache"))
                    and path.name != ".hypothesis"
                ):
                    yield from walk(path)
            elif path.suffix not in BINARY:
                yield path

    return tuple(walk(ROOT))


def _named(*suffixes: str) -> list[Path]:
    return [path for path in _files() if path.suffix in suffixes]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(_text(path), filename=str(path))


def _lines_over_limit() -> dict[str, int]:
    found: dict[str, int] = {}
    for path in _named(".py", ".ts", ".tsx"):
        lines = _text(path).count("\n")
        if lines > FILE_LINES_MAX:
            found[_name(path)] = lines
        if path.suffix == ".py":
            for node in ast.walk(_tree(path)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                    lines = node.end_lineno - node.lineno + 1
                    if lines > FUNCTION_LINES_MAX:
                        found[f"{_name(path)}:{node.name}"] = lines
    return found


def test_every_package_has_a_layer() -> None:
    settings = tomllib.loads(_text(ROOT / "pyproject.toml"))["tool"]["importlinter"]
    layers = next(c for c in settings["contracts"] if c["type"] == "layers")["layers"]
    layered = {name.strip() for layer in layers for name in layer.split("|")}
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}

    assert found == layered == set(settings["root_packages"]) == set(PACKAGES)


def test_every_folder_of_a_package_is_a_package() -> None:
    folders = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert [_name(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_front_page_of_a_package_is_its_readme_and_nothing_else(package: str) -> None:
    module = _tree(ROOT / package / "__init__.py")
    assert ast.get_docstring(module)
    assert len(module.body) == 1


def test_a_file_is_named_for_what_is_inside() -> None:
    code = _named(".py", ".ts", ".tsx")
    assert [_name(p) for p in code if BANNED_NAMES & {p.stem, p.parent.name}] == []


def test_files_and_functions_stay_within_a_readers_memory() -> None:
    found = _lines_over_limit()
    grown = {name: lines for name, lines in found.items() if lines > OUTLIERS.get(name, 0)}
    healed = [name for name in OUTLIERS if name not in found]

    assert grown == {}, f"split by noun, or argue for an entry in OUTLIERS: {grown}"
    assert healed == [], "delete these from OUTLIERS"


def test_no_file_names_a_registry() -> None:
    # A lock must install from any mirror: it pins hashes, and the machine decides where from.
    named = re.compile(
        r'"resolved": "|--(extra-)?index-url|--trusted-host|--find-links|^registry\s*=|https?://registry\.',
        re.MULTILINE,
    )
    mine = Path(__file__)
    assert [_name(p) for p in _files() if p != mine and named.search(_text(p))] == []


def test_no_file_names_a_path_of_one_machine() -> None:
    here = re.compile(r"(?<![\w.~/-])/(?:work/|tmp/go" + r"bi|home/|Users/|root/)")
    assert [_name(p) for p in _files() if p != Path(__file__) and here.search(_text(p))] == []


def test_settings_are_read_in_one_place() -> None:
    reads = re.compile(r"\bos\.(environ|getenv)\b")
    readers = {
        _name(p) for package in PACKAGES for p in (ROOT / package).rglob("*.py") if reads.search(_text(p))
    }
    assert readers <= {"api/settings.py"}


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = [
        (code, f"{_name(path)}:{node.name}")
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ClassDef)
        if (code := _code_of(node)) is not None
    ]
    by_code: dict[str, list[str]] = {}
    for code, name in codes:
        by_code.setdefault(code, []).append(name)

    assert {code: names for code, names in by_code.items() if len(names) > 1} == {}
    assert [code for code in by_code if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", code)] == []


def _code_of(node: ast.ClassDef) -> str | None:
    for line in node.body:
        match line:
            case ast.AnnAssign(
                target=ast.Name(id="code"), annotation=ast.Subscript(), value=ast.Constant(value=str(code))
            ):
                return code
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                return code
            case _:
                continue
    return None


def test_every_finding_that_is_waved_through_says_why() -> None:
    waved = re.compile(
        r"#\s*(noqa: ?[A-Z0-9, ]+|type: ignore\[[a-z-, ]+\]|pyright: ignore\[\w+\])(.*)$", re.MULTILINE
    )
    silent = [
        f"{_name(path)}: {match.group(0)}"
        for package in PACKAGES  # a test may well pass the wrong type on purpose
        for path in (ROOT / package).rglob("*.py")
        for match in waved.finditer(_text(path))
        if len(match.group(2).strip(" #-:")) < len("because")
    ]
    assert silent == [], "\n".join(silent)
