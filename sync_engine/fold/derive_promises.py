"""Rows of leases, reservations and what is free, and the findings about promises (fold.md §7)."""

from domain.lowering import is_physical
from sync_engine.fold.derive_stock import takers
from sync_engine.fold.entries import EMPTY
from sync_engine.fold.findings import SEPARATOR, Finding
from sync_engine.fold.promise_book import Key
from sync_engine.fold.promises import (
    HOLDERS_SHOWN_MAX,
    Beyond,
    LeaseNow,
    Promised,
    ReserveNow,
    available,
    free,
    holders,
    promised,
)
from sync_engine.fold.reporting import report
from sync_engine.fold.rows import Rows
from sync_engine.fold.state import State


def derive(state: State, rows: Rows) -> None:
    """Derive the promises of every key of which something changed, or ended by the log's time."""
    book = state.promises
    book.expire()
    dirty, book.dirty = list(book.dirty), {}
    for key in dirty:
        if book.is_promised(key):
            _derive_key(state, rows, key)
            book.looked[key] = None
            book.stir(key[0])
    orders, book.orders = list(book.orders), {}
    for order in orders:
        state.dirty_documents["order", order] = None


def _derive_key(state: State, rows: Rows, key: Key) -> None:
    found = promised(state, key)
    site = state.site_of(key[2])
    _lease_rows(state, rows, key, found, site)
    _reservation_rows(state, rows, key, found, site)
    item, lot, place = key
    value = None
    if found.leased or found.reserved:
        value = [item, lot, place, found.leased, found.reserved, free(state, key, found)]
    rows.put(site, "atp", SEPARATOR.join(key), value)
    for order in sorted(_orders_at(state, key)):
        state.dirty_documents["order", order] = None
        state.promises.asked["order", order] = None
    for lease in found.leases:
        if lease.grant.body.task is not None:
            state.promises.asked["task", lease.grant.body.task] = None
    report(state, ("promise", *key), _findings(state, key, found))


def _orders_at(state: State, key: Key) -> set[str]:
    book = state.promises
    orders = {book.reserves[index].body.order for index in book.reserves_at.get(key, ())}
    orders |= {book.grants[index].body.order for index in book.grants_at.get(key, ())}
    return {order for order in orders if order is not None}


# --- rows ----------------------------------------------------------------------------------------------------------


def _lease_rows(state: State, rows: Rows, key: Key, found: Promised, site: str) -> None:
    standing = {lease.granted_at: lease for lease in found.leases}
    told = state.promises.told_leases.setdefault(key, set())
    for index in sorted(told | standing.keys()):
        lease = standing.get(index)
        if lease is None:
            rows.spread("lease", str(index), (), None)
            continue
        buckets = tuple(sorted({f"device:{lease.grant.body.device.hex()}", site}))
        rows.spread("lease", str(index), buckets, _lease_row(state, lease, found))
    state.promises.told_leases[key] = set(standing)


def _lease_row(state: State, lease: LeaseNow, found: Promised) -> list[object]:
    body, origin = lease.grant.body, lease.grant.origin
    asked = None if body.for_index is None else state.noted.get(body.for_index)
    return [
        origin.index,
        body.device.hex(),
        body.item,
        body.lot,
        body.place,
        body.qty,
        lease.used,
        lease.until_ms,
        lease.state,
        body.task,
        body.order,
        [list(use) for use in lease.uses],
        [[index, state.promises.grants[index].body.device.hex()] for index in _doubts(state, lease, found)],
        None if asked is None else asked.origin.hash.hex(),
        origin.o,
        lease.recalled_at,
        body.for_index,
    ]


def _reservation_rows(state: State, rows: Rows, key: Key, found: Promised, site: str) -> None:
    standing = {SEPARATOR.join((str(r.reserved.origin.index), *key)): r for r in found.reserves}
    told = state.promises.told.get(key, set())
    for name in sorted(told | standing.keys()):
        reserve = standing.get(name)
        rows.put(site, "reservation", name, None if reserve is None else _reservation_row(reserve))
    state.promises.told[key] = set(standing)


def _reservation_row(reserve: ReserveNow) -> list[object]:
    reserved, (item, lot, place) = reserve.reserved, reserve.key
    body = reserved.body
    device = None if body.device is None else body.device.hex()
    index, name = reserved.origin.index, reserved.origin.hash.hex()
    fields = (item, lot, place, reserve.qty, reserve.taken, reserve.left, body.until_ms, device, name)
    return [index, body.order, *fields]


# --- findings ------------------------------------------------------------------------------------------------------


def _findings(state: State, key: Key, found: Promised) -> list[Finding]:
    findings = [_exceeded(key, beyond) for beyond in found.beyond if not _is_reserved(found, beyond)]
    short = max(0, found.leased + found.reserved - available(state, key))
    if short:
        findings.append(_short(state, key, found))
    for lease in found.leases:
        doubts = _doubts(state, lease, found)
        if lease.promised and lease.draws and (doubts or short):
            findings.append(_at_risk(state, key, lease, short=0 if doubts else short))
    return findings


def _is_reserved(found: Promised, beyond: Beyond) -> bool:
    """Whether the order had more of it than the holder's lease: then nobody was deprived."""
    order = beyond.take.order
    return order is not None and any(reserve.reserved.body.order == order for reserve in found.reserves)


def _doubts(state: State, lease: LeaseNow, found: Promised) -> list[int]:
    """The leases under it of which nobody knows what was taken: not reported, and nobody counted since they ended."""
    item, lot, place = lease.grant.key
    group = state.groups.get(item, {}).get(place)
    base = None if group is None else group.balances.get(lot, EMPTY).base
    unreported = {other.granted_at: other for other in found.leases}
    return [
        index
        for index in lease.draws
        if index in unreported and not (base is not None and base[0] > unreported[index].until_ms)
    ]


def _short(state: State, key: Key, found: Promised) -> Finding:
    item, lot, place = key
    stands = available(state, key)
    facts = (item, lot, place, stands, found.leased + found.reserved, holders(found))
    origins = [lease.grant.origin for lease in found.leases] + [r.reserved.origin for r in found.reserves]
    ops, o = _what_broke(state, key)
    if not ops:
        o = max(origin.o for origin in origins)
    return Finding("promise-short", key, facts, ops, o)


def _what_broke(state: State, key: Key) -> tuple[tuple[int, ...], int]:
    """The last ops that took of it, or the count that came after them and found so little."""
    item, lot, place = key
    group = state.groups.get(item, {}).get(place)
    if group is None or not is_physical(place):
        return (), 0
    balance = group.balances.get(lot, EMPTY)
    ops, o = takers(group, lot, balance)
    if balance.base is not None and balance.base[0] >= o:
        return (balance.base[1],), balance.base[0]
    return ops, o


def _at_risk(state: State, key: Key, lease: LeaseNow, *, short: int) -> Finding:
    body, origin = lease.grant.body, lease.grant.origin
    others: list[object] = []
    for index in lease.draws:
        other = state.promises.grants[index]
        others.append(
            [other.body.device.hex(), other.body.task or other.body.order or "", other.body.until_ms]
        )
    facts = (
        *key,
        lease.promised,
        body.device.hex(),
        lease.purpose,
        lease.until_ms,
        others[:HOLDERS_SHOWN_MAX],
        short,
    )
    return Finding("lease-at-risk", (str(origin.index),), facts, (origin.index, *lease.draws), origin.o)


def _exceeded(key: Key, beyond: Beyond) -> Finding:
    take = beyond.take
    about = (str(take.leaf), str(take.line))
    facts = (*key, take.qty, beyond.leased, take.device.hex(), take.task or take.order or "")
    return Finding("lease-exceeded", about, facts, (take.leaf,), take.o)
