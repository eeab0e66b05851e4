"""Bugs planted in the engine, by patches of its sources: each must be caught by the simulator."""

import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple


class Bug(NamedTuple):
    """`find` stands exactly once in the function `where`; the seed is one that caught it."""

    where: str
    find: str
    replace: str
    seed: int


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Run the engine with the bug in it."""
    module_name, _, qualified = bug.where.partition(":")
    module = import_module(module_name)
    *owners, name = qualified.split(".")
    owner: Any = module
    for part in owners:
        owner = getattr(owner, part)
    original = owner.__dict__[name]
    source = textwrap.dedent(inspect.getsource(original))
    assert source.count(bug.find) == 1, f"{bug.where}: {source.count(bug.find)} times\n{source}"
    made: dict[str, Any] = {}
    code = compile(source.replace(bug.find, bug.replace), f"<planted in {bug.where}>", "exec")
    exec(code, module.__dict__, made)
    places = [(owner, name)]
    if not owners:  # other modules hold it under its name
        places += [
            (other, key)
            for other in list(sys.modules.values())
            for key, value in list(vars(other).items() if hasattr(other, "__dict__") else ())
            if value is original and other is not module
        ]
    try:
        for place, key in places:
            setattr(place, key, made[name])
        yield
    finally:
        for place, key in places:
            setattr(place, key, original)


BUGS: dict[str, Bug] = {
    "a clock escapes the bound of arrival": Bug(
        "sync_engine.effective_time:effective_time",
        "t = min(max(corrected_at, seen_ms), arrived_ms)",
        "t = max(corrected_at, seen_ms)",
        34,
    ),
    "a clock escapes the bound of what was seen": Bug(
        "sync_engine.effective_time:effective_time",
        "t = min(max(corrected_at, seen_ms), arrived_ms)",
        "t = min(corrected_at, arrived_ms)",
        13,
    ),
    "an op comes before what it follows": Bug(
        "sync_engine.effective_time:effective_time",
        "return t if follows_ms is None else max(t, follows_ms)",
        "return t",
        4,
    ),
    "a revoked phone goes on": Bug(
        "sync_engine.verdicts:rule",
        "if revoked is not None and revoked < c.leaf:",
        "if False:",
        5,
    ),
    "a right that lapsed before the arrival counts": Bug(
        "sync_engine.verdicts:_rights",
        "if now is not known and not _may_record(now, op.kind):",
        "if False:",
        11,
    ),
    "a branch of a fork is folded": Bug(
        "sync_engine.judgement:Judgement._judge",
        "if arrival.is_branch:",
        "if False:",
        11,
    ),
    "what was deferred is never judged again": Bug(
        "sync_engine.judgement:Judgement._follow_up",
        "if entry.verdict == DEFERRED and index < self._first:",
        "if False:",
        6,
    ),
    "what is quarantined is folded": Bug(
        "sync_engine.fold.fold:Fold._judge",
        "elif not self._voids.get(entry.hash):",
        'if entry.verdict != "deferred" and not self._voids.get(entry.hash):',
        3,
    ),
    "a void that comes later has no effect": Bug(
        "sync_engine.fold.fold:Fold._again",
        "if entry.verdict == ACCEPTED and not self._voids.get(target):",
        "if entry.verdict == ACCEPTED:",
        3,
    ),
    "counts are ordered by the phone's clock": Bug(
        "sync_engine.fold.origin:origin_of",
        "o, err, start = t, logged.err, None",
        "o, err, start = op.at, logged.err, None",
        10,
    ),
    "a late record orders at its arrival": Bug(
        "sync_engine.fold.origin:origin_of",
        "o = min(t, (start + end) // 2)",
        "o = t",
        10,
    ),
    "a late movement is added on top of the count": Bug(
        "sync_engine.fold.stock:StockGroup._commutes",
        "if entry.what != MOVE or self._flagged or entry[:3] < self._turn:",
        "if entry.what != MOVE or self._flagged:",
        30,
    ),
    "a count is added to what stood there": Bug(
        "sync_engine.fold.stock:StockGroup._count_lot",
        "self._set(lot, Balance(counted_q, counted_w, estimated, entry[:3]))",
        "self._set(lot, Balance(counted_q + expected.q, counted_w, estimated, entry[:3]))",
        17,
    ),
    "a movement leaves and does not arrive": Bug(
        "sync_engine.fold.state:State.put_stock",
        "Entry(o, index, line + 1, MOVE, lot, qty, weight, estimated, origin, out)",
        "Entry(o, index, line + 1, MOVE, lot, qty // 2, weight, estimated, origin, out)",
        3,
    ),
    "a changed lot is not told": Bug(
        "sync_engine.fold.stock:StockGroup._move",
        "self.dirty_lots.add(lot)",
        "pass",
        3,
    ),
    "phones are not told of verdicts": Bug(
        "sync_engine.fold.rows:Rows.verdict",
        "if entry.verdict != ACCEPTED:",
        "if False:",
        3,
    ),
    "one bad frame fails the request": Bug(
        "sync_engine.intake:Intake.take",
        "problems.append(Problem(number, is_relayed, refusal.code, str(refusal)))",
        "raise",
        27,
    ),
    "what is deferred counts as settled": Bug(
        "sync_engine.device_chain:DeviceChain._settled",
        "for seq in sorted(self._deferred.get(epoch, ())):",
        "for seq in ():",
        27,
    ),
    "copies are not told what the log holds": Bug(
        "sync_engine.device_chain:DeviceChain.state",
        "held=tuple([(epoch, len(main) + 1, main[-1]) for epoch, main in self._main.items()])",
        "held=()",
        28,
    ),
    "a frame that is known in part is logged whole": Bug(
        "sync_engine.chain:_after",
        "Ready(first)",
        "Ready(0)",
        4,
    ),
    "a failed commit stays in memory": Bug(
        "sync_engine.sequencer:Sequencer._changing",
        "            await self._recover()\n",
        "",
        12,
    ),
    "rows of the commit after the cursor are left out": Bug(
        "sync_engine.adapters.ledger_store:StoredCut.rows",
        "(wanted.cursor + 1, -1)",
        "(wanted.cursor + 3, -1)",
        3,
    ),
    "a lost bucket is not told": Bug(
        "sync_engine.row_pages:pull_rows",
        "dropped = set(request.buckets) - set(granted)",
        "dropped = set[str]()",
        21,
    ),
    "later verdicts are not stored": Bug(
        "sync_engine.adapters.ledger_store:StoredLedger.steps",
        "(self._amend_op, [change_to_record(org, change) for change in commit.verdict_changes])",
        "(self._amend_op, [])",
        6,
    ),
    "a tile of the tree is not stored": Bug(
        "sync_engine.adapters.ledger_store:StoredLedger.steps",
        "steps += [(self._put_tile, head_to_records(org, head)), ",
        "steps += [",
        3,
    ),
    "a session of another device counts": Bug(
        "sync_engine.verdicts:_in_session",
        "if session is None or (session.device != op.device and not is_server):",
        "if session is None and False:",
        9,
    ),
    "a page begins anew and the rows of the last are kept out": Bug(
        "sync_engine.row_pages:pull_rows",
        "cursor, following = request.cursor, encode_trusted(_Page(page.begun, found.last, page.scope))",
        "cursor, following = size - 1, None",
        4,
    ),
    "a poll that gives or ends a lease is not committed": Bug(
        "sync_engine.sequencer:Sequencer._meet",
        "if self.ledger.owes(_deliveries(jobs), now_ms=now_ms):",
        "if False:",
        233,
    ),
}
