"""The file of the last signed head: what a crash leaves of it is never less than what was signed before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blockchain_trace.adapters.pin_file import PinFaultError, PinFile
from blockchain_trace.log import SignedHead

if TYPE_CHECKING:
    from pathlib import Path


def _head(size: int) -> SignedHead:
    return SignedHead(size, bytes([size]) * 32)


def test_nothing_was_signed_where_there_is_no_file(tmp_path: Path) -> None:
    assert PinFile(tmp_path / "pin").read() is None


def test_the_last_head_is_read_also_by_another_process(tmp_path: Path) -> None:
    pin = PinFile(tmp_path / "pin")
    for size in range(1, 6):
        pin.write(_head(size))
        assert pin.read() == PinFile(tmp_path / "pin").read() == _head(size)


@pytest.mark.parametrize("writes", [2, 3])
def test_a_line_torn_by_a_crash_leaves_the_one_before(tmp_path: Path, writes: int) -> None:
    path = tmp_path / "pin"
    before = b""
    for size in range(1, writes + 1):
        before = path.read_bytes() if path.exists() else b""
        PinFile(path).read()
        pin = PinFile(path)
        pin.read()
        pin.write(_head(size))
    after = path.read_bytes()
    changed = [at for at, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    for at in changed[1:]:
        path.write_bytes(after[:at] + before[at:])
        assert PinFile(path).read() in (_head(writes - 1), _head(writes))


@pytest.mark.parametrize("text", [b"", b"x", b"00000000000000000007 " + b"a" * 64 + b" 00000000\n"])
def test_a_damaged_file_is_a_fault_and_not_a_fresh_start(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "pin").write_bytes(text)
    with pytest.raises(PinFaultError):
        PinFile(tmp_path / "pin").read()


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(PinFaultError):
        PinFile(tmp_path / "no" / "pin").write(_head(1))
