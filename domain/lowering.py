"""What an op does to stock: double-entry movements and observations. Pure; the table of operations.md §4.

Registers, holds, money and identity read the typed bodies themselves; only what moves or observes quantities is
lowered here. Twin: `pwa/src/domain/lowering.ts`; corpus: `tests/vectors/fold/`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from domain import kinds
from domain.kinds import ESTIMATED, Body, Line

OPENING: Final = "virtual:opening"
TRANSFORM: Final = "virtual:transform"
LOSS: Final = "virtual:loss"
VARIANCE: Final = "virtual:variance"
SUSPENSE: Final = "virtual:suspense"
ROUNDING: Final = "virtual:rounding"
SHRINKAGE: Final = "virtual:shrinkage"

RESIDUAL_LOT: Final = "?"
"""Where a count without lots leaves its difference until a count by lot absorbs it."""


def partner_place(partner: str) -> str:
    """The account of a partner: what we delivered to it less what came back."""
    return f"partner:{partner}"


def plot_place(plot: str) -> str:
    """The account of a plot: what was harvested from it, negative."""
    return f"plot:{plot}"


def lpn_place(lpn: str) -> str:
    """A logistic unit as a place: its contents are balances."""
    return f"lpn:{lpn}"


def is_physical(place: str) -> bool:
    """Whether goods can stand there: our own places and logistic units, not accounts."""
    return ":" not in place or place.startswith("lpn:")


class Movement(NamedTuple):
    """Quantities of one item and lot leave one place and reach another; `line` orders them within the op."""

    line: int
    item: str
    lot: str
    from_place: str
    to_place: str
    qty: int
    weight: int
    estimated: bool
    picked: bool
    """A person chose this lot here: FEFO and expiry are judged."""
    serials: tuple[str, ...] | None


class Observation(Struct, frozen=True):
    """What a count says: its scope, and its lines each at its own instant before the close."""

    place: str
    items: frozenset[str] | None
    complete: bool
    lines: tuple[kinds.CountLine, ...]


class Residue(NamedTuple):
    """The lot is finished here: the balance at that instant goes to shrinkage."""

    item: str
    lot: str
    place: str


class Lowered(NamedTuple):
    """All that one op does to stock."""

    movements: Sequence[Movement] = ()
    observation: Observation | None = None
    residue: Residue | None = None


NOTHING: Final = Lowered()


def _movements(
    lines: Sequence[Line],
    from_default: str = "",
    to_default: str = "",
    *,
    first: int = 0,
    picked: bool = False,
) -> Iterator[Movement]:
    for number, line in enumerate(lines, first):
        if not (line.qty or line.weight):
            continue  # the record that nothing moved
        yield Movement(
            number,
            line.item,
            line.lot,
            line.from_place or from_default,
            line.to_place or to_default,
            line.qty,
            line.weight or 0,
            bool(line.flags & ESTIMATED),
            picked,
            line.serials,
        )


def _plain(body: kinds.Move | kinds.Ship | kinds.Take) -> Lowered:
    return Lowered(tuple(_movements(body.lines)))


def _pick(body: kinds.Pick) -> Lowered:
    return Lowered(tuple(_movements(body.lines, picked=True)))


def _from_partner(body: kinds.Receive | kinds.Return) -> Lowered:
    return Lowered(tuple(_movements(body.lines, from_default=partner_place(body.partner))))


def _deliver(body: kinds.Deliver) -> Lowered:
    return Lowered(tuple(_movements(body.lines, to_default=partner_place(body.partner))))


def _adjust(body: kinds.Adjust) -> Lowered:
    return Lowered(tuple(_movements(body.lines, LOSS, LOSS)))


def _dispose(body: kinds.Dispose) -> Lowered:
    return Lowered(tuple(_movements(body.lines, to_default=LOSS)))


def _finish(body: kinds.Finish) -> Lowered:
    return Lowered(residue=Residue(body.item, body.lot, body.place))


def _count(body: kinds.Count) -> Lowered:
    items = None if body.items is None else frozenset(body.items)
    return Lowered(observation=Observation(body.place, items, body.complete, body.lines))


def _pack(body: kinds.Pack) -> Lowered:
    return Lowered(tuple(_movements(body.lines, to_default=lpn_place(body.lpn))))


def _unpack(body: kinds.Unpack) -> Lowered:
    return Lowered(tuple(_movements(body.lines, from_default=lpn_place(body.lpn))))


def _harvest(body: kinds.Harvest) -> Lowered:
    return Lowered(tuple(_movements(body.lines, from_default=plot_place(body.plot))))


def _transform(body: kinds.Transform) -> Lowered:
    inputs = tuple(_movements(body.inputs, to_default=TRANSFORM))
    outputs = tuple(_movements(body.outputs, from_default=TRANSFORM, first=len(inputs)))
    waste = tuple(_movements(body.waste, TRANSFORM, LOSS, first=len(inputs) + len(outputs)))
    return Lowered(inputs + outputs + waste)


_LOWERINGS: Final[dict[str, Callable[..., Lowered]]] = {
    "move": _plain,
    "pick": _pick,
    "ship": _plain,
    "take": _plain,
    "receive": _from_partner,
    "return": _from_partner,
    "deliver": _deliver,
    "adjust": _adjust,
    "dispose": _dispose,
    "finish": _finish,
    "count": _count,
    "pack": _pack,
    "unpack": _unpack,
    "harvest": _harvest,
    "transform": _transform,
}


def lower(body: Body, weights: Mapping[int, int] | None = None) -> Lowered:
    """Return what the op does to stock.

    `weights` are the true grams that `weigh` ops gave for lines of this op, by line number: they replace what the
    line said, from the op's own instant, because that is when the goods moved.
    """
    rule = _LOWERINGS.get(body.kind)
    lowered = NOTHING if rule is None else rule(body)
    if not weights or not lowered.movements:
        return lowered
    return Lowered(
        tuple(
            movement._replace(weight=weights[movement.line], estimated=False)
            if movement.line in weights
            else movement
            for movement in lowered.movements
        ),
        lowered.observation,
        lowered.residue,
    )
