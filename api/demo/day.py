"""Monday 2026-11-23, UTC+8: who recorded what, when, on which device, and when each device met the network.

Data only. Tests, `gobi demo` and `make run` play it through the real phone, sequencer and fold; `END` is the oracle.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

ORG: Final = "lvyuan"
UTC_OFFSET_MINUTES: Final = 480
MIDNIGHT_MS: Final = (
    int((datetime(2026, 11, 23, tzinfo=UTC) - timedelta(minutes=UTC_OFFSET_MINUTES)).timestamp()) * 1000
)


def at(clock: str) -> int:
    """Return the instant of a local time of the day, in ms."""
    hours, minutes = clock.split(":")
    return MIDNIGHT_MS + (int(hours) * 60 + int(minutes)) * 60_000


class DemoDevice(NamedTuple):
    """A device of the day, whose it is, and how wrong its wall clock is."""

    id: str
    person: str
    role: str
    name: str
    clock_off_ms: int = 0
    purpose: str = "phone"


DEVICES: Final = (
    DemoDevice("desk", "limin", "manager", "李敏的电脑", purpose="desk"),
    DemoDevice("qa", "chenchen", "qa", "陈晨的手机"),
    DemoDevice("liu", "liu", "picker", "刘洋的手机", 2 * 3_600_000),
    DemoDevice("zhang", "zhang", "picker", "张磊的手机"),
    DemoDevice("ma", "maqiang", "driver", "马强的手机"),
    DemoDevice("sun", "sun", "farmer", "孙梅的手机"),
)
SERVER: Final = "server"


class Record(NamedTuple):
    """One op: `label` names it for later steps; `names` are labels of ops that it names."""

    clock: str
    device: str
    kind: str
    fields: tuple[Any, ...]
    label: str = ""
    names: tuple[str, ...] = ()
    occurred: tuple[str, str, str] | None = None
    story: str = ""

    @property
    def story_en(self) -> str:
        """The story in English."""
        return ENGLISH.get(self.story, self.story)


class Sync(NamedTuple):
    """A device meets the network."""

    clock: str
    device: str
    story: str = ""

    @property
    def story_en(self) -> str:
        """The story in English."""
        return ENGLISH.get(self.story, self.story)


def line(
    item: str, lot: str, source: str, target: str, qty: int, weight: int | None = None, **more: Any
) -> list[Any]:
    """Return a line of operations.md §4."""
    if "weighing" in more:
        return [item, lot, source, target, qty, weight, 0, None, list(more["weighing"])]
    return [item, lot, source, target, qty, weight]


def crates(source: str, target: str, count: int) -> list[Any]:
    """Return a line of crates."""
    return line("CRT", "", source, target, count)


EXCURSION: Final = (at("09:30"), at("10:05"))
READINGS: Final = tuple(zip(
    ("09:25", "09:30", "09:35", "09:40", "09:45", "09:50", "09:55", "10:00", "10:05", "10:10"),
    ("4.0", "6.5", "8.0", "9.5", "11.0", "11.4", "9.0", "7.0", "5.0", "4.2"),
    strict=True,
))  # fmt: skip
"""Truck zone 2, °C."""

DAY: Final[tuple[Record | Sync, ...]] = (
    Sync("05:50", "liu", "手机快了两小时；之后没有信号"),
    Sync("05:50", "zhang", "之后没有信号"),
    Sync("05:50", "ma"),
    Sync("05:50", "sun"),
    Record("05:55", "sun", "farm_work",
           (["P3"], "spray", [["吡虫啉", "imidacloprid", "PD20081234", "20 g/亩", 7]], "2026-11-19", "2026-11-19"),
           "spray", story="孙梅补记 19 日打的药，安全间隔期 7 天"),
    Record("06:00", "sun", "harvest",
           ("P3", [line("PAK", "1123-P3", "", "F3", 80_000)], [["PAK", "1123-P3", [["harvested_on", "2026-11-23"]]]]),
           "harvest-pak", story="孙梅采收 80 kg，安全间隔期到 26 日：记账并冻结"),
    Record("06:02", "sun", "certificate",
           ("CERT-1123-P3", [["PAK", "1123-P3"]], "小白菜", 80_000, None, "自检合格", "孙梅"),
           "certificate-pak", story="开合格证被拒绝"),
    Sync("06:05", "sun"),
    Record("06:25", "desk", "certificate",
           ("CERT-1123-P1", [["TOM-L", "1123"]], "番茄", 400_000, None, "自检合格", "王秀英"),
           "certificate-wang", story="王秀英的承诺达标合格证"),
    Record("06:30", "desk", "receive",
           ("wang", None, [
               line("TOM-L", "1123", "", "R1", 400_000, weighing=(436_000, 36_000, "CRT", 20)), crates("", "DEPOT", 20),
           ], [["TOM-L", "1123", [["harvested_on", "2026-11-23"], ["certificate", "CERT-1123-P1"], ["plot", "P1"]]]]),
           "receive-wang", story="王秀英交番茄 20 筐，净重 400 kg"),
    Record("06:32", "desk", "settle",
           ("wang", "buy", [[0, "TOM-L", "1123", 400_000, None, 24_000, "斤", 8_000, "扣水扣杂"]], 0),
           "settle-wang", ("receive-wang",), story="扣 8 kg，应付王秀英 1,881.60 元"),
    Record("07:00", "desk", "transform",
           ("pack", [line("TOM-L", "1123", "R1", "", 400_000)],
            [line("TOM-5", "1123", "", "R1", 76), line("TOM-2", "1123", "", "R1", 16_000)],
            [line("TOM-L", "1123", "", "", 4_000)],
            [["TOM-5", "1123", [["plot", "P1"]]], ["TOM-2", "1123", [["plot", "P1"]]]]),
           "pack-tomato", story="分装成 76 箱"),
    Sync("07:01", "desk"),
    Record("07:42", "liu", "pick",
           ("SO-1123-1", None, [line("TOM-5", "1121", "R1", "T1-3", 40), line("TOM-5", "1123", "R1", "T1-3", 20)]),
           "pick-tomato", story="刘洋离线拣 60 箱（20 箱是今天的）"),
    Record("07:50", "zhang", "count", ("R1", ["TOM-5"], False, False, [["TOM-5", "1123", 55, None, 0]]), "count-tomato",
           story="张磊离线盘点：55 箱"),
    Record("07:55", "liu", "pick", ("SO-1123-1", None, [line("CUC", "1123-P2", "R1", "T1-3", 10, 210_400)]),
           "pick-cucumber",
           story="刘洋拣黄瓜 10 筐，账上还没有"),
    Record("07:56", "liu", "move", (None, [crates("DEPOT", "T1-3", 10)]), "load-crates",
           story="10 个周转筐装车"),
    Record("08:00", "zhang", "pick",
           ("SO-1123-2", None, [
               line("TOM-5", "1123", "R1", "T1-3", 10), line("MLK", "1120", "R2", "T1-2", 48),
               line("BEEF", "B77", "FZ", "T1-1", 1, 20_460), line("BEEF", "B77", "FZ", "T1-1", 1, 20_120),
           ]), "pick-weiyuan", story="张磊拣味源的番茄、牛奶和两箱牛肉"),
    Record("08:02", "zhang", "pick",
           ("SO-1123-3", None, [line("MLK", "1120", "R2", "T1-2", 12), line("MLK", "1122", "R2", "T1-2", 12)]),
           "pick-school", story="张磊拣学校的牛奶，先到期的先拣"),
    Sync("08:20", "zhang", "盘点差异 −21"),
    Record("08:55", "ma", "deliver",
           ("laozhou", "SO-1123-1", ["glass", None, None, None], [
               line("TOM-5", "1121", "T1-3", "", 40), line("TOM-5", "1123", "T1-3", "", 18),
               line("CUC", "1123-P2", "T1-3", "", 10, 210_400), crates("T1-3", "", 10),
           ], [["TOM-5", "1123", "T1-3", 2, None, "压坏"]], []),
           "deliver-laozhou", story="老周收 58 箱，拒收 2 箱"),
    Record("08:56", "ma", "return", ("laozhou", "SO-1123-1", "空筐", [crates("", "T1-3", 30)]), "crates-back",
           story="老周还 30 个空筐"),
    Record("08:58", "ma", "payment", ("laozhou", "in", 150_000, "现金"), "pay-laozhou", story="老周付现金 1,500.00 元"),
    Sync("09:00", "ma"),
    Record("09:02", "desk", "settle",
           ("laozhou", "sell", [
               [0, "TOM-5", "1121", 40, None, 310_000, "each"], [0, "TOM-5", "1123", 18, None, 310_000, "each"],
               [0, "CUC", "1123-P2", 10, 210_400, 26_000, "斤"],
           ], -8), "settle-laozhou", ("deliver-laozhou",), story="老周应付 2,892.00 元，抹零 0.08"),
    Sync("09:03", "desk"),
    Sync("09:05", "liu", "差异变成 −1：少的 20 箱是他 07:42 拣的"),
    Record("09:15", "ma", "deliver",
           ("weiyuan", "SO-1123-2", ["glass", None, None, None], [
               line("MLK", "1120", "T1-2", "", 48), line("BEEF", "B77", "T1-1", "", 2, 40_580),
               line("TOM-5", "1123", "T1-3", "", 10),
           ], [], []), "deliver-weiyuan", story="味源小馆在司机手机上签字"),
    Record("10:20", "ma", "deliver",
           ("school", "SO-1123-3", ["glass", None, None, None], [],
            [["MLK", "1120", "T1-2", 12, None, "温度超标"], ["MLK", "1122", "T1-2", 12, None, "温度超标"]], []),
           "refuse-school", story="学校拒收 24 瓶牛奶"),
    Sync("10:25", "ma"),
    Record("10:26", SERVER, "hold",
           ("", "", "T1-2", "hold", "cold-chain", list(EXCURSION), None, 1), "breach",
           story="冷藏区超温 35 分钟：在途牛奶自动冻结"),
    Record("10:30", "desk", "settle",
           ("weiyuan", "sell", [
               [0, "MLK", "1120", 48, None, 65_000, "each"], [0, "BEEF", "B77", 2, 40_580, 580_000, "kg"],
               [0, "TOM-5", "1123", 10, None, 310_000, "each"],
           ], 0), "settle-weiyuan", ("deliver-weiyuan",), story="味源应付 2,975.64 元"),
    Record("10:58", "desk", "certificate",
           ("CERT-1123-P2", [["CUC", "1123-P2"]], "黄瓜", 15, 315_600, "自检合格", "赵国强"), "certificate-zhao",
           occurred=("07:05", "07:05", "paper"), story="赵国强的纸质合格证"),
    Record("11:00", "desk", "receive",
           ("zhao", None, [
               line("CUC", "1123-P2", "", "R1", 15, 315_600, weighing=(342_600, 27_000, "CRT", 15)),
               crates("", "DEPOT", 15),
           ], [["CUC", "1123-P2", [["harvested_on", "2026-11-23"], ["certificate", "CERT-1123-P2"], ["plot", "P2"]]]]),
           "receive-zhao", occurred=("07:10", "07:10", "paper"), story="补录 07:10 的纸质磅单：负库存消失"),
    Record("11:02", "desk", "settle",
           ("zhao", "buy", [[0, "CUC", "1123-P2", 15, 315_600, 18_000, "斤"]], 0), "settle-zhao", ("receive-zhao",),
           story="应付赵国强 1,136.16 元"),
    Sync("11:05", "desk"),
    Record("12:00", "ma", "move",
           (None, [
               line("MLK", "1120", "T1-2", "HOLD", 12), line("MLK", "1122", "T1-2", "HOLD", 12),
               line("TOM-5", "1123", "T1-3", "HOLD", 2), crates("T1-3", "DEPOT", 30),
           ]), "unload", story="回场：24 瓶牛奶、2 箱番茄进待处理区"),
    Sync("12:05", "ma"),
    Sync("12:10", "qa", "陈晨看到四项异常"),
)  # fmt: skip

ENGLISH: Final[Mapping[str, str]] = {
    "手机快了两小时；之后没有信号": "his phone is two hours fast; no signal from here on",
    "之后没有信号": "no signal from here on",
    "孙梅补记 19 日打的药，安全间隔期 7 天": "Sun notes what she sprayed on the 19th: 7 days' interval",
    "孙梅采收 80 kg，安全间隔期到 26 日：记账并冻结": "Sun harvests 80 kg inside the interval: accepted and held",
    "开合格证被拒绝": "her certificate is refused",
    "王秀英的承诺达标合格证": "Wang's certificate",
    "王秀英交番茄 20 筐，净重 400 kg": "Wang delivers 20 crates of tomato, 400 kg net",
    "扣 8 kg，应付王秀英 1,881.60 元": "8 kg deducted, 1,881.60 yuan payable to Wang",
    "分装成 76 箱": "packed into 76 boxes",
    "刘洋离线拣 60 箱（20 箱是今天的）": "Liu picks 60 boxes offline, 20 of them today's",
    "张磊离线盘点：55 箱": "Zhang counts offline: 55 boxes",
    "刘洋拣黄瓜 10 筐，账上还没有": "Liu picks 10 baskets of cucumber that the book does not have yet",
    "10 个周转筐装车": "10 crates onto the truck",
    "张磊拣味源的番茄、牛奶和两箱牛肉": "Zhang picks tomato, milk and two boxes of beef for Weiyuan",
    "张磊拣学校的牛奶，先到期的先拣": "Zhang picks the school's milk, first expired first",
    "盘点差异 −21": "the count shows a variance of −21",
    "老周收 58 箱，拒收 2 箱": "Lao Zhou takes 58 boxes and refuses 2",
    "老周还 30 个空筐": "Lao Zhou gives back 30 crates",
    "老周付现金 1,500.00 元": "Lao Zhou pays 1,500.00 yuan in cash",
    "老周应付 2,892.00 元，抹零 0.08": "Lao Zhou owes 2,892.00 yuan, 0.08 rounded off",
    "差异变成 −1：少的 20 箱是他 07:42 拣的": "the variance becomes −1: he picked the missing 20 at 07:42",
    "味源小馆在司机手机上签字": "Weiyuan signs on the driver's glass",
    "学校拒收 24 瓶牛奶": "the school refuses 24 bottles of milk",
    "冷藏区超温 35 分钟：在途牛奶自动冻结": "35 minutes too warm in the milk zone: the milk aboard is held",
    "味源应付 2,975.64 元": "Weiyuan owes 2,975.64 yuan",
    "赵国强的纸质合格证": "Zhao's certificate, on paper",
    "补录 07:10 的纸质磅单：负库存消失": "the weighbill of 07:10 is typed: the negative stock is gone",
    "应付赵国强 1,136.16 元": "1,136.16 yuan payable to Zhao",
    "回场：24 瓶牛奶、2 箱番茄进待处理区": "the truck is back: 24 milk and 2 boxes of tomato go to the hold area",
    "陈晨看到四项异常": "Chen Chen sees four exceptions",
}

END_BALANCES: Final[Mapping[tuple[str, str, str], tuple[int, int]]] = {
    ("TOM-5", "1121", "partner:laozhou"): (40, 0),
    ("TOM-5", "1123", "R1"): (45, 0),
    ("TOM-5", "1123", "HOLD"): (2, 0),
    ("TOM-5", "1123", "partner:laozhou"): (18, 0),
    ("TOM-5", "1123", "partner:weiyuan"): (10, 0),
    ("TOM-5", "1123", "virtual:variance"): (1, 0),
    ("TOM-2", "1123", "R1"): (16_000, 0),
    ("CUC", "1123-P2", "R1"): (5, 105_200),
    ("CUC", "1123-P2", "partner:laozhou"): (10, 210_400),
    ("MLK", "1120", "partner:weiyuan"): (48, 0),
    ("MLK", "1120", "HOLD"): (12, 0),
    ("MLK", "1122", "R2"): (108, 0),
    ("MLK", "1122", "HOLD"): (12, 0),
    ("BEEF", "B77", "FZ"): (6, 122_820),
    ("BEEF", "B77", "partner:weiyuan"): (2, 40_580),
    ("PAK", "1123-P3", "F3"): (80_000, 0),
    ("CRT", "", "DEPOT"): (255, 0),
    ("CRT", "", "partner:laozhou"): (26, 0),
}
"""What stands where at the end of the day; accounts of origin apart: plots, suppliers' goods, opening, loss."""

END_HELD: Final = frozenset({("PAK", "1123-P3", "F3"), ("MLK", "1120", "HOLD"), ("MLK", "1122", "HOLD")})

END_MONEY: Final[Mapping[str, tuple[int, int]]] = {
    "wang": (188_160, 0),
    "zhao": (113_616, 0),
    "laozhou": (0, 139_200),
    "weiyuan": (0, 297_564),
}
"""Partner → payable, receivable, in fen."""

END_EXCEPTIONS: Final = ("cold-chain-breach", "harvest-inside-interval", "refused-goods", "variance")
