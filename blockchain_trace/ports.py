"""What the log needs from whatever stores it, and how a tile is named."""

from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from domain.errors import FaultError
from domain.merkle import HASH_BYTES

TILE_WIDTH: Final = 256
"""Hashes in a full tile (C2SP tlog-tiles): eight levels of the tree in 8 KiB."""
TILE_HEIGHT: Final = 8
"""Levels of the tree from one level of tiles to the next."""


class TileName(msgspec.Struct, frozen=True, order=True):
    """One form of a tile: partial while narrower than `TILE_WIDTH`, and then a prefix of every later form."""

    level: int
    index: int
    width: int


class MissingTileError(FaultError):
    """A tile that the tree of this size must have is not held: the store lost it, or never got it."""

    code = "tile-missing"

    def __init__(self, *, level: int, index: int, width: int) -> None:
        super().__init__(f"no tile {index} at level {level} of {width} hashes", retryable=False)
        self.level = level
        self.index = index
        self.width = width


class ReadTile(Protocol):
    """Where tiles come from.

    What a proof reads can be named beforehand (`inclusion_tiles`, `consistency_tiles`), so an asynchronous
    store is asked once and the proof computed from `TilesInMemory`.
    """

    def __call__(self, level: int, index: int, width: int) -> bytes:
        """Return the first `width` hashes of a tile, cut from a later form where only that is held.

        Raises MissingTileError when fewer are held.
        """
        ...


class TilesInMemory:
    """Tiles by (level, index), each in the widest form that is held."""

    __slots__ = ("_data",)

    def __init__(self, data: Mapping[tuple[int, int], bytes]) -> None:
        self._data = data

    def __call__(self, level: int, index: int, width: int) -> bytes:
        """See `ReadTile`."""
        data = self._data.get((level, index), b"")[: width * HASH_BYTES]
        if len(data) != width * HASH_BYTES:
            raise MissingTileError(level=level, index=index, width=width)
        return data
