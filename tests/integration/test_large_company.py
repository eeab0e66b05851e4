"""Phones of a company whose buckets are large: the app's own ledger, and a client written from docs/protocol alone."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest

from bench.large_company import ADMIN, ITEMS, PARTNERS, PLACES, SITES, codes, found, serving
from tests.integration.phone_process import Phones, bundle_driver
from tests.tools.stranger import Stranger

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 7_000


class Served(NamedTuple):
    url: str
    codes: list[str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("large")
    asyncio.run(found(folder / "data", ROWS))
    made = asyncio.run(codes(folder / "data", 3))
    with serving(folder) as (port, _):
        yield Served(f"http://localhost:{port}", made)


@pytest.fixture(scope="module")
def phones(served: Served) -> Iterator[list[Stranger]]:
    """Two phones of the manager: one takes snapshots, one knows of none."""
    with httpx.Client(trust_env=False, timeout=60) as http:
        uris = [f"gobi:enrol:{served.url}#{code}" for code in served.codes[:2]]
        joined = [Stranger.enrol(uri, "stranger", http) for uri in uris]
        for phone in joined:
            phone.sync(phone.frame([phone.log_in()]), pull=False)
        joined[0].takes_snapshots = True
        yield joined


@pytest.mark.needs_service("node")
def test_the_app_takes_snapshots_and_stands_on_them_after_it_was_killed(
    served: Served, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Phones(bundle_driver(tmp_path_factory.mktemp("driver"))) as process:
        phone = process.open("new")
        phone.enrol(f"gobi:enrol:{served.url}#{served.codes[2]}", ADMIN)
        assert phone.sync() == "ok"
        requests = phone.ask("requests")
        for _ in range(2):
            counts = {table: len(phone.rows(table)) for table in ("item", "place", "partner", "balance")}
            assert counts == {
                "item": ITEMS,
                "place": PLACES + len(SITES),
                "partner": PARTNERS,
                "balance": ROWS - ITEMS - PLACES - PARTNERS,
            }
            assert phone.reopen()["loaded"] is None
        assert phone.sync() == "ok"
        assert phone.ask("requests") <= 2
        assert 10 < requests < 60, "chunks, not pages"


def test_snapshot_and_pages_bring_the_same_rows(phones: list[Stranger]) -> None:
    taker, older = phones
    first = taker.sync()
    assert first.snapshots
    offered = {offer[0] for offer in first.snapshots}
    assert not offered & {row[0] for row in first.rows}
    assert first.seen is None, "no op may claim to have seen rows that are not here"

    assert taker.fetch(2) == 2
    assert [offer[1] for offer in taker.sync().snapshots] == [offer[1] for offer in first.snapshots]
    fetched = taker.fetch()
    last = taker.sync()

    assert {bucket for bucket, _ in last.based} == offered
    assert not last.snapshots
    assert last.seen is not None
    assert taker.fetch() == 0
    assert fetched < 60
    older.sync()
    assert _without_own(taker) == _without_own(older)
    assert len(taker.rows) > ROWS * 0.9


def test_chunks_are_for_who_holds_a_token_and_never_change(phones: list[Stranger]) -> None:
    taker = copy.copy(phones[0])
    taker.rows, taker.cursor, taker.offers, taker.blobs = {}, -1, {}, {}
    offers = list(taker.sync().snapshots)
    (_, name, _, _, _, token), (_, other, _, _, _, _) = offers[0], offers[1]

    answer = taker.get_blob(name, token)
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Content-Encoding" not in answer.headers
    assert taker.get_blob(name, token, **{"If-None-Match": answer.headers["ETag"]}).status_code == 304
    refused = {
        (403, "wrong-bucket-token"): (name, "AAAA"),
        (404, "snapshot-gone"): (bytes(32), token),
    }
    for (status, code), (asked, shown) in refused.items():
        wrong = taker.get_blob(asked, shown)
        assert (wrong.status_code, wrong.json()["type"]) == (status, f"/errors/{code}")
    assert taker.get_blob(other, token).status_code == 404, "a token is for one bucket"


def _without_own(phone: Stranger) -> dict[tuple[str, str, str], object]:
    return {at: value for at, value in phone.rows.items() if not at[0].startswith("device:")}
