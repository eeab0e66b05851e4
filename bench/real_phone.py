"""The app in a real browser against the real server, driven through the app's own ledger: for the benches of the phone.

Needs Chromium, the built app and the tools of the tests; they are imported when a bench runs, not when it is listed.
"""

import json
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Page, Playwright

    from tests.e2e.browser import PhoneBrowser
    from tests.e2e.conftest import Server

PERSON: Final = "liu"
PIN: Final = "2468"
READY_MS: Final = 60_000

LEDGER: Final = "document.querySelector('#app').__k?.__k?.[0]?.props?.ledger"
"""The ledger that the screens were given, found where Preact keeps it: the built app has no door for benches."""


class Workplace(NamedTuple):
    """A server, and phones to join it."""

    server: "Server"
    folder: Path
    playwright: "Playwright"

    def phone(self, name: str) -> "PhoneBrowser":
        """Unpack a phone; `close` it in the end."""
        from tests.e2e.browser import PhoneBrowser  # noqa: PLC0415 - only who measures phones needs browsers

        return PhoneBrowser(self.playwright, self.folder, name, self.server.port)


@contextmanager
def workplace() -> Iterator[Workplace]:
    """Run `gobi serve --demo` in a process of its own, and what drives browsers beside it."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - as above

    from tests.e2e.conftest import Server  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        server = Server(Path(name))
        server.start()
        try:
            with sync_playwright() as playwright:
                yield Workplace(server, Path(name), playwright)
        finally:
            server.stop()


def enrolment_url(server: "Server", phone: "PhoneBrowser") -> str:
    """Have the manager make a one-time code for this phone."""
    asked = urllib.request.Request(  # noqa: S310 - our own server
        f"{server.url}/demo/api/enrolments",
        data=json.dumps({"person": PERSON}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310 - as above
        code = json.load(answer)["url"].partition("#")[2]
    return f"gobi:enrol:{phone.origin}#{code}"


def started(phone: "PhoneBrowser") -> "Page":
    """Start the browser and wait until the app has opened its ledger."""
    page = phone.start()
    page.set_default_timeout(READY_MS)
    page.wait_for_function(f"() => {LEDGER} !== undefined")
    return page


def enrol(server: "Server", phone: "PhoneBrowser", page: "Page") -> None:
    """Make the browser a phone of the company, with somebody signed in and his rows on it."""
    told: dict[str, Any] = page.evaluate(
        f"""async ([url, person, pin]) => {{
          const ledger = {LEDGER};
          const joined = await ledger.enrol(url, {{ name: "bench", pin }});
          const signed = joined.ok ? await ledger.signIn(person, pin) : joined;
          if (signed.ok) await ledger.syncNow();
          return {{ ...signed, rows: ledger.state.lastSyncAt.value }};
        }}""",
        [enrolment_url(server, phone), PERSON, PIN],
    )
    if not told["ok"] or told["rows"] is None:
        raise RuntimeError(f"the phone could not join: {told}")
