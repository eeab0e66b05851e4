"""Wrong balances after counts under wrong clocks: the share of bins that do not hold what they should be said to hold.

The floor is the best that another way of keeping stock reaches in the same worlds. A wrong balance is flagged when an
exception about it is open that says that its count is in doubt; the worse figure is wrong and unflagged.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from bench.count_ours import ours
from bench.count_rivals import rivals
from bench.count_world import HOUR_MS, Scale, world

SEEDS: Final = 4
"""Of each length of being offline; more of them for a closer figure: `run(seeds=20)`."""
OFFLINE_HOURS: Final = (36, 4)
_OURS: Final = "gobi"


class Tally(NamedTuple):
    """Over some worlds: bins, those flagged, wrong ones unflagged, and the wrong ones of each way."""

    bins: int
    flagged: int
    unflagged: int
    wrong: Counter[str]

    def percent(self, bins: int) -> float:
        """Return a share of all bins."""
        return round(100 * bins / self.bins, 3)


def run(*, seeds: int = SEEDS, bins: int = Scale().bins) -> dict[str, Any]:
    """Measure worlds whose phones are offline for up to 36 hours, and up to 4."""
    parts = {
        hours: tally(range(seeds), Scale(bins=bins, offline_ms=hours * HOUR_MS)) for hours in OFFLINE_HOURS
    }
    whole = _sum(list(parts.values()))
    wrong = {name: whole.percent(count) for name, count in whole.wrong.items()}
    value = wrong.pop(_OURS)
    best = min(wrong, key=wrong.__getitem__)
    return {
        "name": "count-truth",
        "value": value,
        "unit": "%",
        "floor": wrong[best],
        "ratio": round(value / wrong[best], 3) if wrong[best] else None,
        "bins": whole.bins,
        "seeds": seeds,
        "wrong_percent": value,
        "wrong_unflagged_percent": whole.percent(whole.unflagged),
        "flagged_percent": whole.percent(whole.flagged),
        **{f"wrong_percent_{hours}h": part.percent(part.wrong[_OURS]) for hours, part in parts.items()},
        "best_rival": best,
        **wrong,
        **{
            f"{name}_{hours}h": part.percent(part.wrong[name])
            for hours, part in parts.items()
            for name in wrong
        },
    }


def tally(seeds: Sequence[int], scale: Scale) -> Tally:
    """Play each seed's world in every way, and count the bins that are wrong."""
    wrong: Counter[str] = Counter()
    flagged = unflagged = 0
    for seed in seeds:
        made = world(seed, scale)
        told = ours(made, seed)
        off = {number for number, qty in enumerate(told.by_bin) if qty != made.truth[number]}
        flagged += len(told.flagged)
        unflagged += len(off - told.flagged)
        wrong[_OURS] += len(off)
        for name, held in rivals(made).items():
            wrong[name] += sum(1 for qty, true in zip(held, made.truth, strict=True) if qty != true)
    return Tally(len(seeds) * scale.bins, flagged, unflagged, wrong)


def _sum(parts: Sequence[Tally]) -> Tally:
    wrong: Counter[str] = Counter()
    for part in parts:
        for name, count in part.wrong.items():
            wrong[name] += count
    return Tally(
        sum(part.bins for part in parts),
        sum(part.flagged for part in parts),
        sum(part.unflagged for part in parts),
        wrong,
    )
