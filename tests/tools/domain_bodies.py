"""One body of every kind, filled to its last field: what both readers must take, and their least without defaults."""

from typing import Any, Final

import msgspec

from domain.kinds import BODIES
from domain.places_told import PLACES_TOLD

HASH: Final = bytes(range(32))
KEY: Final = b"\x04" + bytes(64)
DEVICE: Final = bytes(range(16))
LINE: Final = (
    "TOM-5",
    "1123",
    "R1",
    "T1",
    40,
    200_000,
    1,
    ("四十", "箱"),
    (436_000, 36_000, "CRT", 20),
    ("S1", "S2"),
)
SHORT_LINE: Final = ("TOM-5", "", "", "", 0)
ARRIVED: Final = ("TOM-5", "", "", "R1", 0)
UNMOVED: Final = ("TOM-5", "1123", "T1", 2, 10_000, "压坏")
LOT: Final = ("TOM-5", "1123", (("expires_on", "2026-11-29"), ("grade", 1)))
REFS: Final = (("TOM-5", "1123"),)

FIELDS: Final[dict[str, tuple[Any, ...]]] = {
    "receive": ("wang", "PO-1", (LINE, ARRIVED), (LOT,), True),
    "move": (None, (LINE,), (("952012345678912345", "R2"),)),
    "pick": ("SO-1", "T-1", (LINE,)),
    "ship": ("SO-1", "T1", (LINE,)),
    "deliver": ("laozhou", "SO-1", ("glass", 0, 1, HASH), (LINE,), (UNMOVED,), (UNMOVED,)),
    "return": ("laozhou", None, "空筐", (LINE,)),
    "adjust": ("期初", (LINE,), (LOT,)),
    "dispose": ("腐烂", (LINE,)),
    "finish": ("TOM-5", "1123", "R1"),
    "count": ("R1", ("TOM-5",), True, False, (("TOM-5", "1123", 55, 275_000, 12_000), ("MLK", None, None)), "T-2"),
    "pack": ("952012345678912345", "R1", (LINE,)),
    "unpack": ("952012345678912345", (LINE,)),
    "weigh": (((0, 20_460), (1, 20_120)),),
    "harvest": ("P1", (LINE,), (LOT,)),
    "farm_work": (("P3",), "打药", (("一遍净", "吡虫啉", "PD2009", "10 g", 7), ("土方", "", "", "", None)),
                  "2026-11-19", "2026-11-19"),
    "transform": ("分级", (LINE,), (LINE,), (SHORT_LINE,), (LOT,)),
    "test_result": (REFS, "县检测站", "R-7", "pass", (("吡虫啉", "0.01", "mg/kg", "0.5", "pass"),), HASH, "2027-01-01"),
    "inspect": ("TOM-5", "", "R1", "damaged", "两箱压坏"),
    "hold": ("", "", "T1", "hold", "冷链", (1, 2), HASH, 3),
    "recall": (REFS, "农残"),
    "label": ("TOM-5", "1123", ("S1",)),
    "offer": ("laozhou", "SO-1", (LINE,)),
    "take": ((LINE,), (UNMOVED,), (UNMOVED,)),
    "price": ("TOM-5", None, "sell", 310_000, "each", "2026-11-01"),
    "payment": ("laozhou", "in", 150_000, "微信"),
    "settle": ("wang", "buy", ((0, "TOM-L", "1123", 400_000, None, 24_000, "斤", 8000, "烂果"),), -8),
    "order": ("SO-1", "laozhou", "sell", "2026-11-23", (("TOM-5", 60, None), ("CUC", 10, 210_000))),
    "task": ("T-1", "pick", "liu", "SO-1", (LINE,), "R1"),
    "reserve": ("SO-1", (LINE,), 1_795_363_200_000, DEVICE),
    "approve": ("TOM-5", "1123", "R1", -1, -5000),
    "release": ("复检合格",),
    "certificate": ("C-1", REFS, "番茄", 76, 380_000, "自检", "王秀英"),
    "resolve": ("accepted", "看过", "variance:7"),
    "set": ("item", "TOM-5", (("codes", ("09520100101014",)), ("life_days", 7), ("name", "番茄5公斤"))),
    "tag": ("item", "TOM-5", "organic", True),
    "close": (1_795_363_200_000,),
    "void": ("记错",),
    "attach": (HASH, "image/jpeg", 120_000, "signature"),
    "sign": (b"\x01", b"\x02", b"\x03", b"\x04"),
    "genesis": ("绿原", KEY, "log+1+AA", (KEY, KEY), (b"\x01",), "policy", ("limin", "李敏", b"\x05"), 480,
                ("gobi.example/lvyuan", 9, HASH, 7)),
    "enrol": (DEVICE, KEY, "刘洋的手机", "liu", "phone", HASH),
    "session": ("liu", 1_795_363_200_000, b"\x01\x02", "passkey", b"\x03"),
    "grant": ("liu", "picker", ("R1",), 1, 2),
    "revoke": ("device", DEVICE, "picker"),
    "rotate": (DEVICE, KEY),
    "sequenced": (3, 1_795_363_200_000, ((5, 100), (0, 0)), ((1, "refused", "oversold"),),
                  ((2, "accepted", "", 7, 1),), ((1, ("TOM-5", 3)),)),
    "lease": (DEVICE, "MLK", "1122", "R2", 24, 1_795_363_200_000, 12, "grant", "T-1", "SO-1"),
    "lotmap": ("2026-11-23", HASH, 300),
    "credential": ("liu", b"\x01\x02", -7, b"\x03\x04", "stock.example", "刘洋的手机", DEVICE, True),
}  # fmt: skip
"""Fields after `occurred, names`."""

LEAST: Final[dict[str, int]] = {
    "receive": 3, "move": 2, "pick": 3, "ship": 3, "deliver": 4, "return": 4, "adjust": 2, "dispose": 2, "finish": 3,
    "count": 5, "pack": 3, "unpack": 2, "weigh": 1, "harvest": 2, "farm_work": 5, "transform": 3, "test_result": 4,
    "inspect": 4, "hold": 5, "recall": 2, "label": 3, "offer": 3, "take": 1, "price": 6, "payment": 3, "settle": 3,
    "order": 5, "task": 5, "reserve": 3, "approve": 4, "release": 0, "certificate": 7, "resolve": 1, "set": 3, "tag": 4,
    "close": 1, "void": 1, "attach": 3, "sign": 4, "genesis": 8, "enrol": 5, "session": 4, "grant": 2, "revoke": 2,
    "rotate": 2, "sequenced": 3, "lease": 6, "lotmap": 3, "credential": 6,
}  # fmt: skip
"""How many fields of a kind have no default."""


def placeless_bodies(kind: str) -> list[tuple[Any, ...]]:
    """Bodies of the kind, each with a line that leaves a place empty which only the line can state."""
    found = []
    for field, places in PLACES_TOLD.get(kind, ()):
        names = [each.name for each in msgspec.structs.fields(BODIES[kind])]
        for place in places:
            body = list(full_body(kind))
            number = names.index(field)
            line = list(LINE)
            line[2 if place == "from_place" else 3] = ""
            body[number] = (LINE, tuple(line))
            found.append(tuple(body))
    return found


def full_body(kind: str) -> tuple[Any, ...]:
    """A body with every field, an occurrence and a name of either sort."""
    return ((1, 2, "paper"), (HASH, ("partner.example/log", HASH)), *FIELDS[kind])


def least_body(kind: str) -> tuple[Any, ...]:
    """The shortest body of the kind: trailing defaults left out."""
    return (None, (HASH,), *FIELDS[kind][: LEAST[kind]])


def short_body(kind: str) -> tuple[Any, ...]:
    """A body that misses what has no default, or the list of names."""
    return least_body(kind)[:-1] if LEAST[kind] else (None,)
