"""Kills of the browser: what the app acknowledged is there when it starts again, once and in its place.

A real Chromium records ops one after another, as fast as the app acknowledges them, and dies by SIGKILL at random
moments, the first soon after the phone has joined; every third time it has no network. `lost` and `doubled` count
acknowledged ops, over all restarts. A profile that comes back as nobody's phone counts as lost, and as `untold` when
the app does not say so; a copy of every profile that lost something is `kept` for whoever looks into it.
"""

import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.real_phone import LEDGER, enrol, started, workplace

if TYPE_CHECKING:
    from playwright.sync_api import Page

KILLS_PER_PROFILE: Final = 5
LIFE_S: Final = (0.05, 1.5)

_RECORD: Final = f"""async ([first]) => {{
  const ledger = {LEDGER};
  for (let number = first; ; number += 1) {{
    const line = {{ item: "TOM-5", lot: "1123", from: "R1", to: "R2", qty: 1 }};
    await ledger.record("move", {{ task: null, lines: [line] }}, {{ note: number }});
    await acknowledged(number);
  }}
}}"""
"""Never resolves: the kill ends it. The number travels as the op's note, which stays on the phone."""

_FOUND: Final = f"""() => {LEDGER}.outbox().value.flatMap(({{ note, ref }}) =>
  typeof note === "number" ? [[note, ref.epoch, ref.seq]] : [])"""


def run(kills: int = 60) -> dict[str, Any]:
    """Kill the browser so many times."""
    chance = random.Random()
    tally = _Tally()
    began = time.monotonic()
    with workplace() as place:
        while tally.kills < kills:
            phone = place.phone(f"p{tally.kills}")
            try:
                page = started(phone)
                enrol(place.server, phone, page)
                for _ in range(min(KILLS_PER_PROFILE, kills - tally.kills)):
                    tally.live(page, chance)
                    phone.kill()
                    phone.cable.mend()
                    page = started(phone)
                    if not tally.compare(page, phone.profile):
                        break
                    if chance.random() < 1 / 3:
                        phone.cable.cut()
            finally:
                phone.kill()
                phone.close()
            tally.next_profile()
    return {
        "name": "pwa-kill",
        "value": tally.lost,
        "unit": "acknowledged ops lost",
        "floor": 0,
        "kills": tally.kills,
        "lost": tally.lost,
        "doubled": tally.doubled,
        "acknowledged": tally.total,
        "profiles_lost": tally.profiles_lost,
        "untold": tally.untold,
        "kept": tally.kept,
        "seconds": round(time.monotonic() - began),
    }


class _Tally:
    """What one profile acknowledged, and what became of it."""

    def __init__(self) -> None:
        self.kills = self.lost = self.doubled = self.total = self.profiles_lost = self.untold = 0
        self.kept: list[str] = []
        self._acknowledged: set[int] = set()

    def live(self, page: "Page", chance: random.Random) -> None:
        """Record for a while; what the app acknowledged has reached this process before the kill."""
        page.expose_function("acknowledged", self._hear)
        page.evaluate(f"(given) => {{ void ({_RECORD})(given); }}", [max(self._acknowledged, default=0) + 1])
        page.wait_for_timeout(1000 * chance.uniform(*LIFE_S))
        self.kills += 1

    def _hear(self, number: int) -> None:
        self._acknowledged.add(number)
        self.total += 1

    def compare(self, page: "Page", profile: Path) -> bool:
        """Look for every acknowledged op in the outbox of the app that started again; false: it is nobody's phone."""
        found: list[tuple[int, int, int]] = page.evaluate(_FOUND)
        numbers = [number for number, _, _ in found]
        missing = self._acknowledged - set(numbers)
        self.lost += len(missing)
        self.doubled += len(numbers) - len(set(numbers))
        # What was lost is counted once; what was stored without an answer is the phone's all the same.
        self._acknowledged = set(numbers)
        is_enrolled = bool(page.evaluate(f"() => {LEDGER}.state.device.value !== null"))
        self.profiles_lost += not is_enrolled
        if not is_enrolled:
            self.untold += bool(page.evaluate(f"() => {LEDGER}.state.wiped.value === null"))
        if missing:
            copy = Path(tempfile.mkdtemp(prefix="gobi-pwa-kill-"))
            shutil.copytree(profile, copy, symlinks=True, ignore_dangling_symlinks=True, dirs_exist_ok=True)
            self.kept.append(str(copy))
        return is_enrolled

    def next_profile(self) -> None:
        """Begin with a phone that has recorded nothing."""
        self._acknowledged = set()
