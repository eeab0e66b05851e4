"""One engine's figures, and what stands behind them."""

from msgspec import Struct


class Figures(Struct, frozen=True, kw_only=True):
    """What one engine did with the workload. Rates are ops a second, sizes bytes; None: it has no such thing."""

    engine: str
    local: float | None
    """Recorded on one phone, one after the other."""
    single: float
    """Taken in by the server, one op a message."""
    batched: float
    """Taken in by the server, `workload.BATCH` ops a message."""
    wire_single: float | None = None
    """Of one op, sent alone: the message, or the body of the request."""
    wire_batched: float | None = None
    """Of one op among `workload.BATCH`, compressed where that helps."""
    wire_single_total: float | None = None
    """Everything on the socket, both ways, for one op sent alone; None: it has no transport."""
    bootstrap_s: float | None = None
    """A new client has and shows every balance: the server's work and the client's."""
    bootstrap_bytes: int | None = None
    idle_requests: int | None = None
    """To find out that there is nothing new; messages where there is no transport."""
    idle_bytes: int | None = None
    idle_bytes_total: int | None = None
    ops: int
    """Taken in in batches; the balances of a new client come from these."""
