"""Making proofs: which subtrees RFC 6962 asks for (2.1.1, 2.1.2), and their roots computed from tiles.

A proof is a list of subtree roots. Each subtree is a range of leaves; a range is cut into perfect subtrees, and each
of those lies within one tile or is one hash of a tile. At most three tiles of a level are read. Checking is in
`verification`.
"""

from collections.abc import Iterator

from blockchain_trace.ports import TILE_HEIGHT, TILE_WIDTH, ReadTile, TileName
from blockchain_trace.tiles import split_hashes, tile_width
from domain.merkle import EMPTY_ROOT, HASH_BYTES, merkle_root, node_hash

_Range = tuple[int, int]


def inclusion_proof(index: int, size: int, read_tile: ReadTile) -> list[bytes]:
    """Return the hashes that join leaf `index` to the root of the tree of `size` leaves, the sibling first.

    Raises MissingTileError.
    """
    return _roots(inclusion_ranges(index, size), size, read_tile)


def consistency_proof(old_size: int, size: int, read_tile: ReadTile) -> list[bytes]:
    """Return the hashes that show that the tree of `old_size` leaves is a prefix of the tree of `size` leaves.

    Empty for equal sizes and, as the witness protocol wants it, from the empty tree.

    Raises MissingTileError.
    """
    return _roots(consistency_ranges(old_size, size), size, read_tile)


def root_at(size: int, read_tile: ReadTile) -> bytes:
    """Return the root of the tree as it was at this size.

    Raises MissingTileError.
    """
    return _roots([(0, size)], size, read_tile)[0] if size else EMPTY_ROOT


def inclusion_tiles(index: int, size: int) -> tuple[TileName, ...]:
    """Return the tiles that `inclusion_proof` reads, each once."""
    return _tiles(inclusion_ranges(index, size), size)


def consistency_tiles(old_size: int, size: int) -> tuple[TileName, ...]:
    """Return the tiles that `consistency_proof` reads, each once."""
    return _tiles(consistency_ranges(old_size, size), size)


def root_tiles(size: int) -> tuple[TileName, ...]:
    """Return the tiles that `root_at` reads, each once."""
    return _tiles([(0, size)], size) if size else ()


def inclusion_ranges(index: int, size: int) -> list[_Range]:
    """Return the ranges of leaves whose roots make the proof: PATH(m, D[n]) of RFC 6962, 2.1.1."""
    assert 0 <= index < size, "a proof is of a leaf of the tree"
    start, end = 0, size
    ranges: list[_Range] = []
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    ranges.reverse()
    return ranges


def consistency_ranges(old_size: int, size: int) -> list[_Range]:
    """Return the ranges of leaves whose roots make the proof: SUBPROOF(m, D[n], true) of RFC 6962, 2.1.2."""
    assert 0 <= old_size <= size, "a log only grows"
    if old_size in {0, size}:
        return []
    start, end = 0, size
    ranges: list[_Range] = []
    while old_size != end:
        middle = start + _largest_power_below(end - start)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    # The old tree itself is known to who checks; any smaller common subtree is not.
    if start:
        ranges.append((start, end))
    ranges.reverse()
    return ranges


def _largest_power_below(number: int) -> int:
    return 1 << (number - 1).bit_length() - 1


def _perfect_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield (tree level, number) of the perfect subtrees of a range that RFC 6962 cuts, the leftmost first."""
    while start < end:
        aligned = (start & -start).bit_length() - 1 if start else end.bit_length()
        level = min(aligned, (end - start).bit_length() - 1)
        yield level, start >> level
        start += 1 << level


def _place(level: int, number: int, size: int) -> tuple[TileName, int, int]:
    """Return the tile that a perfect subtree is computed from, and the first and the count of its hashes there."""
    tile_level, power = divmod(level, TILE_HEIGHT)
    index, first = divmod(number << power, TILE_WIDTH)
    return TileName(tile_level, index, tile_width(size, tile_level, index)), first, 1 << power


def _tiles(ranges: list[_Range], size: int) -> tuple[TileName, ...]:
    found = (
        _place(level, number, size)[0]
        for start, end in ranges
        for level, number in _perfect_subtrees(start, end)
    )
    return tuple(dict.fromkeys(found))


def _roots(ranges: list[_Range], size: int, read_tile: ReadTile) -> list[bytes]:
    held: dict[TileName, bytes] = {}

    def subtree_root(level: int, number: int) -> bytes:
        tile, first, count = _place(level, number, size)
        data = held.get(tile)
        if data is None:
            data = held[tile] = read_tile(tile.level, tile.index, tile.width)
        return merkle_root(split_hashes(data[first * HASH_BYTES : (first + count) * HASH_BYTES]))

    roots: list[bytes] = []
    for start, end in ranges:
        *larger, root = [subtree_root(*subtree) for subtree in _perfect_subtrees(start, end)]
        for left in reversed(larger):
            root = node_hash(left, root)
        roots.append(root)
    return roots
