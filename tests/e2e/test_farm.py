"""A farmer harvests before the interval has passed: it is recorded and held, and no certificate is given for it."""

import pytest

from tests.e2e.conftest import Phones, Server
from tests.e2e.worker import LedgerView, Worker

pytestmark = [
    pytest.mark.needs_service("chromium", "node"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(300),
]


def test_a_harvest_inside_the_interval_is_held_and_its_certificate_refused_in_words(
    server: Server, phones: Phones
) -> None:
    view = LedgerView(server.url)
    zhao = Worker(phones.new("zhao"), "zhao", server.url)
    zhao.join()
    zhao.cut()
    zhao.home()
    zhao.tap("农事")
    zhao.tap("2 号地")
    zhao.tap("打药")
    zhao.tap("加农药或肥料")
    zhao.fill("商品名", "百菌清")
    zhao.fill("通用名", "chlorothalonil")
    zhao.fill("安全间隔期（天）", "7")
    zhao.tap("记下农事")
    zhao.saved()

    zhao.home()
    zhao.is_told("不可采")
    zhao.tap("2 号地")
    zhao.is_told("现在采收会照实记账，但会冻结")
    zhao.tap("加采收的货")
    zhao.sheet().get_by_role("button", name="黄瓜").click()
    zhao.quantity("数量", "6")
    zhao.quantity("重量", "120")
    zhao.choose("放到哪里", "赵国强的农场")
    zhao.tap("加入", exact=True)
    zhao.tap("采收入账")
    zhao.saved()

    zhao.home()
    zhao.tap("合格证")
    zhao.tap("黄瓜")
    zhao.is_told("现在会被拒绝")
    zhao.tap("仍然提交")
    zhao.page.get_by_role("heading", name="上传").wait_for()

    zhao.mend()
    assert "未通过" in zhao.outbox()
    zhao.tap("合格证")
    zhao.is_told("安全间隔期")
    assert any(item == "CUC" and place == "F2" for item, _, place in view.held())
    assert zhao.phone.errors == []
