"""Goods come in: weighed with their crates, scanned with their lot, written on paper first; and are settled."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from tests.e2e.camera import Code
from tests.e2e.conftest import Phones, Server
from tests.e2e.worker import LedgerView, Worker

pytestmark = [
    pytest.mark.needs_service("chromium", "node"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(300),
]

MILK_CASE: Final = Code("(01)19520200202014(17)261231(10)1125")
CUCUMBERS: Final = ("CUC", "1123-P2", "R1")
CHINA: Final = timedelta(hours=8)


def _weigh_cucumbers(desk: Worker) -> None:
    """Gross 342.6 kg in 15 crates of 1.8 kg."""
    desk.tap("手动选商品")
    desk.sheet().get_by_role("button", name="黄瓜").click()
    desk.choose_lot("1123-P2")
    desk.quantity("数量", "15")
    desk.tap("连筐称重")
    desk.quantity("毛重", "342.6")
    desk.step("周转筐", "15")
    desk.sheet().get_by_text("315.6 公斤").wait_for()
    desk.tap("加入", exact=True)


def test_a_scanned_receipt_booked_without_signal_brings_its_lot_and_expiry(
    server: Server, phones: Phones
) -> None:
    desk = Worker(phones.new("desk"), "limin", server.url)
    desk.join()
    desk.cut()
    desk.home()
    desk.tap("收货")
    desk.choose("谁送来的", "王秀英")
    desk.choose("放到哪里", "2 号冷库")
    desk.scan(MILK_CASE)
    desk.sheet().get_by_role("button", name="批次 1125").wait_for()
    assert desk.page.get_by_label("到期日").input_value() == "2026-12-31"
    desk.quantity("数量", "24")
    desk.tap("加入", exact=True)
    desk.tap("收货入账")
    desk.saved()
    desk.open("lot/MLK/1125")
    desk.is_told("24 件")  # shown at once, from this phone's own work
    assert "12月31日" in desk.shown()

    desk.mend()
    assert LedgerView(server.url).balances()["MLK", "1125", "R2"] == (24, 0)
    assert desk.phone.errors == []


def test_a_weighbill_from_paper_heals_what_was_picked_before_it_and_is_settled_at_its_net_weight(
    server: Server, phones: Phones
) -> None:
    view = LedgerView(server.url)
    liu = Worker(phones.new("liu"), "liu", server.url)
    desk = Worker(phones.new("desk"), "limin", server.url)
    liu.join()
    desk.join()

    liu.home()
    liu.tap("老周菜行")
    liu.choose("拣到哪里", "1 号车果蔬区")
    liu.tap("黄瓜")
    liu.choose_lot("1123-P2")
    liu.quantity("数量", "10")
    liu.quantity("重量", "210.4")
    liu.choose("从哪里", "1 号冷库")
    liu.tap("拣这些")
    liu.tap("拣完入账")
    liu.tap("就拣这些")
    liu.saved()
    liu.sync()
    assert view.balances()[CUCUMBERS] == (-10, -210_400)
    assert "negative-stock" in {e["code"] for e in view.open_exceptions()}

    desk.home()
    desk.tap("收货")
    desk.choose("谁送来的", "赵国强")
    desk.choose("放到哪里", "1 号冷库")
    _weigh_cucumbers(desk)
    desk.choose("空筐放到", "筐库")
    desk.tap("早些时候发生、记在纸上")
    earlier = datetime.now(UTC) + CHINA - timedelta(hours=1)
    desk.fill("实际时间", earlier.strftime("%Y-%m-%dT%H:%M"))
    desk.tap("收货入账")
    desk.saved()
    desk.sync()
    assert view.balances()[CUCUMBERS] == (5, 105_200)
    assert view.balances()["CRT", "", "DEPOT"] == (235, 0)
    assert "negative-stock" not in {e["code"] for e in view.open_exceptions()}

    desk.home()
    desk.tap("往来账")
    desk.tap("结算")
    desk.tap("赵国强")
    desk.tap("结算 ¥1,136.16")
    desk.saved()
    desk.sync()
    desk.open("statements/zhao")
    desk.is_told("315.6 公斤 × ¥1.80/斤")
    assert "应付\n¥1,136.16" in desk.shown()
    assert liu.phone.errors == desk.phone.errors == []
