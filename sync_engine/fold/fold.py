"""The fold: from logged ops to rows (docs/protocol/fold.md), pure in the set of (index, op, t, err, verdict).

`apply` and `amend` take ops and verdicts in any order and any batches; `drain` derives what changed and returns the
rows. Nothing here reads a clock, a disk or chance.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from domain import kinds
from domain.kinds import Body, parse_body
from domain.lowering import NOTHING, lower
from domain.ops import named_hashes
from sync_engine.fold import (
    derive_documents,
    derive_farm,
    derive_findings,
    derive_promises,
    derive_stock,
    past_findings,
    reporting,
)
from sync_engine.fold.effects import enter, is_noted, leave, spread_names
from sync_engine.fold.origin import Origin, origin_of
from sync_engine.fold.promise_book import is_taking
from sync_engine.fold.rows import Changes, RowKey, Rows
from sync_engine.fold.state import Noted, State
from sync_engine.logged import ACCEPTED, Logged, VerdictChange, readable_body
from sync_engine.sight import Sight

BalanceByKey = Mapping[tuple[str, str, str], tuple[int, int, bool]]
"""(item, lot, place) → (q, w, estimated); keys at zero are left out."""

CORRECTIONS: Final = frozenset({"void", "weigh"})
"""Kinds that change what an earlier op does, from its own instant."""


class Fold:
    """The ledger in memory. Not safe for concurrent tasks: one sequencer owns it."""

    def __init__(self, sight: Sight | None = None) -> None:
        self.state = State()
        self.sight = Sight() if sight is None else sight
        self._ops: dict[int, Logged] = {}
        self._live: set[int] = set()
        self.unreadable: set[int] = set()
        """Ops that a newer version accepted: without effect here, until the ledger says so in the log."""
        self._early: dict[int, list[VerdictChange]] = {}
        """Words on ops that have not come yet."""
        self._former: dict[int, list[tuple[int, Logged]]] = {}
        """index → (stated at, what stood until then), in order."""
        self._voids: dict[bytes, set[int]] = {}
        self._weights: dict[bytes, dict[int, tuple[Origin, kinds.Weigh]]] = {}
        self._rows = Rows()
        self._buckets: dict[bytes, str] = {}

    # --- in ----------------------------------------------------------------------------------------------------

    def apply(self, logged: Iterable[Logged], bodies: Mapping[int, Body] | None = None) -> None:
        """Take ops, each once or often, in any order. Only accepted ones have effect.

        `bodies`: index → typed body of ops that somebody parsed before; the others are parsed here.
        """
        for entry in logged:
            known = self._ops.get(entry.index)
            if known is not None:
                assert known.hash == entry.hash, "two ops at one index"
                continue
            self._ops[entry.index] = entry
            self.state.index_by_hash[entry.hash] = entry.index
            self.state.device_of[entry.index] = self._bucket(entry.op.device)
            self._judge(entry, None if bodies is None else bodies.get(entry.index))
            if self._early:
                self.amend(self._early.pop(entry.index, ()))

    def amend(self, changes: Iterable[VerdictChange]) -> None:
        """Take later verdicts, in the order of the log: an op may gain or lose its effect, at a time of its own."""
        for change in changes:
            entry = self._ops.get(change.index)
            if entry is None:
                self._early.setdefault(change.index, []).append(change)
                continue
            self._former.setdefault(change.index, []).append((change.stated_at, entry))
            self._withdraw(entry)
            self.unreadable.discard(change.index)
            amended = msgspec.structs.replace(
                entry, t=change.t, err=change.err, verdict=change.verdict, code=change.code
            )
            self._ops[change.index] = amended
            self._rows.verdict(amended)
            self.state.dirty_ops[change.index] = None
            self._judge(amended, None)

    def _bucket(self, device: bytes) -> str:
        bucket = self._buckets.get(device)
        if bucket is None:
            bucket = self._buckets[device] = f"device:{device.hex()}"
        return bucket

    def _judge(self, entry: Logged, body: Body | None) -> None:
        if derive_findings.is_off(entry):
            self.state.dirty_ops[entry.index] = None
        if entry.verdict != ACCEPTED:
            self._rows.verdict(entry)
        elif not self._voids.get(entry.hash):
            self._enter(entry, body)

    def _enter(self, entry: Logged, body: Body | None) -> None:
        op = entry.op
        if body is None:
            body = readable_body(op)
        if body is None:
            self.unreadable.add(entry.index)
            return
        origin = origin_of(entry, body, self.sight.seen_of(op))
        self._live.add(entry.index)
        lowered = lower(body, self._weights_of(entry.hash) if self._weights else None)
        if lowered is not NOTHING:
            self.state.put_stock(origin, lowered)
            if is_taking(body):
                self.state.promises.put_takes(origin, body, lowered.movements)
        if isinstance(body, kinds.Sequenced):
            self._hear(body)
        elif isinstance(body, kinds.Lease):
            # It concerns whom it promises to, not the server that said it.
            self.state.device_of[entry.index] = self._bucket(body.device)
        if is_noted(body):
            enter(self.state, Noted(origin, body, op.epoch, op.seq))
            if body.kind in CORRECTIONS:
                self._enter_correction(body, origin, entry)

    def _hear(self, said: kinds.Sequenced) -> None:
        """The log states its time, and why it refused what it refused."""
        self.state.promises.tick(said.server_ms)
        for number, facts in said.facts:
            index = said.first_index + number
            self._rows.facts[index] = facts
            entry = self._ops.get(index)
            if entry is not None:
                self._rows.verdict(entry)

    def _withdraw(self, entry: Logged) -> None:
        if entry.index not in self._live:
            return
        self._live.discard(entry.index)
        body = parse_body(entry.op.kind, entry.op.body)
        assert body is not None, "it was in effect"
        lowered = lower(body)
        if lowered is not NOTHING:
            self.state.take_out_stock(entry.index, lowered)
            if is_taking(body):
                self.state.promises.take_out_takes(entry.index, lowered.movements)
        noted = self.state.noted.get(entry.index)
        if noted is not None:
            leave(self.state, noted)
            self._leave_correction(noted.body, entry)

    # --- corrections: void and weigh act at the instant of the op that they name -------------------------------

    def _enter_correction(self, body: Body, origin: Origin, entry: Logged) -> None:
        target = _target(entry)
        if target is None:
            return
        if isinstance(body, kinds.Void):
            self._voids.setdefault(target, set()).add(entry.index)
        elif isinstance(body, kinds.Weigh):
            self._weights.setdefault(target, {})[entry.index] = (origin, body)
        self._again(target)

    def _leave_correction(self, body: Body, entry: Logged) -> None:
        target = _target(entry)
        if target is None or not isinstance(body, kinds.Void | kinds.Weigh):
            return
        self._voids.get(target, set()).discard(entry.index)
        self._weights.get(target, {}).pop(entry.index, None)
        self._again(target)

    def _again(self, target: bytes) -> None:
        index = self.state.index_by_hash.get(target)
        if index is None:
            return
        entry = self._ops[index]
        self._withdraw(entry)
        self.state.dirty_ops[index] = None
        if entry.verdict == ACCEPTED and not self._voids.get(target):
            self._enter(entry, None)

    def _weights_of(self, target: bytes) -> dict[int, int] | None:
        """Line → grams; the last weighing in effective order wins."""
        found = self._weights.get(target)
        if not found:
            return None
        weighings = sorted(found.values(), key=lambda weighing: weighing[0].order)
        return {line: grams for _origin, weigh in weighings for line, grams in weigh.weights}

    # --- out ---------------------------------------------------------------------------------------------------

    def drain(self, boundary: int | None = None) -> Changes:
        """Derive all that changed since the last drain and return it; `boundary` as `derive` says."""
        self.derive(boundary)
        return self._rows.take()

    def derive(self, boundary: int | None = None) -> None:
        """Derive all that changed, and keep what changed for the next drain.

        `boundary` is the index of the last op of a group commit, when the fold holds the log up to it and no further:
        exceptions that were open at the boundary before and have no cause now are remembered (table `past_exception`).
        """
        state, rows = self.state, self._rows
        spread_names(state)
        derive_farm.derive(state)
        derive_stock.derive(state, rows)
        derive_promises.derive(state, rows)
        derive_documents.derive(state, rows)
        derive_findings.derive(state, self._ops)
        reporting.show(state, rows)
        if boundary is not None:
            past_findings.remember(state, rows, boundary)

    def rows(self) -> Mapping[RowKey, bytes]:
        """Return every row as of the last drain: a pure function of the ops and verdicts, whatever came when."""
        return self._rows.all()

    # --- questions ---------------------------------------------------------------------------------------------

    def logged(self, index: int) -> Logged | None:
        """Return the op at an index as the fold holds it."""
        return self._ops.get(index)

    def index_of(self, leaf_hash: bytes) -> int | None:
        """Return the index of an op by its hash."""
        return self.state.index_by_hash.get(leaf_hash)

    def is_live(self, index: int) -> bool:
        """Whether the op has effect: accepted and not voided."""
        return index in self._live

    def balances(self, o_max: int | None = None, index_max: int | None = None) -> BalanceByKey:
        """Return the balances now, as of an instant, or as the ops below an index tell them."""
        known = self if index_max is None else self.known_below(index_max)
        return derive_stock.balances(known.state, o_max)

    def known_below(self, index_max: int) -> "Fold":
        """Return the fold of the ops below an index with the verdicts that stood then: what was known at that size.

        Costs as much as folding them; nothing that came later (a void, a weighing, an approval) is in it.
        """
        past = Fold(self.sight)
        past.apply(
            self._as_stood(entry, index_max) for entry in self._ops.values() if entry.index < index_max
        )
        return past

    def _as_stood(self, entry: Logged, index_max: int) -> Logged:
        for stated_at, former in self._former.get(entry.index, ()):
            if stated_at >= index_max:
                return former
        return entry

    def closes(self) -> list[tuple[int, int]]:
        """Return (period end, index) of the closes in effect that froze something, by period end.

        A period is frozen by the first close in the log that covers it; a later one with an earlier end does nothing.
        """
        found: list[tuple[int, int]] = []
        for index in sorted(self.state.periods.get("closed", ())):
            body = self.state.noted[index].body
            if isinstance(body, kinds.Close) and (not found or body.period_end_ms > found[-1][0]):
                found.append((body.period_end_ms, index))
        return found

    def reported(self, o: int | None = None) -> BalanceByKey:
        """Return the balances as reported at an instant (None: now).

        Inside a closed period: what the ledger knew when that period was closed. In the open one: everything, so what
        came late for closed periods is posted at the first open instant.
        """
        closed = next((index for end, index in self.closes() if o is not None and o <= end), None)
        return self.balances(o, closed)

    def carried(self, period_end_ms: int) -> BalanceByKey:
        """Return what is posted at the instant after a closed period's end because it came after the close."""
        frozen, true = self.reported(period_end_ms), self.balances(period_end_ms)
        found: dict[tuple[str, str, str], tuple[int, int, bool]] = {}
        for key in {*frozen, *true}:
            was, now = frozen.get(key, (0, 0, False)), true.get(key, (0, 0, False))
            if was[:2] != now[:2]:
                found[key] = (now[0] - was[0], now[1] - was[1], now[2])
        return found


def _target(entry: Logged) -> bytes | None:
    """The op that a correction is about; one that names another organisation's op corrects nothing here."""
    named = named_hashes(entry.op)
    return named[0] if named else None
