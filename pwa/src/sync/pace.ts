/**
 * When the phone meets the server: after work was recorded, when the network or the screen comes back, when the
 * server pokes, and from time to time. One meeting at a time; failures make the pauses longer, up to a limit.
 */

const DEBOUNCE_MS = 150;
/** Without a poke the phone asks this often: pokes get lost. */
const QUIET_MS = 60_000;
const RETRY_MS_MIN = 2_000;
const RETRY_MS_MAX = 300_000;
/** Shifts end together and lorries reach the network together: pauses differ by up to a half. */
const JITTER = 0.5;

/** What the next pause depends on. */
export interface Ended {
  readonly ok: boolean;
  readonly retryAfterMs: number | null;
}

/** `failures` counts those since the last success; `chance` lies in [0, 1). */
export const pauseMs = (ended: Ended, failures: number, chance: number): number => {
  if (ended.ok) return QUIET_MS * (1 - JITTER * chance);
  const grown = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures - 1, 20));
  // The server's own word is a lower bound: coming back earlier would only be refused again.
  return Math.max(ended.retryAfterMs ?? 0, grown * (1 - JITTER * chance));
};

export interface Pace {
  /** Something is to be sent, or worth asking for: soon, and once however often it is said. */
  readonly soon: () => void;
  /** Now; joins a meeting that is under way and has another one follow it. */
  readonly now: () => Promise<void>;
  readonly stop: () => void;
}

export const openPace = (
  meet: () => Promise<Ended>,
  options: { readonly isAutomatic: boolean; readonly chance: () => number },
): Pace => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let [failures, notBefore, isStopped] = [0, 0, false];
  let running: Promise<void> | undefined;
  let again: Promise<void> | undefined;

  const schedule = (ms: number): void => {
    clearTimeout(timer);
    if (isStopped || !options.isAutomatic) return;
    timer = setTimeout(() => void run(), ms);
  };

  const meeting = async (): Promise<void> => {
    clearTimeout(timer);
    let ended: Ended = { ok: false, retryAfterMs: null };
    try {
      ended = await meet();
    } finally {
      failures = ended.ok ? 0 : failures + 1;
      const pause = pauseMs(ended, failures, options.chance());
      notBefore = ended.retryAfterMs === null ? 0 : performance.now() + ended.retryAfterMs;
      schedule(pause);
    }
  };

  const run = (): Promise<void> => {
    if (isStopped) return Promise.resolve();
    running ??= meeting().finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    soon: () => {
      if (running === undefined) schedule(Math.max(DEBOUNCE_MS, notBefore - performance.now()));
      else
        void (again ??= running
          .catch(() => undefined)
          .then(() => {
            again = undefined;
            schedule(DEBOUNCE_MS);
          }));
    },
    now: async () => {
      // What was recorded while a meeting ran may have missed it.
      if (running !== undefined) await running.catch(() => undefined);
      await run();
    },
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
};
