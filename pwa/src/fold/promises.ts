/**
 * What is promised of stock, with this phone's own pending work: lease and reservation rows ⊕ pending ops (fold.md §7).
 *
 * Twin of `sync_engine/fold/promises.py`; corpus: `tests/vectors/fold/promises.json`. Time is not of this fold: whether
 * a promise still stands by this phone's clock is asked of the clock.
 */
import type { Body, Line } from "../domain/kinds.ts";
import { isPhysical } from "../domain/lowering.ts";
import { type PendingOp, standing } from "./pending.ts";

export interface LeaseRow {
  readonly index: number;
  readonly device: string;
  readonly item: string;
  readonly lot: string;
  readonly place: string;
  readonly qty: number;
  readonly used: number;
  readonly untilMs: number;
  readonly state: string;
  readonly task: string | null;
  readonly order: string | null;
  readonly recalledAt: number | null;
  readonly forIndex: number | null;
}

export interface ReservationRow {
  readonly index: number;
  readonly order: string | null;
  readonly item: string;
  readonly lot: string;
  readonly place: string;
  readonly qty: number;
  readonly taken: number;
  readonly left: number;
}

/** What a key's promises come to. */
export interface Promised {
  readonly leased: number;
  readonly reserved: number;
  /** Order → what is reserved for it beyond what devices hold for it. */
  readonly forOrder: ReadonlyMap<string, number>;
}

interface Take {
  readonly key: string;
  readonly qty: number;
  readonly order: string | null;
  readonly task: string | null;
  readonly seen: number;
}

const SEPARATOR = "\u001F";
const keyOf = ({ item, lot, place }: { item: string; lot: string; place: string }): string =>
  [item, lot, place].join(SEPARATOR);

/** What uses a promise up; whatever else takes stock away breaks promises instead. */
const linesTaken = (
  body: Body,
): {
  readonly lines: readonly Line[];
  readonly order: string | null;
  readonly task: string | null;
} | null => {
  switch (body.kind) {
    case "pick":
      return { lines: body.fields.lines, order: body.fields.order, task: body.fields.task };
    case "ship":
    case "deliver":
      return { lines: body.fields.lines, order: body.fields.order, task: null };
    case "move":
      return body.fields.task === null
        ? null
        : { lines: body.fields.lines, order: null, task: body.fields.task };
    default:
      return null;
  }
};

const takesOf = (pending: readonly PendingOp[]): readonly Take[] =>
  standing(pending).flatMap(({ body, seen = 0 }) => {
    const taken = linesTaken(body);
    if (taken === null) return [];
    const { lines, order, task } = taken;
    return lines
      .filter(({ qty, from }) => qty > 0 && isPhysical(from))
      .map(({ item, lot, from, qty }) => ({
        key: keyOf({ item, lot, place: from }),
        qty,
        order,
        task,
        seen,
      }));
  });

/** Whether it was taken under the lease: for what that was given for, and before its end was known here. */
const isUnder = (take: Take, lease: LeaseRow): boolean => {
  if (lease.recalledAt !== null && lease.recalledAt < take.seen) return false;
  if (lease.task !== null && take.task !== null) return lease.task === take.task;
  if (lease.order !== null && take.order !== null) return lease.order === take.order;
  return take.task === null && take.order === null && lease.index < take.seen;
};

/** This device's leases that pending work used, as they are to be shown. */
export const overlayLeases = <T extends LeaseRow>(
  rows: readonly T[],
  pending: readonly PendingOp[],
  device: string,
): ReadonlyMap<number, T> => {
  const used = new Map<number, T>();
  const own = rows
    .filter((lease) => lease.device === device)
    .sort((a, b) => a.untilMs - b.untilMs || a.index - b.index);
  if (own.length === 0) return used;
  for (const take of takesOf(pending)) {
    let rest = take.qty;
    for (const row of own) {
      const lease = used.get(row.index) ?? row;
      if (keyOf(lease) !== take.key || !isUnder(take, lease)) continue;
      const some = Math.min(rest, lease.qty - lease.used);
      if (some <= 0) continue;
      rest -= some;
      used.set(row.index, { ...lease, used: lease.used + some });
    }
  }
  return used;
};

const ORDER = "order ";
const purposeOf = (order: string | null, index: number | null): string =>
  order === null ? `op ${String(index)}` : `${ORDER}${order}`;

/** What a lease keeps from others. */
export const promisedBy = ({ state, qty, used }: LeaseRow): number =>
  state === "live" || state === "recalled" ? Math.max(0, qty - used) : 0;

/** What the reservations still promise: for each, and together never more of an item than its order lacks. */
const reservationsLeft = (
  rows: readonly ReservationRow[],
  leases: readonly LeaseRow[],
  pending: readonly PendingOp[],
  lacks: (order: string, item: string) => number | null,
): readonly (readonly [ReservationRow, number])[] => {
  const takes = takesOf(pending).map((take) => ({ ...take, rest: take.qty }));
  const lacking = new Map<string, number>();
  return [...rows]
    .sort((a, b) => a.index - b.index || (keyOf(a) < keyOf(b) ? -1 : 1))
    .map((row) => {
      if (row.order === null) {
        // A reservation for a device: what its lease used up.
        const used = leases
          .filter((lease) => lease.forIndex === row.index && keyOf(lease) === keyOf(row))
          .reduce((sum, lease) => sum + lease.used, 0);
        return [row, Math.max(0, Math.min(row.left, row.qty - used))] as const;
      }
      let raw = row.qty - row.taken;
      for (const take of takes) {
        if (take.order !== row.order || take.key !== keyOf(row)) continue;
        const some = Math.min(take.rest, raw);
        take.rest -= some;
        raw -= some;
      }
      const name = `${row.order}${SEPARATOR}${row.item}`;
      const most = lacking.get(name) ?? lacks(row.order, row.item);
      const left = Math.max(0, most === null ? raw : Math.min(raw, most));
      if (most !== null) lacking.set(name, most - left);
      return [row, left] as const;
    });
};

/**
 * Key → what is promised of it, for every key of which anything is. `leases` are shown with pending work already;
 * `lacks` says how much an order still lacks of an item, null where the order is not known.
 */
export const promisedByKey = (
  {
    leases,
    reservations,
  }: { readonly leases: readonly LeaseRow[]; readonly reservations: readonly ReservationRow[] },
  pending: readonly PendingOp[],
  lacks: (order: string, item: string) => number | null,
): ReadonlyMap<string, Promised> => {
  const leased = new Map<string, number>();
  /** Key and purpose → what is leased for it: it is part of what is reserved for the same. */
  const forPurpose = new Map<string, number>();
  const add = (sums: Map<string, number>, key: string, qty: number): void => {
    sums.set(key, (sums.get(key) ?? 0) + qty);
  };
  for (const lease of leases) {
    add(leased, keyOf(lease), promisedBy(lease));
    add(
      forPurpose,
      [keyOf(lease), purposeOf(lease.order, lease.forIndex)].join(SEPARATOR),
      promisedBy(lease),
    );
  }
  const reserved = new Map<string, number>();
  for (const [row, left] of reservationsLeft(reservations, leases, pending, lacks)) {
    add(reserved, [keyOf(row), purposeOf(row.order, row.index)].join(SEPARATOR), left);
  }
  const beyond = new Map<string, number>();
  const forOrder = new Map<string, Map<string, number>>();
  for (const [name, qty] of reserved) {
    const [item = "", lot = "", place = "", purpose = ""] = name.split(SEPARATOR);
    const key = keyOf({ item, lot, place });
    const some = Math.max(0, qty - (forPurpose.get(name) ?? 0));
    add(beyond, key, some);
    if (purpose.startsWith(ORDER)) {
      const orders = forOrder.get(key) ?? new Map<string, number>();
      forOrder.set(key, orders.set(purpose.slice(ORDER.length), some));
    }
  }
  return new Map(
    [...new Set([...leased.keys(), ...beyond.keys()])].map((key) => [
      key,
      {
        leased: leased.get(key) ?? 0,
        reserved: beyond.get(key) ?? 0,
        forOrder: forOrder.get(key) ?? new Map<string, number>(),
      },
    ]),
  );
};
