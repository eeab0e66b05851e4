"""Chunks are named by what they are, and end where their keys say: what changes, changes one of them."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.canonical import encode
from sync_engine.bucket_token import (
    TOKEN_LIFE_MS,
    BucketTokenExpiredError,
    BucketTokens,
    WrongBucketTokenError,
)
from sync_engine.snapshots import (
    Entry,
    WrongBlobError,
    chunks_of,
    decode_manifest,
    is_worth,
    pack,
    rows_of,
    tombstones_kept,
    unpack,
)

tables = st.sampled_from(["balance", "item", "lot", "区"])
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
rows = st.dictionaries(st.tuples(tables, keys), st.integers(0, 1000), max_size=60)


def _entries(found: dict[tuple[str, str], int]) -> list[Entry]:
    return [Entry(table, key, encode([value])) for (table, key), value in sorted(found.items())]


def _company(count: int) -> dict[tuple[str, str], int]:
    return {("balance", f"ITEM-{n % 997}\x1fL{n}\x1fR{n % 40}"): n for n in range(count)}


@given(rows)
def test_chunks_hold_all_rows_in_their_order(found: dict[tuple[str, str], int]) -> None:
    entries = _entries(found)
    chunks = list(chunks_of(entries))
    assert [row for chunk in chunks for row in rows_of(chunk.content)] == entries
    assert [chunk.first for chunk in chunks] == sorted(chunk.first for chunk in chunks)


@pytest.mark.parametrize("step", [1, 7])
def test_a_change_leaves_all_other_chunks_the_same_bytes(step: int) -> None:
    before = _company(20_000)
    after = dict(before)
    touched = sorted(before)[5_000 : 5_000 + step]
    for row in touched:
        del after[row]
    after["balance", "ITEM-5\x1fnew\x1fR1"] = 1
    old = {chunk.content for chunk in chunks_of(_entries(before))}
    new = {chunk.content for chunk in chunks_of(_entries(after))}
    assert len(old) > 10
    assert len(new - old) <= 3


def test_a_blob_that_is_not_what_its_name_says_is_refused() -> None:
    blob = pack(encode([1, 2]))
    assert unpack(blob, sha256(blob).digest()) == encode([1, 2])
    for bad in (blob[:-1], blob + b"\0", b"", b"no gzip"):
        with pytest.raises(WrongBlobError):
            unpack(bad, sha256(blob).digest())
        with pytest.raises(WrongBlobError):
            unpack(bad, sha256(bad).digest())
    for bad in (b"\xc1", encode([2, "o", "b", 1, []]), encode("text")):
        with pytest.raises(WrongBlobError):
            decode_manifest(bad)


def test_a_token_is_for_one_bucket_some_minutes_and_this_server() -> None:
    tokens = BucketTokens(bytes(32), "lvyuan")
    token = tokens.make("site:R1", now_ms=1000)
    assert tokens.bucket_of(token, now_ms=1000 + TOKEN_LIFE_MS - 1) == "site:R1"
    with pytest.raises(BucketTokenExpiredError):
        tokens.bucket_of(token, now_ms=1000 + TOKEN_LIFE_MS)
    wrong = ("", "x", "é", token[:-2], token + "AAAA", token.swapcase())
    for text in wrong:
        with pytest.raises(WrongBucketTokenError):
            tokens.bucket_of(text, now_ms=1000)
    for other in (BucketTokens(b"\1" * 32, "lvyuan"), BucketTokens(bytes(32), "another")):
        with pytest.raises(WrongBucketTokenError):
            other.bucket_of(token, now_ms=1000)


def test_a_snapshot_is_worth_its_making_when_rows_are_many_and_a_tenth_changed() -> None:
    from sync_engine.ports import SnapshotMark  # noqa: PLC0415 - beside what it is about

    assert not is_worth(total=1_999, changed=0, newest=None)
    assert is_worth(total=2_000, changed=0, newest=None)
    newest = SnapshotMark("org", bytes(32), 10, 1, 100_000, is_newest=True)
    assert not is_worth(total=100_000, changed=9_999, newest=newest)
    assert is_worth(total=100_000, changed=10_000, newest=newest)


def test_as_many_deletions_are_remembered_as_rows_stand() -> None:
    assert tombstones_kept(total=10_010, live=10) is None
    assert tombstones_kept(total=10_011, live=10) == 5_000
    assert tombstones_kept(total=80_000, live=50_000) is None
    assert tombstones_kept(total=100_001, live=50_000) == 25_000
