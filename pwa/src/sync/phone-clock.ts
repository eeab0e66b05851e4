/**
 * A phone's idea of server time, and how far it may be wrong: DESIGN §5, docs/protocol/sync.md §2.
 *
 * The estimate is the wall clock plus the offset of the last round trip. A *run* is a stretch in which wall and
 * monotonic clock agree: within one the server corrects every op by the same amount, so nothing may move the
 * estimate unseen. Pure; twin: `sync_engine/phone_clock.py`.
 */

/** Wall and monotonic clock that part by this much no longer tell one time: a step, a sleep, a new start. */
export const PARTING_MS = 2_000;
/** What a phone's crystal may stray: 4.3 s in a day. */
export const DRIFT_PPM = 50;
/** What reading two clocks one after the other may cost. */
export const READING_MS = 5;
/** The claim of a clock that no server has ever set. */
export const UNSET_ERR_MS = 86_400_000;

const MILLION = 1_000_000;

/** Both clocks of the phone, read at one instant, in whole ms. */
export interface Instant {
  readonly wallMs: number;
  readonly monoMs: number;
}

/** What round trips taught; it outlives the page and is one for all of its tabs. */
export interface Setting {
  readonly offsetMs: number;
  readonly halfTripMs: number;
  readonly isSet: boolean;
  /** Run and clocks of the last setting. */
  readonly run: number;
  readonly at: Instant;
}

export const UNSET: Setting = {
  offsetMs: 0,
  halfTripMs: 0,
  isSet: false,
  run: 0,
  at: { wallMs: 0, monoMs: 0 },
};

/** The clock of one page. `run` 0: none has begun. */
export interface Clock {
  readonly run: number;
  readonly setting: Setting;
  readonly anchor: Instant | null;
  readonly lastMonoMs: number;
}

export const freshClock = (setting: Setting = UNSET): Clock => ({
  run: 0,
  setting,
  anchor: null,
  lastMonoMs: 0,
});

/** Before every use: begins the run `nextRun` when the two clocks have parted, or the monotonic one began anew. */
export const tick = (clock: Clock, now: Instant, nextRun: number): Clock => {
  if (clock.anchor !== null) {
    const parting = Math.abs(now.wallMs - clock.anchor.wallMs - (now.monoMs - clock.anchor.monoMs));
    if (parting < PARTING_MS && now.monoMs >= clock.lastMonoMs) return { ...clock, lastMonoMs: now.monoMs };
  }
  return { ...clock, run: nextRun, anchor: now, lastMonoMs: now.monoMs };
};

/** Another tab was told the time: this one adopts it, in a run of its own, because the estimate moves. */
export const adopt = (clock: Clock, setting: Setting): Clock =>
  setting.offsetMs === clock.setting.offsetMs && setting.isSet === clock.setting.isSet
    ? clock
    : { ...clock, setting, anchor: null };

export const serverMs = (clock: Clock, wallMs: number): number => wallMs + clock.setting.offsetMs;

/** The ± claim: half the round trip, drift since then, and the reading itself. */
export const errMs = (clock: Clock, now: Instant): number => {
  const { isSet, run, at, halfTripMs } = clock.setting;
  if (!isSet) return UNSET_ERR_MS;
  const elapsed = run === clock.run ? now.monoMs - at.monoMs : now.wallMs - at.wallMs;
  return halfTripMs + Math.ceil((Math.max(0, elapsed) * DRIFT_PPM) / MILLION) + READING_MS;
};

/**
 * Whether a promise that ends at an instant of server time surely stands still: not within this clock's own error of
 * its end; and not in a run that no server has met, for after a reload or a step nobody knows how long it was.
 */
export const standsUntil = (clock: Clock, now: Instant, untilMs: number): boolean =>
  clock.setting.isSet &&
  clock.setting.run === clock.run &&
  serverMs(clock, now.wallMs) + errMs(clock, now) < untilMs;

/**
 * The clock as set by a round trip. The trip is measured by the monotonic clock, which no user sets while it
 * lasts. A slow trip that agrees with what is known better is passed over.
 */
export const hear = (clock: Clock, toldMs: number, sent: Instant, received: Instant): Clock => {
  const trip = received.monoMs - sent.monoMs;
  if (trip < 0) return clock;
  const half = Math.ceil(trip / 2);
  const offset = toldMs + half - received.wallMs;
  const claim = errMs(clock, received);
  const isPoorer =
    claim < half + READING_MS && half + READING_MS >= Math.abs(offset - clock.setting.offsetMs) - claim;
  if (clock.setting.run === clock.run && isPoorer) return clock;
  return {
    ...clock,
    setting: { offsetMs: offset, halfTripMs: half, isSet: true, run: clock.run, at: received },
  };
};
