"""What people record, by chance: every kind that a phone can record, with what it names. Pure.

Each op carries a mark of its own somewhere in its body, so that whatever becomes of it can be told apart from its copy.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Final, NamedTuple

from api.simulation.company import DAY_MS, ITEMS, LOTS, PARTNERS, PLOTS, STOCK_PLACES, WEIGHED

MARK: Final = re.compile(r"~(\d+)~")
DAY: Final = "2026-01-15"
NAMES_RARELY: Final = 0.15


class Made(NamedTuple):
    """An op that somebody recorded: what later ones may name."""

    hash: str
    kind: str
    fields: Mapping[str, Any]
    phone: str


class Intent(NamedTuple):
    """What somebody is about to record."""

    kind: str
    fields: Mapping[str, Any]
    names: tuple[str, ...] = ()
    occurred: tuple[int, int, str] | None = None


class Desk(NamedTuple):
    """What somebody who works knows: chance, the mark of the op, the hour, and what was recorded before."""

    chance: Random
    mark: str
    at_ms: int
    made: Sequence[Made]

    def line(self, *, out: str | None = None, into: str | None = None) -> dict[str, Any]:
        """A line between two places; the mark is what was typed."""
        item = self.chance.choice(ITEMS)
        source = self.chance.choice(STOCK_PLACES) if out is None else out
        target = (
            self.chance.choice([place for place in STOCK_PLACES if place != source]) if into is None else into
        )
        qty = self.chance.choice((0, 1, 2, 5, 12, 40))
        weight = qty * 90 + self.chance.randrange(20) if item in WEIGHED else None
        return {
            "item": item, "lot": self.chance.choice(LOTS), "from": source, "to": target, "qty": qty, "weight": weight,
            "flags": int(weight is not None and self.chance.random() < NAMES_RARELY), "typed": [self.mark, "each"],
        }  # fmt: skip

    def lines(self, **ends: str) -> list[dict[str, Any]]:
        """One to three lines."""
        return [self.line(**ends) for _ in range(self.chance.randint(1, 3))]

    def named(self, *kinds: str) -> Made | None:
        """An op of one of the kinds that was recorded before."""
        found = [made for made in self.made if made.kind in kinds]
        return self.chance.choice(found) if found else None


def draw(desk: Desk, role: str) -> Intent:
    """Return what somebody of a role records next."""
    kinds = _BY_ROLE[role]
    while True:
        intent = _DRAWN[desk.chance.choice(kinds)](desk)
        if intent is not None:
            return intent


def _receive(desk: Desk) -> Intent:
    lines = desk.lines(out="")
    lots = [[line["item"], line["lot"], [["expires_on", DAY]]] for line in lines[:1]]
    fields = {"partner": desk.chance.choice(PARTNERS), "order": None, "lines": lines, "lots": lots}
    return Intent("receive", fields, (), _paper(desk))


def _move(desk: Desk) -> Intent:
    return Intent("move", {"task": None, "lines": desk.lines()}, (), _paper(desk))


def _pick(desk: Desk) -> Intent:
    return Intent("pick", {"order": "SO-1", "task": None, "lines": desk.lines()})


def _ship(desk: Desk) -> Intent:
    return Intent("ship", {"order": None, "vehicle": "T1", "lines": desk.lines(into="T1")})


def _deliver(desk: Desk) -> Intent:
    refused = [{"item": "TOM", "lot": "L1", "place": "T1", "qty": 1, "reason": desk.mark}]
    fields = {
        "partner": "zhou",
        "order": None,
        "receiver": None,
        "lines": desk.lines(out="T1", into=""),
        "refused": refused,
    }
    return Intent("deliver", fields)


def _return(desk: Desk) -> Intent:
    return Intent(
        "return",
        {"partner": "zhou", "order": None, "reason": desk.mark, "lines": desk.lines(out="", into="T1")},
    )


def _adjust(desk: Desk) -> Intent:
    return Intent("adjust", {"reason": desk.mark, "lines": [{**desk.line(), "from": ""}], "lots": []})


def _dispose(desk: Desk) -> Intent:
    return Intent("dispose", {"reason": desk.mark, "lines": [{**desk.line(), "to": ""}]})


def _finish(desk: Desk) -> Intent:
    line = desk.line()
    return Intent("finish", {"item": line["item"], "lot": line["lot"], "place": line["from"]})


def _count(desk: Desk) -> Intent:
    chance = desk.chance
    place, items = chance.choice(STOCK_PLACES), chance.sample(ITEMS, chance.randint(1, 2))
    lines = [
        {
            "item": item,
            "lot": chance.choice((*LOTS, None) if chance.random() < NAMES_RARELY else LOTS),
            "qty": chance.choice((0, 3, 30, 480)), "weight": None, "beforeMs": chance.choice((0, 0, 60_000, 600_000)),
        }
        for item in items
    ]  # fmt: skip
    complete = chance.random() < NAMES_RARELY
    fields = {
        "place": place,
        "items": items,
        "complete": complete,
        "shown": False,
        "lines": lines,
        "task": desk.mark,
    }
    return Intent("count", fields, (), _paper(desk))


def _pack(desk: Desk) -> Intent:
    lpn, place = desk.chance.choice(("U1", "U2")), desk.chance.choice(STOCK_PLACES)
    return Intent("pack", {"lpn": lpn, "place": place, "lines": desk.lines(out=place, into=f"lpn:{lpn}")})


def _unpack(desk: Desk) -> Intent:
    lpn, place = desk.chance.choice(("U1", "U2")), desk.chance.choice(STOCK_PLACES)
    return Intent("unpack", {"lpn": lpn, "lines": desk.lines(out=f"lpn:{lpn}", into=place)})


def _weigh(desk: Desk) -> Intent | None:
    named = desk.named("pick", "move", "receive", "harvest")
    return (
        None
        if named is None
        else Intent("weigh", {"weights": [[0, desk.chance.randrange(1, 4_000)]]}, (named.hash,))
    )


def _harvest(desk: Desk) -> Intent:
    fields = {"plot": desk.chance.choice(PLOTS), "lines": desk.lines(out="", into="F1"), "lots": []}
    return Intent("harvest", fields, (), _paper(desk))


def _farm_work(desk: Desk) -> Intent:
    inputs = [["吡虫啉", "imidacloprid", "PD1", "20 g", 7]] if desk.chance.random() < NAMES_RARELY else []
    fields = {
        "plots": [desk.chance.choice(PLOTS)],
        "work": desk.mark,
        "inputs": inputs,
        "startedOn": DAY,
        "stoppedOn": DAY,
    }
    return Intent("farm_work", fields)


def _transform(desk: Desk) -> Intent:
    place = desk.chance.choice(STOCK_PLACES)
    outputs, waste = desk.lines(out="", into=place), [desk.line(out="", into="")]
    fields = {
        "process": desk.mark,
        "inputs": desk.lines(out=place, into=""),
        "outputs": outputs,
        "waste": waste,
        "lots": [],
    }
    return Intent("transform", fields)


def _inspect(desk: Desk) -> Intent:
    verdict = desk.chance.choice(("ok", "damaged", "reject"))
    fields = {
        "item": "MLK",
        "lot": desk.chance.choice(LOTS),
        "place": None,
        "verdict": verdict,
        "findings": desk.mark,
    }
    return Intent("inspect", fields)


def _hold(desk: Desk) -> Intent:
    place = desk.chance.choice((None, *STOCK_PLACES))
    state = desk.chance.choice(("inspect", "hold", "reject"))
    line = desk.line()
    return Intent(
        "hold",
        {"item": line["item"], "lot": line["lot"], "place": place, "state": state, "reason": desk.mark},
    )


def _recall(desk: Desk) -> Intent:
    return Intent("recall", {"lots": [[desk.chance.choice(ITEMS), "L2"]], "reason": desk.mark})


def _release(desk: Desk) -> Intent | None:
    named = desk.named("hold", "recall")
    return None if named is None else Intent("release", {"note": desk.mark}, (named.hash,))


def _test_result(desk: Desk) -> Intent:
    fields = {
        "lots": [["TOM", "L1"]],
        "lab": "lab",
        "reportNo": desk.mark,
        "verdict": desk.chance.choice(("pass", "fail")),
    }
    return Intent("test_result", fields)


def _label(desk: Desk) -> Intent:
    return Intent(
        "label", {"item": "MLK", "lot": "L1", "serials": [desk.mark, f"S{desk.chance.randrange(4)}"]}
    )


def _offer(desk: Desk) -> Intent:
    return Intent("offer", {"to": "zhou", "order": None, "lines": desk.lines()})


def _take(desk: Desk) -> Intent | None:
    named = desk.named("offer")
    if named is None:
        return None
    lines = [{**line, "typed": [desk.mark, "each"]} for line in named.fields["lines"]]
    missing = [
        {"item": line["item"], "lot": line["lot"], "place": line["from"], "qty": 1} for line in lines[:1]
    ]
    return Intent(
        "take", {"lines": lines[1:] or lines, "missing": missing if len(lines) > 1 else []}, (named.hash,)
    )


def _price(desk: Desk) -> Intent:
    fields = {
        "item": "TOM",
        "partner": "zhou",
        "side": "sell",
        "unitPrice": 31_000,
        "unit": desk.mark,
        "fromOn": DAY,
    }
    return Intent("price", fields)


def _payment(desk: Desk) -> Intent:
    return Intent("payment", {"partner": "zhou", "direction": "in", "amountFen": 1_000, "method": desk.mark})


def _settle(desk: Desk) -> Intent | None:
    named = desk.named("receive", "deliver")
    if named is None:
        return None
    line = named.fields["lines"][0]
    lines = [
        {
            "named": 0, "item": line["item"], "lot": line["lot"], "qty": line["qty"], "weight": None,
            "unitPrice": 24_000, "unit": "each", "reason": desk.mark,
        }
    ]  # fmt: skip
    return Intent(
        "settle", {"partner": named.fields["partner"], "side": "buy", "lines": lines}, (named.hash,)
    )


def _order(desk: Desk) -> Intent:
    return Intent(
        "order",
        {"order": desk.mark, "partner": "zhou", "side": "sell", "dueOn": DAY, "lines": [["TOM", 5, None]]},
    )


def _task(desk: Desk) -> Intent:
    return Intent(
        "task", {"task": desk.mark, "work": "pick", "assignee": "liu", "order": None, "lines": desk.lines()}
    )


def _reserve(desk: Desk) -> Intent:
    fields = {
        "order": None,
        "lines": desk.lines(into=""),
        "untilMs": desk.at_ms + desk.chance.choice((1, 30)) * DAY_MS,
    }
    return Intent("reserve", fields)


def _approve(desk: Desk) -> Intent | None:
    named = desk.named("count")
    if named is None:
        return None
    line = named.fields["lines"][0]
    fields = {
        "item": line["item"],
        "lot": line["lot"] or "",
        "place": named.fields["place"],
        "qty": desk.chance.randrange(-9, 9),
    }
    return Intent("approve", fields, (named.hash,))


def _void(desk: Desk) -> Intent | None:
    named = desk.named("move", "pick", "receive", "count", "adjust", "harvest", "hold", "offer")
    return None if named is None else Intent("void", {"reason": desk.mark}, (named.hash,))


def _resolve(desk: Desk) -> Intent | None:
    named = desk.named(*_DRAWN)
    verdict = desk.chance.choice(("accepted", "accepted", "refused"))
    return (
        None if named is None else Intent("resolve", {"verdict": verdict, "note": desk.mark}, (named.hash,))
    )


def _set(desk: Desk) -> Intent:
    table, name = desk.chance.choice((("item", "TOM"), ("partner", "zhou"), ("place", "A1")))
    attribute = desk.chance.choice(("name", "note"))
    return Intent("set", {"table": table, "id": name, "attributes": [[attribute, desk.mark]]})


def _tag(desk: Desk) -> Intent:
    return Intent("tag", {"table": "item", "id": "TOM", "tag": desk.mark, "on": True})


def _certificate(desk: Desk) -> Intent:
    fields = {
        "number": desk.mark, "lots": [["PAK", desk.chance.choice(LOTS)]], "product": "小白菜", "qty": 5,
        "weight": None, "basis": "自检合格", "promiser": "孙梅",
    }  # fmt: skip
    return Intent("certificate", fields)


def _close(desk: Desk) -> Intent:
    return Intent("close", {"periodEndMs": desk.at_ms - desk.chance.randrange(DAY_MS)})


def _paper(desk: Desk) -> tuple[int, int, str] | None:
    """Now and then, work that was done hours ago and is typed now."""
    if desk.chance.random() >= NAMES_RARELY:
        return None
    start = desk.at_ms - desk.chance.randrange(DAY_MS)
    return start, start + desk.chance.randrange(600_000), "paper"


_Drawn = Callable[[Desk], Intent | None]

_DRAWN: Final[Mapping[str, _Drawn]] = {
    "receive": _receive, "move": _move, "pick": _pick, "ship": _ship, "deliver": _deliver, "return": _return,
    "adjust": _adjust, "dispose": _dispose, "finish": _finish, "count": _count, "pack": _pack, "unpack": _unpack,
    "weigh": _weigh, "harvest": _harvest, "farm_work": _farm_work, "transform": _transform, "inspect": _inspect,
    "hold": _hold, "recall": _recall, "release": _release, "test_result": _test_result, "label": _label,
    "offer": _offer, "take": _take, "price": _price, "payment": _payment, "settle": _settle, "order": _order,
    "task": _task, "reserve": _reserve, "approve": _approve, "void": _void, "resolve": _resolve, "set": _set,
    "tag": _tag, "certificate": _certificate, "close": _close,
}  # fmt: skip

_HANDLING: Final = (
    "move", "move", "move", "pick", "pick", "pick", "ship", "count", "count", "count", "pack", "unpack", "weigh",
    "inspect", "offer", "take", "label", "finish", "tag", "receive",
)  # fmt: skip
_BY_ROLE: Final[Mapping[str, Sequence[str]]] = {
    "picker": (*_HANDLING, "dispose", "transform", "return"),
    "driver": (*_HANDLING, "deliver", "deliver", "payment", "return"),
    "farmer": (
        "harvest",
        "harvest",
        "harvest",
        "farm_work",
        "certificate",
        "offer",
        "take",
        "weigh",
        "label",
    ),
    "qa": (*_HANDLING, "hold", "hold", "recall", "release", "release", "test_result", "dispose", "transform"),
    "manager": (*_HANDLING, *_DRAWN, "void", "void", "approve", "approve", "resolve", "resolve", "release"),
}
"""By role, weighted; some is beyond the role's rights."""
