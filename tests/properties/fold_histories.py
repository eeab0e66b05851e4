"""Believable histories of a small company, for the laws of the fold."""

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from hypothesis import strategies as st

from sync_engine.logged import Logged, Verdict, VerdictChange
from tests.tools.fold_log import MINUTE, START, FoldLog, line

ITEMS = ("TOM", "MLK", "CUC")
LOTS = ("", "A", "B")
PLACES = ("R1", "R2", "T1", "lpn:1")
COUNTED = ("R1", "R2", "T1", "lpn:1")


class History(NamedTuple):
    """A log, and what was said of its ops later (in the order of the log)."""

    entries: list[Logged]
    changes: list[VerdictChange]


class Story:
    """Tells one op after the other, each from a seed of its own: leaving one out leaves the others as they are."""

    def __init__(self, log: FoldLog | None = None) -> None:
        self.chance = Random()
        self.log = FoldLog() if log is None else log
        self.last: dict[int, int] = {}
        self.start = START
        self.alone = False
        """One device tells what happens from `start` on, in order and with true clocks: a phone's pending work."""

    def begin(self, start: int) -> None:
        """Go on as one phone whose ops are pending."""
        self.start, self.alone = start, True

    def pick(self, among: tuple[str, ...]) -> str:
        return self.chance.choice(among)

    def number(self, most: int) -> int:
        return self.chance.randint(0, most)

    def line(self, out: str | None = None, into: str | None = None) -> list[object]:
        item = self.pick(ITEMS)
        weight = self.number(900) if item == "CUC" else None
        start = self.pick(PLACES) if out is None else out
        end = self.pick(PLACES) if into is None else into
        return line(item, self.pick(LOTS), start, end, self.number(9), weight, estimated=self.number(3) == 0)

    def named(self, *kinds: str) -> tuple[bytes, ...]:
        since = self.start if self.alone else 0
        found = [entry for entry in self.log.entries if entry.op.kind in kinds and entry.t >= since]
        return (found[self.number(len(found) - 1)].hash,) if found else ()

    def step(self, seed: int, among: Sequence[str] = ()) -> None:
        self.chance.seed(seed)
        _STEPS[self.pick(tuple(among) or tuple(_STEPS))](self)

    def found(self, seed: int) -> None:
        """The organisation, and how far its day is from UTC."""
        self.log.log("genesis", "L", bytes(65), "", [], [], "", ["li", "Li", None], 60 * (seed % 9), t=START)

    def record(self, kind: str, *fields: object, names: tuple[bytes, ...] = ()) -> None:
        if self.alone:
            t = max(self.start + 30 * MINUTE, self.last.get(1, 0)) + self.number(9) * MINUTE
            self.last[1] = t
            self.log.log(kind, *fields, t=t, names=names)
            return
        log = self.log
        by = 1 + self.number(2)
        t = self.start + self.number(40) * MINUTE
        t = max(t, self.last.get(by, 0), *(e.t for e in log.entries if e.hash in names), 0)
        seen = min(len(log.entries), self.number(len(log.entries)))
        self.last[by] = t
        verdict: Verdict = "accepted" if self.number(8) else "quarantined"
        log.log(
            kind,
            *fields,
            t=t,
            by=by,
            seen=seen,
            err=self.number(3) * MINUTE,
            names=names,
            occurred=self.claim(kind, t),
            verdict=verdict,
            code="" if verdict == "accepted" else "no-right",
            off=self.number(3) * MINUTE,
        )

    def claim(self, kind: str, t: int) -> tuple[int, int, str] | None:
        """Now and then, work that was written down later."""
        if kind not in {"move", "receive", "pick", "count", "adjust"} or self.number(7):
            return None
        start = t - (1 + self.number(20)) * MINUTE
        return start, start + self.number(1) * MINUTE, "paper"


def _receive(s: Story) -> None:
    order = "PO-1" if s.number(2) == 0 else None
    lots = [[s.pick(ITEMS), s.pick(LOTS[1:]), [["expires_on", f"2026-11-{22 + s.number(3)}"]]]]
    s.record("receive", "wang", order, [s.line("", None)], lots, s.number(2) == 0)


def _move(s: Story) -> None:
    lpns = [["1", s.pick(PLACES[:3])]] if s.number(3) == 0 else []
    s.record("move", None, [s.line(), s.line()][: 1 + s.number(1)], lpns)


def _pick(s: Story) -> None:
    s.record("pick", None, "T-1" if s.number(2) == 0 else None, [s.line()])


def _count(s: Story) -> None:
    lines = []
    for _ in range(s.number(3)):
        item = s.pick(ITEMS)
        lot = s.pick(LOTS) if s.number(3) else None
        q = None if item == "CUC" and s.number(2) == 0 else s.number(20)
        w = s.number(2000) if item == "CUC" and (q is None or s.number(1)) else None
        lines.append([item, lot, q, w, s.number(6) * MINUTE])
    scope = None if s.number(1) else [s.pick(ITEMS)]
    s.record(
        "count", s.pick(COUNTED), scope, s.number(1) == 0, False, lines, "T-1" if s.number(5) == 0 else None
    )


def _approve(s: Story) -> None:
    names = s.named("count")
    if names:
        lot = s.pick((*LOTS, "?"))
        s.record("approve", s.pick(ITEMS), lot, s.pick(COUNTED), s.number(6) - 3, None, names=names)


def _void(s: Story) -> None:
    names = s.named(
        "receive",
        "move",
        "pick",
        "count",
        "weigh",
        "hold",
        "finish",
        "set",
        "harvest",
        "farm_work",
        "deliver",
    )
    if names:
        s.record("void", "typo", names=names)


def _weigh(s: Story) -> None:
    names = s.named("pick", "move", "receive")
    if names:
        s.record("weigh", [[0, s.number(900)]], names=names)


def _deliver(s: Story) -> None:
    refused = [[s.pick(ITEMS), s.pick(LOTS), "T1", s.number(3), None, "bent"]] if s.number(2) == 0 else []
    s.record("deliver", "zhou", "SO-1" if s.number(2) == 0 else None, None, [s.line("T1", "")], refused)


def _hold(s: Story) -> None:
    start = START + s.number(30) * MINUTE
    if s.number(1):
        span = [start, start + s.number(15) * MINUTE]
        s.record(
            "hold",
            "",
            "",
            s.pick(PLACES),
            "hold",
            "warm",
            span,
            names=s.named("hold") if s.number(3) == 0 else (),
        )
    else:
        place = s.pick(PLACES) if s.number(1) else None
        s.record("hold", s.pick(ITEMS), s.pick(LOTS), place, s.pick(("inspect", "hold", "reject")), "smells")


def _release(s: Story) -> None:
    names = s.named("hold", "harvest")
    if names:
        s.record("release", "fine", names=names)


def _harvest(s: Story) -> None:
    s.record("harvest", "P1", [s.line("", "R1")])


def _farm_work(s: Story) -> None:
    days = None if s.number(4) == 0 else s.number(9)
    s.record("farm_work", ["P1"], "spray", [["x", "y", "z", "1", days]], "2026-11-19", "2026-11-19")


def _set(s: Story) -> None:
    which = s.number(4)
    if which == 0:
        s.record("set", "item", s.pick(ITEMS), [["life_days", s.number(3)], ["unit", s.pick(("g", "each"))]])
    elif which == 1:
        s.record("set", "place", s.pick(PLACES[:3]), [["parent", s.pick(("DEPOT", "R1", "R2", ""))]])
    elif which == 2:
        s.record("set", "rule", "count_tolerance", [["value", s.number(4)]])
    elif which == 3:
        lot = s.pick(LOTS[1:])
        s.record("set", "lot", f"{s.pick(ITEMS)}\x1f{lot}", [["produced_on", f"2026-11-{20 + s.number(4)}"]])
    else:
        s.record("tag", "item", s.pick(ITEMS), "new", bool(s.number(1)))


def _order(s: Story) -> None:
    if s.number(1):
        s.record("order", "PO-1", "wang", "buy", "2026-11-23", [[s.pick(ITEMS), s.number(9), None]])
    elif s.number(1):
        s.record("order", "SO-1", "zhou", "sell", "2026-11-23", [[s.pick(ITEMS), s.number(9), None]])
    else:
        s.record("task", "T-1", "pick", None, None, [s.line()])


def _lease(s: Story) -> None:
    """A word of the server's on a lease: a new one, perhaps out of an older one's stock, or on one that was given."""
    word = s.pick(("grant", "grant", "extend", "recall", "return"))
    names = s.named("lease") if word != "grant" or s.number(2) == 0 else ()
    given = next((e.op.body for e in s.log.entries if names and e.hash == names[0]), None)
    held = bytes([1 + s.number(2)]) * 16
    until = s.start + s.number(60) * MINUTE
    task, order = s.pick(("T-1", "")) or None, s.pick(("SO-1", "")) or None
    index = s.number(max(0, len(s.log.entries) - 1)) if s.number(1) else None
    if given is None:
        fields = [
            held,
            s.pick(ITEMS),
            s.pick(LOTS),
            s.pick(PLACES),
            1 + s.number(8),
            until,
            index,
            "grant",
            task,
            order,
        ]
    else:
        fields = [
            *given[2:6],
            given[6] if word in {"grant", "extend"} else 0,
            until,
            index,
            word,
            task,
            order,
        ]
    s.record("lease", *fields, names=names)


def _reserve(s: Story) -> None:
    held = bytes([1 + s.number(2)]) * 16 if s.number(3) == 0 else None
    lines = [[*s.line()[:3], "", s.number(9)] for _ in range(1 + s.number(1))]
    s.record(
        "reserve",
        s.pick(("SO-1", "")) or None,
        lines,
        s.start + s.number(60) * MINUTE,
        held,
        names=s.named("order"),
    )


def _tick(s: Story) -> None:
    s.record("sequenced", 0, s.start + s.number(60) * MINUTE, [], [], [], [[0, ["TOM", s.number(9)]]])


def _resolve(s: Story) -> None:
    about = s.pick(ITEMS), s.pick(LOTS), s.pick(PLACES)
    s.record("resolve", "accepted", "seen", "\x1f".join(("negative-stock", *about)))


def _transform(s: Story) -> None:
    s.record("transform", "sort", [s.line(None, "")], [s.line("", None)], [s.line("", "")])


def _money(s: Story) -> None:
    which = s.number(2)
    if which == 0:
        s.record("payment", "zhou", s.pick(("in", "out")), s.number(9999))
    elif which == 1:
        s.record("price", s.pick(ITEMS), None, "sell", s.number(9999), "斤", f"2026-11-{20 + s.number(4)}")
    else:
        s.record(
            "settle", "zhou", "sell", [[0, s.pick(ITEMS), "A", s.number(9), None, s.number(9999), "each"]]
        )


def _grant(s: Story) -> None:
    s.record("grant", s.pick(("li", "liu")), "picker", None, None, s.number(9))


def _finish(s: Story) -> None:
    s.record("finish", s.pick(ITEMS), s.pick(LOTS), s.pick(COUNTED))


def _units(s: Story) -> None:
    if s.number(1):
        s.record("pack", "1", "R1", [s.line(None, "")])
    else:
        s.record("unpack", "1", [s.line("", None)])


def _serial(s: Story) -> None:
    moved = [*s.line(), None, None, ["S1"]]
    s.record("move", None, [moved])


_STEPS: dict[str, Callable[[Story], None]] = {
    "receive": _receive, "receive again": _receive, "move": _move, "move again": _move, "pick": _pick, "count": _count,
    "count again": _count, "approve": _approve, "void": _void, "weigh": _weigh, "deliver": _deliver, "hold": _hold,
    "release": _release, "harvest": _harvest, "farm_work": _farm_work, "set": _set, "order": _order,
    "resolve": _resolve,
    "transform": _transform, "money": _money, "grant": _grant, "finish": _finish, "serial": _serial, "units": _units,
    "lease": _lease, "lease again": _lease, "reserve": _reserve, "tick": _tick,
}  # fmt: skip


def history_of(op_seeds: Sequence[int], change_seeds: Sequence[int]) -> History:
    """The history that these seeds tell."""
    story = Story()
    if op_seeds:
        story.found(op_seeds[0])
    for seed in op_seeds:
        story.step(seed)
    entries = story.log.entries
    changes = []
    for seed in change_seeds if entries else ():
        story.chance.seed(seed)
        entry = story.chance.choice(entries)
        verdict: Verdict = "accepted" if story.number(1) else "quarantined"
        t = entry.t + story.number(5) * MINUTE
        changes.append(VerdictChange(entry.index, verdict, "", t, entry.err, len(entries)))
    return History(entries, changes)


def histories(*, most: int = 24) -> st.SearchStrategy[History]:
    """Logs of up to `most` ops of three devices, and later verdicts on some of them."""
    seeds = st.integers(0, 2**31)
    return st.builds(history_of, st.lists(seeds, max_size=most), st.lists(seeds, max_size=3))
