"""Side by side with the engines that people use today: one workload, the same traps, one run on one machine.

    make bench-peers        installs the others here, measures all, writes docs/peers.md and the READMEs' table
    gobi bench peers        the same figures, written nowhere, if the others are installed

`workload` is what everybody gets; `others` runs the Node programs of this folder; `ours_figures` and `ours_traps` run
Gobi; `side_by_side` puts them beside each other, `report` writes them down.
"""

from typing import Any


def run() -> dict[str, Any]:
    """Measure all engines; the floor is PouchDB, the only other that has a server."""
    from bench.peers.side_by_side import run_installed  # noqa: PLC0415 - needs the tools of the tests

    return run_installed()
