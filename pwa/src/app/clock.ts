/** A minute hand for ages on screens ("waiting for 3 hours"): ticks only while the page is seen. */
import { signal } from "@preact/signals";

const TICK_MS = 30_000;

/** Changes twice a minute; read it where an age is shown. */
export const minuteHand = signal(0);

export const startClock = (): void => {
  setInterval(() => {
    if (document.visibilityState === "visible") minuteHand.value += 1;
  }, TICK_MS);
};
