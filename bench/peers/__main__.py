"""`python -m bench.peers`: measure, show, and write docs/peers.md and the table of both READMEs."""

import json
import os
from datetime import UTC, datetime

from bench.peers.report import terminal, write_documents
from bench.peers.side_by_side import Machine, as_json, compare


def main() -> None:
    """Run everything, with a line for each step."""
    compared = compare(tell=lambda line: print(line, flush=True))
    machine = Machine(
        on=datetime.now(UTC).date().isoformat(), cpus=os.cpu_count() or 1, load=os.getloadavg()[1]
    )
    print(terminal(compared))
    write_documents(compared, machine)
    print("written: docs/peers.md, README.md, README.zh-CN.md")
    print(json.dumps(as_json(compared), ensure_ascii=False))


main()
