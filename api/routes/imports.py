"""Importing at the desk: the file is the body of the request, the answer names every row that is wrong."""

from http import HTTPStatus
from typing import Any, ClassVar, Final, cast

from litestar import post
from litestar.params import FromPath, FromQuery
from msgspec import Struct, to_builtins

from api.bodies import read_body
from api.given import Housed
from api.identity import Asked, asking_person
from api.imports.columns import TABLES, Table
from api.imports.reasons import Fault
from api.imports.sheet import FILE_BYTES_MAX
from api.imports.taking import Taken, take_file
from api.rank import refuse_above
from api.routes.log import NotFoundError
from domain.errors import DomainError
from domain.rights import OFFICE_ROLES


class BadRowsError(DomainError):
    """Rows of the file cannot be taken, so nothing was: mend them, or ask for the good ones with `skip_bad`."""

    code: ClassVar[str] = "bad-rows"

    def __init__(self, *, table: str, rows: int, faults: list[Any]) -> None:
        super().__init__(f"{len(faults)} cells or rows cannot be taken; nothing was recorded")
        self.table, self.rows, self.faults = table, rows, faults


class ImportDone(Struct, frozen=True):
    """What a file came to. `recorded` ops were recorded; `unchanged` rows were known already."""

    table: str
    rows: int
    unchanged: int
    recorded: int
    ops: int
    """How many ops the good rows need."""
    dry_run: bool
    faults: tuple[Fault, ...]
    refused: tuple[str, ...]
    """Verdict codes of ops that the ledger did not accept, for instance because the right is lacking."""


@post("/imports/{table:str}", status_code=HTTPStatus.OK)
async def import_table(
    request: Asked,
    house: Housed,
    table: FromPath[str],
    dry_run: FromQuery[bool] = False,
    skip_bad: FromQuery[bool] = False,
) -> ImportDone:
    """Import items, places, partners, people, prices, orders or opening stock, or `auto`. For managers and admins.

    The body is the file: CSV (UTF-8, UTF-16 or GBK; comma, semicolon or tab) or XLSX, at most 8 MiB. Importing a file
    twice records nothing new.
    """
    caller = await asking_person(request, house, OFFICE_ROLES)
    if table != "auto" and table not in TABLES:
        raise NotFoundError(what="table")
    data = await read_body(request, most=FILE_BYTES_MAX)
    known = None if table == "auto" else cast("Table", table)
    taken = await take_file(
        house,
        data,
        known,
        is_dry=dry_run,
        skips_bad=skip_bad,
        actor=caller.session,
        check_roles=lambda roles: refuse_above(caller, roles),
    )
    if taken.imported.faults and not (dry_run or skip_bad):
        faults = [to_builtins(fault) for fault in taken.imported.faults]
        raise BadRowsError(table=taken.imported.table, rows=taken.imported.rows, faults=faults)
    return _done(taken, is_dry=dry_run)


def _done(taken: Taken, *, is_dry: bool) -> ImportDone:
    imported = taken.imported
    return ImportDone(
        table=imported.table,
        rows=imported.rows,
        unchanged=imported.unchanged,
        recorded=taken.recorded,
        ops=len(imported.intentions),
        dry_run=is_dry,
        faults=imported.faults,
        refused=taken.refused,
    )


ROUTES: Final = (import_table,)
