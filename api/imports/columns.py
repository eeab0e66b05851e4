"""Which columns each table has, what people call them, and what may stand in them."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, get_args

from api.imports.cells import (
    CellError,
    Parse,
    list_of,
    one_of,
    parse_day,
    parse_flag,
    parse_id,
    parse_place,
    parse_signed,
    parse_text,
    parse_whole,
    scaled,
)
from domain.rights import ROLES

Table = Literal["items", "places", "partners", "people", "prices", "orders", "opening"]
TABLES: Final[tuple[Table, ...]] = get_args(Table)
"""In the order in which they are imported: later ones speak of earlier ones."""


class Column(NamedTuple):
    """A column by its own name, and the names under which files have it."""

    name: str
    parse: Parse
    also: tuple[str, ...] = ()
    required: bool = False


def _role(text: str) -> str:
    word = _ROLES_ZH.get(text, text.lower())
    if word not in ROLES:
        raise CellError("not-a-role", words=", ".join(sorted(ROLES)))
    return word


_ROLES_ZH: Final = {
    "拣货员": "picker", "司机": "driver", "农户": "farmer", "质检": "qa", "经理": "manager", "管理员": "admin",
    "审计": "auditor",
}  # fmt: skip

_grams = scaled(1000, "g")
_fen = scaled(100, "fen")
_unit_price = scaled(10_000, "0.0001 yuan")
_side = one_of("buy", "sell", 采购="buy", 销售="sell", 买="buy", 卖="sell")

_NAMES: Final = (
    Column("name", parse_text, ("名称", "姓名", "品名"), required=True),
    Column("name_en", parse_text, ("英文名", "english name")),
)

COLUMNS: Final[Mapping[Table, tuple[Column, ...]]] = {
    "items": (
        Column("id", parse_id, ("item", "编号", "商品", "商品编号"), required=True),
        *_NAMES,
        Column("unit", parse_id, ("单位",), required=True),
        Column("catch", parse_flag, ("catch weight", "称重商品")),
        Column("weight_g", parse_whole, ("单重克", "weight")),
        Column("codes", list_of(parse_text), ("code", "gtin", "barcode", "条码", "条形码")),
        Column("life_days", parse_whole, ("保质期天", "保质期", "shelf life")),
        Column("returnable", parse_flag, ("周转", "可回收")),
        Column("tare_g", parse_whole, ("皮重克", "皮重")),
        Column("deposit_yuan", _fen, ("押金元", "押金", "deposit")),
    ),
    "places": (
        Column("id", parse_id, ("place", "编号", "地点", "地点编号"), required=True),
        *_NAMES,
        Column("parent", parse_id, ("上级",)),
        Column("kind", parse_id, ("类型", "类别")),
        Column("temp_min_c", parse_signed, ("最低温", "最低温度")),
        Column("temp_max_c", parse_signed, ("最高温", "最高温度")),
    ),
    "partners": (
        Column("id", parse_id, ("partner", "编号", "往来单位", "客户编号", "供应商编号"), required=True),
        *_NAMES,
        Column("role", one_of("customer", "supplier", "both", 客户="customer", 供应商="supplier"), ("角色", "类型")),
    ),
    "people": (
        Column("id", parse_id, ("person", "编号", "工号"), required=True),
        *_NAMES,
        Column("roles", list_of(_role), ("role", "角色", "岗位"), required=True),
    ),
    "prices": (
        Column("item", parse_id, ("商品", "商品编号"), required=True),
        Column("partner", parse_id, ("往来单位", "客户", "供应商")),
        Column("side", _side, ("买卖", "方向"), required=True),
        Column("price_yuan", _unit_price, ("price", "单价", "单价元", "价格"), required=True),
        Column("unit", parse_id, ("单位", "计价单位"), required=True),
        Column("from_on", parse_day, ("from", "生效日期", "开始日期"), required=True),
    ),
    "orders": (
        Column("order", parse_id, ("订单", "订单号", "单号", "order id"), required=True),
        Column("partner", parse_id, ("往来单位", "客户", "供应商"), required=True),
        Column("side", _side, ("买卖", "方向"), required=True),
        Column("due_on", parse_day, ("due", "交期", "交货日期"), required=True),
        Column("item", parse_id, ("商品", "商品编号"), required=True),
        Column("qty", parse_whole, ("quantity", "数量"), required=True),
        Column("weight_kg", _grams, ("重量", "重量kg", "公斤")),
    ),
    "opening": (
        Column("item", parse_id, ("商品", "商品编号"), required=True),
        Column("lot", parse_id, ("batch", "批次", "批号")),
        Column("place", parse_place, ("地点", "库位", "仓库"), required=True),
        Column("qty", parse_whole, ("quantity", "数量"), required=True),
        Column("weight_kg", _grams, ("重量", "重量kg", "公斤")),
        Column("expires_on", parse_day, ("expiry", "到期日", "有效期至")),
    ),
}  # fmt: skip


def table_of(header: tuple[str, ...]) -> Table | None:
    """The table whose required columns the header has; when several fit, the one that uses most of it."""
    fitting: list[tuple[tuple[int, int], Table]] = []
    for table, columns in COLUMNS.items():
        found = positions(table, header)
        if all(column.name in found for column in columns if column.required):
            own = sum(column.name in header for column in columns)
            fitting.append(((len(found), own), table))
    if not fitting:
        return None
    most = max(count for count, _ in fitting)
    best = [table for count, table in fitting if count == most]
    return best[0] if len(best) == 1 else None


def positions(table: Table, header: tuple[str, ...]) -> Mapping[str, int]:
    """Column name → where it stands in the header."""
    found: dict[str, int] = {}
    plain = [cell.strip().lower() for cell in header]
    for column in COLUMNS[table]:
        for name in (column.name, *column.also):
            if name in plain:
                found[column.name] = plain.index(name)
                break
    return found
