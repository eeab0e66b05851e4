"""In which form a phone gets each of its buckets: rows since its cursor, rows since a snapshot, all rows, or an offer.

Pure. Rules: docs/protocol/sync.md §2 and §5.
"""

from collections.abc import Collection, Sequence

from msgspec import Struct

from sync_engine.ports import Marks, SnapshotMark
from sync_engine.wire import SnapshotHeld, SyncRequest


class Forms(Struct, frozen=True):
    """Every granted bucket stands in one of these."""

    known: Sequence[str]
    """The phone has all of it up to its cursor."""
    based: Sequence[SnapshotMark]
    """It holds this snapshot, whole: rows go on from there."""
    offered: Sequence[SnapshotMark]
    """It is to fetch this snapshot first."""
    whole: Sequence[str]
    """It gets all rows."""

    @property
    def scope(self) -> tuple[object, ...]:
        """What has to stay the same while pages are turned. Which snapshot is offered may change; that one is, not."""
        return (
            self.known,
            [(mark.bucket, mark.cursor) for mark in self.based],
            [mark.bucket for mark in self.offered],
            self.whole,
        )


def forms_of(
    request: SyncRequest,
    granted: Sequence[str],
    marks: Marks,
    *,
    size: int,
    cheaper: Collection[str] = (),
    may_offer: bool = True,
) -> Forms:
    """Return the form of each granted bucket, for a log of `size`.

    `cheaper`: known buckets of which fewer rows would come as their newest snapshot than as what changed.
    `may_offer` False: nothing is offered but what the phone is fetching already.
    """
    # A cursor beyond the log is of an end that this server lost: the rows that came with it are anybody's guess.
    held = set(request.buckets) if 0 <= request.cursor < size else set[str]()
    named = {one.bucket: one for one in request.snapshots or ()}
    known: list[str] = []
    based: list[SnapshotMark] = []
    offered: list[SnapshotMark] = []
    whole: list[str] = []
    for bucket in granted:
        is_remembered = marks.horizons.get(bucket, -1) <= request.cursor
        usable = [mark for mark in marks.snapshots if mark.bucket == bucket and _is_usable(mark, marks, size)]
        mine = _held(usable, named.get(bucket))
        # What it began to fetch in the place of what it has goes on, so that nothing is fetched in vain.
        is_replaced = bucket in cheaper or (mine is not None and mine.cursor > request.cursor)
        if bucket in held and is_remembered and not is_replaced:
            known.append(bucket)
            continue
        newest = next((mark for mark in usable if mark.is_newest), None)
        if mine is not None and named[bucket].is_complete:
            based.append(mine)
        elif mine is not None:
            offered.append(mine)
        elif newest is not None and may_offer and request.snapshots is not None:
            offered.append(newest)
        else:
            whole.append(bucket)
    return Forms(known, based, offered, whole)


def _is_usable(mark: SnapshotMark, marks: Marks, size: int) -> bool:
    """Whether every deletion since the snapshot is still remembered, and the log still reaches as far as it."""
    return marks.horizons.get(mark.bucket, -1) <= mark.cursor < size


def _held(usable: Sequence[SnapshotMark], named: SnapshotHeld | None) -> SnapshotMark | None:
    if named is None:
        return None
    return next((mark for mark in usable if mark.manifest == named.manifest), None)
