"""Where somebody may record: a grant that names places is one for their sites and plots alone (DESIGN §9).

Pure; where a place stands is asked of the ledger. Accounts of partners and the ledger's own are nowhere.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from domain import kinds
from domain.kinds import Body
from domain.lowering import is_physical, lpn_place

PathOf = Callable[[str], tuple[str, ...]]
"""A place, the one that it stands in, and so on up to its site."""

OWN: Final = "virtual:"
_LINES: Final = ("lines", "inputs", "outputs", "waste")
_LEFT: Final = ("refused", "missing")


def is_within(body: Body, granted: frozenset[str], path_of: PathOf) -> bool:
    """Whether all that an op names lies where its author may record.

    Goods: at the site of a granted place. Plots: a granted one, or one in a granted place.
    """
    sites = {path_of(place)[-1] for place in granted}
    reached = {path_of(place)[-1] for place in _places(body)}
    if any(site not in sites for site in reached if ":" not in site):
        return False  # a unit that nobody has put anywhere yet is nowhere
    return all(not granted.isdisjoint(path_of(plot)) for plot in _plots(body))


def names_own_account(body: Body) -> bool:
    """Whether a line says that goods come from or go to an account of the ledger's own, as only a correction may.

    A kind's own account, such as loss for what is thrown away, is not named: its end of the line is empty.
    """
    return any(
        isinstance(line, kinds.Line) and (line.from_place.startswith(OWN) or line.to_place.startswith(OWN))
        for name in _LINES
        for line in _listed(body, name)
    )


def _places(body: Body) -> Iterator[str]:
    """The physical places of goods that a body names."""
    for name in _LINES:
        for line in _listed(body, name):
            if isinstance(line, kinds.Line):
                yield from (place for place in (line.from_place, line.to_place) if _is_goods_place(place))
    for name in _LEFT:
        yield from (left.place for left in _listed(body, name) if _is_goods_place(left.place))
    place = getattr(body, "place", None)
    if isinstance(place, str) and _is_goods_place(place):
        yield place
    if isinstance(body, kinds.Move):
        for lpn, into in body.lpns:
            yield from (lpn_place(lpn), into)
    elif isinstance(body, kinds.Unpack):
        yield lpn_place(body.lpn)


def _listed(body: Body, name: str) -> tuple[Any, ...]:
    found = getattr(body, name, ())
    return found if isinstance(found, tuple) else ()


def _is_goods_place(place: str) -> bool:
    return bool(place) and is_physical(place)


def _plots(body: Body) -> tuple[str, ...]:
    if isinstance(body, kinds.Harvest):
        return (body.plot,)
    return body.plots if isinstance(body, kinds.FarmWork) else ()
