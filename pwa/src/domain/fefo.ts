/**
 * First expired, first out: which lots meet a demand.
 *
 * The order is total, so that two devices with the same balances suggest the same picks: sooner expiry first, no
 * expiry last, ties by lot. An expired lot is never picked and a held one never; what is left unmet is told.
 * Twin of `domain/fefo.py`; corpus: `tests/vectors/domain/fefo.json`.
 */
import { compareText } from "./text-order.ts";

/** What stands of one lot at one place, less what is promised to others. */
export interface LotBalance {
  readonly lot: string;
  readonly qty: number;
  readonly expiresOn: string | null;
  readonly held: boolean;
}

/** Take so much of a lot. */
export interface Pick {
  readonly lot: string;
  readonly qty: number;
}

/** The picks, and how much of the demand no usable lot meets. */
export interface Allocation {
  readonly picks: readonly Pick[];
  readonly short: number;
}

/** Whether the lot may be picked at all; it is good to the end of its last day. */
export const isUsable = ({ qty, held, expiresOn }: LotBalance, asOf: string): boolean =>
  qty > 0 && !held && (expiresOn === null || expiresOn >= asOf);

/** Sooner expiry first, no expiry last, ties by lot. */
export const compareFefo = (a: LotBalance, b: LotBalance): number => {
  if (a.expiresOn !== b.expiresOn) {
    if (a.expiresOn === null) return 1;
    if (b.expiresOn === null) return -1;
    return a.expiresOn < b.expiresOn ? -1 : 1;
  }
  return compareText(a.lot, b.lot);
};

/** The picks that meet `demand` on the local day `asOf`. */
export const allocateFefo = (demand: number, balances: readonly LotBalance[], asOf: string): Allocation => {
  const picks: Pick[] = [];
  let left = demand;
  for (const { lot, qty } of balances.filter((balance) => isUsable(balance, asOf)).sort(compareFefo)) {
    if (left <= 0) break;
    const taken = Math.min(left, qty);
    picks.push({ lot, qty: taken });
    left -= taken;
  }
  return { picks, short: Math.max(left, 0) };
};
