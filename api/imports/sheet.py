"""A file as rows of text by column, whatever wrote it: CSV in any usual encoding and separator, or XLSX.

Bounded, because it comes from strangers: a workbook is a zip, and a zip may unpack to anything.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import ClassVar, Final

from msgspec import Struct
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from domain.errors import DomainError

FILE_BYTES_MAX: Final = 8 * 1024 * 1024
UNPACKED_BYTES_MAX: Final = 64 * 1024 * 1024
MEMBERS_MAX: Final = 256
ROWS_MAX: Final = 50_000
COLUMNS_MAX: Final = 64
CELL_CHARS_MAX: Final = 1_000

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_BYTE_ORDER_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SEPARATORS: Final = "\t;,,"  # the full-width comma too: somebody typed the header by hand


class UnreadableFileError(DomainError):
    """The file is no table that this server can read."""

    code: ClassVar[str] = "unreadable-file"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"not a table: {reason}")
        self.reason = reason


class Record(Struct, frozen=True):
    """One row: the number of its line in the file, and its cells by position."""

    line: int
    cells: tuple[str, ...]


class Sheet(Struct, frozen=True):
    """The header and the rows below it; empty rows are left out."""

    header: tuple[str, ...]
    records: tuple[Record, ...]


def read_sheet(data: bytes) -> Sheet:
    """Return the first sheet of a file.

    Raises UnreadableFileError.
    """
    if len(data) > FILE_BYTES_MAX:
        raise UnreadableFileError(reason=f"{len(data)} bytes, at most {FILE_BYTES_MAX}")
    if data.startswith(_OLE):
        raise UnreadableFileError(reason="an old .xls workbook; save it as .xlsx or .csv")
    rows = _workbook_rows(data) if data.startswith(_ZIP) else _text_rows(data)
    header: tuple[str, ...] | None = None
    records: list[Record] = []
    for line, cells in rows:
        if not any(cells):
            continue
        if len(cells) > COLUMNS_MAX:
            raise UnreadableFileError(reason=f"line {line} has {len(cells)} columns, at most {COLUMNS_MAX}")
        if any(len(cell) > CELL_CHARS_MAX for cell in cells):
            raise UnreadableFileError(
                reason=f"line {line} has a cell of more than {CELL_CHARS_MAX} characters"
            )
        if header is None:
            header = cells
        else:
            records.append(Record(line, cells))
        if len(records) > ROWS_MAX:
            raise UnreadableFileError(reason=f"more than {ROWS_MAX} rows; split the file")
    if header is None:
        raise UnreadableFileError(reason="it is empty")
    return Sheet(header, tuple(records))


# --- CSV -----------------------------------------------------------------------------------------------------------


def decode_text(data: bytes) -> str:
    """Return the text of a file: by its byte order mark, else UTF-8, else what Chinese Windows writes.

    Raises UnreadableFileError.
    """
    encodings = [name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)] or ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise UnreadableFileError(reason="its bytes are no text in UTF-8, UTF-16 or GB 18030")


def _text_rows(data: bytes) -> Iterator[tuple[int, tuple[str, ...]]]:
    text = decode_text(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    line = 1
    try:
        for cells in reader:
            yield line, tuple(cell.strip() for cell in cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFileError(reason=f"line {line}: {error}") from error


def _separator(text: str) -> str:
    """The separator that the first line with anything in it uses most."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_SEPARATORS, key=first.count)


# --- XLSX ----------------------------------------------------------------------------------------------------------


def _workbook_rows(data: bytes) -> Iterator[tuple[int, tuple[str, ...]]]:
    _refuse_bomb(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            sheet = book.worksheets[0]
            # Its own word on its size may be the whole grid: a billion empty cells.
            sheet.reset_dimensions()
            rows = sheet.iter_rows(max_row=ROWS_MAX + 2, max_col=COLUMNS_MAX + 1, values_only=True)
            yield from _worksheet_rows(rows)
        finally:
            book.close()
    except UnreadableFileError:
        raise
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, IndexError, AttributeError,
            OSError, EOFError, SyntaxError, OverflowError, NotImplementedError) as error:  # fmt: skip
        # openpyxl lets whatever its parsers meet come through.
        raise UnreadableFileError(reason=f"a damaged workbook ({type(error).__name__})") from error


def _worksheet_rows(rows: Iterable[Sequence[object]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    for line, values in enumerate(rows, start=1):
        cells = [cell_text(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        yield line, tuple(cells)


def cell_text(value: object) -> str:
    """Return a cell of a workbook as somebody would have typed it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case float():
            return repr(round(value, 9))  # 163.4 is stored as 163.40000000000001
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case _:
            return str(value).strip()


def _refuse_bomb(data: bytes) -> None:
    """Raise for a zip that unpacks to more than a workbook needs; a member never gives more than it declares."""
    try:
        members = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (
        zipfile.BadZipFile,
        ValueError,
        OSError,
        EOFError,
        NotImplementedError,
        UnicodeDecodeError,
    ) as error:
        raise UnreadableFileError(reason="a damaged workbook") from error
    if len(members) > MEMBERS_MAX:
        raise UnreadableFileError(reason=f"a workbook of {len(members)} parts, at most {MEMBERS_MAX}")
    size = sum(member.file_size for member in members)
    if size > UNPACKED_BYTES_MAX:
        raise UnreadableFileError(
            reason=f"a workbook that unpacks to {size} bytes, at most {UNPACKED_BYTES_MAX}"
        )
