/** The line that is being entered: begun by a label or a press, for the lot that goes first where no other was read. Pure. */
import type { ItemFacts } from "../../app/items.ts";
import { type DraftLine, EMPTY_LINE } from "../lines/draft.ts";
import { type Standing, type Wanted, firstExpired, leftOf, suggest } from "./draft.ts";

export interface Editing {
  readonly line: DraftLine;
  readonly expected: { readonly qty: number; readonly weight: number | null } | null;
}

/** What a label told; nulls for a press. */
export interface Seen {
  readonly lot: string | null;
  readonly weightG: number | null;
  readonly qty: number;
}

export const begun = (
  facts: ItemFacts,
  wanted: Wanted | null,
  seen: Seen,
  {
    standing,
    today,
    to,
  }: { readonly standing: readonly Standing[]; readonly today: string; readonly to: string },
): Editing => {
  const left = wanted === null ? 0 : leftOf(wanted);
  // What is promised to others alone is suggested to nobody, but may be what the picker stands before.
  const first = suggest(left === 0 ? 1 : left, standing, today)[0] ?? firstExpired(standing, today)[0];
  const lot = seen.lot ?? (wanted === null || wanted.lot === "" ? (first?.lot ?? "") : wanted.lot);
  const place = standing.find(
    (each) =>
      each.lot === lot && each.q > 0 && (wanted === null || wanted.from === "" || each.place === wanted.from),
  )?.place;
  return {
    line: {
      ...EMPTY_LINE,
      item: facts.id,
      lot,
      // A lot that stands nowhere is taken from where the picker says.
      from: place ?? wanted?.from ?? "",
      to: wanted === null || wanted.to === "" ? to : wanted.to,
      qty: facts.isMass ? (seen.weightG ?? 0) : seen.qty,
      weight: facts.isCatch ? seen.weightG : null,
    },
    expected: wanted === null ? null : { qty: left, weight: null },
  };
};

/** Another lot was chosen in the sheet: it is taken from where that lot stands. */
export const relocated = (
  line: DraftLine,
  before: DraftLine,
  standing: readonly { readonly lot: string; readonly place: string }[],
): DraftLine => {
  if (line.lot === before.lot) return line;
  const there = standing.find(({ lot }) => lot === line.lot);
  return there === undefined ? line : { ...line, from: there.place };
};
