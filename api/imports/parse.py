"""From a file to typed rows: every cell is read by its column, and every cell that cannot be is named."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from msgspec import Struct

from api.imports.cells import CellError
from api.imports.columns import COLUMNS, TABLES, Column, Table, positions, table_of
from api.imports.reasons import Fault, fault
from api.imports.sheet import Record, Sheet, read_sheet
from domain.errors import DomainError

FAULTS_MAX: Final = 1_000
"""More say nothing new: a file with as many is in the wrong columns."""


class UnknownTableError(DomainError):
    """Nothing says what the file is about, or it lacks columns that its table needs."""

    code: ClassVar[str] = "unknown-table"

    def __init__(self, *, header: tuple[str, ...], missing: tuple[str, ...] = ()) -> None:
        what = f"it lacks the columns {', '.join(missing)}" if missing else f"no table of {', '.join(TABLES)}"
        super().__init__(f"a header {', '.join(header)!r}: {what}")
        self.header, self.missing = header, missing


class Row(Struct, frozen=True):
    """One row with its values by column; an empty cell has none. `typed` is what stood there."""

    line: int
    values: Mapping[str, Any]
    typed: Mapping[str, str]


class Parsed(Struct, frozen=True):
    """What a file says."""

    table: Table
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    names: Mapping[str, str]
    """Column → what the file calls it."""


def parse_file(data: bytes, table: Table | None = None) -> Parsed:
    """Return the rows of a file that can be read, and what is wrong with the others.

    `table` None: the header tells. Raises UnreadableFileError, UnknownTableError.
    """
    return parse_sheet(read_sheet(data), table)


def parse_sheet(sheet: Sheet, table: Table | None) -> Parsed:
    """Return the typed rows of a sheet.

    Raises UnknownTableError.
    """
    table = table or table_of(sheet.header)
    if table is None:
        raise UnknownTableError(header=sheet.header)
    places = positions(table, sheet.header)
    missing = tuple(column.name for column in COLUMNS[table] if column.required and column.name not in places)
    if missing:
        raise UnknownTableError(header=sheet.header, missing=missing)
    names = {name: sheet.header[place] for name, place in places.items()}
    rows: list[Row] = []
    faults: list[Fault] = []
    for record in sheet.records:
        read = _row(record, COLUMNS[table], places, sheet.header)
        if isinstance(read, Row):
            rows.append(read)
        elif len(faults) < FAULTS_MAX:
            faults.extend(read)
    return Parsed(table, tuple(rows), tuple(faults), names)


def _row(
    record: Record, columns: tuple[Column, ...], places: Mapping[str, int], header: tuple[str, ...]
) -> Row | list[Fault]:
    values: dict[str, Any] = {}
    typed: dict[str, str] = {}
    faults: list[Fault] = []
    extra = [cell for cell in record.cells[len(header) :] if cell]
    if extra:
        faults.append(fault(record.line, "", extra[0], "too-many-cells"))
    for column in columns:
        place = places.get(column.name)
        text = record.cells[place] if place is not None and place < len(record.cells) else ""
        name = column.name if place is None else header[place]
        if not text:
            if column.required:
                faults.append(fault(record.line, name, "", "missing"))
            continue
        typed[column.name] = text
        try:
            values[column.name] = column.parse(text)
        except CellError as error:
            faults.append(fault(record.line, name, text, error.code, **error.facts))
    return faults or Row(record.line, values, typed)
