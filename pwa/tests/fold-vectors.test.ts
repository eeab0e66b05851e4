/** The corpus that the Python fold wrote: what a phone shows is the whole fold with its pending ops appended last. */
import { describe, expect, it } from "vitest";
import type { Value } from "../src/codec/msgpack.ts";
import { readBody } from "../src/domain/kinds.ts";
import { isPhysical } from "../src/domain/lowering.ts";
import { balanceKey, overlay, type PendingOp } from "../src/fold/overlay.ts";
import { lackingOf, overlayOrders, overlayTasks } from "../src/fold/progress.ts";
import { overlayLeases, promisedByKey } from "../src/fold/promises.ts";
import { readRow } from "../src/sync/rows.ts";
import { type Plain, readVectors, unplain } from "./vectors.ts";

type BalanceRow = readonly [string, string, string, number, number, boolean];
interface Op {
  readonly kind: string;
  readonly body: Plain;
  readonly hash: string;
  readonly at: number;
  readonly seen?: number;
}
interface Overlay {
  readonly name: string;
  readonly rows: readonly BalanceRow[];
  readonly pending: readonly Op[];
  readonly shown: readonly BalanceRow[];
}
type Table = Readonly<Record<string, Plain>>;
interface Progress {
  readonly name: string;
  readonly rows: { readonly task: Table; readonly order: Table };
  readonly pending: readonly Op[];
  readonly shown: { readonly task: Table; readonly order: Table };
}

const pendingOf = (ops: readonly Op[]): PendingOp[] =>
  ops.map(({ kind, body, hash, at, seen = 0 }) => {
    const read = readBody(kind, unplain(body) as readonly Value[]);
    if (read === null) throw new Error(`unknown kind ${kind}`);
    return { body: read, hash, at, seen };
  });

const quantities = (rows: readonly BalanceRow[]) =>
  new Map(
    rows.map(([item, lot, place, q, w, estimated]) => [balanceKey(item, lot, place), { q, w, estimated }]),
  );

/** Rows at zero say the same as no rows. */
const withoutZeros = (balances: ReadonlyMap<string, { q: number; w: number; estimated: boolean }>) =>
  Object.fromEntries(
    [...balances]
      .filter(([, { q, w }]) => q !== 0 || w !== 0)
      .map(([key, { q, w, estimated }]) => [key, { q, w, estimated }]),
  );

describe("balances with pending work", () => {
  it.each(readVectors<Overlay[]>("fold/overlay.json"))("$name", ({ rows, pending, shown }) => {
    const known = quantities(rows);
    const over = overlay({ keys: () => known.keys(), get: (key) => known.get(key) }, pendingOf(pending));
    const all = new Map(known);
    for (const [key, { q, w, estimated, place }] of over) {
      if (isPhysical(place)) all.set(key, { q, w, estimated });
    }
    expect(withoutZeros(all)).toStrictEqual(withoutZeros(quantities(shown)));
  });
});

const rowsOf = <T extends "task" | "order" | "lease" | "reservation" | "atp" | "balance">(
  table: T,
  rows: Table,
) => new Map(Object.entries(rows).map(([key, value]) => [key, readRow(table, key, unplain(value))] as const));

describe("tasks and orders with pending work", () => {
  it.each(readVectors<Progress[]>("fold/progress.json"))("$name", ({ rows, pending, shown }) => {
    const ops = pendingOf(pending);
    const tasks = rowsOf("task", rows.task);
    const orders = rowsOf("order", rows.order);
    expect(new Map([...tasks, ...overlayTasks(tasks, ops)])).toStrictEqual(rowsOf("task", shown.task));
    expect(new Map([...orders, ...overlayOrders(orders, ops)])).toStrictEqual(rowsOf("order", shown.order));
  });
});

interface Promises {
  readonly name: string;
  readonly device: string;
  readonly rows: Readonly<Record<"lease" | "reservation" | "atp" | "order" | "balance", Table>>;
  readonly pending: readonly Op[];
  readonly shown: { readonly lease: Readonly<Record<string, number>>; readonly atp: Table };
}

describe("leases and what is free, with pending work", () => {
  it.each(readVectors<Promises[]>("fold/promises.json"))("$name", ({ device, rows, pending, shown }) => {
    const ops = pendingOf(pending);
    const leases = [...rowsOf("lease", rows.lease).values()];
    const over = overlayLeases(leases, ops, device);
    const standing = leases.map((lease) => over.get(lease.index) ?? lease);
    const used = standing.filter((lease) => lease.device === device).map(({ index, used }) => [index, used]);
    expect(Object.fromEntries(used)).toStrictEqual(shown.lease);

    const known = rowsOf("balance", rows.balance);
    const balances = { keys: () => known.keys(), get: (key: string) => known.get(key) };
    const touched = overlay(balances, ops);
    const orders = rowsOf("order", rows.order);
    const allOrders = new Map([...orders, ...overlayOrders(orders, ops)]);
    const reservations = [...rowsOf("reservation", rows.reservation).values()];
    const found = promisedByKey({ leases: standing, reservations }, ops, (order, item) => {
      const row = allOrders.get(order);
      return row === undefined ? null : lackingOf(row, item);
    });
    const free = [...found].flatMap(([key, { leased, reserved }]) => {
      if (leased === 0 && reserved === 0) return [];
      const onHand = (touched.get(key) ?? known.get(key))?.q ?? 0;
      return [[key, [...key.split("\u001F"), leased, reserved, onHand - leased - reserved]] as const];
    });
    expect(Object.fromEntries(free)).toStrictEqual(shown.atp);
  });
});
