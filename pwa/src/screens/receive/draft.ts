/** What a receipt records: pure. */
import type { Draft, Occurred } from "../../domain/kinds.ts";
import { type DraftLine, type LotRecord, isEmpty, toLine } from "../lines/draft.ts";

export interface Receipt {
  readonly partner: string;
  /** Null: blind, against no order. */
  readonly order: string | null;
  readonly lines: readonly DraftLine[];
  readonly lots: readonly LotRecord[];
  /** Nothing more will come on this order. */
  readonly complete: boolean;
  /** Crates that came with the goods, and where they are put. */
  readonly crates: { readonly item: string; readonly count: number; readonly to: string } | null;
}

export type ReceiptGap = "partner" | "lines" | "place";

export const receiptGap = ({ partner, lines, crates }: Receipt): ReceiptGap | null => {
  const filled = lines.filter((line) => !isEmpty(line));
  if (partner === "") return "partner";
  if (filled.length === 0 && (crates === null || crates.count === 0)) return "lines";
  return filled.some((line) => line.to === "") ? "place" : null;
};

/** Crates that were weighed with the goods came in with them. */
export const cratesWeighed = (lines: readonly DraftLine[]): number =>
  lines.reduce((sum, line) => sum + (line.weighing?.crates ?? 0), 0);

export const receiptFields = (receipt: Receipt): Draft<"receive"> => {
  const { crates } = receipt;
  const goods = receipt.lines.filter((line) => !isEmpty(line)).map(toLine);
  const returned =
    crates === null || crates.count === 0
      ? []
      : [{ item: crates.item, lot: "", from: "", to: crates.to, qty: crates.count }];
  return {
    partner: receipt.partner,
    order: receipt.order,
    lines: [...goods, ...returned],
    lots: receipt.lots,
    complete: receipt.order !== null && receipt.complete,
  };
};

export type PaperClaim = Occurred | null;
