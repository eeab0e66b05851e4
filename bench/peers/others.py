"""The other engines, each in a Node process of its own: their figures and traps, by the programs beside this file.

They are installed by `make bench-peers` into a folder of their own, and nothing of the product needs them.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.peers.figures import Figures
from bench.peers.outcomes import Seen
from bench.peers.tap import Counted, tap
from bench.peers.workload import BATCH, DEVICES

HERE: Final = Path(__file__).parent
MODULES: Final = HERE / "node_modules"
LIBRARIES: Final = {"Automerge": "automerge", "Yjs": "yjs", "Loro": "loro"}
"""Engine → its module in `engines/`: libraries that merge in memory and have no server."""
POUCHDB: Final = "PouchDB"
OTHERS: Final = (POUCHDB, *LIBRARIES)
_PACKAGES: Final = {
    POUCHDB: "pouchdb-core",
    "Automerge": "@automerge/automerge",
    "Yjs": "yjs",
    "Loro": "loro-crdt",
}
_SINGLES: Final = 2
_TIMEOUT_S: Final = 300


class NotInstalledError(Exception):
    """The other engines are not there."""

    def __init__(self) -> None:
        super().__init__("the other engines are not installed: `make bench-peers` installs and measures them")


def is_installed() -> bool:
    """Whether the other engines are there."""
    return all((MODULES / package / "package.json").is_file() for package in _PACKAGES.values())


def versions() -> dict[str, str]:
    """Return the version of each engine that is installed.

    Raises NotInstalledError.
    """
    if not is_installed():
        raise NotInstalledError
    manifests = {
        name: (MODULES / package / "package.json").read_bytes() for name, package in _PACKAGES.items()
    }
    return {name: json.loads(manifest)["version"] for name, manifest in manifests.items()}


def library_figures(name: str, workload: Path) -> Figures:
    """Measure a library that merges in memory."""
    [told] = _lines("crdt-figures.mjs", LIBRARIES[name], str(workload))
    return Figures(
        engine=name,
        local=told["local"],
        single=told["single"],
        batched=told["batched"],
        wire_single=told["wire_single"],
        wire_batched=told["wire_batched"],
        bootstrap_s=told["bootstrap_s"],
        bootstrap_bytes=told["bootstrap_bytes"],
        idle_requests=told["idle_requests"],
        idle_bytes=told["idle_bytes"],
        ops=told["bootstrap_ops"],
    )


def traps(name: str) -> list[Seen]:
    """Let an engine step into every trap."""
    program = ["pouchdb-traps.mjs"] if name == POUCHDB else ["crdt-traps.mjs", LIBRARIES[name]]
    return [msgspec.convert(told, Seen) for told in _lines(*program)]


def pouchdb_figures(workload: Path) -> Figures:
    """Measure PouchDB phones against a PouchDB Server over HTTP, both in memory."""
    with (
        _process("pouchdb-server.mjs", "memory") as server,
        _process("pouchdb-figures.mjs", str(workload)) as phones,
    ):
        assert server.stdout is not None
        port = int(server.stdout.readline())
        with tap(port) as tapped:
            direct, counted = (f"http://127.0.0.1:{at}/stock" for at in (port, tapped.port))

            def ask(verb: str, **given: object) -> tuple[Any, Counted]:
                before = tapped.read()
                answer = _ask(phones, verb, **given)
                return answer, tapped.read().since(before)

            local, _ = ask("local")
            single, _ = ask("singles", url=direct, rounds=1000)
            _, single_bytes = ask("singles", url=counted, rounds=_SINGLES)
            batched, _ = ask("batches", url=direct, rounds=3)
            _, batch_bytes = ask("batches", url=counted, rounds=1)
            booted, _ = ask("bootstrap", url=direct, name="timed")
            _, boot_bytes = ask("bootstrap", url=counted, name="counted")
            # The first brings what is there, the second asks whether what it brought is there: then there is nothing.
            for _ in range(2):
                ask("sync", url=counted)
            _, idle = ask("sync", url=counted)
    return Figures(
        engine=POUCHDB,
        local=local["rate"],
        single=single["rate"],
        batched=batched["rate"],
        wire_single=single_bytes.sent / (_SINGLES * DEVICES),
        wire_single_total=single_bytes.total / (_SINGLES * DEVICES),
        wire_batched=batch_bytes.sent / (BATCH * DEVICES),
        bootstrap_s=booted["seconds"],
        bootstrap_bytes=boot_bytes.bodies,
        idle_requests=idle.requests,
        idle_bytes=idle.bodies,
        idle_bytes_total=idle.total,
        ops=booted["ops"],
    )


def _lines(*program: str) -> list[Any]:
    """Run a program to its end; return what it says, an object a line."""
    done = subprocess.run(
        ["node", *program], cwd=HERE, check=False, timeout=_TIMEOUT_S, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(program)} failed:\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def _process(*program: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a program that ends with its standard input. It warns of its own listeners, which nobody here can mend."""
    process = subprocess.Popen(
        ["node", "--no-warnings", *program],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(timeout=20)


def _ask(process: "subprocess.Popen[str]", verb: str, **given: object) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"do": verb, **given}) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    if "error" in answer:
        raise RuntimeError(f"PouchDB, {verb}: {answer['error']}")
    return answer["ok"]
