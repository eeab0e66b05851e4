"""When an op happened, as far as anybody can tell: fold.md §1. Pure.

Neither bound is the phone's, so a clock that is a year off cannot escape them; and no op comes before the op that it
follows or names, so causality holds by construction.
"""

from typing import Final, NamedTuple

CLOCK_STEP_MS: Final = 60_000
"""A phone whose estimate is off by more than a minute beyond its own claim had a clock that stepped."""


class Correction(NamedTuple):
    """What a sync says about a clock: add `c_ms` to `at`, and `err_ms` to its claim."""

    c_ms: int
    err_ms: int


NO_CORRECTION = Correction(0, 0)


def correction(*, server_ms: int, phone_now_ms: int | None, phone_run: int | None, op_run: int) -> Correction:
    """Return the correction of an op that a device brings itself.

    Ops of the run that syncs are corrected by what the sync shows; earlier runs keep their estimate and widen by it.
    A phone that cannot tell its time, or a relayed frame, is not corrected (`NO_CORRECTION`).
    """
    if phone_now_ms is None or phone_run is None:
        return NO_CORRECTION
    off = server_ms - phone_now_ms
    return Correction(off, 0) if op_run == phone_run else Correction(0, abs(off))


def effective_time(corrected_at: int, *, seen_ms: int, arrived_ms: int, follows_ms: int | None) -> int:
    """Return t: `at` corrected, between the checkpoint it had seen and its arrival, and never before what it follows.

    `seen_ms`: server time of the checkpoint in `seen`; `arrived_ms`: earliest arrival of it, or of any op that follows
    or names it; `follows_ms`: the latest t of the chain's previous op and of the ops that it names, None without any.
    """
    t = min(max(corrected_at, seen_ms), arrived_ms)
    return t if follows_ms is None else max(t, follows_ms)


def uncertainty(t: int, claimed_ms: int, *, corrected_at: int, seen_ms: int, arrived_ms: int) -> int:
    """Return the ± of an effective time: what the device claims of it, but no more than the bounds leave open.

    The op was made between `seen_ms` and `arrived_ms` whatever its clock said, so a claim of years, by accident or to
    throw doubt on everybody's counts, widens the interval to these bounds and no further.

    A claim holds for the device's own estimate, `corrected_at`: where t had to be another, it is as much wider. Where
    they part by a step, the claim is refuted, and the bounds are all that is known: a clock that was set a day ahead
    and put right before anybody met the phone must not place a pick after the count that saw it, and nobody hear.
    """
    open_ms = max(t - seen_ms, arrived_ms - t, 0)
    off_ms = abs(t - corrected_at)
    return open_ms if off_ms > claimed_ms + CLOCK_STEP_MS else min(claimed_ms + off_ms, open_ms)
