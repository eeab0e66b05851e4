/** What a transfer records: pure. */
import type { Draft } from "../../domain/kinds.ts";
import { type DraftLine, isEmpty, toLine } from "../lines/draft.ts";

export type MoveGap = "lines" | "ends";

export const moveGap = (lines: readonly DraftLine[]): MoveGap | null => {
  const filled = lines.filter((line) => !isEmpty(line));
  if (filled.length === 0) return "lines";
  return filled.some(({ from, to }) => from === "" || to === "" || from === to) ? "ends" : null;
};

export const moveFields = (task: string | null, lines: readonly DraftLine[]): Draft<"move"> => ({
  task,
  lines: lines.filter((line) => !isEmpty(line)).map(toLine),
});
