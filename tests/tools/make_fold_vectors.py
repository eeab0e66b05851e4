"""Write `tests/vectors/fold/*.json`: what a phone shows, rows at its cursor ⊕ its own pending ops.

    python -m tests.tools.make_fold_vectors

The expectation is the whole fold of the log with the pending ops appended last; the TypeScript fold has only the rows
and the pending ops to come to the same. Deterministic; in the JSON a byte string stands as `{"bin": "<hex>"}`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from domain.lowering import is_physical
from sync_engine.fold.fold import Fold
from sync_engine.logged import Logged
from tests.properties.fold_histories import Story, history_of
from tests.tools.fold_log import MINUTE, START, FoldLog, device, folded, line, table

FOLDER: Final = Path(__file__).resolve().parent.parent / "vectors" / "fold"
AFTERWARDS: Final = START + 600 * MINUTE
"""Pending work is later than all that the rows tell."""
PENDING: Final = (
    "receive", "move", "pick", "count", "count again", "deliver", "finish", "transform", "harvest", "weigh", "void",
    "units",
)  # fmt: skip
CASES: Final = 60


def main() -> None:
    """Write every file anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def documents() -> dict[str, str]:
    """Name → text of each file."""
    contents = {"overlay.json": overlays(), "progress.json": progress(), "promises.json": promises()}
    return {name: _text(content) for name, content in contents.items()}


# --- balances ------------------------------------------------------------------------------------------------------


def overlays() -> list[object]:
    """Told cases first, then drawn ones."""
    told = [_overlay(name, tell) for name, tell in TOLD.items()]
    return told + [_overlay(f"drawn {seed}", _drawn(seed)) for seed in range(CASES)]


def _overlay(name: str, tell: Callable[[FoldLog], None]) -> object:
    log = FoldLog()
    tell(log)
    logged = [entry for entry in log.entries if entry.t < AFTERWARDS]
    pending = [entry for entry in log.entries if entry.t >= AFTERWARDS]
    return {
        "name": name,
        "rows": _balances(folded(logged)),
        "pending": [_op(entry) for entry in pending],
        "shown": _balances(folded(log.entries)),
    }


def _balances(fold: Fold) -> list[list[object]]:
    """[item, lot, place, q, w, estimated] of every physical key that has a row, zero or not."""
    rows = [row[:6] for row in table(fold, "balance").values()]
    physical = [row for row in rows if is_physical(str(row[2]))]
    return sorted(physical, key=lambda row: [str(name) for name in row[:3]])


def _op(entry: Logged) -> dict[str, object]:
    return {"kind": entry.op.kind, "body": _plain(entry.op.body), "hash": entry.hash.hex(), "at": entry.t}


def _drawn(seed: int) -> Callable[[FoldLog], None]:
    def tell(log: FoldLog) -> None:
        chance = Random(seed)
        history = history_of([chance.getrandbits(31) for _ in range(chance.randint(0, 14))], ())
        log.entries.extend(history.entries)
        story = Story(log)
        story.begin(AFTERWARDS)
        for _ in range(chance.randint(1, 9)):
            story.step(chance.getrandbits(31), PENDING)

    return tell


def _stock(log: FoldLog, *lines: list[object]) -> None:
    log.log(
        "adjust",
        "opening",
        [[item, lot, "virtual:opening", into, *rest] for item, lot, _out, into, *rest in lines],
        t=START,
    )


def _picks_over_a_count(log: FoldLog) -> None:
    _stock(log, line("TOM-5", "1123", "", "R1", 76))
    log.log("pick", None, None, [line("TOM-5", "1123", "R1", "T1", 20)], t=AFTERWARDS)
    log.log("count", "R1", ["TOM-5"], False, False, [["TOM-5", "1123", 55]], t=AFTERWARDS + MINUTE)
    log.log("pick", None, None, [line("TOM-5", "1123", "R1", "T1", 10)], t=AFTERWARDS + 2 * MINUTE)


def _catch_weight(log: FoldLog) -> None:
    _stock(log, line("BEEF", "B77", "", "FZ", 8, 163_400))
    log.log("pick", None, None, [line("BEEF", "B77", "FZ", "T1", 1, 20_000, estimated=True)], t=AFTERWARDS)
    log.log("count", "FZ", None, False, False, [["BEEF", "B77", 6]], t=AFTERWARDS + MINUTE)
    log.log("count", "T1", None, False, False, [["BEEF", "B77", None, 20_460]], t=AFTERWARDS + MINUTE)
    log.log("count", "R9", None, False, False, [["BEEF", "B77", 0, None]], t=AFTERWARDS + MINUTE)


def _residual(log: FoldLog) -> None:
    _stock(log, line("TOM-5", "1121", "", "R1", 40), line("TOM-5", "A9", "", "R1", 76))
    log.log("count", "R1", None, False, False, [["TOM-5", None, 110]], t=START + MINUTE)
    log.log("count", "R1", None, False, False, [["TOM-5", "A9", 73]], t=AFTERWARDS)
    log.log("count", "R1", ["TOM-5"], True, False, [["TOM-5", "1121", 40]], t=AFTERWARDS + MINUTE)
    log.log("move", None, [line("TOM-5", "?", "R1", "R2", 1)], t=AFTERWARDS + 2 * MINUTE)


def _whole_item(log: FoldLog) -> None:
    _stock(log, line("TOM-5", "1121", "", "R1", 40), line("MLK", "1120", "", "R1", 3))
    log.log("count", "R1", None, True, False, [["TOM-5", None, 38]], t=AFTERWARDS)


def _refused(log: FoldLog) -> None:
    _stock(log, line("TOM-5", "1123", "", "T1", 20))
    refused = [["TOM-5", "1123", "T1", 2, None, "crushed"]]
    log.log("deliver", "zhou", None, None, [line("TOM-5", "1123", "T1", "", 18)], refused, t=AFTERWARDS)
    log.log("return", "zhou", None, "crates", [line("CRT", "", "", "T1", 30)], t=AFTERWARDS)


def _packed(log: FoldLog) -> None:
    _stock(log, line("MLK", "1120", "", "R2", 60))
    log.log("pack", "952", "R2", [line("MLK", "1120", "R2", "", 24)], t=AFTERWARDS)
    log.log("count", "R2", None, True, False, [["MLK", "1120", 36]], t=AFTERWARDS + MINUTE)
    log.log("unpack", "952", [line("MLK", "1120", "", "T1", 4)], t=AFTERWARDS + 2 * MINUTE)


def _weighing_taken_back(log: FoldLog) -> None:
    _stock(log, line("CUC", "", "", "R1", 8, 4_000))
    pick = log.log("pick", None, None, [line("CUC", "", "R1", "T1", 4, 2_000, estimated=True)], t=AFTERWARDS)
    log.log("weigh", [[0, 1_900]], names=(pick.hash,), t=AFTERWARDS + MINUTE)
    slip = log.log("weigh", [[0, 19_000]], names=(pick.hash,), t=AFTERWARDS + 2 * MINUTE)
    log.log("void", "typo", names=(slip.hash,), t=AFTERWARDS + 3 * MINUTE)


def _residual_closed(log: FoldLog) -> None:
    _stock(log, line("TOM-5", "1121", "", "R1", 40))
    log.log("count", "R1", None, False, False, [["TOM-5", None, 37]], t=START + MINUTE)
    log.log("pick", None, None, [line("TOM-5", "1121", "R1", "T1", 37)], t=START + 2 * MINUTE)
    log.log("count", "R1", ["TOM-5"], True, False, [], t=AFTERWARDS)


def _false_claim(log: FoldLog) -> None:
    _stock(log, line("MLK", "1120", "", "R2", 60))
    log.log("count", "R2", None, False, False, [["MLK", "1120", 50]], t=AFTERWARDS + MINUTE)
    late = (AFTERWARDS, AFTERWARDS - MINUTE, "paper")
    moved = [line("MLK", "1120", "R2", "T1", 5)]
    log.log("move", None, moved, t=AFTERWARDS + 2 * MINUTE, occurred=late)


TOLD: Final[Mapping[str, Callable[[FoldLog], None]]] = {
    "picks before and after a count": _picks_over_a_count,
    "catch weight counted in one measure": _catch_weight,
    "the residual lot absorbed, closed and moved": _residual,
    "a complete count that spoke for the item": _whole_item,
    "refused goods stay with the carrier": _refused,
    "what is packed is no longer at the place": _packed,
    "a weighing that was taken back weighs nothing": _weighing_taken_back,
    "the residual lot has its share of what a complete count does not find": _residual_closed,
    "a claim that ends before it begins claims nothing": _false_claim,
}


# --- tasks and orders ----------------------------------------------------------------------------------------------


def progress() -> list[object]:
    """What a phone shows of tasks and orders that its own pending work went on with."""
    return [_progress(seed) for seed in range(24)]


def _progress(seed: int) -> object:
    chance = Random(seed)
    log = FoldLog()
    wanted = [
        line("TOM-5", "1121", "R1", "T1", chance.randint(1, 9)),
        line("MLK", "", "R2", "T1", chance.randint(0, 5)),
    ]
    log.log("task", "T-1", "pick", "liu", "SO-1", wanted, None, t=START)
    log.log("task", "T-2", "count", None, None, [], "R1", t=START)
    log.log("order", "SO-1", "zhou", "sell", "2026-11-23", [["TOM-5", 6, None], ["MLK", 3, 30]], t=START)
    log.log("order", "PO-1", "wang", "buy", "2026-11-23", [["TOM-L", 400_000, None]], t=START)
    for number in range(chance.randint(1, 7)):
        t = START + number * MINUTE if chance.random() < 0.4 else AFTERWARDS + number * MINUTE
        _work(log, chance, t)
    log.entries.sort(key=lambda entry: entry.t)
    logged = [entry for entry in log.entries if entry.t < AFTERWARDS]
    names = ("task", "order")
    return {
        "name": f"drawn {seed}",
        "rows": {name: _rows(folded(logged), name) for name in names},
        "pending": [_op(entry) for entry in log.entries if entry.t >= AFTERWARDS],
        "shown": {name: _rows(folded(log.entries), name) for name in names},
    }


def _work(log: FoldLog, chance: Random, t: int) -> None:
    task, order = chance.choice(("T-1", "T-2", None)), chance.choice(("SO-1", "PO-1", "SO-9", None))
    item, lot = chance.choice((("TOM-5", "1121"), ("TOM-5", "1123"), ("MLK", "")))
    lines = [line(item, lot, "R1", "T1", chance.randint(1, 5), chance.choice((None, 7)))]
    kind = chance.choice(("pick", "pick", "move", "count", "deliver", "receive", "void"))
    if kind == "pick":
        log.log("pick", order, task, lines, t=t)
    elif kind == "move":
        log.log("move", task, lines, t=t)
    elif kind == "count":
        log.log("count", "R1", None, False, False, [], task, t=t)
    elif kind == "deliver":
        log.log("deliver", "zhou", order, None, lines, t=t)
    elif kind == "receive":
        arrived = [line("TOM-L", "1123", "", "DOCK", 200_000)]
        log.log("receive", "wang", order, arrived, [], chance.random() < 0.4, t=t)
    else:
        own = [entry for entry in log.entries if entry.t >= AFTERWARDS and entry.op.kind != "void"]
        if own and t >= AFTERWARDS:
            log.log("void", "slip", names=(chance.choice(own).hash,), t=t)


# --- promises ------------------------------------------------------------------------------------------------------


def promises() -> list[object]:
    """What a phone shows of leases and of what is free, its own pending work included."""
    return [_promises(seed) for seed in range(60)]


def _promises(seed: int) -> object:
    """Device 1 is the phone's own; the server's words on leases are device 9's."""
    chance = Random(seed)
    log = FoldLog()
    log.log("order", "SO-1", "zhou", "sell", "2026-11-23", [["TOM-5", chance.randint(5, 60), None]], t=START)
    log.log("task", "T-1", "pick", "liu", "SO-1", [line("TOM-5", "", "R1", "T1", 40)], t=START)
    stocked = [
        line("TOM-5", lot, "virtual:opening", "R1", chance.randint(20, 90)) for lot in ("1121", "1123")
    ]
    log.log("adjust", "opening", stocked, t=START)
    for number in range(chance.randint(2, 7)):
        _promise(log, chance, START + (1 + number) * MINUTE)
    _worked(log, chance, START + 20 * MINUTE, by=chance.choice((1, 2)), known=len(log.entries))
    log.log("sequenced", 0, START + 30 * MINUTE, [], by=9, t=START + 30 * MINUTE)
    logged, known = list(log.entries), len(log.entries)
    for number in range(chance.randint(1, 5)):
        _worked(
            log, chance, AFTERWARDS + number * MINUTE, by=1, known=chance.choice((known, known, known // 2))
        )
    before, after = folded(logged), folded(log.entries)
    tables = ("lease", "reservation", "atp", "order", "balance")
    return {
        "name": f"drawn {seed}",
        "device": device(1).hex(),
        "rows": {name: _rows(before, name) for name in tables},
        "pending": [{**_op(entry), "seen": entry.op.seen[0]} for entry in log.entries[known:]],
        "shown": {
            "lease": {key: row[6] for key, row in _rows(after, "lease").items() if row[1] == device(1).hex()},
            "atp": _rows(after, "atp"),
        },
    }


def _promise(log: FoldLog, chance: Random, t: int) -> None:
    lot, until = chance.choice(("1121", "1123")), AFTERWARDS + 600 * MINUTE
    if chance.random() < 0.5:
        by, qty = chance.choice((1, 1, 2)), chance.randint(1, 30)
        purpose = chance.choice(((1, "T-1", "SO-1"), (1, "T-1", None), (0, None, "SO-1")))
        index, task, order = purpose
        ends = until - chance.randint(0, 9) * MINUTE
        fields = (device(by), "TOM-5", lot, "R1", qty, ends, index, "grant", task, order)
        granted = log.log("lease", *fields, by=9, t=t)
        if chance.random() < 0.3:
            back = (device(by), "TOM-5", lot, "R1", 0, until, index, "recall", task, order)
            log.log("lease", *back, by=9, t=t, names=(granted.hash,))
        return
    held = device(1) if chance.random() < 0.4 else None
    order = None if held else chance.choice(("SO-1", None))
    qty = chance.randint(1, 30)
    asked = log.log("reserve", order, [["TOM-5", lot, "R1", "", qty]], until, held, by=9, t=t)
    if held is not None:
        mine = (held, "TOM-5", lot, "R1", qty, until, asked.index, "grant", None, order)
        log.log("lease", *mine, by=9, t=t)


def _worked(log: FoldLog, chance: Random, t: int, *, by: int, known: int) -> None:
    lines = [line("TOM-5", chance.choice(("1121", "1123")), "R1", "T1", chance.randint(1, 25))]
    order, task = chance.choice((("SO-1", "T-1"), ("SO-1", None), (None, "T-1"), (None, None)))
    kind = chance.choice(("pick", "pick", "pick", "ship", "move", "dispose", "count", "void"))
    if kind == "pick":
        log.log("pick", order, task, lines, t=t, by=by, seen=known)
    elif kind == "ship":
        log.log("ship", order, None, lines, t=t, by=by, seen=known)
    elif kind == "move":
        log.log("move", task, lines, t=t, by=by, seen=known)
    elif kind == "dispose":
        thrown = [[*lines[0][:3], "", *lines[0][4:]]]
        log.log("dispose", "rotten", thrown, t=t, by=by, seen=known)
    elif kind == "count":
        log.log(
            "count",
            "R1",
            None,
            False,
            False,
            [["TOM-5", "1121", chance.randint(0, 50)]],
            t=t,
            by=by,
            seen=known,
        )
    else:
        own = [e for e in log.entries if e.t >= AFTERWARDS and e.op.kind in {"pick", "ship", "move"}]
        if own:
            log.log("void", "slip", names=(chance.choice(own).hash,), t=t, by=by, seen=known)


def _rows(fold: Fold, name: str) -> Mapping[str, Any]:
    return {key: _plain(value) for key, value in sorted(table(fold, name).items())}


# --- text ----------------------------------------------------------------------------------------------------------


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return {"bin": value.hex()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _text(cases: Sequence[object]) -> str:
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(", ", ": ")) for case in cases)
    return f"[\n{lines}\n]\n"


if __name__ == "__main__":
    main()
