"""Freeze what this version writes into `tests/golden/<name>`: once for each version that ships, and never again.

    python -m tests.tools.make_golden 1

Refuses a name that is there: no later commit may change what phones and servers out there hold. What is frozen is the
demo day as a log, its rows, the messages that carried it, the database that kept it, and the corpora of the codecs.
"""

import asyncio
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

from api.demo.day import ORG
from api.demo.memory_server import MemoryServer
from api.demo.play import Play
from api.demo.shuffle import found_in_memory
from domain.canonical import encode
from sync_engine.fold.rows import RowKey
from sync_engine.seal import PrivateKey

GOLDEN: Final = Path(__file__).resolve().parent.parent / "golden"
VECTORS: Final = GOLDEN.parent / "vectors"
MANIFEST: Final = GOLDEN / "MANIFEST"
CORPORA: Final = (
    "domain/kinds.json", "ops/canonical.json", "ops/ops.json", "ops/seals.json", "ops/frames.json", "ops/sync.json",
    "identity/assertions.json", "identity/authorship.json", "fold/overlay.json",
)  # fmt: skip


class _Heard:
    """The server of the day, with every message that passed."""

    def __init__(self, server: MemoryServer) -> None:
        self.server = server
        self.requests: list[bytes] = []
        self.replies: list[bytes] = []
        self.ledger = server.ledger
        self.record = server.record

    @property
    def seen(self) -> tuple[int, bytes]:
        return self.server.seen

    async def sync(self, request: bytes, *, at_ms: int) -> bytes:
        reply = await self.server.sync(request, at_ms=at_ms)
        self.requests.append(request)
        self.replies.append(reply)
        return reply


async def _play() -> tuple[_Heard, bytes, PrivateKey]:
    chance = Random(7)
    server, secret, key = found_in_memory(chance)
    heard = _Heard(server)
    play = Play(heard, secret, chance)
    await play.prepare()
    async for _ in play.rest():
        pass
    return heard, secret, key


def freeze(name: str) -> None:
    """Write the files of a version, and their hashes into the manifest."""
    folder = GOLDEN / name
    folder.mkdir(parents=True)
    heard, secret, key = asyncio.run(_play())
    scalar = key.private_numbers().private_value.to_bytes(32, "big")
    _write(folder / "keys.bin", encode((ORG, secret, scalar)))
    _write(folder / "log.bin", encode(heard.server.log))
    _write(folder / "rows.bin", encode(plain_rows(heard.server.rows)))
    _write(folder / "requests.bin", encode(heard.requests))
    _write(folder / "replies.bin", encode(heard.replies))
    for corpus in CORPORA:
        shutil.copyfile(VECTORS / corpus, folder / corpus.replace("/", "-"))
    lines = [
        f"{sha256(path.read_bytes()).hexdigest()}  {name}/{path.name}" for path in sorted(folder.iterdir())
    ]
    with MANIFEST.open("a", encoding="utf-8") as manifest:
        manifest.write("".join(f"{line}\n" for line in lines))


def plain_rows(rows: dict[RowKey, bytes]) -> list[list[object]]:
    """Return (bucket, table, key, value) of each row, in order."""
    return [[*key, rows[key]] for key in sorted(rows)]


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


if __name__ == "__main__":
    freeze(sys.argv[1])
