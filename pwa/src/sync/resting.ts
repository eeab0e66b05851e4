/** What the server refused, but may take later, is offered again less and less often. Pure. */

export interface Refusals {
  readonly refusals: number;
  /** Wall clock. */
  readonly refusedAtMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** After a minute, four, sixteen: a permission or room may come back, what is too large stays so. */
const pauseMs = ({ refusals }: Refusals): number => Math.min(DAY_MS, MINUTE_MS * 4 ** (refusals - 1));

/** A clock set back must not make the pause longer than it was. */
export const isResting = (refused: Refusals | undefined, wallMs: number): boolean => {
  if (refused === undefined) return false;
  const restedMs = wallMs - refused.refusedAtMs;
  return restedMs >= 0 && restedMs < pauseMs(refused);
};
