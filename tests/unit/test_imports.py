"""Files become what the ledger does not say yet; bad rows are named and keep nobody out."""

import contextlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from api.imports.columns import COLUMNS, TABLES, Table, table_of
from api.imports.intentions import Imported, intend
from api.imports.known import Known, LedgerKnown, NothingKnown
from api.imports.parse import UnknownTableError, parse_file
from api.imports.reasons import REASONS
from api.imports.sheet import UnreadableFileError, read_sheet
from domain.kinds import parse_body
from domain.ops import GENESIS_PREV, NOTHING_SEEN, DeviceId, Op, encode_op, leaf_hash
from sync_engine.commit import Intention
from sync_engine.directory import Directory
from sync_engine.fold.fold import Fold
from sync_engine.logged import Logged

WORLD = Path(__file__).resolve().parents[2] / "api" / "demo" / "world"
ITEMS = "id,name,unit,catch,codes\nTOM-5,番茄礼盒,each,no,09520100101014\nBEEF,牛肉,箱,yes,99520300303013\n"
PLACES = "id,name,kind\nR1,冷库,room\n"


class Ledger:
    """A fold that takes whatever an import intends."""

    def __init__(self) -> None:
        self.fold, self.directory = Fold(), Directory()
        self.size = 0

    @property
    def known(self) -> Known:
        return LedgerKnown(self.fold, self.directory, at_ms=1_000)

    def record(self, intentions: tuple[Intention, ...]) -> None:
        for intention in intentions:
            op = Op(
                1, "lvyuan", DeviceId(bytes(16)), 1, self.size + 1, GENESIS_PREV, bytes(16), NOTHING_SEEN, 1, 0, 1, b"",
                intention.kind, intention.body, (),
            )  # fmt: skip
            entry = Logged(self.size, leaf_hash(encode_op(op)), op, 100 + self.size, 0)
            self.fold.apply([entry])
            self.directory.apply([entry])
            self.size += 1
        self.fold.drain()

    def take(self, data: str | bytes, table: Table) -> Imported:
        found = intend(parse_file(data.encode() if isinstance(data, str) else data, table), self.known)
        self.record(found.intentions)
        return found


def workbook(rows: list[list[object]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def faults(found: Imported) -> list[tuple[int, str, str]]:
    return [(f.line, f.column, f.code) for f in found.faults]


def test_the_demo_world_comes_in_whole_and_the_second_time_nothing_is_new() -> None:
    ledger = Ledger()
    for again in (False, True):
        for table in TABLES:
            found = ledger.take((WORLD / f"{table}.csv").read_bytes(), table)
            assert found.faults == ()
            assert bool(found.intentions) is not again, table
            if again:
                assert found.unchanged == found.rows

    balances = ledger.fold.balances()
    assert balances["BEEF", "B77", "FZ"] == (8, 163_400, False)
    assert balances["CRT", "", "partner:laozhou"] == (46, 0, False)
    assert ledger.known.attributes("item", "CRT") == {
        "name": "周转筐", "name_en": "Crate", "unit": "each", "catch": False, "weight_g": 1800, "codes": ["9001"],
        "returnable": True, "tare_g": 1800, "deposit_fen": 1500,
    }  # fmt: skip
    assert ledger.known.roles("liu") == {"picker"}


def test_every_intention_fits_its_kind() -> None:
    ledger = Ledger()
    for table in TABLES:
        for intention in ledger.take((WORLD / f"{table}.csv").read_bytes(), table).intentions:
            parse_body(intention.kind, intention.body)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_is_read_however_it_was_saved(encoding: str, separator: str) -> None:
    text = ITEMS.replace(",", separator).replace("\n", "\r\n")
    parsed = parse_file(text.encode(encoding), "items")
    assert [row.values["name"] for row in parsed.rows] == ["番茄礼盒", "牛肉"]


def test_a_workbook_says_the_same_as_a_csv() -> None:
    parsed = parse_file(
        workbook(
            [
                ["商品", "批次", "地点", "数量", "重量"],
                ["BEEF", "B77", "R1", 8, 163.4],
                [],
                ["X", "", "R1", 8.5, None],
            ]
        ),
        None,
    )
    assert parsed.table == "opening"
    assert parsed.rows[0].values == {
        "item": "BEEF",
        "lot": "B77",
        "place": "R1",
        "qty": 8,
        "weight_kg": 163_400,
    }
    assert [(f.line, f.column, f.typed, f.code) for f in parsed.faults] == [(4, "数量", "8.5", "not-whole")]


def test_each_bad_row_is_named_by_line_column_and_reason_and_the_good_ones_stand() -> None:
    found = Ledger().take(
        "id,name,unit,catch,codes,life_days\n"
        "A,甲,each,no,09520100101014,7\n"
        "B,,each,no,,\n"
        "C,丙,each,maybe,,\n"
        '"D","two\nlines",each,no,09520100101015,\n'
        "E,戊,each,no,09520100101014,\n"
        "A,甲,each,no,,\n"
        "F,己,each,no,,-1\n"
        "G,庚,each,no,,1,spare\n"
        'H,辛,each,no,,"1,200"\n'
        "I,壬,each,no,1001,3\n",
        "items",
    )  # fmt: skip
    assert faults(found) == [
        (3, "name", "missing"),
        (4, "catch", "not-yes-or-no"),
        (5, "codes", "wrong-check-digit"),
        (7, "codes", "code-taken"),
        (8, "id", "said-twice"),
        (9, "life_days", "negative"),
        (10, "", "too-many-cells"),
        (11, "life_days", "ambiguous-number"),
    ]
    assert found.faults[2].reason == "wrong check digit: expected 4"
    assert found.faults[2].reason_zh == "条码校验位不对，应该是 4"
    assert [i.body[3] for i in found.intentions] == ["A", "I"]
    assert found.rows == 2


def test_a_row_about_something_unknown_is_a_fault_and_not_an_exception_later() -> None:
    ledger = Ledger()
    ledger.take(ITEMS, "items")
    ledger.take(PLACES, "places")
    found = ledger.take(
        "item,lot,place,qty,weight_kg\nNIX,1,R1,1,\nTOM-5,1,R9,1,\nTOM-5,1,partner:who,1,\nBEEF,1,R1,1,\nTOM-5,1,R1,0,\n"
        "TOM-5,1,virtual:loss,1,\nTOM-5,1,R1,3,\n",
        "opening",
    )
    assert faults(found) == [
        (2, "item", "unknown-item"),
        (3, "place", "unknown-place"),
        (4, "place", "unknown-partner"),
        (5, "weight_kg", "no-weight"),
        (6, "qty", "zero"),
        (7, "place", "not-a-place"),
        (8, "item", "said-twice"),
    ]


def test_opening_stock_is_entered_once_per_key_and_a_different_figure_is_told() -> None:
    ledger = Ledger()
    ledger.take(ITEMS, "items")
    ledger.take(PLACES, "places")
    assert len(ledger.take("item,lot,place,qty\nTOM-5,1,R1,3\n", "opening").intentions) == 1

    assert ledger.take("item,lot,place,qty\nTOM-5,1,R1,3\n", "opening").intentions == ()
    assert faults(ledger.take("item,lot,place,qty\nTOM-5,1,R1,4\n", "opening")) == [
        (2, "qty", "opening-exists")
    ]


def test_a_bad_line_keeps_its_own_order_out_and_no_other() -> None:
    ledger = Ledger()
    ledger.take(ITEMS, "items")
    ledger.take("id,name,role\nlaozhou,老周,customer\n", "partners")
    found = ledger.take(
        "order,partner,side,due_on,item,qty\n"
        "1,laozhou,sell,2026-11-23,TOM-5,3\n1,laozhou,sell,2026-11-24,BEEF,1\n2,laozhou,销售,2026/11/3,TOM-5,1\n",
        "orders",
    )
    assert faults(found) == [(3, "due_on", "differs-within-order")]
    assert [i.body[2:] for i in found.intentions] == [
        ("2", "laozhou", "sell", "2026-11-03", (("TOM-5", 1, None),))
    ]


def test_a_changed_attribute_alone_is_recorded() -> None:
    ledger = Ledger()
    ledger.take(ITEMS, "items")
    found = ledger.take(ITEMS.replace("牛肉", "肥牛"), "items")
    assert [i.body[2:] for i in found.intentions] == [("item", "BEEF", (("name", "肥牛"),))]


def test_the_header_tells_the_table_or_the_caller_is_asked() -> None:
    headers: Mapping[Table, tuple[str, ...]] = {
        table: tuple(column.name for column in columns) for table, columns in COLUMNS.items()
    }
    assert {table: table_of(header) for table, header in headers.items()} == {
        table: table for table in TABLES
    }
    with pytest.raises(UnknownTableError):
        parse_file(b"a,b,c\n1,2,3\n")
    with pytest.raises(UnknownTableError) as refusal:
        parse_file(b"id,name\nA,B\n", "items")
    assert refusal.value.missing == ("unit",)


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b"0" * (80 * 1024 * 1024))
    assert len(out.getvalue()) < 200_000
    with pytest.raises(UnreadableFileError, match="unpacks to"):
        read_sheet(out.getvalue())


def test_a_workbook_that_claims_the_whole_grid_is_read_as_far_as_it_goes() -> None:
    data = workbook([["item", "place", "qty"], ["A", "R1", 1]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name).replace(b'ref="A1:C2"', b'ref="A1:XFD1048576"')
            target.writestr(name, content)
    assert len(read_sheet(out.getvalue()).records) == 1


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"\x00\x01\x02", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0old", b"\xff\xfe\x00"]
)
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableFileError):
        parse_file(data, "items")


def test_every_reason_is_told_in_both_languages_with_the_same_facts() -> None:
    for chinese, english in REASONS.values():
        assert sorted(part.split("}")[0] for part in chinese.split("{")[1:]) == sorted(
            part.split("}")[0] for part in english.split("{")[1:]
        )


@given(st.binary(max_size=400), st.sampled_from(TABLES))
def test_any_bytes_are_read_or_refused(data: bytes, table: Table) -> None:
    with contextlib.suppress(UnreadableFileError, UnknownTableError):
        intend(parse_file(data, table), NothingKnown())


_cells = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["1", "0", "-3", "1.5", "1,200", "是", "TOM-5", "2026-02-30", "partner:x", "９"]),
)


@given(st.sampled_from(TABLES), st.data())
def test_any_cells_become_rows_or_faults_and_every_intention_fits_its_kind(
    table: Table, data: st.DataObject
) -> None:
    names = [column.name for column in COLUMNS[table]]
    rows = data.draw(st.lists(st.lists(_cells, min_size=len(names), max_size=len(names) + 1), max_size=4))
    ledger = Ledger()
    ledger.take(ITEMS, "items")
    ledger.take(PLACES, "places")
    try:
        found = intend(parse_file(csv_of([names, *rows]), table), ledger.known)
    except UnreadableFileError:
        return
    for intention in found.intentions:
        parse_body(intention.kind, intention.body)


def csv_of(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    for row in rows:
        out.write(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n")
    return out.getvalue().encode("utf-8", "replace")
