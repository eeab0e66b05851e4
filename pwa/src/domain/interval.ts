/**
 * The pre-harvest interval (安全间隔期): from when on a plot may be harvested after it was treated.
 *
 * Clear on = the latest of stop day + interval over all inputs; the clear day itself is allowed. An input whose
 * interval nobody knows makes the plot red until somebody says it: unknown is never safe.
 * Twin of `domain/interval.py`; corpus: `tests/vectors/domain/interval.json`.
 */
import { daysAfter } from "./expiry.ts";
import { compareText } from "./text-order.ts";

/** Green, amber and red of the farmer's page. */
export type Light = "clear" | "running" | "unknown";

/** One input on a plot: its name, when its use stopped, and its interval where it is known. */
export interface Treatment {
  readonly name: string;
  readonly stoppedOn: string;
  readonly intervalDays: number | null;
}

/** What binds a harvest on a day, and which treatment binds it. */
export interface PlotInterval {
  readonly light: Light;
  readonly clearOn: string | null;
  readonly name: string;
  readonly stoppedOn: string | null;
}

const CLEAR: PlotInterval = { light: "clear", clearOn: null, name: "", stoppedOn: null };

const inOrder = (a: Treatment, b: Treatment): number =>
  compareText(a.stoppedOn, b.stoppedOn) || compareText(a.name, b.name);

/** What binds a harvest on `day`: treatments that stopped later do not, unknown wins, then the latest. */
export const plotInterval = (treatments: readonly Treatment[], day: string): PlotInterval => {
  let binding = CLEAR;
  const started = treatments.filter(({ stoppedOn }) => stoppedOn <= day).sort(inOrder);
  for (const { name, stoppedOn, intervalDays } of started) {
    if (intervalDays === null) return { light: "unknown", clearOn: null, name, stoppedOn };
    const clearOn = daysAfter(stoppedOn, intervalDays);
    if (binding.clearOn === null || clearOn > binding.clearOn) {
      binding = { light: day >= clearOn ? "clear" : "running", clearOn, name, stoppedOn };
    }
  }
  return binding;
};
