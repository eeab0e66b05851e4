"""Goods become other goods: the mass is shown to add up, and whoever may takes a wrong record back."""

import pytest

from tests.e2e.conftest import Phones, Server
from tests.e2e.worker import LedgerView, Worker

pytestmark = [
    pytest.mark.needs_service("chromium", "node"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(300),
]


def test_a_repacking_tells_what_is_missing_and_can_be_taken_back_with_a_reason(
    server: Server, phones: Phones
) -> None:
    view = LedgerView(server.url)
    desk = Worker(phones.new("desk"), "limin", server.url)
    desk.join()
    desk.cut()
    desk.home()
    desk.tap("加工")
    desk.tap("分装")
    desk.tap("加用掉的货", exact=True)
    desk.sheet().get_by_role("button", name="二级番茄").click()
    desk.quantity("数量", "16")
    desk.tap("加入", exact=True)
    desk.tap("加做出的货", exact=True)
    desk.sheet().get_by_role("button", name="番茄礼盒 5 kg").click()
    desk.quantity("数量", "3")
    desk.tap("加入", exact=True)
    desk.is_told("还有 1 公斤 没有去处")
    desk.tap("没去处的都算损耗")
    desk.is_told("进出相等")
    desk.tap("加工入账")
    desk.saved()

    desk.mend()
    assert ("TOM-2", "1123", "R1") not in view.balances()
    assert view.balances()["TOM-5", "1123", "R1"] == (79, 0)
    assert "mass-balance" not in {e["code"] for e in view.open_exceptions()}

    desk.outbox()
    desk.tap("加工 ·")
    desk.tap("作废", exact=True)
    desk.tap("记错了")
    desk.tap("作废", exact=True)
    desk.saved()
    desk.sync()
    assert view.balances()["TOM-2", "1123", "R1"] == (16_000, 0)
    assert view.balances()["TOM-5", "1123", "R1"] == (76, 0)
    assert "已作废" in desk.outbox()
    assert desk.phone.errors == []
