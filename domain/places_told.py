"""Which lines must say where goods were and went: the kind has no account of its own there (operations.md §4).

Twin: `PLACES_TOLD` in `pwa/src/domain/kinds.ts`.
"""

from typing import Final

_FROM: Final = "from_place"
_TO: Final = "to_place"
PLACES_TOLD: Final[dict[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "move": (("lines", (_FROM, _TO)),),
    "pick": (("lines", (_FROM, _TO)),),
    "ship": (("lines", (_FROM, _TO)),),
    "take": (("lines", (_FROM, _TO)),),
    "receive": (("lines", (_TO,)),),
    "return": (("lines", (_TO,)),),
    "harvest": (("lines", (_TO,)),),
    "unpack": (("lines", (_TO,)),),
    "deliver": (("lines", (_FROM,)),),
    "dispose": (("lines", (_FROM,)),),
    "pack": (("lines", (_FROM,)),),
    "transform": (("inputs", (_FROM,)), ("outputs", (_TO,))),
}
"""Kind → its lines, and the places that each of them states: where the kind has no account of its own to stand in."""


def line_without_place(kind: str, body: object) -> str | None:
    """Return what is wrong with a body whose lines leave a place empty that only they can state, None if nothing is."""
    for field, places in PLACES_TOLD.get(kind, ()):
        for number, line in enumerate(getattr(body, field)):
            if not all(getattr(line, place) for place in places):
                return f"line {number} of its {field} does not say where the goods were or went"
    return None
