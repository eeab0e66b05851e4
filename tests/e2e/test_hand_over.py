"""A driver hands over on his own glass without signal: what is taken moves, what is refused or missing is told."""

from typing import Final

import pytest

from tests.e2e.conftest import Phones, Server
from tests.e2e.worker import LedgerView, Worker

pytestmark = [
    pytest.mark.needs_service("chromium", "node"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(300),
]

JPEG_1X1: Final = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300" + "01" * 64
    + "ffc0000b080001000101011100ffc4001f0000010501010101010100000000000000000102030405060708090a0b"
    + "ffc400b5100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c1"
    + "1552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a6364656667"
    + "68696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5"
    + "c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffda0008010100003f00fbd2ffd9"
)  # fmt: skip
"""The smallest picture that browsers take for a photo."""


def _load_for_laozhou(liu: Worker) -> None:
    liu.home()
    liu.tap("老周菜行")
    liu.choose("拣到哪里", "1 号车果蔬区")
    for boxes in ("40", "20"):
        liu.page.get_by_role(
            "button", name="番茄礼盒"
        ).first.click()  # the lot that goes first is proposed, and is another one the second time
        liu.quantity("数量", boxes)
        liu.tap("拣这些")
    liu.tap("拣完入账")
    liu.tap("就拣这些")
    liu.tap("空了")
    liu.saved()
    liu.sync()


def _load_crates(ma: Worker) -> None:
    ma.home()
    ma.tap("装车")
    ma.choose("从哪里", "筐库")
    ma.tap("周转筐")
    ma.quantity("数量", "10")
    ma.choose("放到哪里", "1 号车果蔬区")
    ma.tap("加入", exact=True)
    ma.tap("装车入账")
    ma.saved()


def _answer(ma: Worker) -> None:
    """Of the second lot 2 are crushed and 1 is not there; everything else is taken."""
    ma.page.get_by_role("button", name="批次 1123").click()
    ma.step("拒收", "2")
    ma.tap("压坏")
    ma.step("缺少", "1")
    ma.tap("对方收 17 件")
    ma.tap("没问的全部收下")


def test_a_hand_over_on_glass_moves_what_is_taken_and_tells_what_is_refused_or_missing(
    server: Server, phones: Phones
) -> None:
    view = LedgerView(server.url)
    liu = Worker(phones.new("liu"), "liu", server.url)
    ma = Worker(phones.new("ma"), "maqiang", server.url)
    liu.join()
    _load_for_laozhou(liu)
    ma.join()
    ma.cut()
    _load_crates(ma)

    ma.home()
    ma.tap("老周菜行")
    _answer(ma)
    ma.step("留下的筐", "10")
    ma.step("收回的空筐", "30")
    ma.fill("收货人姓名", "老周")
    ma.page.locator("input[type=file]").set_input_files(
        {"name": "boxes.jpg", "mimeType": "image/jpeg", "buffer": JPEG_1X1}
    )
    ma.is_told("已拍，点开重拍")
    ma.quantity("收到货款", "1500")
    ma.tap("请对方签字")
    ma.sign()
    ma.tap("交接完成")
    ma.saved()
    ma.is_told("要送的")  # the photo is kept too, and the phone is back where it began
    told = ma.outbox()
    for kind in ("移库", "送达", "退货", "收付款", "附件"):
        assert kind in told, kind

    ma.mend()
    balances = view.balances()
    assert balances["TOM-5", "1121", "partner:laozhou"] == (40, 0)
    assert balances["TOM-5", "1123", "partner:laozhou"] == (17, 0)
    assert balances["TOM-5", "1123", "T1-3"] == (3, 0), "refused and missing stay the carrier's"
    assert balances["CRT", "", "partner:laozhou"] == (26, 0)
    assert balances["CRT", "", "T1-3"] == (30, 0)
    codes = [e["code"] for e in view.open_exceptions()]
    assert "refused-goods" in codes
    assert "hand-over-missing" in codes
    refused = next(e for e in view.open_exceptions() if e["code"] == "refused-goods")
    assert "压坏" in refused["zh"]
    assert liu.phone.errors == ma.phone.errors == []
