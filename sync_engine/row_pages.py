"""Rows on their way to a phone: a consistent cut over all its buckets, page by page.

Pages need no memory on the server: rows are read in the order in which they changed, so a row that changes while a
phone turns pages moves behind them, and the last page, which is read up to the end in one state, makes all of them
together the state of that instant. A page names where it ended and which buckets it was of; when those are no longer
what the phone may have, it is to forget the pages and begin anew.
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
    """The pages before this one are of other buckets, or of deletions that nobody remembers: ask again without it."""

    code: ClassVar[str] = "stale-page"

    def __init__(self) -> None:
        super().__init__(
            "the earlier pages are of rows that no longer go together; ask for the first one again"
        )


class Pulled(Struct):
    """A page of rows; `page` is None with the last."""

    cursor: int
    page: bytes | None = None
    dropped: Sequence[str] = ()
    rows: Sequence[Row] = ()
    offered: Sequence[SnapshotMark] = ()
    based: Sequence[SnapshotMark] = ()
    is_still: bool = False
    """Offers alone: a bucket that the phone has is to be fetched anew, and until then all that it has stays one cut."""

    @property
    def is_cut(self) -> bool:
        """Whether the rows of the phone are those as of `cursor` after this."""
        return self.page is None and not self.is_still

    @property
    def is_whole(self) -> bool:
        """Whether they are those of every bucket that it may have."""
        return self.is_cut and not self.offered


async def pull_rows(
    cut: Cut, request: SyncRequest, granted: Sequence[str], *, size: int, offers: bool
) -> Pulled:
    """Return the next page of the rows that the phone does not have, of the buckets granted to it.

    `size` is that of the log in the state of the cut; `offers` False: no snapshots are.

    Raises StalePageError, FaultError.
    """
    marks = await cut.marks()
    if request.page is None:
        cheaper = await _cheaper(cut, marks, request, granted, size) if offers else ()
        forms = forms_of(request, granted, marks, size=size, cheaper=cheaper, may_offer=offers)
        page = _Page(size - 1, _BEFORE_ALL, _scope(request.cursor, forms))
    else:
        forms, page = _going_on(marks, request, granted, size, request.page, offers=offers)
    dropped = set(request.buckets) - set(granted)
    if any(mark.bucket in request.buckets for mark in forms.offered):
        if request.page is not None:
            raise StalePageError
        offered = [*forms.offered, *forms.based]
        return Pulled(request.cursor, None, sorted(dropped), (), offered, is_still=True)
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
    if page.after == _BEFORE_ALL:
        # What the phone still has of a bucket is no part of one that comes whole.
        dropped.update(forms.whole if found.rows else set(forms.whole) & set(request.buckets))
        dropped.update(mark.bucket for mark in forms.based)
    cursor, following = size - 1, None
    if found.last is not None:
        cursor, following = request.cursor, encode_trusted(_Page(page.begun, found.last, page.scope))
    return Pulled(cursor, following, sorted(dropped), found.rows, forms.offered, forms.based)


def _going_on(
    marks: Marks, request: SyncRequest, granted: Sequence[str], size: int, token: bytes, *, offers: bool
) -> tuple[Forms, _Page]:
    """Return the form of each bucket, and the page that is asked for.

    A cut goes on in the forms in which it began: a snapshot that was made since then changes none of them. Nor could
    one have been cheaper then: what is offered in the place of what the phone has comes without pages.

    Raises StalePageError.
    """
    try:
        page = _page_decoder.decode(token)
    except msgspec.DecodeError as error:
        raise StalePageError from error
    for may_offer in (offers, False):
        forms = forms_of(request, granted, marks, size=size, may_offer=may_offer)
        if page.scope == _scope(request.cursor, forms) and page.begun < size:
            return forms, page
    raise StalePageError


async def _cheaper(
    cut: Cut, marks: Marks, request: SyncRequest, granted: Sequence[str], size: int
) -> Sequence[str]:
    """Return buckets of which fewer rows come as their newest snapshot, with what changed since, than as changes."""
    if request.snapshots is None or size - request.cursor < LONG_AWAY:
        return ()
    wanted = set(request.buckets) & set(granted)
    found = []
    for mark in marks.snapshots:
        if not mark.is_newest or mark.bucket not in wanted or mark.cursor <= request.cursor:
            continue
        most = mark.rows + await cut.changed(mark.bucket, mark.cursor, most=mark.rows)
        if await cut.changed(mark.bucket, request.cursor, most=most + 1) > most:
            found.append(mark.bucket)
    return found


def _scope(cursor: int, forms: Forms) -> bytes:
    return sha256(encode_trusted((cursor, *forms.scope))).digest()[:8]
