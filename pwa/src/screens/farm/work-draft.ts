/** What a farm work records: pure. */
import type { Draft } from "../../domain/kinds.ts";
import { isDay } from "../lines/draft.ts";

export interface InputDraft {
  readonly trade: string;
  readonly generic: string;
  readonly registration: string;
  readonly dose: string;
  /** As typed; empty: nobody knows the interval, which counts as red. */
  readonly days: string;
}

export const NO_INPUT: InputDraft = { trade: "", generic: "", registration: "", dose: "", days: "" };

export interface WorkDraft {
  readonly plots: readonly string[];
  readonly work: string;
  readonly inputs: readonly InputDraft[];
  readonly startedOn: string;
  readonly stoppedOn: string;
}

export type WorkGap = "plots" | "work" | "input" | "days";

const DAYS_MAX = 365;

export const parseDays = (text: string): number | null | undefined => {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  const days = /^\d{1,3}$/.test(trimmed) ? Number(trimmed) : Number.NaN;
  return days <= DAYS_MAX ? days : undefined;
};

export const workGap = ({ plots, work, inputs, startedOn, stoppedOn }: WorkDraft): WorkGap | null => {
  if (plots.length === 0) return "plots";
  if (work === "") return "work";
  if (inputs.some(({ trade, generic }) => trade.trim() === "" && generic.trim() === "")) return "input";
  if (!isDay(startedOn) || !isDay(stoppedOn) || stoppedOn < startedOn) return "days";
  return inputs.some(({ days }) => parseDays(days) === undefined) ? "days" : null;
};

export const workFields = ({ plots, work, inputs, startedOn, stoppedOn }: WorkDraft): Draft<"farm_work"> => ({
  plots,
  work,
  inputs: inputs.map(({ trade, generic, registration, dose, days }) => [
    trade.trim(),
    generic.trim(),
    registration.trim(),
    dose.trim(),
    parseDays(days) ?? null,
  ]),
  startedOn,
  stoppedOn,
});
