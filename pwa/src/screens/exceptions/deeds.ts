/** What a decision records. The op that it is about is named by its hash; an exception by its id. */
import { fromHex } from "../../codec/bytes.ts";
import { recorded } from "../../app/act.ts";
import type { Ledger, OpRef } from "../../sync/ledger-types.ts";
import { type Exception, keyOf } from "./inbox.ts";

const wholeAt = (exception: Exception, index: number): number => {
  const fact = exception.facts[index];
  return typeof fact === "number" ? fact : 0;
};

/** The figure that the screen shows: an approval is of that figure and of no later one. */
export const approvedFigure = (exception: Exception): { readonly qty: number; readonly weight: number } =>
  exception.code === "variance"
    ? { qty: wholeAt(exception, 7), weight: wholeAt(exception, 8) }
    : { qty: wholeAt(exception, 3), weight: wholeAt(exception, 4) };

export const approve = (ledger: Ledger, exception: Exception, count: string): Promise<OpRef | null> => {
  const key = keyOf(exception);
  if (key === null) return Promise.resolve(null);
  const figure = approvedFigure(exception);
  return recorded(ledger, "approve", { ...key, ...figure }, { names: [fromHex(count)] });
};

/** A recount is for another person than the one who counted: whoever is free takes it. */
export const recount = (ledger: Ledger, exception: Exception): Promise<OpRef | null> => {
  const key = keyOf(exception);
  if (key === null) return Promise.resolve(null);
  const { item, lot, place } = key;
  return recorded(ledger, "task", {
    task: `recount-${String(exception.ops[0] ?? 0)}-${ledger.nowMs().toString(36)}`,
    work: "count",
    assignee: null,
    order: null,
    lines: [{ item, lot: lot === "?" ? "" : lot, from: place, to: "", qty: 0 }],
    place,
  });
};

export const release = (ledger: Ledger, hold: string, note: string): Promise<OpRef | null> =>
  recorded(ledger, "release", { note }, { names: [fromHex(hold)] });

/** The word on an exception, or on the op that it is about where that op waits for one. */
export const resolve = (
  ledger: Ledger,
  exception: Exception,
  verdict: "accepted" | "refused",
  note: string,
  op: string | null,
): Promise<OpRef | null> =>
  recorded(
    ledger,
    "resolve",
    { verdict, note, exception: op === null ? exception.id : null },
    op === null ? {} : { names: [fromHex(op)] },
  );
