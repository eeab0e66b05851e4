"""What an op in effect enters besides stock: registers, documents, holds. Each rule has its undo beside it."""

from collections.abc import Iterator
from typing import Final

from domain import kinds
from domain.kinds import Body
from domain.rights import ROLES
from sync_engine.fold.findings import SEPARATOR
from sync_engine.fold.holds import HoldCause
from sync_engine.fold.origin import Origin
from sync_engine.fold.registers import Write
from sync_engine.fold.state import Noted, State, lot_key, lot_writes

_PLAIN: Final = frozenset({"ship", "dispose", "finish", "unpack", "sequenced"})


def is_noted(body: Body) -> bool:
    """Whether anything but the stock groups must know the op."""
    if body.names:
        return True
    if isinstance(body, kinds.Pick):
        return body.order is not None or body.task is not None
    if isinstance(body, kinds.Move):
        return body.task is not None or bool(body.lpns)
    if isinstance(body, kinds.Count):
        return body.task is not None
    return body.kind not in _PLAIN


def enter(state: State, noted: Noted) -> None:
    """Enter an op into the indexes that documents, holds and findings read."""
    index, body = noted.origin.index, noted.body
    state.noted[index] = noted
    for register, writes in _writes(noted.origin, body):
        state.put_attributes(*register, writes)
    for found, key in _indexes(state, body):
        found.setdefault(key, set()).add(index)
    for name in body.names:
        if isinstance(name, bytes):
            state.naming.setdefault(name, {})[index] = body
    for cause in _causes(noted):
        state.causes.setdefault((cause.item, cause.lot), {})[index] = cause
    if isinstance(body, kinds.Genesis):
        _set_local_day(state, body)
    state.promises.enter(noted.origin, body)
    _mark(state, noted)


def leave(state: State, noted: Noted) -> None:
    """Undo `enter`."""
    index, body = noted.origin.index, noted.body
    state.noted.pop(index, None)
    for register, _writes_of_it in _writes(noted.origin, body):
        state.registers[register].remove(index)
        if not state.registers[register].writes:
            del state.registers[register]
        state.dirty_registers[register] = None
    for found, key in _indexes(state, body):
        found.get(key, set()).discard(index)
    for name in body.names:
        if isinstance(name, bytes):
            state.naming.get(name, {}).pop(index, None)
    for cause in _causes(noted):
        state.causes.get((cause.item, cause.lot), {}).pop(index, None)
    state.promises.leave(noted.origin, body)
    _mark(state, noted)


def _set_local_day(state: State, body: kinds.Genesis) -> None:
    """All that ends with a local day ends anew: expiries and intervals."""
    state.utc_offset_minutes = body.utc_offset_minutes
    for plot in state.plots:
        state.dirty_documents["plot", plot] = None
    for item, places in state.groups.items():
        for place, group in places.items():
            group.judged = 0
            state.dirty_groups[item, place] = None


def _writes(origin: Origin, body: Body) -> Iterator[tuple[tuple[str, str], list[Write]]]:
    if isinstance(body, kinds.Set):
        writes = [
            Write(origin.o, origin.index, number, name, value, origin)
            for number, (name, value) in enumerate(body.attributes)
        ]
        yield (body.table, body.id), writes
    elif isinstance(body, kinds.Tag):
        yield (body.table, body.id), [Write(origin.o, origin.index, 0, f"tag:{body.tag}", body.on, origin)]
    elif isinstance(body, kinds.Receive | kinds.Harvest | kinds.Transform | kinds.Adjust):
        yield from lot_writes(origin, body.lots).items()
    elif isinstance(body, kinds.Move):
        # An op that moves a unit twice leaves it at the last place.
        for number, (lpn, place) in enumerate(dict(body.lpns).items()):
            yield ("lpn", lpn), [Write(origin.o, origin.index, number, "place", place, origin)]
    elif isinstance(body, kinds.Pack):
        yield ("lpn", body.lpn), [Write(origin.o, origin.index, 0, "place", body.place, origin)]


def _orders(body: Body) -> list[str]:
    if isinstance(body, kinds.Order | kinds.Receive | kinds.Pick | kinds.Deliver) and body.order:
        return [body.order]
    return []


def _items_of(body: kinds.Transform) -> set[str]:
    return {line.item for lines in (body.inputs, body.outputs, body.waste) for line in lines}


def _tasks(body: Body) -> list[str]:
    if isinstance(body, kinds.Task | kinds.Pick | kinds.Move | kinds.Count) and body.task:
        return [body.task]
    return []


def _indexes(  # noqa: C901, PLR0912  # a table: one branch per kind
    state: State, body: Body
) -> Iterator[tuple[dict[str, set[int]], str]]:
    for order in _orders(body):
        yield state.orders, order
    for task in _tasks(body):
        yield state.tasks, task
    if isinstance(body, kinds.Harvest):
        yield state.plots, body.plot
    elif isinstance(body, kinds.FarmWork):
        for plot in body.plots:
            yield state.plots, plot
    elif isinstance(body, kinds.Payment | kinds.Settle):
        yield state.partners, body.partner
    elif isinstance(body, kinds.Price):
        yield state.prices, price_key(body)
    elif isinstance(body, kinds.Resolve) and body.exception:
        yield state.resolved, body.exception
    elif isinstance(body, kinds.Hold) and body.interval and body.place:
        yield state.excursions, body.place
    elif isinstance(body, kinds.Transform):
        for item in _items_of(body):
            yield state.transforms, item
    elif isinstance(body, kinds.Grant | kinds.Genesis):
        yield from ((state.grants, key) for key in _rights(body))
    elif isinstance(body, kinds.Rotate | kinds.Revoke):
        yield from ((state.copies.rekeyed, device) for device in _rekeyed(body))
        yield from ((state.rights_ended, key) for key in _rights(body))
    elif isinstance(body, kinds.Close):
        yield state.periods, "closed"
    elif isinstance(body, kinds.Deliver | kinds.Take):
        for line in body.refused:
            yield state.refusals, lot_key(line.item, line.lot)


def _rekeyed(body: Body) -> list[str]:
    """The device, in hex, whose key of before seals no more: it got a new one, or none."""
    if isinstance(body, kinds.Rotate):
        return [body.device.hex()]
    if isinstance(body, kinds.Revoke) and body.what == "device":
        return [body.id.hex() if isinstance(body.id, bytes) else str(body.id)]
    return []


def _forks(state: State, body: Body) -> list[int]:
    """The ops of later branches of a device that gets a new key, or none."""
    return [fork for device in _rekeyed(body) for fork in sorted(state.copies.forks.get(device, ()))]


def price_key(body: kinds.Price) -> str:
    """The key of a price row: item, partner or none, side."""
    return SEPARATOR.join((body.item, body.partner or "", body.side))


def grant_key(person: str, role: str) -> str:
    """The key of a grant row."""
    return SEPARATOR.join((person, role))


def _rights(body: Body) -> list[str]:
    """The keys of the grants that a body gives or ends."""
    if isinstance(body, kinds.Grant):
        return [grant_key(body.person, body.role)]
    if isinstance(body, kinds.Genesis):
        return [grant_key(body.admin[0], "admin")]
    if not isinstance(body, kinds.Revoke) or not isinstance(body.id, str):
        return []
    if body.what == "role" and body.role is not None:
        return [grant_key(body.id, body.role)]
    return [grant_key(body.id, role) for role in sorted(ROLES)] if body.what == "person" else []


def _causes(noted: Noted) -> Iterator[HoldCause]:
    origin, body = noted.origin, noted.body
    if isinstance(body, kinds.Hold) and not body.interval:
        of_item = not body.lot
        yield HoldCause(
            origin, body.item, body.lot, body.place, body.state, body.reason, origin.o, of_item=of_item
        )
    elif isinstance(body, kinds.Recall):
        for item, lot in body.lots:
            yield HoldCause(origin, item, lot, None, "recall", body.reason, origin.o)


def _mark(state: State, noted: Noted) -> None:
    """Say what must be derived anew."""
    index, body = noted.origin.index, noted.body
    dirty = state.dirty_documents
    state.dirty_ops.update(dict.fromkeys((index, *_forks(state, body))))
    dirty["op", str(index)] = None
    for order in _orders(body):
        dirty["order", order] = None
    for task in _tasks(body):
        dirty["task", task] = None
    _mark_held(state, noted)
    for name in body.names:
        if isinstance(name, bytes):
            state.dirty_names[name] = None
    if isinstance(body, kinds.Harvest):
        dirty["plot", body.plot] = None
    elif isinstance(body, kinds.FarmWork):
        for plot in body.plots:
            dirty["plot", plot] = None
    elif isinstance(body, kinds.Payment | kinds.Settle):
        dirty["statement", body.partner] = None
    elif isinstance(body, kinds.Price):
        dirty["price", price_key(body)] = None
    elif isinstance(body, kinds.Grant | kinds.Genesis | kinds.Revoke):
        dirty.update((("grant", key), None) for key in _rights(body))
    elif isinstance(body, kinds.Resolve) and body.exception:
        state.dirty_findings[body.exception] = None
    elif isinstance(body, kinds.Hold) and body.interval:
        state.dirty_excursions[index] = None
    elif isinstance(body, kinds.Approve):
        state.group(body.item, body.place)


def _mark_held(state: State, noted: Noted) -> None:
    for cause in _causes(noted):
        state.dirty_lots[cause.item, cause.lot] = None
        if cause.of_item:
            lots = {lot for group in state.groups.get(cause.item, {}).values() for lot in group.balances}
            state.dirty_lots.update(((cause.item, lot), None) for lot in sorted(lots))


def spread_names(state: State) -> None:
    """What names an op touches what that op causes: a released hold, a released harvest, an approved count."""
    for name in state.dirty_names:
        index = state.index_by_hash.get(name)
        noted = None if index is None else state.noted.get(index)
        if index is None:
            continue
        state.dirty_ops[index] = None
        if noted is None:
            continue
        _mark_held(state, noted)
        if isinstance(noted.body, kinds.Harvest):
            state.dirty_documents["plot", noted.body.plot] = None
        elif isinstance(noted.body, kinds.Hold) and noted.body.interval:
            state.dirty_excursions[index] = None
    state.dirty_names = {}
