"""Every benchmark by its name: `gobi bench <name>`."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bench import sync_idle, sync_ingest, sync_wire

BENCHES: Final[Mapping[str, Callable[[], dict[str, Any]]]] = {
    "sync-ingest": sync_ingest.run,
    "sync-wire": sync_wire.run,
    "sync-idle": sync_idle.run,
}
"""Each returns name, value, unit, floor and ratio (value ÷ floor, measured in the same run), and fields of its own."""
