"""Sync requests and replies for the corpus and for tests of the wire: one of everything that they can say."""

import msgspec

from sync_engine.wire import (
    Acked,
    Branch,
    Held,
    Problem,
    Recovering,
    Row,
    Settled,
    SnapshotHeld,
    SnapshotOffer,
    SnapshotTaken,
    SyncReply,
    SyncRequest,
)
from tests.tools import bad_frames
from tests.tools.op_chain import ENROL, EPOCH, START_MS, Chain, private_key


def sample_request() -> SyncRequest:
    """A phone with one frame of its own and one that it carries."""
    mine, other = bad_frames.pick_chain(2), Chain(private_key(2))
    other.record("finish", "TOM-5", "1121", "R1")
    return SyncRequest(
        device=mine.device,
        now_ms=START_MS,
        run=3,
        session=b"\x11" * 16,
        cursor=1234,
        page=None,
        buckets=("desk", "org", "site:R1"),
        frames=(mine.frame(),),
        relayed=(other.frame(),),
    )


def busy_request() -> SyncRequest:
    """A phone that holds more ops than one request carries."""
    return msgspec.structs.replace(sample_request(), relayed=(), pending=1200)


def new_requests() -> tuple[SyncRequest, ...]:
    """A phone that understands snapshots: it has none in hand, and two."""
    request = msgspec.structs.replace(empty_request(), page=None, snapshots=())
    held = (SnapshotHeld("org", b"\x33" * 32, True), SnapshotHeld("site:R1", b"\x44" * 32, False))
    return request, msgspec.structs.replace(request, snapshots=held)


def new_reply() -> SyncReply:
    """One bucket is to be fetched, the rows of another go on from what was fetched."""
    offer = SnapshotOffer("site:R1", b"\x44" * 32, 1200, 48_000, 3_000, "dG9rZW4")
    return msgspec.structs.replace(
        sample_reply(), snapshots=(offer,), based=(SnapshotTaken("org", b"\x33" * 32),)
    )


def recovering_request() -> SyncRequest:
    """A phone that has applied more than the server says it has."""
    return msgspec.structs.replace(
        empty_request(), page=None, known="gobi.example/lvyuan\n135\n5uU=\n\n— x AAAA\n"
    )


def recovering_reply() -> SyncReply:
    """A server that was restored, and has one branch of a copied phone; a backup holds some ops."""
    return msgspec.structs.replace(
        sample_reply(),
        covered=(Acked(EPOCH, 7),),
        branches=(Branch(EPOCH, 6, b"\x55" * 32),),
        recovering=Recovering(START_MS, 135),
    )


def empty_request() -> SyncRequest:
    """A phone that has nothing, knows nothing and asks for nothing."""
    return SyncRequest(
        device=Chain().device,
        now_ms=None,
        run=None,
        session=b"",
        cursor=-1,
        page=b"\x01page",
        buckets=(),
        frames=(),
        relayed=(),
    )


def sample_reply() -> SyncReply:
    """Nothing new."""
    return SyncReply(
        now_ms=START_MS,
        log_size=1235,
        pull="ok",
        cursor=1234,
        page=None,
        dropped=(),
        rows=(),
        settled=(),
        held=(),
        problems=(),
        checkpoint="gobi.example/lvyuan\n1235\nroot\n",
        seen=(1235, b"\x22" * 16),
        acked=(),
    )


def full_reply() -> SyncReply:
    """Something in every place."""
    row = Row(
        "site:R1",
        "balance",
        "TOM-5\x1f1123\x1fR1",
        ["TOM-5", "1123", "R1", 45, 0, False, [START_MS, 9, 0], None],
    )
    return msgspec.structs.replace(
        sample_reply(),
        page=b"\x07",
        dropped=("site:R2",),
        rows=(row, Row("org", "item", "TOM-L", None)),
        settled=(Settled(EPOCH, 1, 7), Settled(EPOCH, 9, 9)),
        held=(Held(EPOCH, 10, ENROL),),
        problems=(Problem(0, True, "wrong-seal", "a seal does not verify after 64 ops"),),
        seen=None,
        acked=(Acked(EPOCH, 12),),
    )
