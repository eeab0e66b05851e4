"""A manager gives work, a picker goes out of signal with what is held for him, and the manager takes it back."""

import os
import re
from pathlib import Path

import pytest

from tests.e2e.conftest import Phones, Server
from tests.e2e.worker import Worker

pytestmark = [
    pytest.mark.needs_service("chromium", "node"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(300),
]


def _look(worker: Worker, name: str) -> None:
    """Keep a picture of the screen where somebody asks for pictures."""
    folder = os.environ.get("GOBI_PICTURES")  # a developer's wish, no setting of the product
    if folder:
        worker.page.screenshot(path=Path(folder) / f"{name}.png")


def test_what_is_held_for_a_picker_is_told_on_both_phones_until_it_is_taken_back(
    server: Server, phones: Phones
) -> None:
    desk = Worker(phones.new("desk"), "limin", server.url)
    liu = Worker(phones.new("liu"), "liu", server.url)
    desk.join()
    liu.join()

    desk.open("orders")
    desk.is_told("已留 60 件")
    _look(desk, "orders")
    desk.tap("派人去拣")
    desk.sheet().get_by_role("button", name=re.compile("刘洋")).first.click()
    desk.saved()
    desk.sync()

    liu.sync()
    liu.home()
    liu.tap(re.compile("拣货.*刘洋"))
    liu.is_told("留给你 24 件")
    _look(liu, "held")

    liu.cut()
    liu.phone.kill()
    liu.restart()
    liu.open("pick/task/pick-SO-1123-3")
    liu.is_told("留给你的货不一定还在")
    _look(liu, "after a reload")
    liu.mend()
    liu.open("pick/task/pick-SO-1123-3")
    liu.is_told("留给你 24 件")

    desk.sync()
    desk.open("promises")
    desk.is_told("留给手机的")
    _look(desk, "promises")
    desk.page.get_by_role("button", name=re.compile("liu 的手机|刘洋")).first.click()
    _look(desk, "one lease")
    desk.tap("收回")
    desk.saved()
    desk.is_told("等手机回话")
    desk.sync()
    liu.sync()
    desk.sync()
    desk.open("promises")
    desk.page.get_by_role("heading", name="留货").wait_for()
    desk.page.get_by_text("等手机回话").first.wait_for(state="detached")
    _look(desk, "given back")
    desk.open("stock")
    desk.is_told("可用")
    _look(desk, "stock")
    assert desk.phone.errors == liu.phone.errors == []


def test_the_outbox_asks_for_the_signed_word_and_then_leaves_the_server_alone(
    server: Server, phones: Phones
) -> None:
    liu = Worker(phones.new("liu"), "liu", server.url)
    liu.join()
    liu.outbox()
    liu.is_told("可以清除这台手机")
    asked: list[str] = []
    liu.page.on("request", lambda request: asked.append(request.url))
    liu.page.wait_for_timeout(2000)
    assert len([url for url in asked if "acknowledgement" in url]) <= 2, "a meeting may ask once more"
