"""What changed a lot's balance at a place, as holds follow it: one walk answers for every lot."""

from hypothesis import given
from hypothesis import strategies as st

from sync_engine.fold.entries import EMPTY, MOVE
from sync_engine.fold.stock import Change, StockGroup
from tests.properties.fold_histories import History, histories
from tests.properties.test_fold_laws import LAW, arrived


def step_by_step(group: StockGroup, lot: str) -> list[Change]:
    """The same, by putting the entries into a new group one by one."""
    past, found = StockGroup(group.item, group.place), list[Change]()
    for entry in group.entries:
        before = past.balances.get(lot, EMPTY)
        (past.put_move if entry.what == MOVE else past.put)(entry)
        past.settle()
        if (after := past.balances.get(lot, EMPTY)) != before:
            found.append((entry, before, after))
    return found


@LAW
@given(histories(), st.integers(0, 2**32 - 1))
def test_a_group_tells_of_each_lot_what_changed_it_whatever_came_since_it_was_asked(
    history: History, seed: int
) -> None:
    for place in arrived(history, seed).state.groups.values():
        for group in place.values():
            for lot in group.balances:
                assert list(group.history(lot)) == step_by_step(group, lot)
