"""An old page over the database of a newer app: it takes no more work, says so in words, and touches nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.worker import Worker

if TYPE_CHECKING:
    from tests.e2e.conftest import Phones, Server

pytestmark = [
    pytest.mark.needs_service("chromium", "node"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(300),
]

NEWER = """() => new Promise((resolve, reject) => {
  const request = indexedDB.open("gobi", 99);
  request.onupgradeneeded = () => request.result.createObjectStore("holograms");
  request.onsuccess = () => { request.result.close(); resolve(); };
  request.onerror = () => reject(request.error);
})"""
OPS = """() => new Promise((resolve, reject) => {
  const request = indexedDB.open("gobi");
  request.onerror = () => reject(request.error);
  request.onsuccess = () => {
    const count = request.result.transaction("ops").objectStore("ops").count();
    count.onsuccess = () => { request.result.close(); resolve(count.result); };
  };
})"""


def _fill_in_a_move(worker: Worker) -> None:
    worker.home()
    worker.tap("移库")
    worker.choose("从哪里", "1 号冷库")
    worker.tap("二级番茄")
    worker.quantity("数量", "2")
    worker.choose("放到哪里", "待处理区")
    worker.tap("加入", exact=True)


def test_an_old_page_refuses_in_words_what_it_cannot_record_and_loses_nothing(
    server: Server, phones: Phones
) -> None:
    liu = Worker(phones.new("liu"), "liu", server.url)
    liu.join()
    liu.cut()
    _fill_in_a_move(liu)
    liu.tap("移库入账")
    liu.saved()
    _fill_in_a_move(liu)
    before = liu.page.evaluate(OPS)
    liu.page.evaluate(NEWER)
    liu.tap("移库入账")
    liu.is_told("应用已更新，这个页面是旧的")
    assert liu.page.evaluate(OPS) == before
    liu.page.reload()
    liu.is_told("应用版本旧了")
    liu.is_told("记录都在，没有丢")
    assert liu.page.evaluate(OPS) == before
    assert liu.phone.errors == []
