/**
 * What a phone shows: rows at its cursor ⊕ the fold of its own pending ops (DESIGN §1, §7).
 *
 * Pending ops come after everything that the rows tell. A pending delta adds on; a pending count sets the base
 * and makes what is shown unconfirmed; later deltas add on top. When an op settles it leaves the overlay, in the
 * same instant in which the rows that contain it arrive.
 */
import type { Body } from "../domain/kinds.ts";
import { isPhysical, type Lowered, lower, type Movement, RESIDUAL_LOT } from "../domain/lowering.ts";
import { closeCount, countItem, countLot, finish, type Group, move, type Quantity } from "./balance.ts";
import { corrections, type PendingOp } from "./pending.ts";

export type { PendingOp } from "./pending.ts";

/** The balance rows at the cursor, keyed `item␟lot␟place`. The same object always holds the same rows. */
export interface BalanceRows {
  readonly keys: () => Iterable<string>;
  readonly get: (key: string) => Quantity | undefined;
}

/** A key that pending work touched. */
export interface Overlaid extends Quantity {
  readonly item: string;
  readonly lot: string;
  readonly place: string;
  readonly unconfirmed: boolean;
}

const SEPARATOR = "\u001F";
export const balanceKey = (item: string, lot: string, place: string): string =>
  `${item}${SEPARATOR}${lot}${SEPARATOR}${place}`;

const groupKey = (item: string, place: string): string => `${item}${SEPARATOR}${place}`;

/** One effect; effects are stepped by (o, op, line), closings after all lines of their op. */
interface Effect {
  readonly o: number;
  readonly op: number;
  readonly line: number;
  readonly run: (stock: Stock) => void;
}

interface Touched {
  readonly item: string;
  readonly place: string;
  readonly group: Group;
  readonly lots: Set<string>;
  readonly unconfirmed: Set<string>;
}

interface Stock {
  readonly touch: (item: string, place: string) => Touched;
  readonly itemsAt: (place: string) => Iterable<string>;
  readonly isShown: (movement: Movement, place: string) => boolean;
}

const CLOSING = Number.MAX_SAFE_INTEGER;

const moveEffect = (m: Movement, stock: Stock): void => {
  for (const [place, sign] of [
    [m.from, -1],
    [m.to, 1],
  ] as const) {
    if (!stock.isShown(m, place)) continue;
    const touched = stock.touch(m.item, place);
    move(touched.group, m.lot, sign * m.qty, sign * m.weight, m.estimated);
    touched.lots.add(m.lot);
  }
};

const effectsOf = (lowered: Lowered, op: number, o: number): Effect[] => {
  const effects: Effect[] = lowered.movements.map((m) => ({
    o,
    op,
    line: m.line,
    run: (stock) => {
      moveEffect(m, stock);
    },
  }));
  const { observation: seen, residue } = lowered;
  seen?.lines.forEach((line, number) => {
    effects.push({
      o: o - line.beforeMs,
      op,
      line: number,
      run: (stock) => {
        const touched = stock.touch(line.item, seen.place);
        const lot = line.lot ?? RESIDUAL_LOT;
        if (line.lot === null) countItem(touched.group, line.qty, line.weight);
        else countLot(touched.group, line.lot, line.qty, line.weight);
        touched.lots.add(lot).add(RESIDUAL_LOT);
        touched.unconfirmed.add(lot);
      },
    });
  });
  if (seen?.complete) {
    effects.push({
      o,
      op,
      line: CLOSING,
      run: (stock) => {
        for (const item of seen.items ?? stock.itemsAt(seen.place)) {
          const lines = seen.lines.filter((line) => line.item === item);
          // A line without lot spoke for the item as a whole.
          if (lines.some((line) => line.lot === null)) continue;
          const touched = stock.touch(item, seen.place);
          for (const lot of closeCount(touched.group, new Set(lines.map((line) => line.lot ?? "")))) {
            // The residual lot may have had its share of it.
            touched.lots.add(lot).add(RESIDUAL_LOT);
            touched.unconfirmed.add(lot);
          }
        }
      },
    });
  }
  if (residue !== null) {
    effects.push({
      o,
      op,
      line: 0,
      run: (stock) => {
        const touched = stock.touch(residue.item, residue.place);
        finish(touched.group, residue.lot);
        touched.lots.add(residue.lot);
        touched.unconfirmed.add(residue.lot);
      },
    });
  }
  return effects;
};

/** Where a late record orders; a claim that ends before it begins claims nothing. */
const middleOf = (claim: Body["occurred"], t: number): number =>
  claim === null || claim[1] < claim[0] ? t : Math.min(t, Math.floor((claim[0] + claim[1]) / 2));

/** The keys whose balance pending work changes or makes unconfirmed, as they are to be shown. */
export const overlay = (rows: BalanceRows, pending: readonly PendingOp[]): ReadonlyMap<string, Overlaid> => {
  const { voided, weights } = corrections(pending);
  const effects: Effect[] = [];
  let last = Number.MIN_SAFE_INTEGER;
  pending.forEach(({ body, hash, at }, op) => {
    // t never goes back along a chain, whatever the clock did.
    last = Math.max(last, at);
    const o = middleOf(body.occurred, last);
    if (!voided.has(hash)) effects.push(...effectsOf(lower(body, weights.get(hash)), op, o));
  });
  if (effects.length === 0) return new Map();
  effects.sort((a, b) => a.o - b.o || a.op - b.op || a.line - b.line);

  const stock = stockOf(rows);
  for (const effect of effects) effect.run(stock);
  return stock.shown();
};

/** What stands where: by group the lots, by place the items. Nobody may change it. */
interface Index {
  readonly lots: ReadonlyMap<string, readonly string[]>;
  readonly items: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Rows change once in a while, pending work all the time: the index lives as long as the rows do. */
const indexes = new WeakMap<BalanceRows, Index>();

const indexOf = (rows: BalanceRows): Index => {
  let index = indexes.get(rows);
  if (index === undefined) indexes.set(rows, (index = indexed(rows)));
  return index;
};

const indexed = (rows: BalanceRows): Index => {
  const lots = new Map<string, string[]>();
  const items = new Map<string, Set<string>>();
  for (const key of rows.keys()) {
    const [item = "", lot = "", place = ""] = key.split(SEPARATOR);
    const group = groupKey(item, place);
    const known = lots.get(group);
    if (known === undefined) lots.set(group, [lot]);
    else known.push(lot);
    const there = items.get(place);
    if (there === undefined) items.set(place, new Set([item]));
    else there.add(item);
  }
  return { lots, items };
};

const stockOf = (rows: BalanceRows): Stock & { readonly shown: () => ReadonlyMap<string, Overlaid> } => {
  const index = indexOf(rows);
  /** Items that pending work brought to a place. */
  const brought = new Map<string, Set<string>>();
  const touchedGroups = new Map<string, Touched>();

  const touch = (item: string, place: string): Touched => {
    const key = groupKey(item, place);
    const known = touchedGroups.get(key);
    if (known !== undefined) return known;
    const group: Group = new Map();
    for (const lot of index.lots.get(key) ?? []) {
      const row = rows.get(balanceKey(item, lot, place));
      if (row !== undefined) group.set(lot, { q: row.q, w: row.w, estimated: row.estimated });
    }
    const touched = { item, place, group, lots: new Set<string>(), unconfirmed: new Set<string>() };
    touchedGroups.set(key, touched);
    brought.set(place, (brought.get(place) ?? new Set()).add(item));
    return touched;
  };

  return {
    touch,
    itemsAt: (place) => new Set([...(index.items.get(place) ?? []), ...(brought.get(place) ?? [])]),
    // An account is shown where this phone replicates it, and is never guessed from pending work alone.
    isShown: (m, place) => isPhysical(place) || rows.get(balanceKey(m.item, m.lot, place)) !== undefined,
    shown: () => {
      const shown = new Map<string, Overlaid>();
      for (const { item, place, group, lots, unconfirmed } of touchedGroups.values()) {
        for (const lot of lots) {
          const balance = group.get(lot);
          if (balance === undefined) continue;
          const key = balanceKey(item, lot, place);
          shown.set(key, { ...balance, item, lot, place, unconfirmed: unconfirmed.has(lot) });
        }
      }
      return shown;
    },
  };
};
