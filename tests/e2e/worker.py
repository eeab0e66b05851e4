"""A person with a phone: does with taps, keys and the camera what a worker does. Speaks Chinese, as the screens do."""

import json
import re
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, Final

from tests.e2e.browser import PhoneBrowser
from tests.e2e.camera import Code

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PIN: Final = "2468"
SLOW_MS: Final = 30_000
"""A machine that runs other tests beside these is slow; nothing is judged by its time."""


class Worker:
    """Liu, Zhang, Ma: whoever holds the phone."""

    def __init__(self, phone: PhoneBrowser, person: str, server_url: str) -> None:
        self.phone, self.person = phone, person
        self._server_url = server_url
        self._page: Page | None = None

    @property
    def page(self) -> "Page":
        assert self._page is not None, "the phone is off"
        return self._page

    # --- the phone -------------------------------------------------------------------------------------------------

    def join(self) -> None:
        """Scan the manager's one-time code and choose a PIN."""
        asked = urllib.request.Request(
            f"{self._server_url}/demo/api/enrolments",
            data=json.dumps({"person": self.person}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=20) as answer:
            code = json.load(answer)["url"].partition("#")[2]
        link = urllib.parse.quote(f"gobi:enrol:{self.phone.origin}#{code}", safe="")
        self._page = self.phone.start(f"/#/enrol?u={link}")
        self.page.set_default_timeout(SLOW_MS)
        self.page.get_by_label("给这台手机起个名字").fill(f"{self.person} 的手机")
        self.tap("继续")
        self.keys(PIN)
        self.tap("继续")
        self.keys(PIN)
        self.tap("加入")
        self.page.get_by_role("button", name="已同步").wait_for()
        # A browser writes its list of databases late: a profile of a few seconds that dies has none. Nobody's phone is
        # that young at work.
        self.phone.put_away()
        self.restart()

    def restart(self) -> None:
        """Start the app anew, as it is on the phone, and sign in if it asks."""
        self._page = self.phone.start()
        self.page.set_default_timeout(SLOW_MS)
        home = self.page.get_by_role("navigation")
        pin = self.page.get_by_role("button", name="登录")
        home.or_(pin).first.wait_for()
        if pin.count():
            self.keys(PIN)
            self.tap("登录")
            home.wait_for()

    def cut(self) -> None:
        """Walk into the cold room."""
        self.phone.cable.cut()

    def mend(self) -> None:
        """Walk out again, and let the phone notice."""
        self.phone.cable.mend()
        self.sync()

    def sync(self) -> None:
        """Tap the sync state until everything is on the server."""
        self.home()
        self.page.get_by_role("banner").get_by_role("button", name=re.compile("同步|上传|离线")).click()
        self.page.get_by_role("button", name="已同步").wait_for()

    # --- fingers ---------------------------------------------------------------------------------------------------

    def tap(self, name: "str | re.Pattern[str]", *, exact: bool = False) -> None:
        """Tap the button with this name; the one on top when a sheet covers another."""
        self.page.get_by_role("button", name=name, exact=exact).last.click()

    def keys(self, text: str) -> None:
        """Type on the big keys."""
        for key in text:
            name = "小数点" if key == "." else key
            self.page.get_by_role("button", name=name, exact=True).last.click()

    def choose(self, field: str, option: str) -> None:
        """Open a field that offers a list, and choose."""
        self.page.get_by_role("button", name=re.compile(f"^{re.escape(field)}")).last.click()
        self.sheet().get_by_role("button", name=re.compile(re.escape(option))).first.click()

    def quantity(self, field: str, digits: str) -> None:
        """Open the pad of a quantity and type."""
        self.page.get_by_role("button", name=re.compile(f"^{re.escape(field)}")).last.click()
        self.keys(digits)
        self.tap("确认")

    def step(self, field: str, digits: str) -> None:
        """Tap the number between minus and plus, and type another."""
        self.page.get_by_role("group", name=field).last.get_by_role("button").nth(1).click()
        pad = self.page.locator(".pad").last
        for digit in digits:  # the number between minus and plus is a button too
            pad.get_by_role("button", name=digit, exact=True).click()
        self.tap("确认")

    def sign(self) -> None:
        """Write on the glass: one stroke of some length."""
        pad = self.sheet().locator("canvas")
        box = pad.bounding_box()
        assert box is not None
        mouse = self.page.mouse
        mouse.move(box["x"] + 30, box["y"] + 40)
        mouse.down()
        for step in range(1, 12):
            mouse.move(box["x"] + 30 + 22 * step, box["y"] + 40 + (step % 3) * 30)
        mouse.up()
        self.tap("签字", exact=True)

    def choose_lot(self, lot: str) -> None:
        """Write a lot that no label told."""
        self.page.get_by_role("button", name=re.compile("^批次")).last.click()
        self.fill("其他批次，输入批号", lot)
        self.tap("用这个批号")

    def sheet(self) -> "Locator":
        """The sheet on top."""
        return self.page.get_by_role("dialog").last

    def scan(self, code: Code) -> None:
        """Hold a label before the camera, and let the app see it."""
        self.phone.show(code)
        close = self.page.get_by_role("button", name="关闭相机")
        if close.count():
            close.first.click()
        self.tap("相机扫码")

    def wedge(self, text: str) -> None:
        """Scan with the built-in scanner: keystrokes and Enter, wherever the focus is."""
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def key_in(self, text: str) -> None:
        """Type the digits under a code."""
        self.tap("手动输入")
        self.sheet().get_by_label("输入条码下面的数字").fill(text)
        self.tap("确认")

    def fill(self, field: str, text: str) -> None:
        """Write into a field; the one on top when a sheet covers another."""
        self.page.get_by_label(field, exact=True).last.fill(text)

    def open(self, screen: str) -> None:
        """Go to a screen by its address."""
        self.page.evaluate("screen => { location.hash = '#/' + screen }", screen)

    def is_told(self, text: str) -> None:
        """Wait until the screen says so."""
        self.page.get_by_text(text).first.wait_for()

    def shown(self) -> str:
        """Everything that the screen says now."""
        return self.page.inner_text("body")

    def saved(self) -> None:
        """Wait for the word that a record is on disk."""
        self.is_told("已记录")

    def home(self) -> None:
        """Go to the home screen."""
        self.page.evaluate("location.hash = '#/'")
        self.page.get_by_role("navigation").wait_for()

    def outbox(self) -> str:
        """What the screen of the outbox says."""
        self.page.evaluate("location.hash = '#/outbox'")
        self.page.get_by_role("heading", name="上传").wait_for()
        return self.page.inner_text("main")


class LedgerView:
    """The ledger as the demo page shows it."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url

    def read(self) -> dict[str, Any]:
        """Return everything."""
        with urllib.request.urlopen(f"{self._server_url}/demo/api/ledger", timeout=20) as answer:
            read: dict[str, Any] = json.load(answer)
        return read

    def balances(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        """Return (item, lot, place) → quantity and grams."""
        return {(b["item"], b["lot"], b["place"]): (b["q"], b["w"]) for b in self.read()["balances"]}

    def held(self) -> set[tuple[str, str, str]]:
        """Return the keys that are held."""
        return {(b["item"], b["lot"], b["place"]) for b in self.read()["balances"] if b["held"]}

    def open_exceptions(self) -> list[dict[str, Any]]:
        """Return the exceptions that nobody has closed."""
        return [e for e in self.read()["exceptions"] if e["state"] == "open"]

    def post(self, path: str) -> dict[str, Any]:
        """Ask the demo to do something."""
        asked = urllib.request.Request(f"{self._server_url}/demo/api/{path}", data=b"", method="POST")
        with urllib.request.urlopen(asked, timeout=60) as answer:
            done: dict[str, Any] = json.load(answer)
        return done
