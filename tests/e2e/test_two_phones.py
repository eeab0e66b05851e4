"""What two phones do offline becomes one right ledger: real browsers, a filmed camera, a cut cable, a dead battery."""

from typing import Final

import pytest

from api.demo.day import END_BALANCES, END_EXCEPTIONS, END_HELD
from tests.e2e.camera import Code
from tests.e2e.conftest import Phones, Server
from tests.e2e.worker import LedgerView, Worker

pytestmark = [
    pytest.mark.needs_service("chromium", "node"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(300),
]

LOT_1121: Final = Code("(01)09520100101014(10)1121")
LOT_1123: Final = Code("(01)09520100101014(10)1123")
LOT_1123_ELEMENTS: Final = "0109520100101014101123"
COUNTED: Final = ("TOM-5", "1123", "R1")


def _pick_tomatoes(liu: Worker) -> None:
    liu.home()
    liu.tap("老周菜行")
    liu.choose("拣到哪里", "1 号车果蔬区")
    for code, lot, boxes in ((LOT_1121, "1121", "40"), (LOT_1123, "1123", "20")):
        liu.scan(code)
        liu.sheet().get_by_role("button", name=f"批次 {lot}").wait_for()
        liu.quantity("数量", boxes)
        liu.tap("拣这些")
    liu.tap("拣完入账")
    liu.tap("就拣这些")  # the cucumbers are not there yet
    liu.tap("空了")  # of lot 1121 nothing is left in the room


def _count_tomatoes(zhang: Worker) -> None:
    zhang.home()
    zhang.tap("盘点")
    zhang.choose("库位", "1 号冷库")
    zhang.wedge(LOT_1123_ELEMENTS)
    zhang.sheet().get_by_role("button", name="1123", exact=True).wait_for()
    assert "76" not in zhang.page.inner_text("body"), "a blind count shows no stock"
    zhang.keys("55")
    zhang.tap("记下")
    zhang.tap("交盘点")
    zhang.saved()


def _variance(view: LedgerView) -> int:
    found = [v["dq"] for v in view.read()["variances"] if (v["item"], v["lot"], v["place"]) == COUNTED]
    return found[0] if found else 0


def test_two_phones_reconcile_and_the_day_ends_as_the_story_tells(server: Server, phones: Phones) -> None:
    view = LedgerView(server.url)
    liu = Worker(phones.new("liu"), "liu", server.url)
    zhang = Worker(phones.new("zhang"), "zhang", server.url)
    liu.join()
    zhang.join()
    liu.cut()
    zhang.cut()

    _pick_tomatoes(liu)
    liu.phone.kill()
    liu.restart()
    assert "拣货" in liu.outbox(), "what was recorded outlives the battery"
    _count_tomatoes(zhang)
    assert view.balances()[COUNTED] == (76, 0), "nobody has heard of it yet"

    zhang.mend()
    assert view.balances()[COUNTED] == (55, 0)
    assert _variance(view) == -21

    liu.mend()
    assert view.balances()[COUNTED] == (55, 0)
    assert _variance(view) == -1
    told = next(e for e in view.open_exceptions() if e["code"] == "variance")
    assert "刘洋" in told["zh"]
    assert "20" in told["zh"]
    assert liu.phone.errors == zhang.phone.errors == []

    view.post("rest")
    balances = view.balances()
    assert {key: balances.get(key) for key in END_BALANCES} == END_BALANCES
    assert view.held() == END_HELD
    assert sorted(e["code"] for e in view.open_exceptions()) == sorted(END_EXCEPTIONS)
