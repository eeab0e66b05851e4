"""What every version that shipped has written is read today as it was then, and stands unchanged."""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from domain.canonical import decode, encode
from domain.kinds import parse_body
from domain.merkle import Frontier
from domain.ops import decode_op, encode_op, leaf_hash
from sync_engine.commit import Delivery
from sync_engine.frame import peek_header
from sync_engine.ledger import Ledger
from sync_engine.sequenced import replay
from sync_engine.wire import decode_reply, decode_request
from tests.tools.make_golden import GOLDEN, MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

    from sync_engine.fold.rows import RowKey

VERSIONS = sorted(path for path in GOLDEN.iterdir() if path.is_dir())
LISTED = [line.split("  ") for line in MANIFEST.read_text(encoding="utf-8").splitlines()]
versions = pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)


def read(version: Path, name: str) -> Any:
    return decode((version / name).read_bytes())


# --- nothing changes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("digest", "name"), LISTED, ids=lambda text: text[:40])
def test_a_frozen_file_is_what_it_was(digest: str, name: str) -> None:
    assert sha256((GOLDEN / name).read_bytes()).hexdigest() == digest


def test_every_frozen_file_is_listed() -> None:
    there = {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file()}
    assert there - {"MANIFEST"} == {name for _, name in LISTED}


def test_no_commit_ever_changed_a_frozen_file() -> None:
    """The manifest could be changed with the file: the history of both cannot."""
    command = ["git", "log", "--diff-filter=MDR", "--format=%h", "--name-only", "--", "tests/golden"]
    found = subprocess.run(command, cwd=GOLDEN.parents[1], capture_output=True, text=True, check=False)
    changed = {line for line in found.stdout.splitlines() if line.startswith("tests/golden/")}
    assert changed <= {"tests/golden/MANIFEST"}


# --- everything is still read --------------------------------------------------------------------------------------


@versions
def test_its_log_gives_the_same_times_and_verdicts_and_at_least_the_same_rows(version: Path) -> None:
    log: list[bytes] = read(version, "log.bin")
    entries = replay(log)
    assert len(entries) == len(log)
    assert [entry.hash for entry in entries] == [leaf_hash(data) for data in log]
    _, today = loaded(version)
    for bucket, table, key, value in read(version, "rows.bin"):
        assert is_grown(decode(today[bucket, table, key]), decode(value)), (bucket, table, key)


@versions
def test_its_ops_keep_their_bytes(version: Path) -> None:
    for data in read(version, "log.bin"):
        assert encode_op(decode_op(data)) == data


@versions
def test_its_messages_are_read_and_what_they_carried_is_known(version: Path) -> None:
    ledger, _ = loaded(version)
    size = ledger.size
    requests = [decode_request(data) for data in read(version, "requests.bin")]
    replies = [decode_reply(data) for data in read(version, "replies.bin")]
    assert [reply.pull for reply in replies] == ["ok"] * len(requests)
    deliveries = [
        Delivery(device=request.device, now_ms=None, run=None, frames=request.frames, relayed=request.relayed)
        for request in requests
    ]
    assert all(peek_header(frame).device == each.device for each in deliveries for frame in each.frames)
    log = Frontier().append_many([leaf_hash(data) for data in read(version, "log.bin")])
    seen = (log.size, log.root()[:16])
    commit = ledger.take(deliveries, (), now_ms=ledger.server_ms + 1, seen=seen)
    assert [problem for problems in commit.problems for problem in problems] == []
    assert commit.log_size == size, "every op of them is in the log: a redelivery adds none"


@versions
def test_its_bodies_are_read_as_bodies_of_the_same_fields(version: Path) -> None:
    told = json.loads((version / "domain-kinds.json").read_text(encoding="utf-8"))
    for sample in told["kinds"]:
        for form in ("full", "least"):
            body = unplain(sample[form])
            assert parse_body(sample["kind"], body) is not None, sample["kind"]


def loaded(version: Path) -> tuple[Ledger, dict[RowKey, bytes]]:
    """A ledger of today that was started on the log, and its rows."""
    org, secret, scalar = read(version, "keys.bin")
    key = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
    ledger = Ledger(org, secret, key)
    changes = ledger.load(replay(read(version, "log.bin")))
    return ledger, {row: value for row, value in changes.rows.items() if value is not None}


def is_grown(now: Any, then: Any) -> bool:
    """Whether a value says what it said, with at most more at the end of its arrays."""
    if isinstance(then, list):
        return isinstance(now, list) and len(now) >= len(then) and all(map(is_grown, now, then))
    return bool(now == then)


def unplain(value: Any) -> Any:
    if isinstance(value, dict):
        return bytes.fromhex(value["bin"])
    return [unplain(part) for part in value] if isinstance(value, list) else value


def test_growing_is_at_the_end_of_arrays_alone() -> None:
    assert is_grown([1, [2, 3, 4], 5], [1, [2, 3]])
    assert not is_grown([1, [2]], [1, [2, 3]])
    assert not is_grown([0, 1], [1])
    assert encode([1]) != encode([1, 2])
