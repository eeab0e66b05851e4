"""One phone: a Chromium with a profile of its own, a camera that shows what we film, and a cable that can be cut."""

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.e2e.cable import Cable
from tests.e2e.camera import Code, film, film_pictures
from tests.services import CHROMIUM_ARGS, chromium_path

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Playwright

VIEWPORT: Final = {"width": 390, "height": 844}


class PhoneBrowser:
    """A phone-sized browser; `kill` ends it as a dead battery does, and `start` finds the profile as it was left."""

    def __init__(self, playwright: "Playwright", folder: Path, name: str, server_port: int) -> None:
        self.name = name
        self.cable = Cable(server_port)
        self.origin = f"http://{name}.localhost:{self.cable.port}"
        self._playwright = playwright
        self.profile = folder / f"profile-{name}"
        self._film = folder / f"camera-{name}.y4m"
        self._context: BrowserContext | None = None
        self.errors: list[str] = []
        film(self._film, None)

    def start(self, path: str = "/") -> "Page":
        """Open the app and return its page."""
        self._context = self._playwright.chromium.launch_persistent_context(
            str(self.profile),
            executable_path=chromium_path(),
            headless=True,
            args=[
                *CHROMIUM_ARGS,
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={self._film}",
            ],
            viewport=VIEWPORT,  # type: ignore[arg-type]  # a TypedDict of the same two keys
            device_scale_factor=2,
            is_mobile=True,
            has_touch=True,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            permissions=["camera"],
        )
        page = self._context.pages[0] if self._context.pages else self._context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(self.origin + path)
        return page

    def show(self, code: Code | None) -> None:
        """Hold a label before the camera; seen the next time the camera starts."""
        film(self._film, code)

    def look_at(self, pictures: Sequence[bytes]) -> None:
        """Hold the camera before another screen; seen the next time the camera starts."""
        film_pictures(self._film, pictures)

    def kill(self) -> None:
        """SIGKILL the whole browser: no page hears of it."""
        for pid in _processes_of(self.profile):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(Exception):  # what is left is playwright's own end of a dead pipe
            if self._context is not None:
                self._context.close()
        self._context = None
        for lock in self.profile.glob("Singleton*"):
            lock.unlink(missing_ok=True)

    def put_away(self) -> None:
        """Close the browser in order: what it keeps is on disk afterwards."""
        if self._context is not None:
            with contextlib.suppress(Exception):  # the browser may be dead already
                self._context.close()
        self._context = None

    def close(self) -> None:
        """End for good; the last screen is left beside the profile for whoever looks into a failure."""
        if self._context is not None and self._context.pages:
            with contextlib.suppress(Exception):  # the browser may be dead already
                self._context.pages[0].screenshot(path=self.profile.with_suffix(".png"))
        self.put_away()
        self.cable.close()


def _processes_of(profile: Path) -> list[int]:
    """The browser's main process is the one that names the profile; its children end with it or name it too."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            if str(profile).encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found
