"""The fold: from logged ops to rows (docs/protocol/fold.md). A pure function of the set of (index, op, t, err, verdict).

`apply` and `amend` take ops and verdicts in any order and any batches; `drain` derives what changed and returns the
rows. Nothing here reads a clock, a disk or chance.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from domain import kinds
from domain.kinds import Body, parse_body
from domain.lowering import NOTHING, Lowered, lower
from domain.ops import named_hashes
from sync_engine.fold import derive_documents, derive_farm, derive_findings, derive_stock
from sync_engine.fold.effects import enter, is_noted, leave, spread_names
from sync_engine.fold.origin import Origin, origin_of
from sync_engine.fold.rows import Changes, Rows
from sync_engine.fold.state import Noted, State
from sync_engine.logged import ACCEPTED, Logged, VerdictChange


class Fold:
    """The ledger in memory. Not safe for concurrent tasks: one sequencer owns it."""

    def __init__(self) -> None:
        self.state = State()
        self._ops: dict[int, Logged] = {}
        self._live: dict[int, Lowered] = {}
        self._voids: dict[bytes, set[int]] = {}
        self._weights: dict[bytes, dict[int, tuple[Origin, kinds.Weigh]]] = {}
        self._rows = Rows()

    # --- in ----------------------------------------------------------------------------------------------------

    def apply(self, logged: Iterable[Logged]) -> None:
        """Take ops, each once or often, in any order. Only accepted ones have effect."""
        for entry in logged:
            known = self._ops.get(entry.index)
            if known is not None:
                assert known.hash == entry.hash, "two ops at one index"
                continue
            self._ops[entry.index] = entry
            self.state.index_by_hash[entry.hash] = entry.index
            self._judge(entry)

    def amend(self, changes: Iterable[VerdictChange]) -> None:
        """Take later verdicts: an op may gain or lose its effect, at a time of its own."""
        for change in changes:
            entry = self._ops[change.index]
            self._withdraw(entry)
            amended = Logged(
                entry.index,
                entry.hash,
                entry.op,
                change.t,
                change.err,
                change.verdict,
                change.code,
                entry.arrived,
            )
            self._ops[change.index] = amended
            self._judge(amended)

    def _judge(self, entry: Logged) -> None:
        self._rows.verdict(entry)
        self.state.device_of[entry.index] = f"device:{entry.op.device.hex()}"
        self.state.dirty_ops[entry.index] = None
        if entry.verdict == ACCEPTED and not self._voids.get(entry.hash):
            self._enter(entry)

    def _enter(self, entry: Logged) -> None:
        op = entry.op
        body = parse_body(op.kind, op.body)
        assert body is not None, "an accepted op is of a known kind"
        origin = origin_of(entry)
        lowered = lower(body, self._weights_of(entry.hash)) if op.kind in STOCK_KINDS else NOTHING
        self._live[entry.index] = lowered
        if lowered is not NOTHING:
            self.state.put_stock(origin, lowered)
            self._rows.stock_entered(origin, lowered)
        if is_noted(body):
            enter(self.state, Noted(origin, body, op.epoch, op.seq))
        if isinstance(body, kinds.Void | kinds.Weigh):
            self._enter_correction(body, origin, entry)

    def _withdraw(self, entry: Logged) -> None:
        lowered = self._live.pop(entry.index, None)
        if lowered is None:
            return
        origin = origin_of(entry)
        if lowered is not NOTHING:
            self.state.take_out_stock(origin, lowered)
            self._rows.stock_left(entry.index)
        noted = self.state.noted.get(entry.index)
        if noted is not None:
            leave(self.state, noted)
            self._leave_correction(noted.body, entry)

    # --- corrections: void and weigh act at the instant of the op that they name -------------------------------

    def _enter_correction(self, body: Body, origin: Origin, entry: Logged) -> None:
        target = named_hashes(entry.op)[0]
        if isinstance(body, kinds.Void):
            self._voids.setdefault(target, set()).add(entry.index)
        elif isinstance(body, kinds.Weigh):
            self._weights.setdefault(target, {})[entry.index] = (origin, body)
        self._again(target)

    def _leave_correction(self, body: Body, entry: Logged) -> None:
        if not isinstance(body, kinds.Void | kinds.Weigh):
            return
        target = named_hashes(entry.op)[0]
        self._voids.get(target, set()).discard(entry.index)
        self._weights.get(target, {}).pop(entry.index, None)
        self._again(target)

    def _again(self, target: bytes) -> None:
        index = self.state.index_by_hash.get(target)
        if index is None:
            return
        entry = self._ops[index]
        self._withdraw(entry)
        if entry.verdict == ACCEPTED and not self._voids.get(target):
            self._enter(entry)
        self.state.dirty_ops[index] = None

    def _weights_of(self, target: bytes) -> dict[int, int] | None:
        weighings = self._weights.get(target)
        if not weighings:
            return None
        ordered = sorted(weighings.values(), key=lambda weighing: (weighing[0].o, weighing[0].index))
        return {line: grams for _origin, weigh in ordered for line, grams in weigh.weights}

    # --- out ---------------------------------------------------------------------------------------------------

    def drain(self) -> Changes:
        """Derive all that changed since the last drain and return it."""
        state, rows = self.state, self._rows
        spread_names(state)
        derive_farm.derive(state, rows)
        derive_stock.derive(state, rows)
        derive_documents.derive(state, rows)
        derive_findings.derive(state, rows, self._ops)
        return rows.take()

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

    def balances(
        self, o_max: int | None = None, index_max: int | None = None
    ) -> Mapping[tuple[str, str, str], tuple[int, int, bool]]:
        """Return (item, lot, place) → (q, w, estimated): now, or as of an instant, or as known to ops below an index."""
        return derive_stock.balances(self.state, o_max, index_max)


STOCK_KINDS: Final = frozenset(
    {"receive", "move", "pick", "ship", "deliver", "return", "adjust", "dispose", "finish", "count", "pack", "unpack",
     "harvest", "transform", "take"}
)  # fmt: skip
