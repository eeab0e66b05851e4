"""The last signed head, pinned beside the database: what a start makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.company import open_company
from blockchain_trace.adapters.pin_file import PinFaultError, PinFile
from blockchain_trace.log import LogContradictedError, SignedHead

if TYPE_CHECKING:
    from pathlib import Path


async def test_another_log_than_the_signed_one_is_not_signed(tmp_path: Path) -> None:
    company = await open_company(tmp_path)
    await company.close()
    pin = PinFile(tmp_path / "last-signed")
    head = pin.read()
    assert head is not None
    (tmp_path / "last-signed").unlink()
    pin.write(SignedHead(head.size, bytes(32)))
    with pytest.raises(LogContradictedError):
        await open_company(tmp_path)


async def test_a_head_that_was_made_durable_and_not_pinned_is_pinned_before_it_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = await open_company(tmp_path)
    pin = PinFile(tmp_path / "last-signed")
    before = pin.read()
    assert before is not None
    await company.hire(1)
    head = company.sequencer.head
    await company.close()
    pin.replace(before)  # the process ended between its commit and its pin

    company = await open_company(tmp_path)
    assert company.sequencer.head == head
    assert pin.read() == SignedHead(head.size, head.root)
    await company.close()

    def fail(*_: object) -> None:
        raise PinFaultError(reason="read-only")

    pin.replace(before)
    monkeypatch.setattr(PinFile, "write", fail)
    with pytest.raises(PinFaultError):
        await open_company(tmp_path)
