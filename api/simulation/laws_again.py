"""Laws that ask once more: everything is brought again, folded in another order, opened anew; nothing may change."""

from collections.abc import Iterator
from random import Random
from typing import Final

from api.simulation.found import Breach, Found, logged
from api.simulation.reference import balances, order_time
from api.simulation.server_steps import bring
from domain.canonical import decode
from sync_engine.adapters.evidence import read_evidence
from sync_engine.fold.fold import Fold
from sync_engine.sequenced import history

REDELIVERED_MAX: Final = 6
TOLD_BY_COMMITS: Final = "past_exception"
"""The one table that depends on where commits end (fold.md §6)."""


def balances_have_a_second_opinion(found: Found) -> Iterator[Breach]:
    """What plain rules say stands at a place is what the rows say."""
    expected, beyond = balances(found.entries)
    rows = {
        (item, lot, place): q
        for (_bucket, table, _key), value in found.evidence.rows.items()
        if table == "balance"
        for item, lot, place, q, *_ in [decode(value)]
    }
    for (item, lot, place), qty in expected.items():
        if (item, place) not in beyond and rows.get((item, lot, place), 0) != qty:
            said = f"{item} {lot} {place}: {rows.get((item, lot, place), 0)}, by plain rules {qty}"
            yield Breach("diverged", "balances have a second opinion", said)


def records_stand_at_their_time(found: Found) -> Iterator[Breach]:
    """An op orders at its t; one that claims when it occurred, at the middle of the claim, never after t."""
    for (_bucket, table, _key), value in found.evidence.rows.items():
        if table.startswith("record."):
            leaf, o, *_ = decode(value)
            if o != order_time(found.entries[leaf]):
                yield Breach("diverged", "records stand at their time", f"{table} op {leaf}")


def order_does_not_matter(found: Found) -> Iterator[Breach]:
    """Shuffled, repeated and in batches of any size, the log folds to the same rows."""
    chance = Random(found.play.plan.seed)  # noqa: S311  # a simulation by seed
    entries = list(logged(found))
    first, changes = history(entries, found.server)
    entries = [first.get(entry.index, entry) for entry in entries]
    entries += chance.sample(entries, len(entries) // 3)
    chance.shuffle(entries)
    places = sorted(chance.randrange(len(entries) + 1) for _ in changes)
    fold = Fold()
    for number, entry in enumerate(entries):
        fold.apply((entry,))
        fold.amend(change for place, change in zip(places, changes, strict=True) if place == number)
        if chance.random() < 0.1:  # noqa: PLR2004  # a batch now and then
            fold.drain()
    fold.amend(change for place, change in zip(places, changes, strict=True) if place == len(entries))
    fold.drain()
    shuffled = {key: value for key, value in fold.rows().items() if key[1] != TOLD_BY_COMMITS}
    stored = {key: value for key, value in found.evidence.rows.items() if key[1] != TOLD_BY_COMMITS}
    if odd := shuffled.items() ^ stored.items():
        yield Breach("diverged", "order does not matter", f"{len(odd)} rows, {min(odd)[0]}")


async def redelivery_changes_nothing(found: Found) -> list[Breach]:
    """Everything that ever arrived is brought again: the log does not grow, and no verdict changes."""
    play, chance = found.play, Random(found.play.plan.seed)  # noqa: S311  # a simulation by seed
    requests = play.memory.requests
    await play.server.answer(chance.sample(requests, k=min(REDELIVERED_MAX, len(requests))))
    await bring(play, chance.sample(play.memory.frames, k=min(REDELIVERED_MAX, len(play.memory.frames))))
    return await _same(found, "redelivery changes nothing")


async def opening_anew_changes_nothing(found: Found) -> list[Breach]:
    """A server that is killed and opens what is on its disk has the same log, rows and verdicts."""
    play = found.play
    await play.server.die()
    await play.start_server()
    return await _same(found, "opening anew changes nothing")


async def _same(found: Found, law: str) -> list[Breach]:
    house = found.play.server.house
    now = await read_evidence(house.engine, house.org)
    if grown := now.ops[len(found.evidence.ops) :]:
        # An op whose only storage was destroyed may still turn up in a file that left the phone before.
        if any(op.hash.hex() in found.play.memory.excused for op in grown):
            return []
        return [Breach("diverged", law, f"the log grew by {[op.kind for op in grown]}")]
    if now.ops != found.evidence.ops:
        return [Breach("diverged", law, "verdicts changed")]
    return [] if now.rows == found.evidence.rows else [Breach("diverged", law, "rows changed")]
