"""What is wrong is told in words, in time: a misread code, an unknown one, goods of another list, a wrong PIN."""

import pytest

from tests.e2e.conftest import Phones, Server
from tests.e2e.worker import LedgerView, Worker

pytestmark = [
    pytest.mark.needs_service("chromium", "node"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(300),
]


def test_codes_that_do_not_fit_are_told_in_words(server: Server, phones: Phones) -> None:
    liu = Worker(phones.new("liu"), "liu", server.url)
    liu.join()
    liu.cut()
    liu.open("scan")
    liu.key_in("09520100101015")
    liu.is_told("条码不对：最后一位应是 4")
    liu.key_in("09520100199998")
    liu.is_told("不认识 09520100199998")
    liu.key_in("(01)09520100101014(17)269931")
    liu.is_told("条码里的日期或数字不可能有")

    liu.home()
    liu.tap("老周菜行")
    liu.key_in("0109520200202017101120")
    liu.is_told("单子上没有鲜牛奶")
    liu.key_in("0109520100101014101120")  # the lot of the milk on a box of tomatoes
    liu.is_told("番茄礼盒 5 kg没有批次 1120")
    assert liu.phone.errors == []


def test_a_wrong_pin_is_told_and_the_third_one_makes_wait_while_the_work_stays_safe(
    server: Server, phones: Phones
) -> None:
    liu = Worker(phones.new("liu"), "liu", server.url)
    liu.join()
    liu.cut()
    liu.home()
    liu.tap("移库")
    liu.choose("从哪里", "1 号冷库")
    liu.tap("二级番茄")
    liu.quantity("数量", "2")
    liu.choose("放到哪里", "待处理区")
    liu.tap("加入", exact=True)
    liu.tap("移库入账")
    liu.saved()
    liu.open("settings")
    liu.tap("换人 / 退出")
    liu.page.get_by_role("button", name="登录").wait_for()
    for left in (9, 8, 7):
        liu.keys("1357")
        liu.tap("登录")
        liu.is_told(f"还能试 {left} 次")
    liu.is_told("秒再试")
    liu.is_told("不登录也会自动上传，不会丢")

    liu.phone.cable.mend()
    liu.page.get_by_text("不登录也会自动上传，不会丢").wait_for(state="detached")
    assert LedgerView(server.url).balances()["TOM-2", "1123", "HOLD"] == (2_000, 0)
    assert liu.phone.errors == []
