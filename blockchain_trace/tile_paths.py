"""How tiles and entries are served (C2SP tlog-tiles): paths below the prefix of a log, and bundles of entries.

A bundle says where each entry ends and nothing else. Gobi serves bundles only to those who may read the operations;
the tiles of hashes are public.
"""

import re
from collections.abc import Sequence
from typing import Final

from blockchain_trace.ports import TILE_WIDTH, TileName
from domain.canonical import MalformedError

ENTRY_BYTES_MAX: Final = 65_535
"""What the two bytes of length before an entry can say."""
LEVEL_MAX: Final = 63
INDEX_DIGITS_MAX: Final = 18
"""Six path elements: 10^18 tiles, more than a 63-bit tree has; a longer path is not worth parsing."""

_PATH: Final = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)"
    r"/(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


def tile_path(name: TileName) -> str:
    """Return where a tile is served, below the prefix of its log."""
    return f"tile/{name.level}/{_index_path(name.index)}{_width_path(name.width)}"


def bundle_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return where the bundle is served that holds `width` entries from number `index` · 256 on."""
    return f"tile/entries/{_index_path(index)}{_width_path(width)}"


def parse_tile_path(path: str) -> TileName | None:
    """Return the tile that a path names, or None when it names a bundle (see `parse_bundle_path`).

    Raises MalformedError for any other path, however close.
    """
    level, index, width = _parse(path)
    return None if level == "entries" else TileName(int(level), index, width)


def parse_bundle_path(path: str) -> tuple[int, int] | None:
    """Return (index, width) of the bundle that a path names, or None when it names a tile of hashes.

    Raises MalformedError for any other path, however close.
    """
    level, index, width = _parse(path)
    return (index, width) if level == "entries" else None


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return the bundle of entries, each after its length in two bytes."""
    assert all(len(entry) <= ENTRY_BYTES_MAX for entry in entries), "an op is far below the limit of a bundle"
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def decode_bundle(data: bytes, width: int = TILE_WIDTH) -> list[bytes]:
    """Return the `width` entries of a bundle.

    Raises MalformedError when it holds fewer or more, or ends within one.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data) and len(entries) < width:
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise MalformedError(reason=f"a bundle that ends within entry {len(entries)}")
        entries.append(data[at + 2 : end])
        at = end
    if len(entries) != width or at != len(data):
        raise MalformedError(reason=f"a bundle of other than {width} entries")
    return entries


def _parse(path: str) -> tuple[str, int, int]:
    match = _PATH.fullmatch(path)
    if match is None:
        raise MalformedError(reason="not the path of a tile")
    level, index, width = match["level"], match["index"], match["width"]
    groups = index.replace("x", "").split("/")
    # One tile has one path: no leading group of zeros, and a full tile is not written as a partial one.
    if len(groups) > 1 and groups[0] == "000":
        raise MalformedError(reason="the path of a tile has leading zeros")
    if width is not None and int(width) >= TILE_WIDTH:
        raise MalformedError(reason=f"a partial tile of {width} hashes")
    if level != "entries" and int(level) > LEVEL_MAX:
        raise MalformedError(reason=f"level {level} of a tile")
    return level, int("".join(groups)), TILE_WIDTH if width is None else int(width)


def _index_path(index: int) -> str:
    assert 0 <= index < 10**INDEX_DIGITS_MAX
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *heads, last = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "".join(f"x{head}/" for head in heads) + last


def _width_path(width: int) -> str:
    assert 1 <= width <= TILE_WIDTH
    return "" if width == TILE_WIDTH else f".p/{width}"
