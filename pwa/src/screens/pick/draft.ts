/** What is left to pick, from where, and what a finished pick records: pure. */
import type { OrderLine } from "../../app/orders.ts";
import type { Draft } from "../../domain/kinds.ts";
import { type LotBalance, compareFefo, isUsable } from "../../domain/fefo.ts";
import type { Row } from "../../sync/rows.ts";
import { type DraftLine, isEmpty, toLine } from "../lines/draft.ts";

/** One item that is wanted, with what this form already holds of it. */
export interface Wanted {
  readonly item: string;
  readonly qty: number;
  readonly weight: number | null;
  /** What the ledger knows to be picked, this phone's pending work included. */
  readonly before: number;
  readonly drafted: number;
  /** A task may say which lot, from where and to where. */
  readonly lot: string;
  readonly from: string;
  readonly to: string;
}

const draftedOf = (lines: readonly DraftLine[], item: string): number =>
  lines.filter((line) => line.item === item).reduce((sum, line) => sum + line.qty, 0);

export const wantedOfOrder = (order: readonly OrderLine[], lines: readonly DraftLine[]): readonly Wanted[] =>
  order.map(({ item, qty, weight, picked, done }) => ({
    item,
    qty,
    weight,
    before: Math.max(picked, done),
    drafted: draftedOf(lines, item),
    lot: "",
    from: "",
    to: "",
  }));

export const wantedOfTask = (task: Row<"task">, lines: readonly DraftLine[]): readonly Wanted[] =>
  task.lines.map(([item, lot, from, to, qty, weight]) => ({
    item,
    qty,
    weight,
    before: task.done.filter((done) => done[0] === item).reduce((sum, done) => sum + done[2], 0),
    drafted: draftedOf(lines, item),
    lot,
    from,
    to,
  }));

export const leftOf = ({ qty, before, drafted }: Wanted): number => Math.max(0, qty - before - drafted);

/** A lot where it stands. */
export interface Standing {
  readonly item: string;
  readonly lot: string;
  readonly place: string;
  readonly q: number;
  readonly w: number;
  readonly held: string | null;
  readonly expiresOn: string | null;
  /** Promised to others; nothing where it is left out. */
  readonly others?: number;
  /** Promised to this phone, for this work. */
  readonly mine?: number;
}

const asBalance = ({ lot, q, w, held, expiresOn }: Standing): LotBalance => ({
  lot,
  // Grams of a mass item are its quantity; a catch-weight lot without pieces left is no lot to pick.
  qty: Math.max(q, q === 0 ? w : 0),
  expiresOn,
  held: held !== null,
});

/** The order of `domain/fefo.ts`, over places: ties by lot, then place, so that all phones agree. */
export const firstExpired = (standing: readonly Standing[], today: string): readonly Standing[] =>
  standing
    .filter((each) => isUsable(asBalance(each), today))
    .sort((a, b) => compareFefo(asBalance(a), asBalance(b)) || (a.place < b.place ? -1 : 1));

/** What still stands once the lines of this form are taken: nobody is sent twice to the same boxes. */
export const afterTaking = (
  standing: readonly Standing[],
  lines: readonly DraftLine[],
): readonly Standing[] =>
  standing.map((each) => {
    const taken = lines.filter(
      ({ item, lot, from }) => item === each.item && lot === each.lot && from === each.place,
    );
    return {
      ...each,
      q: taken.reduce((rest, { qty }) => rest - qty, each.q),
      mine: Math.max(
        0,
        taken.reduce((rest, { qty }) => rest - qty, each.mine ?? 0),
      ),
      w: taken.reduce((rest, { weight }) => rest - (weight ?? 0), each.w),
    };
  });

export interface Suggestion {
  readonly lot: string;
  readonly place: string;
  readonly qty: number;
}

/** What may be taken without breaking a promise: what is promised to this phone, and what to nobody. */
const openOf = ({ q, others = 0 }: Standing): number => Math.max(0, q - others);

/**
 * Which lots to take for what is left, in walking order; less than wanted when there is not enough. What is promised to
 * this phone goes before what is free: it was chosen by expiry when it was promised.
 */
export const suggest = (
  left: number,
  standing: readonly Standing[],
  today: string,
): readonly Suggestion[] => {
  let rest = left;
  const order = firstExpired(standing, today);
  const taken = new Map<Standing, number>();
  for (const most of [(each: Standing) => Math.min(each.mine ?? 0, openOf(each)), openOf]) {
    for (const each of order) {
      const before = taken.get(each) ?? 0;
      const some = Math.min(rest, most(each) - before);
      if (some <= 0) continue;
      taken.set(each, before + some);
      rest -= some;
    }
  }
  return order.flatMap((each) => {
    const qty = taken.get(each) ?? 0;
    return qty === 0 ? [] : [{ lot: each.lot, place: each.place, qty }];
  });
};

/** How much stands there that this phone must not count on, because others may. */
export const promisedAway = (standing: readonly Standing[]): number =>
  standing.reduce((sum, each) => sum + Math.min(Math.max(0, each.q), each.others ?? 0), 0);

/** A lot that should go before the one chosen, or null: the choice is told, never forbidden. */
export const sooner = (chosen: string, standing: readonly Standing[], today: string): string | null => {
  const order = firstExpired(standing, today);
  const own = standing.find(({ lot }) => lot === chosen);
  const first = order[0];
  if (first === undefined || first.lot === chosen || first.expiresOn === null) return null;
  return own?.expiresOn === null || own === undefined || first.expiresOn < own.expiresOn ? first.lot : null;
};

export const isExpired = (chosen: string, standing: readonly Standing[], today: string): boolean =>
  standing.some(({ lot, expiresOn }) => lot === chosen && expiresOn !== null && expiresOn < today);

export const pickFields = (
  order: string | null,
  task: string | null,
  lines: readonly DraftLine[],
): Draft<"pick"> => ({ order, task, lines: lines.filter((line) => !isEmpty(line)).map(toLine) });

/** Keys that this pick takes to zero or below: where the picker is asked whether the place is empty. */
export const emptied = (lines: readonly DraftLine[], standing: readonly Standing[]): readonly Standing[] =>
  standing.filter((key) => {
    const taken = lines
      .filter((line) => line.item === key.item && line.lot === key.lot && line.from === key.place)
      .reduce((sum, line) => sum + line.qty, 0);
    return taken > 0 && taken >= key.q;
  });

/** «It is empty» is an observation like any other: a count of zero. */
export const emptyCount = ({ item, lot, place }: Standing): Draft<"count"> => ({
  place,
  items: [item],
  complete: false,
  shown: true,
  lines: [{ item, lot, qty: 0, weight: null }],
});
