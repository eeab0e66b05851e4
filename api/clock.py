"""The server's clock, read in one place so that a test or the demo can set another."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Ms since 1970."""


def wall_clock() -> int:
    """Return the present instant."""
    return time.time_ns() // 1_000_000
