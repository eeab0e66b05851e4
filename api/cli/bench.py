"""`gobi bench`: every figure beside its floor, measured on this machine."""

import argparse
import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, Final

from api.cli.options import Commands, command
from domain.errors import DomainError

_TEXT: Final = """\
Measure one figure of the design, or all. Each is reported beside its floor: what its steps cost at least here.

  gobi bench sync-ingest            ops verified, folded and durable per second
  gobi bench sync-wire --json       bytes per op on the wire; the last line is one JSON object
  gobi bench pwa-kill --kills 500   acknowledged ops that killed browsers lost
  gobi bench all
"""


class UnknownBenchError(DomainError):
    """No figure has this name."""

    code = "unknown-bench"

    def __init__(self, *, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no figure is called {name!r}; there are {', '.join(known)}")
        self.name, self.known = name, known


def add(commands: Commands) -> None:
    """Add the subcommand."""
    made = command(commands, "bench", _run, brief="measure a figure of the design", text=_TEXT)
    made.add_argument("name", help="a figure, or: all")
    made.add_argument("--kills", type=int, help="how often the benches that kill do so")
    made.add_argument("--json", action="store_true", help="print nothing but one JSON object")


def benches() -> Mapping[str, Callable[..., dict[str, Any]]]:
    """Return the measurements by name: every module of `bench` that has a `run`."""
    package = importlib.import_module("bench")
    found: dict[str, Callable[..., dict[str, Any]]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        run = getattr(importlib.import_module(f"bench.{info.name}"), "run", None)
        if callable(run):
            found[info.name.replace("_", "-")] = run
    return found


def _run(given: argparse.Namespace) -> int:
    known = benches()
    names = tuple(known) if given.name == "all" else (given.name,)
    if not set(names) <= set(known):
        raise UnknownBenchError(name=given.name, known=tuple(known))
    results: dict[str, dict[str, Any]] = {}
    for name in names:
        takes_kills = given.kills is not None and "kills" in inspect.signature(known[name]).parameters
        results[name] = known[name](kills=given.kills) if takes_kills else known[name]()
        if not given.json:
            _tell(name, results[name])
    print(json.dumps(results if given.name == "all" else results[given.name], ensure_ascii=False))
    return 0


def _tell(name: str, result: Mapping[str, Any]) -> None:
    print(name)
    for field, value in result.items():
        shown = (
            f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
        )
        print(f"  {field:<24} {shown}", flush=True)
