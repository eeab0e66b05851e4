"""Rows on their way to a phone: a consistent cut over all its buckets, page by page.

Pages need no memory on the server: rows are read in the order in which they changed, so a row that changes while a
phone turns pages moves behind them, and the last page, which is read up to the end in one state, makes all of them
together the state of that instant. A page names where it ended and which buckets it was of; when those are no longer
what the phone may have, a new cut begins.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import ClassVar, Final

import msgspec
from msgspec import Struct

from domain.canonical import encode_trusted
from domain.errors import ProtocolError
from sync_engine.offers import Forms, forms_of
from sync_engine.ports import Cut, Marks, RowsWanted, SnapshotMark
from sync_engine.wire import Row, SyncRequest

PAGE_ROWS: Final = 20_000
"""About a megabyte before compression: a phone on a bad line gets it through, and keeps what it has."""

LONG_AWAY: Final = 5_000
"""Ops after which it is worth a look whether a newer snapshot is cheaper than all that changed."""


class _Page(Struct, array_like=True, frozen=True):
    """What a page token says: which cut it goes on with, and after which row."""

    begun: int
    after: tuple[int, int]
    scope: bytes


_BEFORE_ALL: Final = (-1, -1)
_page_decoder: Final = msgspec.msgpack.Decoder(_Page)


class StalePageError(ProtocolError):
    """The pages before this one are of rows whose deletion nobody remembers any more: ask again without it."""

    code: ClassVar[str] = "stale-page"

    def __init__(self) -> None:
        super().__init__("the rows of the earlier pages are too old; ask for the first one again")


class Pulled(Struct):
    """A page of rows; `page` is None with the last."""

    cursor: int
    page: bytes | None = None
    dropped: Sequence[str] = ()
    rows: Sequence[Row] = ()
    offered: Sequence[SnapshotMark] = ()
    based: Sequence[SnapshotMark] = ()


async def pull_rows(
    cut: Cut, request: SyncRequest, granted: Sequence[str], *, size: int, offers: bool
) -> Pulled:
    """Return the next page of the rows that the phone does not have, of the buckets granted to it.

    `size` is that of the log in the state of the cut; `offers` False: no snapshots are.

    Raises StalePageError, FaultError.
    """
    marks = await cut.marks()
    cheaper = await _cheaper(cut, marks, request, granted, size) if offers else ()
    forms, page = _begun(marks, request, granted, size, cheaper=cheaper, offers=offers)
    if any(marks.horizons.get(bucket, -1) > page.begun for bucket in forms.whole):
        raise StalePageError
    wanted = RowsWanted(
        known=forms.known,
        whole=forms.whole,
        based=[(mark.bucket, mark.cursor) for mark in forms.based],
        cursor=request.cursor,
        begun=page.begun,
        after=page.after,
        limit=PAGE_ROWS,
    )
    found = await cut.rows(wanted)
    dropped = set(request.buckets) - set(granted)
    if page.after == _BEFORE_ALL:
        # What the phone still has of a bucket is no part of one that comes whole.
        dropped.update(forms.whole if found.rows else set(forms.whole) & set(request.buckets))
        dropped.update(mark.bucket for mark in forms.based)
    cursor, following = size - 1, None
    if found.last is not None:
        cursor, following = request.cursor, encode_trusted(_Page(page.begun, found.last, page.scope))
    return Pulled(cursor, following, sorted(dropped), found.rows, forms.offered, forms.based)


def _begun(
    marks: Marks,
    request: SyncRequest,
    granted: Sequence[str],
    size: int,
    *,
    cheaper: Sequence[str],
    offers: bool,
) -> tuple[Forms, _Page]:
    """Return the form of each bucket, and the page that is asked for.

    A cut goes on in the forms in which it began: a snapshot that was made since then changes none of them.
    """
    for may_offer in (offers, False):
        forms = forms_of(request, granted, marks, size=size, cheaper=cheaper, may_offer=may_offer)
        page = _page(request, _scope(request.cursor, forms), size)
        if request.page is None or page.after != _BEFORE_ALL:
            break
    return forms, page


async def _cheaper(
    cut: Cut, marks: Marks, request: SyncRequest, granted: Sequence[str], size: int
) -> Sequence[str]:
    """Return buckets of which fewer rows come as their newest snapshot, with what changed since, than as changes."""
    if request.snapshots is None or size - request.cursor < LONG_AWAY:
        return ()
    found = []
    for mark in marks.snapshots:
        if not mark.is_newest or mark.bucket not in granted or mark.cursor <= request.cursor:
            continue
        most = mark.rows + await cut.changed(mark.bucket, mark.cursor, most=mark.rows)
        if await cut.changed(mark.bucket, request.cursor, most=most + 1) > most:
            found.append(mark.bucket)
    return found


def _scope(cursor: int, forms: Forms) -> bytes:
    return sha256(encode_trusted((cursor, *forms.scope))).digest()[:8]


def _page(request: SyncRequest, scope: bytes, size: int) -> _Page:
    """Return the page that is asked for; the first of a new cut where the last was of other buckets or another log."""
    begun = size - 1
    if request.page is not None:
        try:
            page = _page_decoder.decode(request.page)
        except msgspec.DecodeError:
            page = _Page(-1, _BEFORE_ALL, b"")
        if page.scope == scope and page.begun < size:
            return page
        # Rows that the phone has from the cut that breaks off here may be deleted by now: it is told of each.
        begun = min(begun, page.begun)
    return _Page(begun, _BEFORE_ALL, scope)
