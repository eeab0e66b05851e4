"""An op as the ledger holds it: its place in the log, its effective time, its verdict."""

from typing import Final, Literal

from msgspec import Struct

from domain.kinds import Body, MalformedBodyError, parse_body
from domain.ops import VERSION, Op

Verdict = Literal["accepted", "refused", "deferred", "quarantined"]
ACCEPTED: Final = "accepted"
REFUSED: Final = "refused"
DEFERRED: Final = "deferred"
QUARANTINED: Final = "quarantined"


class Logged(Struct, frozen=True):
    """Leaf `index` of the organisation's log.

    `t` ± `err` is its effective time in ms (fold.md §1); `arrived` the server time of its first arrival, which the
    fold never reads.
    """

    index: int
    hash: bytes
    op: Op
    t: int
    err: int
    verdict: Verdict = "accepted"
    code: str = ""
    arrived: int = 0


def readable_body(op: Op) -> Body | None:
    """Return the typed body, or None where only another version of this software can read it.

    For ops that the log calls accepted: a newer version may have said so, before an older one was put back.
    """
    try:
        return parse_body(op.kind, op.body) if op.v == VERSION else None
    except MalformedBodyError:
        return None


class VerdictChange(Struct, frozen=True):
    """A later word on an op: of a `sequenced` op's changes. `stated_at` is that op's index, 0 when nobody knows.

    Reports as of an earlier state of the log keep the word that stood then.
    """

    index: int
    verdict: Verdict
    code: str
    t: int
    err: int
    stated_at: int = 0
