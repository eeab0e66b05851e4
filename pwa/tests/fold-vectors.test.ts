/** The corpus that the Python fold wrote: what a phone shows is the whole fold with its pending ops appended last. */
import { describe, expect, it } from "vitest";
import type { Value } from "../src/codec/msgpack.ts";
import { readBody } from "../src/domain/kinds.ts";
import { isPhysical } from "../src/domain/lowering.ts";
import { balanceKey, overlay, type PendingOp } from "../src/fold/overlay.ts";
import { overlayOrders, overlayTasks } from "../src/fold/progress.ts";
import { readRow } from "../src/sync/rows.ts";
import { type Plain, readVectors, unplain } from "./vectors.ts";

type BalanceRow = readonly [string, string, string, number, number, boolean];
interface Op {
  readonly kind: string;
  readonly body: Plain;
  readonly hash: string;
  readonly at: number;
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
  ops.map(({ kind, body, hash, at }) => {
    const read = readBody(kind, unplain(body) as readonly Value[]);
    if (read === null) throw new Error(`unknown kind ${kind}`);
    return { body: read, hash, at };
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

const rowsOf = <T extends "task" | "order">(table: T, rows: Table) =>
  new Map(Object.entries(rows).map(([key, value]) => [key, readRow(table, key, unplain(value))] as const));

describe("tasks and orders with pending work", () => {
  it.each(readVectors<Progress[]>("fold/progress.json"))("$name", ({ rows, pending, shown }) => {
    const ops = pendingOf(pending);
    const tasks = rowsOf("task", rows.task);
    const orders = rowsOf("order", rows.order);
    expect(new Map([...tasks, ...overlayTasks(tasks, ops)])).toStrictEqual(rowsOf("task", shown.task));
    expect(new Map([...orders, ...overlayOrders(orders, ops)])).toStrictEqual(rowsOf("order", shown.order));
  });
});
