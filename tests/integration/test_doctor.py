"""The doctor: a sound ledger has no findings, and whatever is changed behind its back is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bench.company import LOG_KEY, ORG, ORIGIN, Company, open_company, private_key
from blockchain_trace.adapters.pin_file import PinFile
from blockchain_trace.adapters.stored_tiles import read_log
from blockchain_trace.fsck import LogReport, check_log
from blockchain_trace.log import SignedHead
from sync_engine.adapters.evidence import read_evidence
from sync_engine.commit import Intention
from sync_engine.doctor import LedgerReport, check_ledger
from sync_engine.genesis import signed_genesis
from sync_engine.seal import raw_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest_asyncio.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    """A company with two phones, a fork, a quarantined op, late verdicts and a value that can be erased."""
    company = await open_company(tmp_path)
    first, second = await company.hire(1), await company.hire(2)
    for number in range(300):
        company.time.now_ms += 1_000
        company.pick(first if number % 3 else second, number)
        if number % 60 == 0:
            await company.sync(first)
    twin = second.clone()
    company.pick(second, 1)
    company.pick(twin, 2)
    for phone in (first, second, twin, twin):
        await company.sync(phone)
    count = [["ITEM-1", "L0", 5, None, 0]]
    line = Intention("count", (None, (), "R1", None, False, False, count))
    named = Intention("set", (None, (), "person", "p1", [["phone", 0]]), b"", [(bytes(16), b"138 0000 0000")])
    await company.sequencer.record([line, named])
    for number in range(30):
        company.time.now_ms += 1_000
        company.pick(first, number)
    await company.sync(first)
    lacking = ["ITEM-2", "L0", "virtual:loss", "R1", 1_000_000]
    await company.sequencer.record(
        [Intention("adjust", (None, (), "lost", [[*lacking[:2], "R1", "virtual:loss", 10**6]]))]
    )
    await company.sequencer.record([Intention("adjust", (None, (), "found again", [lacking]))])
    yield company
    await company.close()


async def _change(company: Company, statement: str) -> None:
    async with company.engine.begin() as connection:
        changed = await connection.exec_driver_sql(statement)
        assert changed.rowcount == 1, "the tampering hit"


async def _ledger(company: Company) -> LedgerReport:
    return check_ledger(await read_evidence(company.engine, ORG))


async def _log(company: Company, pinned: SignedHead | None = None) -> LogReport:
    evidence = await read_log(company.engine, ORG)
    return check_log(evidence, key=LOG_KEY.verifier, origin=ORIGIN, pinned=pinned)


async def test_a_ledger_that_nobody_touched_is_sound(company: Company, tmp_path: Path) -> None:
    evidence = await read_evidence(company.engine, ORG)
    assert any(stored.is_branch for stored in evidence.ops)
    assert any(stored.verdict == "quarantined" for stored in evidence.ops)
    assert evidence.values
    assert any(table == "past_exception" for _bucket, table, _key in evidence.rows)
    ledger = check_ledger(evidence)
    log = await _log(company, PinFile(tmp_path / "last-signed").read())
    assert (list(ledger.findings), list(log.findings)) == ([], [])
    assert ledger.ops == log.size == company.sequencer.head.size
    assert log.root == company.sequencer.head.root
    assert ledger.is_sound
    assert log.is_sound


ONE = f"WHERE org = '{ORG}' AND leaf = 100"


@pytest.mark.parametrize(
    ("table", "about", "tampering"),
    [
        ("ops", "op 100", f"UPDATE ops SET t = t + 1 {ONE}"),
        ("ops", "op 100", f"UPDATE ops SET err = err + 1 {ONE}"),
        ("ops", "op 100", f"UPDATE ops SET verdict = 'quarantined', code = 'no-right' {ONE}"),
        ("ops", "op 100", f"UPDATE ops SET seq = seq + 1 {ONE}"),
        ("ops", "op 100", f"UPDATE ops SET kind = 'move' {ONE}"),
        ("ops", "op 100", f"UPDATE ops SET is_branch = 1 {ONE}"),
        ("ops", "op 100", f"UPDATE ops SET hash = zeroblob(32) {ONE}"),
        ("ops", "op 100", f"UPDATE ops SET data = CAST(data || x'00' AS BLOB) {ONE}"),
        ("ops", "op 100", f"UPDATE ops SET data = x'c1' {ONE}"),
        ("ops", "op 100", f"DELETE FROM ops {ONE}"),
        ("seals", "op ", "DELETE FROM seals"),
        ("seals", "seal of", "UPDATE seals SET signature = zeroblob(64)"),
        ("seals", "seal of", "UPDATE seals SET first_seq = first_seq + 1"),
        ("ops", "op 100", f"UPDATE ops SET data = 'text' {ONE}"),
        ("ops", "op 100", f"UPDATE ops SET seq = 'seven' {ONE}"),
        ("seals", "seal of", "UPDATE seals SET count = 'many'"),
        ("seals", "seal of", "UPDATE seals SET signature = 'mine'"),
        ("erasable_values", "value of", "UPDATE erasable_values SET salt = 'salt'"),
        ("ledger_rows", "balance", "UPDATE ledger_rows SET value = 'text'"),
        ("ledger_rows", "balance", "UPDATE ledger_rows SET key = x'ff'"),
        ("ledger_rows", "balance", "UPDATE ledger_rows SET value = x'90'"),
        ("ledger_rows", "past_exception", "DELETE FROM ledger_rows"),
        ("erasable_values", "value 0", "UPDATE erasable_values SET value = x'00'"),
    ],
)
async def test_whatever_is_changed_in_the_ledger_is_named(
    company: Company, table: str, about: str, tampering: str
) -> None:
    await _change(company, await _pointed(company, tampering))
    found = (await _ledger(company)).findings
    assert any(finding.table == table and about in finding.about for finding in found), found


async def _pointed(company: Company, tampering: str) -> str:
    """Point a statement at one row of the tables that have no row ids."""
    keys = {
        "seals": ("device", "epoch", "first_seq"),
        "ledger_rows": ("bucket", "name", "key"),
    }
    table = tampering.split()[2 if tampering.startswith("DELETE") else 1]
    if table not in keys:
        return tampering
    rows = "past_exception" if tampering.startswith("DELETE") else "balance"
    only = {"seals": "count > 40", "ledger_rows": f"name = '{rows}'"}.get(table, "1 = 1")
    async with company.engine.connect() as connection:
        columns = ", ".join(keys[table])
        row: Any = (
            await connection.exec_driver_sql(f"SELECT {columns} FROM {table} WHERE {only} LIMIT 1")
        ).one()
    literals = [
        f"x'{v.hex()}'" if isinstance(v, bytes) else f"'{v}'" if isinstance(v, str) else str(v) for v in row
    ]
    pointed = " AND ".join(f"{name} = {v}" for name, v in zip(keys[table], literals, strict=True))
    return f"{tampering} WHERE {pointed}"


async def test_a_row_that_follows_from_nothing_is_named(company: Company) -> None:
    await _change(company, f"INSERT INTO ledger_rows VALUES ('{ORG}', 'desk', 'price', 'GOLD', x'90', 5, 0)")
    (finding,) = (await _ledger(company)).findings
    assert (finding.about, finding.problem) == ("price 'GOLD' in desk", "does not follow from the log")


async def test_erasing_a_value_is_no_damage(company: Company) -> None:
    await _change(company, "DELETE FROM erasable_values")
    assert (await _ledger(company)).is_sound


@pytest.mark.parametrize(
    ("table", "tampering"),
    [
        (
            "log_tiles",
            "UPDATE log_tiles SET data = CAST(zeroblob(32) || substr(data, 33) AS BLOB) WHERE level = 0 AND number = 0",
        ),
        ("log_tiles", "DELETE FROM log_tiles WHERE level = 1"),
        ("log_tiles", "UPDATE log_tiles SET data = 'text' WHERE level = 1"),
        ("log_tiles", "UPDATE log_tiles SET level = 'one' WHERE level = 1"),
        ("checkpoints", "UPDATE checkpoints SET note = x'ff' WHERE size = 2"),
        ("checkpoints", f"UPDATE ops SET data = 'text' {ONE}"),
        ("log_tiles", f"INSERT INTO log_tiles VALUES ('{ORG}', 5, 0, zeroblob(32))"),
        ("checkpoints", "DELETE FROM checkpoints WHERE size = (SELECT max(size) FROM checkpoints)"),
        (
            "checkpoints",
            "UPDATE checkpoints SET size = size + 1 WHERE size = (SELECT max(size) FROM checkpoints)",
        ),
        ("checkpoints", "UPDATE checkpoints SET note = replace(note, 'lvyuan', 'lvyvan') WHERE size = 2"),
        ("checkpoints", f"UPDATE ops SET data = CAST(data || x'00' AS BLOB) {ONE}"),
    ],
)
async def test_whatever_is_changed_in_the_log_is_named(company: Company, table: str, tampering: str) -> None:
    await _change(company, tampering)
    found = (await _log(company)).findings
    assert table in {finding.table for finding in found}


async def test_a_log_that_is_shorter_than_the_pin_is_named(company: Company) -> None:
    size = company.sequencer.head.size
    (longer,) = (await _log(company, SignedHead(size + 1, bytes(32)))).findings
    (other,) = (await _log(company, SignedHead(size, bytes(32)))).findings
    assert "a backup was restored" in longer.problem
    assert "another tree" in other.problem


async def test_a_log_that_its_root_keys_do_not_vouch_for_is_named(tmp_path: Path) -> None:
    key = raw_key(private_key(0).public_key())
    fields = ("绿源", key, LOG_KEY.verifier.vkey, "", ("limin", "李敏", None), 480)
    signed = list(signed_genesis(ORG, fields, [bytes([number]) * 32 for number in range(1, 4)]))
    signed[0] = "another name"
    company = await open_company(
        tmp_path, founder=lambda ledger, now_ms: ledger.found(signed, epoch=7, now_ms=now_ms)
    )
    (finding,) = (await _ledger(company)).findings
    assert (finding.about, finding.problem) == (
        "op 0",
        "its root keys do not vouch for it: signature 1 is not that of its root key",
    )
    await company.close()
