"""How the tree lies in tiles (C2SP tlog-tiles): which tiles a log of some size has, and which ones an append writes.

A tile of level L holds 256 neighbouring hashes of tree level 8·L, so a hash at level L + 1 is the root of one full
tile below. Tiles only ever grow to the right: a stored tile is overwritten by its wider form, never changed.
Paths and entry bundles, the forms in which tiles are served, stand in `tile_paths`. Corpus:
`c2sp-tlog-tiles/layout.json` and `tessera-tlog-tiles/` of the public vectors.
"""

from collections.abc import Iterator, Sequence

import msgspec

from blockchain_trace.ports import TILE_HEIGHT, TILE_WIDTH, ReadTile, TileName
from domain.merkle import HASH_BYTES, Frontier, merkle_root

_TILE_BYTES = TILE_WIDTH * HASH_BYTES


class Tile(msgspec.Struct, frozen=True):
    """A tile to be written: in place of any narrower form of the same (level, index)."""

    level: int
    index: int
    data: bytes

    @property
    def width(self) -> int:
        """How many hashes it holds."""
        return len(self.data) // HASH_BYTES

    @property
    def name(self) -> TileName:
        """What a reader asks for."""
        return TileName(self.level, self.index, self.width)


class Edge(msgspec.Struct, frozen=True):
    """The right edge of the tree in tiles: all that a log must remember to grow.

    `partials` holds the data of the partial tile of each level, the lowest first, empty where the last tile is full.
    """

    size: int = 0
    partials: tuple[bytes, ...] = ()

    def frontier(self) -> Frontier:
        """Return the frontier of the same tree: its root is what a checkpoint must state."""
        found: list[bytes] = []
        for data in reversed(self.partials):
            at = 0
            for power in reversed(range(TILE_HEIGHT)):
                span = HASH_BYTES << power
                if len(data) & span:
                    found.append(merkle_root(split_hashes(data[at : at + span])))
                    at += span
        return Frontier(self.size, tuple(found))


def split_hashes(data: bytes) -> list[bytes]:
    """Return the hashes that stand side by side in the data of a tile."""
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def tiles_for_append(edge: Edge, leaf_hashes: Sequence[bytes]) -> tuple[Edge, tuple[Tile, ...]]:
    """Return the edge of the tree with these leaves added, and the tiles to write for it, the lowest level first.

    Every tile that changed is there in its last form: tiles that became full, and the partial one of each level that
    grew. Written in one transaction with the entries, the tiles always hold the tree of the last checkpoint.
    """
    partials = list(edge.partials)
    written: list[Tile] = []
    added: Sequence[bytes] = leaf_hashes
    level = 0
    while added:
        if level == len(partials):
            partials.append(b"")
        first = _tiles_below(edge.size, level)
        data = partials[level] + b"".join(added)
        fulls = [data[at : at + _TILE_BYTES] for at in range(0, len(data) - _TILE_BYTES + 1, _TILE_BYTES)]
        partial = data[len(fulls) * _TILE_BYTES :]
        written += [Tile(level, first + number, full) for number, full in enumerate(fulls)]
        if partial:
            written.append(Tile(level, first + len(fulls), partial))
        partials[level] = partial
        added = [merkle_root(split_hashes(full)) for full in fulls]
        level += 1
    return Edge(edge.size + len(leaf_hashes), tuple(partials)), tuple(written)


def read_edge(size: int, read_tile: ReadTile) -> Edge:
    """Return the edge of the tree of this size from its stored tiles, as after a restart.

    Whether the tiles are still what was signed is shown by `edge.frontier().root()` against the last checkpoint.

    Raises MissingTileError.
    """
    partials: list[bytes] = []
    for level in range(_levels(size)):
        width = (size >> TILE_HEIGHT * level) % TILE_WIDTH
        partials.append(read_tile(level, _tiles_below(size, level), width) if width else b"")
    return Edge(size, tuple(partials))


def edge_tiles(size: int) -> tuple[TileName, ...]:
    """Return the tiles that `read_edge` reads."""
    return tuple(tile for tile in tiles_of(size, since=size) if tile.width < TILE_WIDTH)


def tiles_of(size: int, *, since: int = 0) -> Iterator[TileName]:
    """Yield every tile of a tree of this size, level by level, but for those already full at size `since`."""
    for level in range(_levels(size)):
        for index in range(_tiles_below(since, level), _tiles_below(size, level)):
            yield TileName(level, index, TILE_WIDTH)
        width = (size >> TILE_HEIGHT * level) % TILE_WIDTH
        if width:
            yield TileName(level, _tiles_below(size, level), width)


def tile_width(size: int, level: int, index: int) -> int:
    """Return how many hashes the tile has in a tree of this size; none when the tree does not reach it."""
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - index * TILE_WIDTH))


def _tiles_below(size: int, level: int) -> int:
    """Return how many tiles of the level are full, which is the index of the next one."""
    return size >> TILE_HEIGHT * (level + 1)


def _levels(size: int) -> int:
    """Return how many levels of tiles the tree has."""
    return (size.bit_length() + TILE_HEIGHT - 1) // TILE_HEIGHT
