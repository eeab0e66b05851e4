/**
 * Weighing: gross less the crates is net; the net goes into stock, the deduction only into money.
 *
 * Catch weight is pieces and grams moved together: what was picked unweighed carries the grams that its lot's average
 * gives it, marked estimated, until it is weighed.
 * Twin of `domain/weighing.py`; corpus: `tests/vectors/domain/weighing.json`.
 */
import { bounded, roundHalfUp } from "./quantity.ts";

/** What the scale showed, and what of it are crates. */
export interface Weighing {
  readonly grossG: number;
  readonly tareG: number;
  readonly netG: number;
}

export type WeighingRefusal =
  /** The crates weigh more than the scale showed with goods in them. */
  | { readonly type: "tare-exceeds-gross"; readonly grossG: number; readonly tareG: number }
  /** More is deducted than was delivered. */
  | { readonly type: "deduction-exceeds-net"; readonly netG: number; readonly deductionG: number }
  | { readonly type: "quantity-too-large" };

/** Grams, and whether somebody weighed them. */
export interface EstimatedWeight {
  readonly weightG: number;
  readonly estimated: boolean;
}

/** The weighing of goods in so many crates. */
export const weigh = (grossG: number, crateCount: number, crateTareG: number): Weighing | WeighingRefusal => {
  const tareG = bounded(BigInt(crateCount) * BigInt(crateTareG));
  if (tareG === null) return { type: "quantity-too-large" };
  return tareG > grossG
    ? { type: "tare-exceeds-gross", grossG, tareG }
    : { grossG, tareG, netG: grossG - tareG };
};

/** The grams that are paid for; stock takes the net all the same. */
export const payableG = (netG: number, deductionG: number): number | WeighingRefusal =>
  deductionG > netG ? { type: "deduction-exceeds-net", netG, deductionG } : netG - deductionG;

/**
 * The grams of `picked` pieces at the average of the lot at its place. All that is there weighs what the book says;
 * where the book knows no average, nothing is claimed: zero, estimated.
 */
export const estimateWeight = (
  picked: number,
  onHand: number,
  onHandG: number,
): EstimatedWeight | WeighingRefusal => {
  if (picked === onHand) return { weightG: onHandG, estimated: true };
  if (onHand <= 0 || onHandG <= 0) return { weightG: 0, estimated: true };
  const weightG = bounded(roundHalfUp(BigInt(picked) * BigInt(onHandG), BigInt(onHand)));
  return weightG === null ? { type: "quantity-too-large" } : { weightG, estimated: true };
};

/** Whether a weight is as near to what was expected as the item allows, in thousandths of what was expected. */
export const isWithinTolerance = (
  weighedG: number,
  expectedG: number,
  tolerancePermille: number,
): boolean => {
  const apart = BigInt(weighedG) - BigInt(expectedG);
  return (apart < 0n ? -apart : apart) * 1000n <= BigInt(tolerancePermille) * BigInt(Math.abs(expectedG));
};
