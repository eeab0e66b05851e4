"""The half of a round trip that answers: how far the device's ops have come, and the rows that it may have."""

from collections.abc import Sequence
from typing import Final, Literal
from weakref import WeakKeyDictionary

from domain.errors import FaultError
from sync_engine.bucket_token import BucketTokens
from sync_engine.buckets import DESK, buckets_of
from sync_engine.directory import Directory
from sync_engine.ledger import Ledger
from sync_engine.ports import SnapshotMark
from sync_engine.row_pages import Pulled, pull_rows
from sync_engine.sequencer import Receipt, Sequencer
from sync_engine.wire import (
    Acked,
    Branch,
    Held,
    Recovering,
    Settled,
    SnapshotOffer,
    SnapshotTaken,
    SyncReply,
    SyncRequest,
)

PullCode = Literal["ok", "use-dpop-nonce", "no-session", "session-expired", "revoked", "not-enrolled"]


async def answer(
    sequencer: Sequencer,
    request: SyncRequest,
    receipt: Receipt,
    *,
    is_proven: bool,
    now_ms: int,
    tokens: BucketTokens | None = None,
    covered_size: int = 0,
) -> SyncReply:
    """Return the reply to a request whose frames were submitted.

    `is_proven`: the request carried a fresh proof by the device's key. Rows need it; what became of frames does not.
    Without `tokens` no snapshots are offered.
    `covered_size`: so many leaves of the log are in a confirmed backup.

    Raises StalePageError, FaultError.
    """
    async with sequencer.at_rest() as rest:
        ledger, head, cut = rest.ledger, rest.head, rest.cut
        directory = ledger.directory
        state = ledger.device_state(request.device)
        covered = ledger.covered(request.device, covered_size)
        recovering = _recovering(sequencer.refusal, ledger)
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
        pulled = Pulled(request.cursor)
        if code == "ok":
            pulled = await pull_rows(cut, request, granted, size=head.size, offers=tokens is not None)
    finally:
        await cut.close()
    is_cut, is_whole = code == "ok" and pulled.is_cut, code == "ok" and pulled.is_whole
    return SyncReply(
        now_ms=now_ms,
        log_size=head.size,
        pull=code,
        cursor=pulled.cursor,
        page=pulled.page,
        dropped=tuple(pulled.dropped),
        rows=tuple(pulled.rows),
        settled=tuple([Settled(*one) for one in state.settled]) if is_cut else (),
        held=tuple([Held(*one) for one in state.held]),
        problems=tuple(receipt.problems),
        checkpoint=head.note,
        seen=head.seen if is_whole else None,
        acked=tuple([Acked(*one) for one in state.acked]),
        snapshots=_offers(pulled.offered, tokens, now_ms),
        based=tuple([SnapshotTaken(mark.bucket, mark.manifest) for mark in pulled.based]),
        covered=tuple([Acked(*one) for one in covered]),
        branches=tuple([Branch(*one) for one in state.branches]),
        recovering=recovering,
    )


def _offers(
    marks: Sequence[SnapshotMark], tokens: BucketTokens | None, now_ms: int
) -> tuple[SnapshotOffer, ...]:
    if tokens is None:
        return ()
    return tuple(
        [
            SnapshotOffer(
                mark.bucket,
                mark.manifest,
                mark.cursor,
                mark.bytes,
                mark.rows,
                tokens.make(mark.bucket, now_ms=now_ms),
            )
            for mark in marks
        ]
    )


def _recovering(refusal: FaultError | None, ledger: Ledger) -> Recovering | None:
    if refusal is None:
        return None
    signed_size = refusal.facts.get("signed_size", ledger.size)
    assert isinstance(signed_size, int), "a count of leaves"
    return Recovering(ledger.server_ms, signed_size)


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
    session = directory.live_session(request.session, request.device)
    if session is None:
        return "no-session"
    return "session-expired" if session.expires_ms <= now_ms else "ok"
