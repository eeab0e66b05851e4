/** Balances grouped as people look for them: item, then lot, then place. Pure. */
import type { Balance } from "../../sync/rows.ts";

export interface LotStock {
  readonly lot: string;
  readonly q: number;
  readonly w: number;
  readonly places: readonly Balance[];
  readonly held: boolean;
}

export interface ItemStock {
  readonly item: string;
  readonly q: number;
  readonly w: number;
  readonly lots: readonly LotStock[];
  readonly held: boolean;
  /** Less than nothing stands somewhere. */
  readonly negative: boolean;
  readonly unconfirmed: boolean;
}

const isOurs = (place: string): boolean => !place.includes(":") || place.startsWith("lpn:");

const sum = (rows: readonly Balance[]): { readonly q: number; readonly w: number } => ({
  q: rows.reduce((total, { q }) => total + q, 0),
  w: rows.reduce((total, { w }) => total + w, 0),
});

const by = <T>(rows: readonly T[], keyOf: (row: T) => string): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
};

/** What stands in our own places; a balance of nothing is not stock, an unconfirmed zero is told with the others. */
export const stockOf = (balances: readonly Balance[]): readonly ItemStock[] => {
  const standing = balances.filter(({ place, q, w }) => isOurs(place) && (q !== 0 || w !== 0));
  return [...by(standing, ({ item }) => item)]
    .map(([item, rows]): ItemStock => {
      const lots = [...by(rows, ({ lot }) => lot)]
        .map(([lot, places]): LotStock => ({
          lot,
          ...sum(places),
          places,
          held: places.some(({ held }) => held !== null),
        }))
        .sort((a, b) => (a.lot < b.lot ? -1 : 1));
      return {
        item,
        ...sum(rows),
        lots,
        held: rows.some(({ held }) => held !== null),
        negative: rows.some(({ q, w }) => q < 0 || w < 0),
        unconfirmed: rows.some(({ unconfirmed }) => unconfirmed),
      };
    })
    .sort((a, b) => (a.item < b.item ? -1 : 1));
};

/** Goods that expire on `until` or before, as days. */
export const expiresBy = (expiresOn: string | null, until: string): boolean =>
  expiresOn !== null && expiresOn <= until;
