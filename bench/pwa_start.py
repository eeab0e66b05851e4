"""How long the app takes to show its first screen: on a slow network, on a slow phone, and with no network at all.

Chromium is held to slow 4G (1.6 Mbit/s, 150 ms) and a sixth of the machine's speed by its own tools. A phone that was
never here sees the screen that asks it to join; one that belongs to the company starts without network and shows its
person's work. The floor is an empty page under the same limits.
"""

import gzip
import re
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.real_phone import LEDGER, enrol, started, workplace

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from bench.real_phone import Workplace

RUNS: Final = 5
CPU_SLOWER: Final = 6
SLOW_4G: Final = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
DIST: Final = Path(__file__).resolve().parent.parent / "pwa" / "dist"

_SHOWN: Final = "() => document.querySelector('#app h1, #app button, #app nav') !== null"
_PAINTED: Final = """() => new Promise((told) => {
  const painted = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  const look = () => (painted() === undefined ? setTimeout(look, 10) : told(painted()));
  look();
})"""
_EMPTY: Final = "<!doctype html><title>empty</title><body><p>.</p></body>"


def run() -> dict[str, Any]:
    """Start the app in fresh browsers, and a phone of the company without network."""
    with workplace() as place:
        new = [_first_paint(place, number) for number in range(RUNS)]
        restarts, slow_restarts = _restarts(place)
    value, floor = (round(statistics.median(times)) for times in zip(*new, strict=True))
    return {
        "name": "pwa-start",
        "value": value,
        "unit": "ms to the first screen, slow 4G, CPU ×6",
        "floor": floor,
        "ratio": round(value / floor, 2),
        "js_gz_bytes": _first_script_bytes(),
        "offline_restart_ms": round(statistics.median(restarts)),
        "offline_restart_slow_cpu_ms": round(statistics.median(slow_restarts)),
        "runs": RUNS,
    }


def _first_paint(place: "Workplace", number: int) -> tuple[float, float]:
    """Ms until a browser that was never here shows the app; and an empty page."""
    browser = place.playwright.chromium.launch(executable_path=_chromium(), args=list(_args()))
    try:
        page = browser.new_context(locale="zh-CN").new_page()
        page.route("**/empty", lambda route: route.fulfill(body=_EMPTY, content_type="text/html"))
        _slow(page, network=True)
        page.goto(f"{_origin(place, number)}/empty")
        floor: float = page.evaluate(_PAINTED)
        page.goto(_origin(place, number))
        page.wait_for_function(_SHOWN)
        painted: float = page.evaluate(_PAINTED)
    finally:
        browser.close()
    return painted, floor


def _restarts(place: "Workplace") -> tuple[list[float], list[float]]:
    """Ms until a phone of the company shows its work again without any network: at full speed, and slowed."""
    phone = place.phone("start")
    try:
        page = started(phone)
        enrol(place.server, phone, page)
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        phone.cable.cut()
        times = [_restart(page) for _ in range(RUNS)]
        _slow(page, network=False)
        slow_times = [_restart(page) for _ in range(RUNS)]
    finally:
        phone.close()
    return times, slow_times


def _restart(page: "Page") -> float:
    page.reload()
    page.wait_for_function(f"() => {LEDGER}?.state.person.value !== null")
    page.get_by_role("navigation").wait_for()
    return float(page.evaluate(_PAINTED))


def _slow(page: "Page", *, network: bool) -> None:
    tools = page.context.new_cdp_session(page)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWER})
    if network:
        tools.send("Network.enable")
        tools.send("Network.emulateNetworkConditions", SLOW_4G)


def _first_script_bytes() -> int:
    """Gzipped size of every script that the page names."""
    html = (DIST / "index.html").read_text()
    names = re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', html)
    return sum(len(gzip.compress((DIST / name).read_bytes(), 9)) for name in names)


def _origin(place: "Workplace", number: int) -> str:
    return f"http://new{number}.localhost:{place.server.port}"


def _chromium() -> str | None:
    from tests.services import chromium_path  # noqa: PLC0415 - only who measures phones needs browsers

    return chromium_path()


def _args() -> tuple[str, ...]:
    from tests.services import CHROMIUM_ARGS  # noqa: PLC0415 - as above

    return CHROMIUM_ARGS
