"""What somebody must look at: exceptions and variances, each with its likely cause in words; and money."""

from typing import Annotated, Any, Final, Literal

from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from api.given import Asking, Housed
from api.naming import Naming
from api.routes.log import NotFoundError
from api.words import Told, tell_exception, tell_variance
from sync_engine.fold.findings import deadline_of
from sync_engine.fold.past_findings import PAST

_State = Annotated[Literal["open", "closed", "all"], QueryParameter(name="state")]


class ExceptionLine(Struct, frozen=True):
    """One exception (fold.md §6): what it is about, who owns it, until when, and what probably happened."""

    id: str
    code: str
    facts: list[Any]
    ops: list[int]
    owner: str
    opened: int
    deadline: int
    state: str
    closed_by: Any
    """The index of an op, or `itself`: its cause is gone."""
    closed_at: int | None
    """The index of the log at which it ended; None while it is open."""
    zh: str
    en: str


class VarianceLine(Struct, frozen=True):
    """What one count found at one key, and what explains it."""

    count: int
    item: str
    lot: str
    place: str
    expected_q: int
    expected_w: int
    counted_q: int
    counted_w: int
    dq: int
    dw: int
    at: int
    contested_by: list[int]
    late: list[list[int]]
    approved: Any
    zh: str
    en: str


class StatementLine(Struct, frozen=True):
    """One line of a partner's account; amounts in fen."""

    index: int
    what: str
    amount_fen: int
    at: int | None
    person: str


class Statement(Struct, frozen=True):
    """A partner's account: a fold over payments and settlements."""

    partner: str
    name: str
    payable_fen: int
    receivable_fen: int
    lines: list[StatementLine]


ITSELF: Final = "itself"
_ENDED: Final = Told("（原因已消失，自动结束。）", " Closed by itself: its cause is gone.")


@get("/exceptions")
async def exceptions(house: Housed, caller: Asking, wanted: _State = "open") -> list[ExceptionLine]:
    """The one list of things to look at, the nearest deadline first; the closed ones by an op or by themselves."""
    naming = Naming(house.ledger, now_ms=house.clock())
    found = [_line(row, naming) for _, row in await house.reads.rows("desk", "exception")]
    if wanted != "open":
        found += [_past_line(row, naming) for _, row in await house.reads.rows("desk", PAST)]
    lines = [line for line in found if wanted in {"all", line.state}]
    return sorted(lines, key=lambda line: (line.state != "open", line.deadline, line.id))


def _line(row: list[Any], naming: Naming) -> ExceptionLine:
    identity, code, facts, ops, owner, opened, deadline, state, closed_by = row[:9]
    told = tell_exception(code, facts, ops, naming)
    closed_at = None if closed_by is None else int(closed_by)
    return ExceptionLine(
        identity, code, facts, ops, owner, opened, deadline, state, closed_by, closed_at, told.zh, told.en
    )


def _past_line(row: list[Any], naming: Naming) -> ExceptionLine:
    """An exception whose cause is gone: told as it was, and that it is over."""
    identity, code, facts, ops, owner, opened, closed_at = row[:7]
    told, deadline = tell_exception(code, facts, ops, naming), deadline_of(code, opened)
    zh, en = told.zh + _ENDED.zh, told.en + _ENDED.en
    return ExceptionLine(
        identity, code, facts, ops, owner, opened, deadline, "closed", ITSELF, closed_at, zh, en
    )


@get("/variances")
async def variances(house: Housed, caller: Asking) -> list[VarianceLine]:
    """Every difference that a count found, the newest first."""
    rows = await house.reads.rows("desk", "variance")
    naming = Naming(house.ledger, now_ms=house.clock())
    found = []
    for _, row in rows:
        told = tell_variance(row, naming)
        count, item, lot, place, *rest = row[:14]
        expected_q, expected_w, counted_q, counted_w, dq, dw, at, contested, late, approved = rest
        found.append(
            VarianceLine(
                count,
                item,
                lot,
                place,
                expected_q,
                expected_w,
                counted_q,
                counted_w,
                dq,
                dw,
                at,
                contested,
                late,
                approved,
                told.zh,
                told.en,
            )
        )
    return sorted(found, key=lambda line: (-line.at, line.count, line.item, line.lot))


@get("/partners/{partner:str}/statement")
async def statement(house: Housed, caller: Asking, partner: FromPath[str]) -> Statement:
    """What we owe a partner, what it owes us, and from which records that follows."""
    row = await house.reads.row("desk", "statement", partner)
    ledger = house.ledger
    naming = Naming(ledger, now_ms=house.clock())
    if row is None:
        if ("partner", partner) not in ledger.fold.state.registers:
            raise NotFoundError(what="partner")
        return Statement(partner, naming.partner(partner).zh, 0, 0, [])
    lines = []
    for index, what, amount, *_ in row[3]:
        entry = ledger.fold.logged(index)
        at = None if entry is None else entry.t
        lines.append(StatementLine(index, what, amount, at, naming.author(index).person.zh))
    return Statement(partner, naming.partner(partner).zh, row[1], row[2], lines)


ROUTES: Final = (exceptions, variances, statement)
