"""What was seen when an engine stepped into a trap, and the one word for it."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class Word(StrEnum):
    """How an engine came out of a trap."""

    RIGHT = "right"
    """Everybody shows what is true."""
    TOLD = "told"
    """Somebody shows something else, and who must act is told, with all that is needed to put it right."""
    STOPS = "stops"
    """It goes no further, and says so to whoever reads errors."""
    SILENT = "silent"
    """Somebody shows something else, and nobody is told."""


class Seen(Struct, frozen=True, kw_only=True):
    """One trap, played: what is true, what each replica shows in the end, and what anybody was told."""

    trap: str
    truth: int = 0
    shown: Mapping[str, int] = {}
    told: tuple[str, ...] = ()
    """What the engine says by itself: refusals, verdicts, exceptions; not what a diligent app could find out."""
    console: tuple[str, ...] = ()
    """Lines for developers: they tell no user anything."""
    stuck: str = ""
    """The error at which it stopped."""
    note: str = ""
    healed: int | None = None
    """What everybody shows after the one step that the engine asked for."""

    @property
    def word(self) -> Word:
        """Return how it came out."""
        if self.stuck:
            return Word.STOPS
        if set(self.shown.values()) == {self.truth}:
            return Word.RIGHT
        return Word.TOLD if self.told else Word.SILENT
