/** Lines as a person builds them, before they become fields of an op. Pure: no page, no ledger. */
import type { ItemFacts } from "../../app/items.ts";
import { parseDay } from "../../domain/expiry.ts";
import { ESTIMATED, type LineDraft } from "../../domain/kinds.ts";
import { estimateWeight } from "../../domain/weighing.ts";
import type { Value } from "../../codec/msgpack.ts";
import type { Typed } from "../../ui/quantity.ts";

export interface Weighing {
  readonly grossG: number;
  readonly crateItem: string;
  readonly crates: number;
  readonly tareG: number;
}

export interface DraftLine {
  readonly item: string;
  readonly lot: string;
  readonly from: string;
  readonly to: string;
  readonly qty: number;
  readonly weight: number | null;
  readonly estimated: boolean;
  /** As typed and its unit, kept beside the exact amount. */
  readonly typed: readonly [text: string, unit: string] | null;
  readonly weighing: Weighing | null;
}

export const EMPTY_LINE: DraftLine = {
  item: "",
  lot: "",
  from: "",
  to: "",
  qty: 0,
  weight: null,
  estimated: false,
  typed: null,
  weighing: null,
};

export const typedOf = (typed: Typed | undefined): readonly [string, string] | null =>
  typed === undefined ? null : [typed.text, typed.unit.id];

export const tareOf = (weighing: Pick<Weighing, "crates" | "tareG">): number =>
  weighing.crates * weighing.tareG;

/** Gross less the crates; null when the crates weigh more than the whole. */
export const netOf = (weighing: Weighing): number | null => {
  const net = weighing.grossG - tareOf(weighing);
  return net < 0 ? null : net;
};

/** What a weighing makes of a line: stock takes the net. */
export const weighed = (line: DraftLine, facts: ItemFacts, weighing: Weighing): DraftLine => {
  const net = netOf(weighing);
  if (net === null) return line;
  return facts.isMass
    ? { ...line, qty: net, weight: null, weighing, estimated: false, typed: null }
    : { ...line, weight: net, weighing, estimated: false };
};

/** Grams of unweighed pieces, by the average of what stands there; marked estimated until somebody weighs. */
export const estimate = (pieces: number, held: { readonly q: number; readonly w: number }): number => {
  const estimated = estimateWeight(pieces, held.q, held.w);
  return "weightG" in estimated ? estimated.weightG : 0;
};

export const isEmpty = (line: DraftLine): boolean => line.qty === 0 && (line.weight ?? 0) === 0;

export const toLine = (line: DraftLine): LineDraft => ({
  item: line.item,
  lot: line.lot,
  from: line.from,
  to: line.to,
  qty: line.qty,
  weight: line.weight,
  flags: line.estimated ? ESTIMATED : 0,
  typed: line.typed,
  weighing:
    line.weighing === null
      ? null
      : [line.weighing.grossG, tareOf(line.weighing), line.weighing.crateItem, line.weighing.crates],
});

/** The list with one element replaced; older phones know no `Array.with`. */
export const replaced = <T>(list: readonly T[], index: number, element: T): readonly T[] =>
  list.map((each, at) => (at === index ? element : each));

/** A new reading of the same goods adds on; different goods stand beside. A weighing is a fact of its own and is never merged. */
export const addLine = (lines: readonly DraftLine[], line: DraftLine): readonly DraftLine[] => {
  const index = lines.findIndex(
    (each) =>
      each.item === line.item &&
      each.lot === line.lot &&
      each.from === line.from &&
      each.to === line.to &&
      each.weighing === null &&
      line.weighing === null,
  );
  const before = lines[index];
  if (before === undefined) return [...lines, line];
  const weight =
    before.weight === null && line.weight === null ? null : (before.weight ?? 0) + (line.weight ?? 0);
  return replaced(lines, index, {
    ...before,
    qty: before.qty + line.qty,
    weight,
    estimated: before.estimated || line.estimated,
    typed: null,
  });
};

export type LotRecord = readonly [
  item: string,
  lot: string,
  attributes: readonly (readonly [string, Value])[],
];

export interface LotDates {
  readonly expiresOn: string;
  readonly producedOn: string;
  readonly harvestedOn: string;
}

export const NO_DATES: LotDates = { expiresOn: "", producedOn: "", harvestedOn: "" };

export const isDay = (text: string): boolean => parseDay(text) !== null;

/** What was said of a lot, as its record in the op; none when nothing was said. */
export const lotRecord = (
  item: string,
  lot: string,
  dates: LotDates,
  more: Readonly<Record<string, string>> = {},
): LotRecord | null => {
  if (lot === "") return null;
  const attributes: (readonly [string, Value])[] = [];
  if (isDay(dates.expiresOn)) attributes.push(["expires_on", dates.expiresOn]);
  if (isDay(dates.producedOn)) attributes.push(["produced_on", dates.producedOn]);
  if (isDay(dates.harvestedOn)) attributes.push(["harvested_on", dates.harvestedOn]);
  for (const [name, value] of Object.entries(more)) if (value !== "") attributes.push([name, value]);
  return attributes.length === 0 ? null : [item, lot, attributes];
};

/** One record per lot; what was said last stands. */
export const addRecord = (records: readonly LotRecord[], record: LotRecord | null): readonly LotRecord[] => {
  if (record === null) return records;
  return [...records.filter(([item, lot]) => item !== record[0] || lot !== record[1]), record];
};

const PAPER_SPAN_MS = 60_000;

/** «On paper, at 07:10»: the claim of an op that is recorded later than the work was done; null when it says nothing earlier. */
export const occurredAt = (
  localDateTime: string,
  utcOffsetMinutes: number,
  nowMs: number,
): readonly [from: number, to: number, source: "paper"] | null => {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})/.exec(localDateTime);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  const at = Date.parse(`${match[1]}T${match[2]}:00Z`) - utcOffsetMinutes * 60_000;
  if (Number.isNaN(at) || at >= nowMs) return null;
  return [at, Math.min(at + PAPER_SPAN_MS, nowMs), "paper"];
};
