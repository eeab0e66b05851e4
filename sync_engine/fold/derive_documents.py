"""Rows of registers, orders, tasks, prices, statements and records (fold.md §5)."""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import msgspec

from domain import kinds
from domain.kinds import Body
from domain.money import line_amount_fen
from sync_engine.fold.findings import OPS_SHOWN_MAX, Finding
from sync_engine.fold.progress import OrderNow, Sums, in_order, order_now, task_now
from sync_engine.fold.promises import promised_to
from sync_engine.fold.registers import CONFLICTS_MATTER
from sync_engine.fold.reporting import report
from sync_engine.fold.rows import Rows
from sync_engine.fold.state import Noted, State

REPLICATED_TABLES: Final = frozenset({"item", "place", "partner", "person", "lot", "rule", "vehicle", "lpn"})

RECORDS: Final = frozenset(
    {"certificate", "test_result", "farm_work", "harvest", "label", "attach", "inspect", "offer", "deliver", "hold",
     "recall", "settle", "payment", "close", "transform", "receive"}
)  # fmt: skip
"""Kinds that are shown as they are: row key = leaf hash."""

DESK_RECORDS: Final = frozenset({"settle", "payment", "close"})


def derive(state: State, rows: Rows) -> None:
    """Derive the rows of all that documents and attributes changed."""
    dirty_registers, state.dirty_registers = list(state.dirty_registers), {}
    for table, entity in dirty_registers:
        _derive_register(state, rows, table, entity)
    dirty, state.dirty_documents = list(state.dirty_documents), {}
    for what, key in dirty:
        _DERIVE[what](state, rows, key)


def _derive_register(state: State, rows: Rows, table: str, entity: str) -> None:
    register = state.registers.get((table, entity))
    conflicts = {} if register is None else register.conflicts()
    value = None
    if register is not None:
        shown = [[name, _plain(register.values[name])] for name in sorted(register.values)]
        value = [entity, shown, sorted(conflicts)]
    if table in REPLICATED_TABLES:
        rows.put("org", table, entity, value)
    findings = [
        Finding("attribute-conflict", (table, entity, name), (table, entity, name), doubt.ops, doubt.o)
        for name, doubt in conflicts.items()
        if name in CONFLICTS_MATTER
    ]
    report(state, ("register", table, entity), findings)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


# --- records -------------------------------------------------------------------------------------------------------


def _derive_record(state: State, rows: Rows, key: str) -> None:
    index = int(key)
    noted = state.noted.get(index)
    if noted is None:
        shown = state.record_keys.pop(index, None)
        if shown is not None:
            rows.put(shown[0], shown[1], shown[2], None)
        return
    kind = noted.body.kind
    if kind in RECORDS:
        fields = msgspec.to_builtins(noted.body, builtin_types=(bytes,))
        bucket = "desk" if kind in DESK_RECORDS else "org"
        row = (bucket, f"record.{kind}", noted.origin.hash.hex())
        state.record_keys[index] = row
        rows.put(*row, [index, noted.origin.o, *fields[2:]])
    elif isinstance(noted.body, kinds.Enrol | kinds.Session | kinds.Revoke | kinds.Credential):
        _identity_row(state, rows, noted)


def _identity_row(state: State, rows: Rows, noted: Noted) -> None:
    body, index = noted.body, noted.origin.index
    if isinstance(body, kinds.Enrol):
        value: list[object] = [body.device.hex(), body.name, body.person, body.purpose, noted.origin.o]
        row = ("org", "device", body.device.hex())
    elif isinstance(body, kinds.Session):
        value = [
            noted.origin.hash[:16].hex(),
            body.person,
            body.expires_ms,
            body.assurance,
            noted.origin.device.hex(),
            noted.origin.o,
        ]
        row = ("desk", "session", noted.origin.hash[:16].hex())
    elif isinstance(body, kinds.Credential):
        device = None if body.device is None else body.device.hex()
        o = noted.origin.o
        value = [body.id, body.person, body.alg, body.key, body.rp, body.name, device, body.backed_up, o]
        row = ("org", "passkey", str(index))
    else:
        assert isinstance(body, kinds.Revoke)
        entity = body.id.hex() if isinstance(body.id, bytes) else body.id
        value = [body.what, entity, body.role, noted.origin.o]
        row = ("org", "revoke", str(index))
    state.record_keys[index] = row
    rows.put(*row, value)


def _derive_grant(state: State, rows: Rows, key: str) -> None:
    """The last grant of a role to a person, in the order of the log, says where and until when; unless it was ended."""
    index = max(state.grants.get(key, ()), default=-1)
    if index <= max(state.rights_ended.get(key, ()), default=-1):
        rows.put("org", "grant", key, None)
        return
    body = state.noted[index].body
    if isinstance(body, kinds.Genesis):
        rows.put("org", "grant", key, [body.admin[0], "admin", None, None, None, index])
        return
    assert isinstance(body, kinds.Grant)
    places = None if body.places is None else list(body.places)
    rows.put("org", "grant", key, [body.person, body.role, places, body.from_ms, body.until_ms, index])


# --- orders and tasks ----------------------------------------------------------------------------------------------


def _derive_order(state: State, rows: Rows, order: str) -> None:
    now = order_now(state, order)
    if now is None:
        rows.put("org", "order", order, None)
        report(state, ("order", order), ())
        return
    stated = now.stated
    promised = promised_to(state, order) if stated.side == "sell" else {}
    lines = [
        [
            item,
            qty,
            weight,
            *now.picked.get(item, [0, 0]),
            *now.done.get(item, [0, 0]),
            promised.get(item, 0),
        ]
        for item, qty, weight in stated.lines
    ]
    value = [
        order,
        stated.partner,
        stated.side,
        stated.due_on,
        lines,
        "done" if now.is_done else "open",
    ]
    rows.put("org", "order", order, value)
    report(state, ("order", order), _receipt_findings(now))


def _receipt_findings(now: OrderNow) -> list[Finding]:
    """What came beyond the order, or short of it when somebody said that it was all."""
    order, done, received = now.stated, now.done, now.received
    if order.side != "buy" or not received:
        return []
    found: list[Finding] = []
    ordered: Sums = {}
    for item, qty, weight in order.lines:
        held = ordered.setdefault(item, [0, 0])
        held[0] += qty
        held[1] += weight or 0
    ops, o = tuple(index for _o, index in received[-OPS_SHOWN_MAX:]), max(received)[0]
    for item in sorted({*ordered, *done}):
        wanted, came = ordered.get(item, [0, 0])[0], done.get(item, [0, 0])[0]
        facts = (order.order, item, wanted, came)
        if came > wanted:
            found.append(Finding("over-receipt", (order.order, item), facts, ops, o))
        elif came < wanted and now.is_complete:
            found.append(Finding("short-receipt", (order.order, item), facts, ops, o))
    return found


def _derive_task(state: State, rows: Rows, task: str) -> None:
    now = task_now(state, task)
    if now is None:
        rows.put("org", "task", task, None)
        return
    stated = now.stated
    lines = [[x.item, x.lot, x.from_place, x.to_place, x.qty, x.weight] for x in stated.lines]
    progress = [[item, lot, q, w] for (item, lot), (q, w) in sorted(now.done.items())]
    state_word = "done" if now.is_done else "open"
    rows.put(
        "org",
        "task",
        task,
        [task, stated.work, stated.assignee, stated.order, lines, progress, stated.place, state_word],
    )


# --- money ---------------------------------------------------------------------------------------------------------


def _bodies(state: State, indexes: set[int]) -> list[tuple[int, Body]]:
    """The ops of a document in effective order."""
    return [(noted.origin.index, noted.body) for noted in in_order(state, indexes)]


def _derive_price(state: State, rows: Rows, key: str) -> None:
    prices = [
        body for _index, body in _bodies(state, state.prices.get(key, set())) if isinstance(body, kinds.Price)
    ]
    value = None
    if prices:
        last = max(enumerate(prices), key=lambda numbered: (numbered[1].from_on, numbered[0]))[1]
        value = [last.item, last.partner, last.side, last.unit_price, last.unit, last.from_on]
    rows.put("desk", "price", key, value)


def _derive_statement(state: State, rows: Rows, partner: str) -> None:
    payable = receivable = 0
    lines: list[list[object]] = []
    for index, body in _bodies(state, state.partners.get(partner, set())):
        if isinstance(body, kinds.Payment):
            signed = -body.amount_fen
            lines.append([index, f"payment-{body.direction}", signed, "", "", 0, None, 0, ""])
            if body.direction == "in":
                receivable += signed
            else:
                payable += signed
        elif isinstance(body, kinds.Settle):
            total = _settle_lines(index, body, lines)
            if body.side == "buy":
                payable += total
            else:
                receivable += total
    rows.put("desk", "statement", partner, [partner, payable, receivable, lines] if lines else None)


def _settle_lines(index: int, body: kinds.Settle, lines: list[list[object]]) -> int:
    total = 0
    named = [name.hex() if isinstance(name, bytes) else None for name in body.names]
    for line in body.lines:
        amount = line_amount_fen(line)
        total += amount
        settled = named[line.named] if line.named is not None and line.named < len(named) else None
        lines.append(
            [
                index,
                body.side,
                amount,
                line.item,
                line.lot,
                line.qty,
                line.weight,
                line.unit_price,
                line.unit,
                settled,
            ]
        )
    if body.rounding_fen:
        total += body.rounding_fen
        lines.append([index, "rounding", body.rounding_fen, "", "", 0, None, 0, ""])
    return total


# --- serials -------------------------------------------------------------------------------------------------------


def _derive_serial(state: State, _rows: Rows, serial: str) -> None:
    moves = sorted(state.serials.get(serial, ()))
    broken = [(a, b) for a, b in pairwise(moves) if a.to_place != b.from_place]
    findings = [
        Finding("serial-in-two-places", (serial,), (serial, a.to_place, b.from_place), (a.leaf, b.leaf), b.o)
        for a, b in broken[:1]
    ]
    report(state, ("serial", serial), findings)


_DERIVE: Final[dict[str, Callable[[State, Rows, str], None]]] = {
    "op": _derive_record,
    "grant": _derive_grant,
    "order": _derive_order,
    "task": _derive_task,
    "price": _derive_price,
    "statement": _derive_statement,
    "serial": _derive_serial,
}
