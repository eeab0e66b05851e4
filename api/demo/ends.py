"""How the day must end, whatever happened on the way: the oracle of tests, `gobi demo` and `gobi simulate`."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from api.demo.day import END_BALANCES, END_EXCEPTIONS, END_HELD, END_MONEY
from domain.canonical import decode
from domain.lowering import is_physical
from sync_engine.fold.rows import RowKey

CLOCK: Final = "suspect-clock"
"""A finding about a phone, not about the goods: there when a clock was made to step, and only then."""

Key = tuple[str, str, str]


class Tables(NamedTuple):
    """What the rows of a ledger say of goods, money and exceptions."""

    balances: Mapping[Key, tuple[int, int]]
    held: frozenset[Key]
    money: Mapping[str, tuple[int, int]]
    exceptions: tuple[str, ...]
    """Codes of the open ones, sorted."""


def tables_of(rows: Mapping[RowKey, bytes]) -> Tables:
    """Read rows as the fold wrote them."""
    balances: dict[Key, tuple[int, int]] = {}
    held: set[Key] = set()
    money: dict[str, tuple[int, int]] = {}
    exceptions: list[str] = []
    for (bucket, table, _key), data in rows.items():
        if table not in {"balance", "statement", "exception"}:
            continue
        value: list[Any] = decode(data)
        if table == "balance" and (value[3] or value[4]):
            key = (value[0], value[1], value[2])
            balances[key] = (value[3], value[4])
            if value[7] is not None and is_physical(value[2]):
                held.add(key)
        elif table == "statement":
            money[value[0]] = (value[1], value[2])
        elif table == "exception" and bucket == "desk" and value[7] == "open":
            exceptions.append(value[1])
    return Tables(balances, frozenset(held), money, tuple(sorted(exceptions)))


def differences(rows: Mapping[RowKey, bytes], *, clocks_stepped: bool = False) -> list[str]:
    """Return what is not as the day must end, in words; empty when all is."""
    return list(_differences(tables_of(rows), clocks_stepped=clocks_stepped))


def _differences(tables: Tables, *, clocks_stepped: bool) -> Iterator[str]:
    for key, expected in END_BALANCES.items():
        found = tables.balances.get(key, (0, 0))
        if found != expected:
            yield f"{' '.join(key)}: {found}, not {expected}"
    for (item, lot, place), found in tables.balances.items():
        if (item, lot, place) not in END_BALANCES and not _is_origin(item, place):
            yield f"{item} {lot} {place}: {found}, not there at all"
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for (item, lot, _place), (q, w) in tables.balances.items():
        total = sums.get((item, lot), (0, 0))
        sums[item, lot] = (total[0] + q, total[1] + w)
    yield from (
        f"{item} {lot}: all places sum to {total}" for (item, lot), total in sums.items() if any(total)
    )
    if tables.held != END_HELD:
        yield f"held: {sorted(tables.held)}"
    money = {partner: sums for partner, sums in tables.money.items() if any(sums)}
    if money != END_MONEY:
        yield f"money: {money}"
    codes = tuple(code for code in tables.exceptions if not (clocks_stepped and code == CLOCK))
    if codes != END_EXCEPTIONS:
        yield f"open exceptions: {', '.join(codes)}"


def _is_origin(item: str, place: str) -> bool:
    """Accounts whose balance says where goods came from or went, not where they are; crates always come back."""
    is_supplier = place in {"partner:wang", "partner:zhao"} and item != "CRT"
    return is_supplier or place.startswith(("plot:", "virtual:"))
