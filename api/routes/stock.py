"""What stands where, at any time and as anybody knew it; and what happened to a lot."""

from typing import Annotated, Final

from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Struct

from api.given import Asking, Housed
from api.instants import parse_instant
from api.naming import Naming
from sync_engine.fold.entries import CLOSE, COUNT, FINISH
from sync_engine.ledger import Ledger

LINES_MAX: Final = 20_000

_When = Annotated[
    str | None, QueryParameter(description="ISO 8601 (local time unless it says otherwise) or ms since 1970")
]


class BalanceLine(Struct, frozen=True):
    """What stands at one key: `q` in the item's base unit, `w` in grams."""

    item: str
    lot: str
    place: str
    q: int
    w: int
    estimated: bool
    hold: str | None
    """The state in which it is held now."""
    item_name: str
    place_name: str


class Balances(Struct, frozen=True):
    """Balances at an instant, as the ops that had arrived by another instant tell them."""

    as_of: int | None
    known_at: int | None
    lines: list[BalanceLine]


@get("/balances")
async def balances(  # noqa: PLR0917  # a route: each is a parameter of the query, none is positional
    house: Housed,
    caller: Asking,
    as_of: _When = None,
    known_at: _When = None,
    item: FromQuery[str | None] = None,
    place: FromQuery[str | None] = None,
    reported: FromQuery[bool] = False,
) -> Balances:
    """Balances now; `as_of`: as they were then, as far as is known today; `known_at`: as far as was known then.

    `reported`: as reports say, in which a closed period stays as it was when it was closed and later differences stand
    in the next open one.
    """
    offset = house.genesis.utc_offset_minutes
    o_max = None if as_of is None else parse_instant(as_of, utc_offset_minutes=offset)
    known_ms = None if known_at is None else parse_instant(known_at, utc_offset_minutes=offset)
    ledger = house.ledger
    index_max = None if known_ms is None else size_known_at(ledger, known_ms)
    naming = Naming(ledger, now_ms=house.clock())
    found = ledger.fold.reported(o_max) if reported else ledger.fold.balances(o_max, index_max)
    lines = [
        BalanceLine(
            *key,
            *amount,
            ledger.fold.state.held_at(*key),
            naming.named("item", key[0]).zh,
            naming.place(key[2]).zh,
        )
        for key, amount in sorted(found.items())
        if (item is None or key[0] == item) and (place is None or key[2] == place)
    ]
    return Balances(o_max, known_ms, lines[:LINES_MAX])


def size_known_at(ledger: Ledger, known_ms: int) -> int:
    """Return how many ops had arrived by an instant of server time."""
    low, high = 0, ledger.size
    while low < high:
        middle = (low + high) // 2
        entry = ledger.fold.logged(middle)
        assert entry is not None, "a log has no gaps"
        if entry.arrived <= known_ms:
            low = middle + 1
        else:
            high = middle
    return low


class LotStep(Struct, frozen=True):
    """One thing that happened to a lot, at its effective time."""

    index: int
    kind: str
    what: str
    """`moved`, `counted`, `closed` (a complete count) or `finished`."""
    at: int
    arrived: int
    from_place: str | None
    to_place: str
    q: int | None
    w: int | None
    estimated: bool
    person: str
    device: str


class LotHistory(Struct, frozen=True):
    """A lot from its first movement to its last, in effective order."""

    item: str
    lot: str
    name: str
    attributes: dict[str, object]
    steps: list[LotStep]


@get("/lots/{item:str}/{lot:str}/history")
async def lot_history(house: Housed, caller: Asking, item: FromPath[str], lot: FromPath[str]) -> LotHistory:
    """Every movement and count of a lot; `-` is the lot of items without lots."""
    ledger = house.ledger
    name = "" if lot == "-" else lot
    naming = Naming(ledger, now_ms=house.clock())
    register = ledger.fold.state.registers.get(("lot", f"{item}\x1f{name}"))
    attributes = {} if register is None else {key: _plain(value) for key, value in register.values.items()}
    return LotHistory(item, name, naming.goods(item, name).zh, attributes, _steps(ledger, naming, item, name))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value.hex() if isinstance(value, bytes) else value


def _steps(ledger: Ledger, naming: Naming, item: str, lot: str) -> list[LotStep]:
    found: list[tuple[tuple[int, int, int], LotStep]] = []
    for place, group in ledger.fold.state.groups.get(item, {}).items():
        for entry in group.entries:
            is_count = entry.what in _WHAT
            if entry.lot not in ({lot, None} if is_count else {lot}):
                continue
            if not is_count and ((entry.q or 0) < 0 or (entry.w or 0) < 0):
                continue  # the other half of the movement tells both places
            logged = ledger.fold.logged(entry.leaf)
            assert logged is not None, "an entry comes from an op"
            step = LotStep(
                index=entry.leaf,
                kind=logged.op.kind,
                what=_WHAT.get(entry.what, "moved"),
                at=entry.o,
                arrived=logged.arrived,
                from_place=None if is_count else entry.other,
                to_place=place,
                q=entry.q,
                w=entry.w,
                estimated=entry.estimated,
                person=naming.author(entry.leaf).person.zh,
                device=logged.op.device.hex(),
            )
            found.append(((entry.o, entry.leaf, entry.line), step))
    return [step for _, step in sorted(found, key=lambda one: one[0])]


_WHAT: Final = {COUNT: "counted", CLOSE: "closed", FINISH: "finished"}

ROUTES: Final = (balances, lot_history)
