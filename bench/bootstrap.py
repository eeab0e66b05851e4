"""What a new phone of a large company waits for, and one that was away for three weeks: real server, app and browser.

The phone joins a company of 100,000 rows and is measured from its first round trip until every row is on its disk and
can be shown. Server and browser share this machine and take turns, so that time is the work of both. The floor is what
those bytes must cost at least, in the same browser: unpack them, decode them, and put them on the disk, one entry a
chunk.
"""

import asyncio
import os
import statistics
import tempfile
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from bench.large_company import ADMIN, codes, found, serving, work
from bench.real_phone import LEDGER, PIN, started

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

    from tests.e2e.browser import PhoneBrowser

_T = TypeVar("_T")

ROWS: Final = 100_000
PHONES: Final = 3
DAYS: Final = 21
OPS_A_DAY: Final = 1_000
OPENINGS: Final = 5

_JOIN: Final = f"""async ([url, person, pin]) => {{
  const ledger = {LEDGER};
  const joined = await ledger.enrol(url, {{ name: "bench", pin }});
  ledger.setOffline(true);
  const signed = joined.ok ? await ledger.signIn(person, pin) : joined;
  if (!signed.ok) throw new Error(JSON.stringify(signed));
}}"""
_PULL: Final = f"""async () => {{
  const ledger = {LEDGER};
  const began = performance.now();
  ledger.setOffline(false);
  const status = await ledger.syncNow();
  if (status.type !== "ok") throw new Error(JSON.stringify(status));
  const pulled = performance.now();
  const rows = ["item", "place", "partner", "balance"].map((table) => ledger.rows(table).value.length);
  const shown = performance.now();
  const count = rows.reduce((a, b) => a + b);
  return {{ seconds: (pulled - began) / 1000, shown: (shown - pulled) / 1000, rows: count }};
}}"""
_FLOOR: Final = Path(__file__).with_name("bootstrap_floor.js").read_text(encoding="utf-8")
_PAINTED: Final = """() => new Promise((told) => {
  const painted = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  const look = () => (painted() === undefined ? setTimeout(look, 10) : told(painted()));
  look();
})"""


def run() -> dict[str, Any]:
    """Measure new phones, one that was away, and starts of the app."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only who measures phones needs browsers

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, sync_playwright() as playwright:
        folder = Path(name)
        _done(found(folder / "data", ROWS))
        made = _done(codes(folder / "data", PHONES))
        from tests.e2e.browser import PhoneBrowser  # noqa: PLC0415 - as above

        phones: list[PhoneBrowser] = []
        try:
            with serving(folder) as (port, pid):
                new = []
                for number, code in enumerate(made):
                    phones.append(PhoneBrowser(playwright, folder, f"new{number}", port))
                    new.append(_joined(phones[-1], code, pid))
                    if number + 1 < PHONES:
                        phones.pop().close()
                last = phones[-1]
                page = last.start()
                openings = [_opened(page) for _ in range(OPENINGS)]
                last.put_away()
            ops, changed = _done(work(folder / "data", days=DAYS, ops_a_day=OPS_A_DAY, rows=ROWS))
            with serving(folder, port):
                away = _returned(last)
        finally:
            for phone in phones:
                phone.close()
    best = sorted(new, key=lambda one: one["seconds"])[len(new) // 2]
    return {
        "name": "bootstrap",
        "value": round(best["seconds"], 3),
        "unit": "s of server and client until 100,000 rows are on a new phone",
        "floor": round(best["floor"], 3),
        "ratio": round(best["seconds"] / best["floor"], 2),
        "seconds": round(best["seconds"], 3),
        "bytes": best["bytes"],
        "requests": best["requests"],
        "rows": best["rows"],
        "server_cpu_seconds": round(best["server"], 3),
        "shown_seconds": round(best["shown"], 3),
        "all_seconds": [round(one["seconds"], 3) for one in new],
        "open_ms": round(statistics.median(openings)),
        "away_ops": ops,
        "away_days": DAYS,
        "away_rows": changed,
        "away_bytes": away["bytes"],
        "away_seconds": round(away["seconds"], 3),
    }


def _done(work: Coroutine[Any, Any, _T]) -> _T:
    """Run it to its end, in a thread without the loop that drives the browser."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _joined(phone: "PhoneBrowser", code: str, server: int) -> dict[str, Any]:
    """Enrol a phone, and measure its first pull."""
    page = started(phone)
    traffic = _Traffic(page)
    page.evaluate(_JOIN, [f"gobi:enrol:{phone.origin}#{code}", ADMIN, PIN])
    spent = _cpu_s(server)
    told: dict[str, Any] = page.evaluate(_PULL)
    spent = _cpu_s(server) - spent
    if told["rows"] < ROWS * 0.99:
        raise RuntimeError(f"the phone shows {told['rows']} rows")
    floor = page.evaluate(_FLOOR)
    size, requests = traffic.total()
    phone.put_away()
    return {**told, "bytes": size, "requests": requests, "floor": floor, "server": spent}


def _returned(phone: "PhoneBrowser") -> dict[str, Any]:
    """Start the app without network, mend it, and measure what it takes to catch up."""
    page = started(phone)
    traffic = _Traffic(page)
    told: dict[str, Any] = page.evaluate(_PULL)
    return {**told, "bytes": traffic.total()[0]}


def _opened(page: "Page") -> float:
    """Ms until the app shows its person's work, with all rows on the disk."""
    page.reload()
    page.wait_for_function(f"() => {LEDGER}?.state.person.value !== null")
    page.get_by_role("navigation").wait_for()
    return float(page.evaluate(_PAINTED))


class _Traffic:
    """Bytes of bodies that a page got and sent for its rows."""

    def __init__(self, page: "Page") -> None:
        self._requests: list[Request] = []
        page.on("requestfinished", self._finished)

    def _finished(self, request: "Request") -> None:
        self._requests.append(request)

    def total(self) -> tuple[int, int]:
        """Bytes, and requests."""
        rows = [one for one in self._requests if "/api/v1/s" in one.url and "/events" not in one.url]
        sizes = [one.sizes() for one in rows]
        return sum(one["requestBodySize"] + one["responseBodySize"] for one in sizes), len(rows)


def _cpu_s(pid: int) -> float:
    """Seconds of processor that a process has used (proc(5): utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
