/** Gloves press twice. With the gloves preference on, a button answers once in a quarter of a second. */
import { gloves } from "./preferences.ts";

const AGAIN_MS_MIN = 250;

let last = Number.NEGATIVE_INFINITY;

/** Run a button's act, unless it is the echo of the press before. */
export const pressed = (act: () => void): void => {
  const now = performance.now();
  const echo = gloves.value === "on" && now - last < AGAIN_MS_MIN;
  last = now;
  if (!echo) act();
};
