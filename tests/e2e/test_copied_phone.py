"""A phone is copied, as a restored backup does it: worker and manager are told in words, and a new key ends it."""

import shutil
import urllib.parse
from typing import Final

import pytest

from tests.e2e.conftest import Phones, Server
from tests.e2e.worker import LedgerView, Worker

pytestmark = [
    pytest.mark.needs_service("chromium", "node"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(300),
]

LOT_1123_ELEMENTS: Final = "0109520100101014101123"


def _count(worker: Worker, boxes: str) -> None:
    worker.home()
    worker.tap("盘点")
    worker.choose("库位", "1 号冷库")
    worker.wedge(LOT_1123_ELEMENTS)
    worker.sheet().get_by_role("button", name="1123", exact=True).wait_for()
    worker.keys(boxes)
    worker.tap("记下")
    worker.tap("交盘点")
    worker.saved()


def test_a_copied_phone_is_told_what_to_do_and_the_manager_gives_it_a_new_key(
    server: Server, phones: Phones
) -> None:
    zhang = Worker(phones.new("zhang"), "zhang", server.url)
    zhang.join()
    zhang.phone.put_away()
    copy = Worker(phones.new("copy"), "zhang", server.url)
    shutil.copytree(zhang.phone.profile, copy.phone.profile)
    copy.phone.origin = zhang.phone.origin  # the same app on the same phone, as far as it can tell

    zhang.restart()
    zhang.cut()
    _count(zhang, "55")
    zhang.mend()
    zhang.phone.put_away()
    zhang.phone.cable.cut()
    copy.restart()
    _count(copy, "56")
    zhang.phone.cable.mend()  # the copy speaks through the same cable
    copy.sync()
    copy.home()
    copy.is_told("这台手机的数据被复制或恢复过")

    manager = Worker(phones.new("limin"), "limin", server.url)
    manager.join()
    manager.open("phones")
    manager.is_told("被复制过")
    manager.tap("zhang 的手机")
    manager.tap("换新钥匙")
    manager.is_told("用同一台手机扫这个码")
    code = manager.sheet().locator("code").inner_text().partition("#")[2]

    link = urllib.parse.quote(f"gobi:enrol:{copy.phone.origin}#{code}", safe="")
    copy.open(f"enrol?u={link}")
    copy.page.get_by_label("给这台手机起个名字").fill("zhang 的手机")
    copy.tap("继续")
    copy.keys("2468")
    copy.tap("继续")
    copy.keys("2468")
    copy.tap("加入")
    copy.page.get_by_role("navigation").wait_for()
    copy.sync()
    copy.home()
    assert "被复制" not in copy.shown()
    assert [e["code"] for e in LedgerView(server.url).open_exceptions() if e["code"] == "forked-device"] == []
    assert copy.phone.errors == []
