/** What is promised of stock, as this phone shows it: rows ⊕ its own pending work (fold/promises.ts), and by its clock. */
import { type ReadonlySignal, computed } from "@preact/signals";
import { lackingOf } from "../fold/progress.ts";
import { type LeaseRow, type Promised, overlayLeases, promisedBy, promisedByKey } from "../fold/promises.ts";
import type { PendingOp } from "../fold/pending.ts";
import type { Ledger, OutboxItem } from "../sync/ledger-types.ts";
import { type Row, SEPARATOR } from "../sync/rows.ts";

export interface Key {
  readonly item: string;
  readonly lot: string;
  readonly place: string;
}

/** For what work: a task, an order, or anything. */
export interface Purpose {
  readonly task: string | null;
  readonly order: string | null;
}

export const ANY_PURPOSE: Purpose = { task: null, order: null };

export interface Promises {
  /** Everybody's leases that this phone knows of, its own with its pending work. */
  readonly leases: readonly Row<"lease">[];
  readonly own: readonly Row<"lease">[];
  /** What others may count on, of what stands at a key, when this phone does some work. */
  readonly others: (key: Key, purpose: Purpose) => number;
  /** What this phone may count on for some work, whatever its clock says. */
  readonly mine: (key: Key, purpose: Purpose) => number;
  /** What is reserved for an order beyond what phones hold for it. */
  readonly reservedFor: (key: Key, purpose: Purpose) => number;
  /** What nobody was promised, of so much on hand. */
  readonly free: (key: Key, onHand: number) => number;
  readonly isPromised: (key: Key) => boolean;
}

const nameOf = ({ item, lot, place }: Key): string => [item, lot, place].join(SEPARATOR);

const pendingOf = (outbox: readonly OutboxItem[]): readonly PendingOp[] =>
  outbox
    .flatMap(({ stage, body, ref, at, seen }) =>
      stage === "settled" || body === null ? [] : [{ body, hash: ref.hash, at, seen }],
    )
    .reverse();

/** Whether a lease is for this work: an order's own leases are for each of its tasks. */
export const isFor = (lease: LeaseRow, { task, order }: Purpose): boolean => {
  if (lease.task === null && lease.order === null) return true;
  return (task !== null && lease.task === task) || (order !== null && lease.order === order);
};

const read = (ledger: Ledger): Promises => {
  const pending = pendingOf(ledger.outbox().value);
  const device = ledger.state.device.value?.id ?? "";
  const rows = ledger.rows("lease").value;
  const over = overlayLeases(rows, pending, device);
  const leases = over.size === 0 ? rows : rows.map((lease) => over.get(lease.index) ?? lease);
  const reservations = ledger.rows("reservation").value;
  const promised: ReadonlyMap<string, Promised> =
    leases.length + reservations.length === 0
      ? new Map()
      : promisedByKey({ leases, reservations }, pending, (order, item) => {
          const row = ledger.row("order", order).value;
          return row === null ? null : lackingOf(row, item);
        });
  const own = leases.filter((lease) => lease.device === device);
  const sumOf = (key: Key): number => {
    const found = promised.get(nameOf(key));
    return found === undefined ? 0 : found.leased + found.reserved;
  };
  /** What is reserved for an order is for whoever works on it. */
  const reservedFor = (key: Key, { order }: Purpose): number =>
    order === null ? 0 : (promised.get(nameOf(key))?.forOrder.get(order) ?? 0);
  /** A lease that this phone no longer trusts is promised to somebody else, for all it knows. */
  const stands = (lease: LeaseRow): boolean => lease.state === "live" && ledger.standsUntil(lease.untilMs);
  const at = (key: Key) => (lease: LeaseRow) => nameOf(lease) === nameOf(key);
  const total = (found: readonly LeaseRow[]): number =>
    found.reduce((sum, lease) => sum + promisedBy(lease), 0);
  return {
    leases,
    own,
    others: (key, purpose) =>
      Math.max(0, sumOf(key) - total(own.filter(at(key)).filter(stands)) - reservedFor(key, purpose)),
    mine: (key, purpose) =>
      total(own.filter((lease) => at(key)(lease) && stands(lease) && isFor(lease, purpose))) +
      reservedFor(key, purpose),
    reservedFor,
    free: (key, onHand) => onHand - sumOf(key),
    isPromised: (key) => sumOf(key) > 0,
  };
};

const known = new WeakMap<Ledger, ReadonlySignal<Promises>>();

export const promisesOf = (ledger: Ledger): ReadonlySignal<Promises> => {
  let promises = known.get(ledger);
  if (promises === undefined) known.set(ledger, (promises = computed(() => read(ledger))));
  return promises;
};

/** How a lease of this phone's own stands, in one word for the screen. */
export type OwnState = "stands" | "recalled" | "lapsed";

export const ownState = (ledger: Ledger, lease: LeaseRow): OwnState => {
  if (lease.state === "recalled") return "recalled";
  return lease.state === "live" && ledger.standsUntil(lease.untilMs) ? "stands" : "lapsed";
};
