/** Orders and tasks as work that is left: what to pick, what to deliver, what to count. Pure. */
import type { Row } from "../sync/rows.ts";

export interface OrderLine {
  readonly item: string;
  readonly qty: number;
  readonly weight: number | null;
  readonly picked: number;
  readonly pickedWeight: number;
  /** Received or delivered. */
  readonly done: number;
  readonly doneWeight: number;
  /** What the server has promised to the order, of what is still to be picked. */
  readonly reserved: number;
}

const wholeAt = (line: readonly unknown[], index: number): number => {
  const value = line[index];
  return typeof value === "number" ? value : 0;
};

export const orderLines = (order: Row<"order">): readonly OrderLine[] =>
  order.lines.map((line) => ({
    item: typeof line[0] === "string" ? line[0] : "",
    qty: wholeAt(line, 1),
    weight: typeof line[2] === "number" ? line[2] : null,
    picked: wholeAt(line, 3),
    pickedWeight: wholeAt(line, 4),
    done: wholeAt(line, 5),
    doneWeight: wholeAt(line, 6),
    reserved: wholeAt(line, 7),
  }));

/** What nobody knows where to take from: neither picked nor promised to the order. */
export const shortOf = ({ qty, picked, done, reserved }: OrderLine): number =>
  Math.max(0, qty - Math.max(picked, done) - reserved);

const sum = (lines: readonly OrderLine[], of: (line: OrderLine) => number): number =>
  lines.reduce((total, line) => total + of(line), 0);

export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** Lines, not pieces: boxes and grams do not add up. */
export const pickProgress = (lines: readonly OrderLine[]): Progress => ({
  done: lines.filter(({ picked, done, qty }) => Math.max(picked, done) >= qty).length,
  total: lines.length,
});

const byDue = (a: Row<"order">, b: Row<"order">): number =>
  a.dueOn.localeCompare(b.dueOn) || a.id.localeCompare(b.id);

export const isOpen = (order: Row<"order">): boolean => order.state !== "done" && order.state !== "cancelled";

/** Sales that are not wholly picked, the most urgent first. */
export const ordersToPick = (orders: readonly Row<"order">[]): readonly Row<"order">[] =>
  orders
    .filter((order) => order.side === "sell" && isOpen(order))
    .filter((order) => orderLines(order).some(({ qty, picked, done }) => Math.max(picked, done) < qty))
    .sort(byDue);

/** Sales of which something is picked and not yet delivered: the stops of a driver. */
export const stopsOf = (orders: readonly Row<"order">[]): readonly Row<"order">[] =>
  orders
    .filter((order) => order.side === "sell" && isOpen(order))
    .filter(
      (order) => sum(orderLines(order), ({ picked }) => picked) > sum(orderLines(order), ({ done }) => done),
    )
    .sort(byDue);

export const ordersToReceive = (orders: readonly Row<"order">[]): readonly Row<"order">[] =>
  orders.filter((order) => order.side === "buy" && isOpen(order)).sort(byDue);

/** Open tasks that are this person's or nobody's; one's own come first. */
export const tasksFor = (tasks: readonly Row<"task">[], person: string): readonly Row<"task">[] =>
  tasks
    .filter(
      ({ state, assignee }) =>
        state === "open" && (assignee === null || assignee === "" || assignee === person),
    )
    .sort(
      (a, b) => Number(b.assignee === person) - Number(a.assignee === person) || a.id.localeCompare(b.id),
    );
