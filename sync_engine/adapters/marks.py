"""What a store knows of its buckets beside their rows: one small query, read in the state of every cut."""

from typing import Any, Final

from sqlalchemy import CompoundSelect, Result, null, select, union_all

from storage import tables
from sync_engine.ports import Marks, SnapshotMark

_HORIZONS: Final = tables.row_horizons.c
_SNAPSHOTS: Final = tables.snapshots.c


def select_marks(org: str) -> CompoundSelect[Any]:
    """Return the query of what there is to know about an organisation's buckets."""
    snapshots = select(
        _SNAPSHOTS.bucket,
        _SNAPSHOTS.leaf,
        _SNAPSHOTS.name,
        _SNAPSHOTS.bytes,
        _SNAPSHOTS.rows,
        _SNAPSHOTS.replaced_ms,
    ).where(_SNAPSHOTS.org == org)
    nothing = [null() for _ in range(4)]
    horizons = select(_HORIZONS.bucket, _HORIZONS.leaf, *nothing).where(_HORIZONS.org == org)
    return union_all(snapshots, horizons)


def marks_of(found: Result[Any]) -> Marks:
    """Return what the query of `select_marks` found."""
    horizons: dict[str, int] = {}
    snapshots: list[SnapshotMark] = []
    for record in found:
        bucket, leaf, name, size, rows, replaced_ms = tuple(record)
        if name is None:
            horizons[bucket] = leaf
        else:
            snapshots.append(SnapshotMark(bucket, name, leaf, size, rows, replaced_ms is None))
    return Marks(horizons, snapshots)
