/** A blind count as it grows, and the op it becomes: pure. Nobody who counts is told what is expected, before or after. */
import { replaced } from "../lines/draft.ts";
import type { Draft } from "../../domain/kinds.ts";

export interface CountedLine {
  readonly item: string;
  /** Null: counted without telling the lots apart. */
  readonly lot: string | null;
  readonly qty: number | null;
  readonly weight: number | null;
  /** When it was seen, server time as this phone estimates it. */
  readonly atMs: number;
}

/** The same item and lot counted again at the same place: found in a second spot (adds on) or counted anew (replaces). */
export const addCounted = (
  lines: readonly CountedLine[],
  line: CountedLine,
  mode: "add" | "replace",
): readonly CountedLine[] => {
  const index = lines.findIndex((each) => each.item === line.item && each.lot === line.lot);
  const before = lines[index];
  if (before === undefined) return [...lines, line];
  const sum = (a: number | null, b: number | null): number | null =>
    a === null && b === null ? null : (a ?? 0) + (b ?? 0);
  const next =
    mode === "replace"
      ? line
      : { ...line, qty: sum(before.qty, line.qty), weight: sum(before.weight, line.weight) };
  return replaced(lines, index, next);
};

export interface CountForm {
  readonly place: string;
  /** Null: everything at the place. */
  readonly items: readonly string[] | null;
  readonly complete: boolean;
  readonly lines: readonly CountedLine[];
  readonly task: string | null;
}

export type CountGap = "place" | "lines";

/** A complete count may have no line: the place is empty, and that is a finding. */
export const countGap = ({ place, lines, complete }: CountForm): CountGap | null => {
  if (place === "") return "place";
  return lines.length === 0 && !complete ? "lines" : null;
};

/** Items that lines with and without lot speak of at once: the ledger could not tell what the total is. */
export const mixedItems = (lines: readonly CountedLine[]): readonly string[] => {
  const withLot = new Set(lines.filter(({ lot }) => lot !== null).map(({ item }) => item));
  return [
    ...new Set(lines.filter(({ item, lot }) => lot === null && withLot.has(item)).map(({ item }) => item)),
  ];
};

export const countFields = (form: CountForm, closedMs: number): Draft<"count"> => ({
  place: form.place,
  items: form.items ?? (form.complete ? null : [...new Set(form.lines.map(({ item }) => item))]),
  complete: form.complete,
  shown: false,
  lines: form.lines.map(({ item, lot, qty, weight, atMs }) => ({
    item,
    lot,
    qty,
    weight,
    // The line's own instant is what movements are ordered against.
    beforeMs: Math.max(0, Math.round(closedMs - atMs)),
  })),
  task: form.task,
});
