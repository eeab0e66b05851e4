"""Every engine with the same workload and in the same traps, one after the other, on one machine."""

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, structs

from bench.peers import others
from bench.peers.figures import Figures
from bench.peers.ours_figures import measure_engine, measure_whole
from bench.peers.ours_traps import play_ours
from bench.peers.outcomes import Seen, Word
from bench.peers.workload import movements, write_workload

OURS: Final = "Gobi"


class Machine(Struct, frozen=True):
    """Where and when it was measured."""

    on: str
    cpus: int
    load: float
    """Mean number of runnable programs in the last five minutes, ours included: about 2 if nobody else was at work."""


class Compared(Struct, frozen=True):
    """Everything that was seen."""

    versions: Mapping[str, str]
    figures: tuple[Figures, ...]
    traps: Mapping[str, tuple[Seen, ...]]
    """Of each engine, in the order in which they are told."""


def compare(tell: Callable[[str], None] = lambda _: None) -> Compared:
    """Measure every engine and play every trap.

    Raises NotInstalledError.
    """
    versions = others.versions()
    made = movements()
    figures = []
    with tempfile.TemporaryDirectory() as name:
        workload = Path(name) / "workload.json"
        write_workload(workload, made)
        tell("figures: PouchDB")
        figures.append(others.pouchdb_figures(workload))
        for library in others.LIBRARIES:
            tell(f"figures: {library}")
            figures.append(others.library_figures(library, workload))
    tell("figures: Gobi")
    figures += [measure_whole(made), measure_engine(made)]
    traps: dict[str, tuple[Seen, ...]] = {}
    for engine in others.OTHERS:
        tell(f"traps: {engine}")
        traps[engine] = tuple(others.traps(engine))
    tell("traps: Gobi")
    traps[OURS] = tuple(asyncio.run(play_ours()))
    return Compared(versions, tuple(figures), traps)


def run_installed() -> dict[str, Any]:
    """Measure all of it, if the others are installed. The floor is PouchDB, the only other that has a server."""
    if not others.is_installed():
        return {"name": "peers", "skipped": str(others.NotInstalledError())}
    return as_json(compare())


def as_json(compared: Compared) -> dict[str, Any]:
    """Return what was seen as plain values."""
    by_engine = {figures.engine: figures for figures in compared.figures}
    value, floor = by_engine[OURS].batched, by_engine[others.POUCHDB].batched
    return {
        "name": "peers",
        "value": round(value),
        "unit": "ops/s",
        "floor": round(floor),
        "ratio": round(value / floor, 3),
        "versions": dict(compared.versions),
        "figures": [structs.asdict(figures) for figures in compared.figures],
        "traps": {
            engine: {one.trap: {"word": one.word.value, **structs.asdict(one)} for one in seen}
            for engine, seen in compared.traps.items()
        },
        "silent": {engine: count_of(seen, Word.SILENT) for engine, seen in compared.traps.items()},
    }


def count_of(seen: tuple[Seen, ...], word: Word) -> int:
    """Return in how many traps it came out so."""
    return sum(1 for one in seen if one.word is word)
