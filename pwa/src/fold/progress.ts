/**
 * How far tasks and orders have come, with this phone's own pending work: rows at the cursor ⊕ pending ops.
 *
 * Twin of the sums in `sync_engine/fold/derive_documents.py`; corpus: `tests/vectors/fold/progress.json`.
 */
import type { Value } from "../codec/msgpack.ts";
import type { Line } from "../domain/kinds.ts";
import { type PendingOp, standing } from "./pending.ts";

/** As in the row: item, lot, quantity, grams. */
export type Done = readonly [item: string, lot: string, q: number, w: number];
type Wanted = readonly [string, string, string, string, number, number | null];

export interface TaskRow {
  readonly id: string;
  readonly lines: readonly Wanted[];
  readonly done: readonly Done[];
  readonly state: string;
}

/** As in the row: item, ordered, ordered grams, picked, picked grams, received or delivered, its grams. */
type OrderLine = readonly Value[];

export interface OrderRow {
  readonly id: string;
  readonly lines: readonly OrderLine[];
  readonly state: string;
}

const SEPARATOR = "\u001F";

const isMet = (task: TaskRow, done: readonly Done[]): boolean => {
  if (task.lines.length === 0) return false;
  const wanted = new Map<string, number>();
  for (const [item, , , , q] of task.lines) wanted.set(item, (wanted.get(item) ?? 0) + q);
  const came = new Map<string, number>();
  for (const [item, , q] of done) came.set(item, (came.get(item) ?? 0) + q);
  return [...wanted].every(([item, q]) => (came.get(item) ?? 0) >= q);
};

const byItemAndLot = (a: Done, b: Done): number =>
  a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0;

const withLines = (done: readonly Done[], lines: readonly Line[]): readonly Done[] => {
  const sums = new Map(done.map((one) => [`${one[0]}${SEPARATOR}${one[1]}`, one]));
  for (const { item, lot, qty, weight } of lines) {
    const key = `${item}${SEPARATOR}${lot}`;
    const [, , q, w] = sums.get(key) ?? [item, lot, 0, 0];
    sums.set(key, [item, lot, q + qty, w + (weight ?? 0)]);
  }
  return [...sums.values()].sort(byItemAndLot);
};

/** The tasks that pending work went on with, as they are to be shown. A count finishes its task. */
export const overlayTasks = <T extends TaskRow>(
  rows: { readonly get: (id: string) => T | undefined },
  pending: readonly PendingOp[],
): ReadonlyMap<string, T> => {
  const shown = new Map<string, T>();
  for (const { body } of standing(pending)) {
    if (body.kind !== "pick" && body.kind !== "move" && body.kind !== "count") continue;
    const id = body.fields.task;
    const task = id === null ? undefined : (shown.get(id) ?? rows.get(id));
    if (id === null || task === undefined) continue;
    const done = body.kind === "count" ? task.done : withLines(task.done, body.fields.lines);
    const isDone = task.state === "done" || body.kind === "count" || isMet(task, done);
    shown.set(id, { ...task, done, state: isDone ? "done" : "open" });
  }
  return shown;
};

const sumsOf = (lines: readonly Line[]): ReadonlyMap<string, readonly [number, number]> => {
  const sums = new Map<string, readonly [number, number]>();
  for (const { item, qty, weight } of lines) {
    const [q, w] = sums.get(item) ?? [0, 0];
    sums.set(item, [q + qty, w + (weight ?? 0)]);
  }
  return sums;
};

const [ORDERED, PICKED, CAME] = [1, 3, 5];
const number = (value: Value | undefined): number => (typeof value === "number" ? value : 0);

const withSums = (
  line: OrderLine,
  sums: ReadonlyMap<string, readonly [number, number]>,
  column: number,
): OrderLine => {
  const sum = typeof line[0] === "string" ? sums.get(line[0]) : undefined;
  if (sum === undefined) return line;
  return line.map((value, i) =>
    i === column || i === column + 1 ? number(value) + (i === column ? sum[0] : sum[1]) : value,
  );
};

/** The orders that pending work went on with, as they are to be shown. */
export const overlayOrders = <T extends OrderRow>(
  rows: { readonly get: (id: string) => T | undefined },
  pending: readonly PendingOp[],
): ReadonlyMap<string, T> => {
  const shown = new Map<string, T>();
  for (const { body } of standing(pending)) {
    if (body.kind !== "pick" && body.kind !== "receive" && body.kind !== "deliver") continue;
    const id = body.fields.order;
    const order = id === null ? undefined : (shown.get(id) ?? rows.get(id));
    if (id === null || order === undefined) continue;
    const sums = sumsOf(body.fields.lines);
    const isPick = body.kind === "pick";
    const lines = order.lines.map((line) => withSums(line, sums, isPick ? PICKED : CAME));
    const isAll = body.kind === "receive" && body.fields.complete;
    const isDone =
      order.state === "done" || isAll || lines.every((line) => number(line[CAME]) >= number(line[ORDERED]));
    shown.set(id, { ...order, lines, state: isDone ? "done" : "open" });
  }
  return shown;
};

/** How much of an item is still to be picked for an order, 0 when it is done. Twin of `OrderNow.left`. */
export const lackingOf = (order: OrderRow, item: string): number => {
  if (order.state === "done") return 0;
  const lines = order.lines.filter((line) => line[0] === item);
  const wanted = lines.reduce((sum, line) => sum + number(line[ORDERED]), 0);
  const [first = []] = lines;
  return Math.max(0, wanted - Math.max(number(first[PICKED]), number(first[CAME])));
};
