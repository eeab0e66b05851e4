/**
 * The running balances of one item at one place, stepped by movements, counts and finishes (fold.md §2).
 *
 * Twin of the walk in `sync_engine/fold/stock.py`; what counts post to accounts, and why a count is in doubt,
 * is the server's to say and not here.
 */
import { RESIDUAL_LOT } from "../domain/lowering.ts";

export interface Quantity {
  readonly q: number;
  readonly w: number;
  readonly estimated: boolean;
}

/** Lot → what stands there. */
export type Group = Map<string, Quantity>;

const NOTHING: Quantity = { q: 0, w: 0, estimated: false };

const at = (group: Group, lot: string): Quantity => group.get(lot) ?? NOTHING;

/** numerator / denominator rounded half up (towards +∞), exactly; denominator > 0. */
export const roundHalfUp = (numerator: bigint, denominator: bigint): bigint => {
  const [n, d] = [2n * numerator + denominator, 2n * denominator];
  // BigInt division truncates; a negative remainder means that the floor is one lower.
  return n % d < 0n ? n / d - 1n : n / d;
};

/** The measure that was not counted, moved with the one that was; zero is zero in both. */
export const inProportion = (other: number, counted: number, expected: number): number => {
  if (counted === 0) return 0;
  if (expected <= 0) return other;
  return Number(roundHalfUp(BigInt(other) * BigInt(counted), BigInt(expected)));
};

const counted = (expected: Quantity, q: number | null, w: number | null): Quantity => {
  if (q !== null && w !== null) return { q, w, estimated: false };
  if (q !== null) {
    const moved = inProportion(expected.w, q, expected.q);
    return { q, w: moved, estimated: moved !== 0 && (expected.estimated || moved !== expected.w) };
  }
  if (w !== null) {
    const moved = inProportion(expected.q, w, expected.w);
    return { q: moved, w, estimated: moved !== 0 && moved !== expected.q };
  }
  return expected;
};

export const move = (group: Group, lot: string, dq: number, dw: number, estimated: boolean): void => {
  const before = at(group, lot);
  const [q, w] = [before.q + dq, before.w + dw];
  group.set(lot, { q, w, estimated: (before.estimated || estimated) && (q !== 0 || w !== 0) });
};

/** The part of a difference that the residual lot already told of. */
const sameSign = (residual: number, difference: number): number =>
  residual < 0 && difference < 0
    ? Math.max(residual, difference)
    : residual > 0 && difference > 0
      ? Math.min(residual, difference)
      : 0;

export const countLot = (group: Group, lot: string, q: number | null, w: number | null): void => {
  const expected = at(group, lot);
  const seen = counted(expected, q, w);
  group.set(lot, seen);
  const residual = group.get(RESIDUAL_LOT);
  if (residual === undefined || lot === RESIDUAL_LOT) return;
  const [dq, dw] = [sameSign(residual.q, seen.q - expected.q), sameSign(residual.w, seen.w - expected.w)];
  if (dq !== 0 || dw !== 0) group.set(RESIDUAL_LOT, { ...residual, q: residual.q - dq, w: residual.w - dw });
};

/** A line without lot: the difference over all lots stands at the residual lot. */
export const countItem = (group: Group, q: number | null, w: number | null): void => {
  const all = [...group.values()];
  const total = {
    q: all.reduce((sum, b) => sum + b.q, 0),
    w: all.reduce((sum, b) => sum + b.w, 0),
    estimated: false,
  };
  const seen = counted(total, q, w);
  const residual = at(group, RESIDUAL_LOT);
  group.set(RESIDUAL_LOT, {
    q: residual.q + seen.q - total.q,
    w: residual.w + seen.w - total.w,
    estimated: seen.estimated,
  });
};

/**
 * What a complete count did not list is not there; the residual lot comes last, when the lots had their share of
 * it. Returns the lots that it found gone.
 */
export const closeCount = (group: Group, listed: ReadonlySet<string>): string[] => {
  const gone: string[] = [];
  const lots = [...group.keys()].filter((lot) => !listed.has(lot) && lot !== RESIDUAL_LOT).sort();
  for (const lot of listed.has(RESIDUAL_LOT) ? lots : [...lots, RESIDUAL_LOT]) {
    const { q, w } = at(group, lot);
    if (q === 0 && w === 0) continue;
    countLot(group, lot, 0, 0);
    gone.push(lot);
  }
  return gone;
};

export const finish = (group: Group, lot: string): void => {
  group.set(lot, NOTHING);
};
