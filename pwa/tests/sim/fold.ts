/**
 * The phone's fold over a log. What a phone folds are its overlays: balances with pending work on them
 * (`src/fold/overlay.ts`); it has no fold of effective times, verdicts or exceptions, which come down as rows. Given the
 * accepted ops of a whole log in effective order over no rows at all, the overlay is that log's stock at the places
 * where goods can be.
 */
import { fromHex, toHex } from "../../src/codec/bytes.ts";
import { decodeOp, leafHash } from "../../src/codec/op.ts";
import { readBody } from "../../src/domain/kinds.ts";
import { isPhysical } from "../../src/domain/lowering.ts";
import { isMisfit } from "../../src/domain/shape.ts";
import { balanceKey, overlay, type PendingOp } from "../../src/fold/overlay.ts";

type BalanceRow = readonly [
  item: string,
  lot: string,
  place: string,
  q: number,
  w: number,
  estimated: boolean,
];

export interface Folding {
  readonly rows?: readonly BalanceRow[];
  /** Bytes of an op, hex, and its effective time; in effective order. */
  readonly ops: readonly (readonly [op: string, t: number])[];
}

const pendingOf = ([op, at]: readonly [string, number]): readonly PendingOp[] => {
  const data = fromHex(op);
  const { kind, body } = decodeOp(data);
  try {
    const read = readBody(kind, body);
    return read === null ? [] : [{ body: read, hash: toHex(leafHash(data)), at }];
  } catch (error) {
    if (isMisfit(error)) return [];
    throw error;
  }
};

/** Every balance that is not nothing: item, lot, place, quantity, grams, estimated; in order of key. */
export const folded = ({ rows = [], ops }: Folding): BalanceRow[] => {
  const known = new Map(
    rows.map(([item, lot, place, q, w, estimated]) => [balanceKey(item, lot, place), { q, w, estimated }]),
  );
  const over = overlay({ keys: () => known.keys(), get: (key) => known.get(key) }, ops.flatMap(pendingOf));
  const all = new Map<string, BalanceRow>(rows.map((row) => [balanceKey(row[0], row[1], row[2]), row]));
  for (const [key, { item, lot, place, q, w, estimated }] of over)
    if (isPhysical(place)) all.set(key, [item, lot, place, q, w, estimated]);
  return [...all]
    .filter(([, [, , , q, w]]) => q !== 0 || w !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row);
};
