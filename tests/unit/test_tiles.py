"""Tiles: a log of any size lies in the files of the standard, and growing never changes what was written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockchain_trace.ports import TILE_WIDTH, MissingTileError, TileName, TilesInMemory
from blockchain_trace.tile_paths import (
    bundle_path,
    decode_bundle,
    encode_bundle,
    parse_bundle_path,
    parse_tile_path,
    tile_path,
)
from blockchain_trace.tiles import Edge, edge_tiles, read_edge, tile_width, tiles_for_append, tiles_of
from domain.canonical import MalformedError
from domain.merkle import Frontier, leaf_hash

if TYPE_CHECKING:
    from pathlib import Path

LEAVES = [leaf_hash(b"%d" % number) for number in range(70_000)]


def _grow(*sizes: int) -> tuple[Edge, dict[tuple[int, int], bytes]]:
    edge, held = Edge(), dict[tuple[int, int], bytes]()
    for size in sizes:
        edge, written = tiles_for_append(edge, LEAVES[edge.size : size])
        for tile in written:
            before = held.get((tile.level, tile.index), b"")
            assert tile.data.startswith(before), "a tile only ever grows"
            held[tile.level, tile.index] = tile.data
    return edge, held


def test_paths_are_those_of_the_standard(vectors: Path) -> None:
    layout = json.loads((vectors / "c2sp-tlog-tiles" / "layout.json").read_text())
    for case in layout["paths"]:
        width = case["width"] or TILE_WIDTH
        if case["level"] == "entries":
            assert bundle_path(case["index"], width) == case["path"]
            assert parse_bundle_path(case["path"]) == (case["index"], width)
        else:
            name = TileName(case["level"], case["index"], width)
            assert tile_path(name) == case["path"]
            assert parse_tile_path(case["path"]) == name


def test_a_log_of_a_size_has_the_tiles_of_the_standard(vectors: Path) -> None:
    layout = json.loads((vectors / "c2sp-tlog-tiles" / "layout.json").read_text())
    for case in layout["tiles_by_tree_size"]:
        found = list(tiles_of(case["size"]))
        for level in case["levels"]:
            mine = [tile for tile in found if tile.level == level["level"]]
            assert sum(tile.width == TILE_WIDTH for tile in mine) == level["full"]
            partial = [tile.width for tile in mine if tile.width < TILE_WIDTH]
            assert sum(partial) == level["partial_width"]


@pytest.mark.parametrize(
    "path", ["tile/0/00", "tile/0/x000/001", "tile/64/000", "tile/0/000.p/256", "tile/0/1"]
)
def test_a_path_that_is_nearly_one_is_refused(path: str) -> None:
    with pytest.raises(MalformedError):
        parse_tile_path(path)


@given(st.lists(st.integers(1, 70_000), min_size=1, max_size=8))
def test_however_a_log_grows_its_tiles_are_the_same(sizes: list[int]) -> None:
    sizes = sorted(set(sizes))
    edge, held = _grow(*sizes)
    whole, at_once = _grow(sizes[-1])

    assert held == at_once
    assert edge == whole
    assert {(name.level, name.index): name.width for name in tiles_of(sizes[-1])} == {
        place: len(data) // 32 for place, data in held.items()
    }


@given(st.integers(0, 70_000))
def test_the_edge_is_found_again_from_its_tiles(size: int) -> None:
    edge, held = _grow(size) if size else (Edge(), {})
    wanted = {(name.level, name.index): held[name.level, name.index] for name in edge_tiles(size)}
    found = read_edge(size, TilesInMemory(wanted))

    assert found.frontier().root() == edge.frontier().root()
    assert edge.frontier().root() == Frontier().append_many(LEAVES[:size]).root()


def test_a_tile_that_is_too_narrow_is_missing() -> None:
    with pytest.raises(MissingTileError):
        TilesInMemory({(0, 0): LEAVES[0]})(0, 0, 2)
    assert tile_width(70_000, 1, 1) == 17


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=TILE_WIDTH))
def test_a_bundle_holds_its_entries_and_nothing_else(entries: list[bytes]) -> None:
    data = encode_bundle(entries)
    assert decode_bundle(data, len(entries)) == entries
    for wrong in (data + b"\0", data[:-1]):
        with pytest.raises(MalformedError):
            decode_bundle(wrong, len(entries))
