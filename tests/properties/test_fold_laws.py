"""The laws of the fold (DESIGN §5): the order, the batches and the repetition in which ops arrive do not matter."""

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.canonical import decode
from sync_engine.fold.fold import Fold
from sync_engine.fold.rows import RowKey
from tests.properties.fold_histories import History, histories
from tests.tools.fold_log import folded

seeds = st.integers(0, 2**32 - 1)
LAW = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def arrived(history: History, seed: int, *, drains: bool = True) -> Fold:
    """The fold of a history whose ops and verdicts came shuffled, some twice, in batches of any size."""
    chance = Random(seed)
    fold = Fold()
    entries = [*history.entries, *chance.sample(history.entries, len(history.entries) // 3)]
    chance.shuffle(entries)
    # Words on one op keep their order: they are words of one log.
    places = sorted(chance.randrange(len(entries) + 1) for _ in history.changes)
    for number, entry in enumerate(entries):
        fold.apply((entry,))
        fold.amend(change for place, change in zip(places, history.changes, strict=True) if place == number)
        if drains and chance.random() < 0.4:
            fold.drain()
    fold.amend(change for place, change in zip(places, history.changes, strict=True) if place == len(entries))
    fold.drain()
    return fold


def in_order(history: History) -> Fold:
    fold = folded(history.entries)
    fold.amend(history.changes)
    fold.drain()
    return fold


@LAW
@given(histories(), seeds)
def test_shuffled_and_repeated_ops_fold_to_the_same_rows(history: History, seed: int) -> None:
    assert arrived(history, seed).rows() == arrived(history, seed + 1, drains=False).rows()


@LAW
@given(histories())
def test_draining_after_every_op_gives_the_rows_of_one_drain(history: History) -> None:
    step_by_step = Fold()
    for entry in history.entries:
        step_by_step.apply((entry,))
        step_by_step.drain()
    for change in history.changes:
        step_by_step.amend((change,))
        step_by_step.drain()
    assert step_by_step.rows() == in_order(history).rows()


@LAW
@given(histories(), seeds)
def test_the_places_of_every_lot_sum_to_nothing(history: History, seed: int) -> None:
    fold = arrived(history, seed)
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for (item, lot, _place), (q, w, _estimated) in fold.balances().items():
        held = sums.get((item, lot), (0, 0))
        sums[item, lot] = (held[0] + q, held[1] + w)
    assert set(sums.values()) <= {(0, 0)}


@LAW
@given(histories(), seeds)
def test_balance_rows_say_what_balances_say(history: History, seed: int) -> None:
    fold = arrived(history, seed)
    shown = {}
    for (_bucket, table, _key), data in fold.rows().items():
        if table == "balance":
            item, lot, place, q, w, *_rest = decode(data)
            if q or w:
                shown[item, lot, place] = (q, w)
    assert shown == {key: (q, w) for key, (q, w, _estimated) in fold.balances().items()}


@LAW
@given(histories())
def test_what_drains_report_adds_up_to_the_rows(history: History) -> None:
    fold = Fold()
    rows: dict[RowKey, bytes] = {}

    def drain() -> None:
        changes = fold.drain()
        for key, data in changes.rows.items():
            if data is None:
                rows.pop(key, None)
            else:
                rows[key] = data

    for entry in history.entries:
        fold.apply((entry,))
        drain()
    fold.amend(history.changes)
    drain()
    assert rows == fold.rows()


@LAW
@given(histories(), seeds)
def test_what_was_known_at_an_earlier_size_is_the_fold_of_that_log(history: History, seed: int) -> None:
    size = Random(seed).randrange(len(history.entries) + 1)
    earlier = folded(history.entries[:size])
    assert arrived(history, seed).balances(index_max=size) == earlier.balances()


@LAW
@given(histories(), seeds)
def test_no_instant_sees_a_different_past_for_having_been_asked_in_another_order(
    history: History, seed: int
) -> None:
    instant = Random(seed).choice([entry.t for entry in history.entries] or [0])
    assert arrived(history, seed).balances(instant) == in_order(history).balances(instant)


@LAW
@given(histories(), seeds)
def test_what_ended_by_itself_depends_on_where_commits_end_and_on_nothing_else(
    history: History, seed: int
) -> None:
    chance = Random(seed)
    ends = {number for number in range(len(history.entries)) if chance.random() < 0.3}

    def told(*, drained_between: bool) -> Fold:
        fold = Fold()
        for number, entry in enumerate(history.entries):
            fold.apply((entry,))
            if number in ends:
                fold.drain(number)
            elif drained_between and chance.random() < 0.5:
                fold.drain()
        fold.amend(history.changes)
        fold.drain(len(history.entries))
        return fold

    assert told(drained_between=True).rows() == told(drained_between=False).rows()
