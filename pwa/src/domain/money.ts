/**
 * Money: unit prices in 0.0001 yuan, amounts in fen, rounded half-up once per line (DESIGN §4).
 *
 * 抹零 is a line of its own and never changes a priced one. Crates are items: what a partner keeps of them is due as
 * their deposit when the account is settled, and a deposit is no sale.
 * Twin of `domain/money.py`; corpus: `tests/vectors/domain/money.json`.
 */
import { bounded, GRAMS_PER, roundHalfUp } from "./quantity.ts";

/** Units of 0.0001 yuan in one fen. */
const PRICE_SCALE = 100n;
/** 抹零 takes off fen, jiao and at most the last yuan; more is a discount, which belongs into the price. */
const ROUNDING_FEN_MAX = 999;

/** What a line of `settle` says of its amount. */
export interface PricedLine {
  readonly qty: number;
  readonly weight: number | null;
  readonly unitPrice: number;
  readonly unit: string;
  readonly deductionG: number;
}

export type MoneyRefusal =
  /** 抹零 is small change: it neither reaches ten yuan nor turns a debt round. */
  | { readonly type: "rounding-too-large"; readonly roundingFen: number; readonly totalFen: number }
  | { readonly type: "quantity-too-large" };

/** The amounts of priced lines in order, their sum, the rounding line, and what is due. */
export interface Settlement {
  readonly amountsFen: readonly number[];
  readonly sumFen: number;
  readonly roundingFen: number;
  readonly dueFen: number;
}

/**
 * The line's amount in fen: quantity × unit price (0.0001 yuan), rounded half-up once; null beyond what is counted
 * exactly. A unit of weight prices the grams after the deduction; any other prices the base unit.
 */
export const lineAmountFen = ({ qty, weight, unitPrice, unit, deductionG }: PricedLine): number | null => {
  const grams = GRAMS_PER.get(unit);
  const priced = grams === undefined ? BigInt(qty) : BigInt(weight ?? qty) - BigInt(deductionG);
  return bounded(roundHalfUp(priced * BigInt(unitPrice), PRICE_SCALE * BigInt(grams ?? 1)));
};

/** What lines and 抹零 come to. */
export const settlement = (lines: readonly PricedLine[], roundingFen = 0): Settlement | MoneyRefusal => {
  const amountsFen: number[] = [];
  let sum = 0n;
  for (const line of lines) {
    const amount = lineAmountFen(line);
    if (amount === null) return { type: "quantity-too-large" };
    amountsFen.push(amount);
    sum += BigInt(amount);
  }
  const sumFen = bounded(sum);
  if (sumFen === null) return { type: "quantity-too-large" };
  const dueFen = sumFen + roundingFen;
  if (Math.abs(roundingFen) > ROUNDING_FEN_MAX || Math.sign(dueFen) * Math.sign(sumFen) < 0) {
    return { type: "rounding-too-large", roundingFen, totalFen: sumFen };
  }
  return { amountsFen, sumFen, roundingFen, dueFen };
};

/** The 抹零 that takes a total down to whole `unitFen` (10: jiao, 100: yuan); zero or negative. */
export const roundingDownFen = (totalFen: number, unitFen: number): number =>
  totalFen > 0 ? 0 - (totalFen % unitFen) : 0;

/** The deposit due for crates that a partner keeps; negative when we owe it for crates that came back. */
export const depositDueFen = (cratesKept: number, depositFen: number): number | null =>
  bounded(BigInt(cratesKept) * BigInt(depositFen));
