/** What a settlement comes to and what it records: pure. Amounts follow from `domain/money.ts`, rounded once per line. */
import type { Value } from "../../codec/msgpack.ts";
import type { Draft } from "../../domain/kinds.ts";
import { type Settlement, roundingDownFen, settlement } from "../../domain/money.ts";
import type { Row } from "../../sync/rows.ts";

export type Side = "buy" | "sell";

/** A receipt or a delivery as its record row tells it. */
export interface Settleable {
  /** Leaf hash, hex. */
  readonly hash: string;
  readonly side: Side;
  readonly index: number;
  readonly o: number;
  readonly partner: string;
  readonly lines: readonly SettleLine[];
}

export interface SettleLine {
  readonly item: string;
  readonly lot: string;
  readonly qty: number;
  readonly weight: number | null;
}

const list = (value: Value | undefined): readonly Value[] => (Array.isArray(value) ? value : []);
const word = (value: Value | undefined): string => (typeof value === "string" ? value : "");
const whole = (value: Value | undefined): number => (typeof value === "number" ? value : 0);

const readLine = (value: Value): SettleLine => {
  const [item, lot, , , qty, weight] = list(value);
  return {
    item: word(item),
    lot: word(lot),
    qty: whole(qty),
    weight: typeof weight === "number" ? weight : null,
  };
};

/** A row of `record.receive` or `record.deliver`. */
export const readSettleable = (key: string, value: Value, side: Side): Settleable => {
  const fields = list(value);
  const lines = list(fields[side === "buy" ? 4 : 5]).map(readLine);
  return { hash: key, side, index: whole(fields[0]), o: whole(fields[1]), partner: word(fields[2]), lines };
};

export interface PricedDraft extends SettleLine {
  readonly unitPrice: number;
  readonly unit: string;
  readonly deductionG: number;
  readonly reason: string;
}

/** The partner's own price before the general one. */
export const priceOf = (
  prices: readonly Row<"price">[],
  item: string,
  partner: string,
  side: Side,
): Row<"price"> | null => {
  const fitting = prices.filter((price) => price.item === item && price.side === side);
  return (
    fitting.find((price) => price.partner === partner) ??
    fitting.find((price) => price.partner === null) ??
    null
  );
};

/** Lines that have a price; what has none, such as crates, is not sold. */
export const pricedLines = (of: Settleable, prices: readonly Row<"price">[]): readonly PricedDraft[] =>
  of.lines.flatMap((line) => {
    const price = priceOf(prices, line.item, of.partner, of.side);
    return price === null
      ? []
      : [{ ...line, unitPrice: price.unitPrice, unit: price.unit, deductionG: 0, reason: "" }];
  });

export const ROUND_TO_FEN = 10;

/** Null: more than is counted. */
export const totalOf = (lines: readonly PricedDraft[], isRounded: boolean): Settlement | null => {
  const plain = settlement(lines);
  if ("type" in plain) return null;
  if (!isRounded) return plain;
  const rounded = settlement(lines, roundingDownFen(plain.sumFen, ROUND_TO_FEN));
  return "type" in rounded ? null : rounded;
};

export const settleFields = (
  of: Settleable,
  lines: readonly PricedDraft[],
  roundingFen: number,
): Draft<"settle"> => ({
  partner: of.partner,
  side: of.side,
  lines: lines.map(({ item, lot, qty, weight, unitPrice, unit, deductionG, reason }) => ({
    named: 0,
    item,
    lot,
    qty,
    weight,
    unitPrice,
    unit,
    deductionG,
    reason: deductionG === 0 ? "" : reason,
  })),
  roundingFen,
});

/** Whether any of the priced lines is settled by none of the statement's lines: equal goods of another day settle nothing. */
export const isUnsettled = (
  of: Settleable,
  priced: readonly PricedDraft[],
  statement: readonly (readonly unknown[])[],
): boolean =>
  !priced.every(({ item, lot }) =>
    statement.some((line) => line[9] === of.hash && line[3] === item && line[4] === lot),
  );
