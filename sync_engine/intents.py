"""The rules of intents: what the ledger refuses, judged when the op is logged. Facts never come here."""

from collections.abc import Callable
from typing import Final

from domain import kinds
from domain.body_fields import INT_MAX
from domain.expiry import day_of
from domain.kinds import Body
from domain.ops import Op, named_hashes
from sync_engine.directory import IDENTITY_KINDS
from sync_engine.fold.derive_farm import interval_of
from sync_engine.fold.fold import Fold
from sync_engine.fold.promise_book import keys_of
from sync_engine.fold.promises import available, free, holders, promised
from sync_engine.logged import ACCEPTED, REFUSED, Logged
from sync_engine.verdicts import ACCEPT, RESOLVED, Ruling, read

NOT_VOIDABLE: Final = frozenset(
    {
        "void",
        "approve",
        "close",
        "resolve",
        "sequenced",
        "genesis",
        "enrol",
        "session",
        "grant",
        "revoke",
        "rotate",
    }
)
"""Taking these back would make what was decided on them ambiguous: a new op decides anew."""

HOLDING: Final = frozenset({"hold", "recall", "harvest"})


def rule_intent(op: Op, body: Body, fold: Fold, t: int) -> Ruling:
    """Return acceptance, or the refusal of an intent's own rule, given the ledger below it (drained)."""
    rule = _RULES.get(op.kind)
    return ACCEPT if rule is None else rule(op, body, fold, t)


def _named(op: Op, fold: Fold) -> Logged | None:
    names = named_hashes(op)
    index = fold.index_of(names[0]) if names else None
    return None if index is None else fold.logged(index)


def _named_kind(op: Op, fold: Fold) -> str:
    entry = _named(op, fold)
    return "" if entry is None else entry.op.kind


def _resolve(op: Op, body: Body, fold: Fold, _t: int) -> Ruling:
    """A manager overrides a verdict, not what is accepted: `void` takes that back, and shows it.

    Nor does anybody's word make an op readable, or undo what was decided on an identity in the meantime.
    """
    assert isinstance(body, kinds.Resolve)
    entry = _named(op, fold)
    if entry is None:
        return ACCEPT if body.exception else Ruling("refused", "nothing-to-resolve")
    if body.verdict == REFUSED:
        was_accepted = entry.verdict == ACCEPTED and (
            entry.code != RESOLVED or entry.op.kind in IDENTITY_KINDS
        )
        return Ruling("refused", "use-void") if was_accepted else ACCEPT
    return Ruling("refused", "not-resolvable") if isinstance(read(entry.op), Ruling) else ACCEPT


def _void(op: Op, _body: Body, fold: Fold, _t: int) -> Ruling:
    return Ruling("refused", "not-voidable") if _named_kind(op, fold) in NOT_VOIDABLE else ACCEPT


def _approve(op: Op, _body: Body, fold: Fold, _t: int) -> Ruling:
    return ACCEPT if _named_kind(op, fold) == "count" else Ruling("refused", "not-a-count")


def _release(op: Op, _body: Body, fold: Fold, _t: int) -> Ruling:
    return ACCEPT if _named_kind(op, fold) in HOLDING else Ruling("refused", "not-a-hold")


def _certificate(_op: Op, body: Body, fold: Fold, t: int) -> Ruling:
    """A promise cannot be given while an interval runs, nor for goods that are held."""
    assert isinstance(body, kinds.Certificate)
    state = fold.state
    for item, lot in body.lots:
        for plot in state.plots:
            if (
                _comes_from(fold, plot, item, lot)
                and interval_of(state, plot, day_of(t, state.utc_offset_minutes)).forbids
            ):
                return Ruling("refused", "inside-pre-harvest-interval")
        if state.held.get((item, lot)):
            return Ruling("refused", "lot-held")
    return ACCEPT


def _comes_from(fold: Fold, plot: str, item: str, lot: str) -> bool:
    harvests = (fold.state.noted[index].body for index in fold.state.plots.get(plot, ()))
    return any(
        isinstance(body, kinds.Harvest) and any((line.item, line.lot) == (item, lot) for line in body.lines)
        for body in harvests
    )


def _reserve(_op: Op, body: Body, fold: Fold, _t: int) -> Ruling:
    """A reservation never promises more than stands there and is not promised yet; what its order has, it may have."""
    assert isinstance(body, kinds.Reserve)
    state = fold.state
    for key, qty in keys_of(body).items():
        held = state.held_at(*key)
        if held is not None:
            return Ruling("refused", "lot-held", (*key, held))
        found = promised(state, key)
        atp = free(state, key, found) + found.reserved_for(body.order)
        if atp < qty:
            figures = (qty, available(state, key), max(0, atp), holders(found))
            return Ruling("refused", "insufficient-atp", (*key, *map(_told, figures)))
    return ACCEPT


def _told(value: object) -> object:
    """A sum may exceed what an op can hold; it is told as far as it can be."""
    if isinstance(value, tuple | list):
        return tuple([_told(part) for part in value])
    return max(-INT_MAX, min(INT_MAX, value)) if isinstance(value, int) else value


_RULES: Final[dict[str, Callable[[Op, Body, Fold, int], Ruling]]] = {
    "void": _void,
    "approve": _approve,
    "release": _release,
    "certificate": _certificate,
    "reserve": _reserve,
    "resolve": _resolve,
}

JUDGED_BY_THE_LEDGER: Final = frozenset({"certificate", "reserve"})
"""Kinds for which the ledger below the op must be derived before it is judged."""
