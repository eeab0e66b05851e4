"""A phone's idea of server time, and how far it may be wrong: DESIGN §5, sync.md §2.

The estimate is the wall clock plus the offset of the last round trip. A *run* is a stretch in which wall and monotonic
clock agree: within one the server corrects every op by the same amount, so nothing may move the estimate unseen.
"""

from dataclasses import dataclass
from typing import Final

PARTING_MS: Final = 2_000
"""Wall and monotonic clock that part by this much no longer tell one time: a step, a sleep, a new start."""
DRIFT_PPM: Final = 50
"""What a phone's crystal may stray: 4.3 s in a day."""
READING_MS: Final = 5
"""What reading two clocks one after the other may cost."""
UNSET_ERR_MS: Final = 86_400_000
"""The claim of a clock that no server has ever set."""

_MILLION: Final = 1_000_000


@dataclass
class Clock:
    """Tells server time; `tick` comes before every use, so that a parting is seen."""

    run: int = 0
    offset_ms: int = 0
    half_trip_ms: int = 0
    is_set: bool = False
    _anchor: tuple[int, int] | None = None
    _last_mono_ms: int = 0
    _set_at: tuple[int, int, int] = (0, 0, 0)
    """Run, wall and monotonic time of the last setting."""

    def tick(self, *, wall_ms: int, mono_ms: int) -> None:
        """Begin a new run when the two clocks have parted, or the monotonic one began anew."""
        if self._anchor is not None:
            wall, mono = self._anchor
            parting = abs((wall_ms - wall) - (mono_ms - mono))
            if parting < PARTING_MS and mono_ms >= self._last_mono_ms:
                self._last_mono_ms = mono_ms
                return
        self.run += 1
        self._anchor = (wall_ms, mono_ms)
        self._last_mono_ms = mono_ms

    def lose_track(self) -> None:
        """After a reload nothing is known of how the clocks went in between: the next tick begins a run."""
        self._anchor = None

    def server_ms(self, wall_ms: int) -> int:
        """Return the estimate of server time."""
        return wall_ms + self.offset_ms

    def err_ms(self, *, wall_ms: int, mono_ms: int) -> int:
        """Return the ± claim: half the round trip, drift since then, and the reading itself."""
        if not self.is_set:
            return UNSET_ERR_MS
        run, wall, mono = self._set_at
        elapsed = mono_ms - mono if run == self.run else wall_ms - wall
        drift = -(-max(0, elapsed) * DRIFT_PPM // _MILLION)
        return self.half_trip_ms + drift + READING_MS

    def stands(self, until_ms: int, *, wall_ms: int, mono_ms: int) -> bool:
        """Whether a promise that ends at an instant of server time surely stands still.

        Not within this clock's own error of its end; and not in a run that no server has met: after a reload or a step
        nobody knows how long it was, so the next sync has to say.
        """
        if not self.is_set or self._set_at[0] != self.run:
            return False
        return self.server_ms(wall_ms) + self.err_ms(wall_ms=wall_ms, mono_ms=mono_ms) < until_ms

    def hear(
        self, server_ms: int, *, sent: tuple[int, int], received: tuple[int, int], may_step: bool = True
    ) -> bool:
        """Set the offset by a round trip whose (wall, monotonic) ends are given, and say whether that was done.

        The trip is measured by the monotonic clock, which no user sets while it lasts. A slow trip that agrees with
        what is known better is passed over.
        """
        received_wall_ms, received_mono_ms = received
        trip = received_mono_ms - sent[1]
        if not may_step or trip < 0:
            return False
        half = -(-trip // 2)
        offset = server_ms + half - received_wall_ms
        claim = self.err_ms(wall_ms=received_wall_ms, mono_ms=received_mono_ms)
        if self._set_at[0] == self.run and claim < half + READING_MS >= abs(offset - self.offset_ms) - claim:
            return False
        self.half_trip_ms, self.offset_ms = half, offset
        self.is_set = True
        self._set_at = (self.run, received_wall_ms, received_mono_ms)
        return True
