"""How far a task or an order has come: what it asks for, and what the ops in effect did of it.

Twin of the sums in `pwa/src/fold/progress.ts`; corpus: `tests/vectors/fold/progress.json`.
"""

from collections.abc import Mapping
from typing import NamedTuple

from domain import kinds
from domain.kinds import Body
from sync_engine.fold.state import Noted, State

Sums = dict[str, list[int]]
"""Item → quantity and grams."""


class TaskNow(NamedTuple):
    """A task as it stands: `noted` is the last op that states it, `done` (item, lot) → quantity and grams."""

    noted: Noted
    stated: kinds.Task
    done: Mapping[tuple[str, str], tuple[int, int]]
    is_done: bool


class OrderNow(NamedTuple):
    """An order as it stands: `received` are (o, index) of the ops that brought or delivered goods."""

    noted: Noted
    stated: kinds.Order
    picked: Sums
    done: Sums
    received: list[tuple[int, int]]
    is_complete: bool
    """Somebody said that no more comes."""
    is_done: bool

    def left(self, item: str) -> int:
        """Return how much of an item is still to be picked, 0 when the order is done."""
        if self.is_done:
            return 0
        wanted = sum(qty for each, qty, _weight in self.stated.lines if each == item)
        return max(0, wanted - max(self.picked.get(item, [0])[0], self.done.get(item, [0])[0]))


def task_now(state: State, task: str) -> TaskNow | None:
    """Return a task with its progress; None when no op in effect states it."""
    last: tuple[Noted, kinds.Task] | None = None
    done: dict[tuple[str, str], tuple[int, int]] = {}
    is_counted = False
    for noted in in_order(state, state.tasks.get(task, set())):
        body = noted.body
        if isinstance(body, kinds.Task):
            last = noted, body
        elif isinstance(body, kinds.Pick | kinds.Move):
            for line in body.lines:
                q, w = done.get((line.item, line.lot), (0, 0))
                done[line.item, line.lot] = (q + line.qty, w + (line.weight or 0))
        elif isinstance(body, kinds.Count):
            is_counted = True
    if last is None:
        return None
    noted, stated = last
    return TaskNow(noted, stated, done, is_counted or _is_met(stated, done))


def _is_met(stated: kinds.Task, done: Mapping[tuple[str, str], tuple[int, int]]) -> bool:
    wanted: Sums = {}
    add_lines(wanted, stated.lines)
    came: dict[str, int] = {}
    for (item, _lot), (q, _w) in done.items():
        came[item] = came.get(item, 0) + q
    return bool(wanted) and all(came.get(item, 0) >= each[0] for item, each in wanted.items())


def order_now(state: State, order: str) -> OrderNow | None:
    """Return an order with its progress; None when no op in effect states it."""
    last: tuple[Noted, kinds.Order] | None = None
    picked: Sums = {}
    done: Sums = {}
    is_complete = False
    received: list[tuple[int, int]] = []
    for noted in in_order(state, state.orders.get(order, set())):
        body: Body = noted.body
        if isinstance(body, kinds.Order):
            last = noted, body
        elif isinstance(body, kinds.Pick):
            add_lines(picked, body.lines)
        elif isinstance(body, kinds.Receive | kinds.Deliver):
            add_lines(done, body.lines)
            received.append(noted.origin.order)
            is_complete = is_complete or (isinstance(body, kinds.Receive) and body.complete)
    if last is None:
        return None
    noted, stated = last
    is_met = all(done.get(item, [0])[0] >= qty for item, qty, _weight in stated.lines)
    return OrderNow(noted, stated, picked, done, received, is_complete, is_met or is_complete)


def in_order(state: State, indexes: set[int]) -> list[Noted]:
    """Return the ops of a document in effective order."""
    return sorted((state.noted[index] for index in indexes), key=lambda noted: noted.origin.order)


def add_lines(sums: Sums, lines: kinds.Lines) -> None:
    """Add quantities and grams by item."""
    for line in lines:
        held = sums.setdefault(line.item, [0, 0])
        held[0] += line.qty
        held[1] += line.weight or 0
