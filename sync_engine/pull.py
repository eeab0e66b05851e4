"""The half of a round trip that brings rows to a phone: a consistent cut over all its buckets, page by page.

Pages need no memory on the server: rows are read in the order in which they changed, so a row that changes while a
phone turns pages moves behind them, and the last page, which is read up to the end in one state, makes all of them
together the state of that instant. A page names where it ended and which buckets it was of; when those are no longer
what the phone may have, a new cut begins.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Literal
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Struct

from domain.canonical import encode_trusted
from sync_engine.buckets import DESK, buckets_of
from sync_engine.directory import Directory
from sync_engine.ledger import Ledger
from sync_engine.ports import Cut, RowsWanted
from sync_engine.sequencer import Head, Receipt, Sequencer
from sync_engine.wire import Acked, Held, Row, Settled, SyncReply, SyncRequest

PAGE_ROWS: Final = 20_000
"""About a megabyte before compression: a phone on a bad line gets it through, and keeps what it has."""

PullCode = Literal["ok", "use-dpop-nonce", "no-session", "session-expired", "revoked", "not-enrolled"]


class _Page(Struct, array_like=True, frozen=True):
    """What a page token says: which cut it goes on with, and after which row."""

    begun: int
    after: tuple[int, int]
    scope: bytes


_BEFORE_ALL: Final = (-1, -1)
_page_decoder: Final = msgspec.msgpack.Decoder(_Page)


async def answer(
    sequencer: Sequencer, request: SyncRequest, receipt: Receipt, *, is_proven: bool, now_ms: int
) -> SyncReply:
    """Return the reply to a request whose frames were submitted.

    `is_proven`: the request carried a fresh proof by the device's key. Rows need it; what became of frames does not.

    Raises FaultError.
    """
    async with sequencer.at_rest() as rest:
        ledger, head, cut = rest.ledger, rest.head, rest.cut
        directory = ledger.directory
        state = ledger.device_state(request.device)
        code = _may_pull(directory, request, is_proven=is_proven, now_ms=now_ms)
        granted: tuple[str, ...] = ()
        if code == "ok":
            session = directory.session(request.session)
            assert session is not None, "judged just now"
            granted = buckets_of(
                directory,
                device=request.device,
                person=session.person,
                below=head.size,
                at_ms=now_ms,
                sites=_sites(ledger),
                site_of=ledger.fold.state.site_of,
            )
    try:
        pulled = _Pulled(request.cursor)
        if code == "ok":
            pulled = await _rows(cut, request, granted, head)
    finally:
        await cut.close()
    is_last = code == "ok" and pulled.page is None
    return SyncReply(
        now_ms=now_ms,
        log_size=head.size,
        pull=code,
        cursor=pulled.cursor,
        page=pulled.page,
        dropped=tuple(pulled.dropped),
        rows=tuple(pulled.rows),
        settled=tuple([Settled(*one) for one in state.settled]) if is_last else (),
        held=tuple([Held(*one) for one in state.held]),
        problems=tuple(receipt.problems),
        checkpoint=head.note,
        seen=head.seen if is_last else None,
        acked=tuple([Acked(*one) for one in state.acked]),
    )


_sites_by_ledger: Final[WeakKeyDictionary[Ledger, tuple[int, frozenset[str]]]] = WeakKeyDictionary()


def _sites(ledger: Ledger) -> frozenset[str]:
    """Return the buckets of all places that the ledger knows: by an attribute, or because something stood there.

    Looked for once a commit, not once a poll: a company has many thousand places, and a shift of phones polls.
    """
    known = _sites_by_ledger.get(ledger)
    if known is None or known[0] != ledger.size:
        state = ledger.fold.state
        places = {place for table, place in state.registers if table == "place"} | state.items_at.keys()
        sites = frozenset(state.site_of(place) for place in places) - {DESK}
        known = _sites_by_ledger[ledger] = ledger.size, sites
    return known[1]


def _may_pull(directory: Directory, request: SyncRequest, *, is_proven: bool, now_ms: int) -> PullCode:
    """Return whether this device may have rows for this session, and if not, why."""
    if directory.device(request.device) is None:
        return "not-enrolled"
    if directory.device_revoked_at(request.device) is not None:
        return "revoked"
    if not is_proven:
        return "use-dpop-nonce"
    session = directory.session(request.session)
    if session is None or session.device != request.device:
        return "no-session"
    return "session-expired" if session.expires_ms <= now_ms else "ok"


class _Pulled(Struct):
    cursor: int
    page: bytes | None = None
    dropped: Sequence[str] = ()
    rows: Sequence[Row] = ()


async def _rows(cut: Cut, request: SyncRequest, granted: Sequence[str], head: Head) -> _Pulled:
    """Return the next page of the rows that the phone does not have."""
    # A cursor beyond the log is of an end that this server lost: the rows that came with it are anybody's guess.
    held = set(request.buckets) if 0 <= request.cursor < head.size else set[str]()
    known = [bucket for bucket in granted if bucket in held]
    whole = [bucket for bucket in granted if bucket not in held]
    page = _page(request, _scope(request.cursor, known, whole), head)
    wanted = RowsWanted(
        known=known, whole=whole, cursor=request.cursor, begun=page.begun, after=page.after, limit=PAGE_ROWS
    )
    found = await cut.rows(wanted)
    dropped = set(request.buckets) - set(granted)
    if found.rows and page.after == _BEFORE_ALL:
        # What the phone still has of a bucket is no part of one that comes whole.
        dropped.update(whole)
    if found.last is None:
        return _Pulled(head.size - 1, None, sorted(dropped), found.rows)
    following = encode_trusted(_Page(page.begun, found.last, page.scope))
    return _Pulled(request.cursor, following, sorted(dropped), found.rows)


def _scope(cursor: int, known: Sequence[str], whole: Sequence[str]) -> bytes:
    return sha256(encode_trusted((cursor, known, whole))).digest()[:8]


def _page(request: SyncRequest, scope: bytes, head: Head) -> _Page:
    """Return the page that is asked for; the first of a new cut where the last was of other buckets or another log."""
    begun = head.size - 1
    if request.page is not None:
        try:
            page = _page_decoder.decode(request.page)
        except msgspec.DecodeError:
            page = _Page(-1, _BEFORE_ALL, b"")
        if page.scope == scope and page.begun < head.size:
            return page
        # Rows that the phone has from the cut that breaks off here may be deleted by now: it is told of each.
        begun = min(begun, page.begun)
    return _Page(begun, _BEFORE_ALL, scope)
