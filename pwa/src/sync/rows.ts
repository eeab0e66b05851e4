/**
 * The rows that come down, by table: docs/protocol/fold.md §5. A row is read when a screen first asks for its
 * table; one that does not fit is left out of lists, never guessed at.
 */
import type { Value } from "../codec/msgpack.ts";
import {
  anything,
  bool,
  entry,
  list,
  natural,
  nullable,
  optional,
  type Out,
  type Shape,
  struct,
  text,
  whole,
} from "../domain/shape.ts";

/** U+001F joins the parts of a key. */
export const SEPARATOR = "\u001F";

const word = text(0, 4096);
const wordOrNull = nullable(word);
const measure = nullable(whole);

/** An entity with attributes; the last effective value of each, and the names of those in conflict. */
const registerShape = struct({
  id: word,
  attributes: list(entry(word, anything)),
  conflicts: optional(list(word), []),
});

export const ROW_SHAPES = {
  item: registerShape,
  place: registerShape,
  partner: registerShape,
  person: registerShape,
  lot: registerShape,
  rule: registerShape,
  vehicle: registerShape,
  lpn: registerShape,
  balance: struct({
    item: word,
    lot: word,
    place: word,
    q: whole,
    w: whole,
    estimated: bool,
    base: nullable(entry(whole, whole, whole)),
    held: optional(wordOrNull, null),
  }),
  hold: struct({
    item: word,
    lot: word,
    /** place (null: everywhere), state, reason, index of the op, quantity, grams */
    causes: list(entry(wordOrNull, word, word, natural, whole, whole)),
  }),
  variance: struct({
    countIndex: natural,
    item: word,
    lot: word,
    place: word,
    expectedQ: whole,
    expectedW: whole,
    countedQ: whole,
    countedW: whole,
    dq: whole,
    dw: whole,
    o: whole,
    contestedBy: list(natural),
    /** index of a movement that was uploaded after the count, quantity, grams */
    lateCauses: list(entry(natural, whole, whole)),
    approved: optional(anything, null),
    countDot: optional(anything, null),
  }),
  order: struct({
    id: word,
    partner: word,
    side: word,
    dueOn: word,
    /** item, ordered, ordered grams, then what was picked and what was received or delivered */
    lines: list(list(anything)),
    state: word,
  }),
  task: struct({
    id: word,
    work: word,
    assignee: wordOrNull,
    order: wordOrNull,
    /** item, lot, from, to, quantity, grams */
    lines: list(entry(word, word, word, word, natural, measure)),
    /** item, lot, quantity, grams */
    done: list(entry(word, word, whole, whole)),
    place: wordOrNull,
    state: word,
  }),
  /** Stock that a device may count on: fold.md §7. `used` includes this phone's pending work. */
  lease: struct({
    index: natural,
    device: word,
    item: word,
    lot: word,
    place: word,
    qty: natural,
    used: natural,
    untilMs: whole,
    state: word,
    task: wordOrNull,
    order: wordOrNull,
    /** index of the op that used it, quantity */
    uses: list(entry(natural, natural)),
    /** index and device of the leases whose silent holders may have taken it */
    doubts: list(entry(natural, word)),
    /** Leaf hash of the op that asked for it. */
    asked: wordOrNull,
    o: whole,
    recalledAt: optional(nullable(natural), null),
    /** Index of the op that asked for it. */
    forIndex: optional(nullable(natural), null),
  }),
  reservation: struct({
    index: natural,
    order: wordOrNull,
    item: word,
    lot: word,
    place: word,
    qty: natural,
    taken: natural,
    left: natural,
    untilMs: whole,
    device: wordOrNull,
    hash: word,
  }),
  /** Where something is promised: what devices hold, what is reserved beyond that, and what is free. */
  atp: struct({ item: word, lot: word, place: word, leased: whole, reserved: whole, free: whole }),
  price: struct({
    item: word,
    partner: wordOrNull,
    side: word,
    unitPrice: natural,
    unit: word,
    fromOn: word,
  }),
  statement: struct({ partner: word, payableFen: whole, receivableFen: whole, lines: list(list(anything)) }),
  device: struct({ id: word, name: word, person: wordOrNull, purpose: word, o: optional(whole, 0) }),
  grant: struct({
    person: word,
    role: word,
    places: nullable(list(word)),
    fromMs: measure,
    untilMs: measure,
    index: optional(natural, 0),
  }),
  session: struct({
    id: word,
    person: word,
    expiresMs: whole,
    assurance: word,
    device: word,
    o: optional(whole, 0),
  }),
  exception: struct({
    id: word,
    code: word,
    facts: list(anything),
    ops: list(natural),
    owner: word,
    openedO: whole,
    deadlineMs: whole,
    state: word,
    closedBy: optional(anything, null),
  }),
  /** An exception that ended by itself: `closedAt` is an index of the log. */
  past_exception: struct({
    id: word,
    code: word,
    facts: list(anything),
    ops: list(natural),
    owner: word,
    openedO: whole,
    closedAt: natural,
  }),
  verdict: struct({
    epoch: natural,
    seq: natural,
    index: natural,
    verdict: word,
    code: word,
    hash: optional(anything, null),
    /** Why it was refused: names and integers, by its code. */
    facts: optional(list(anything), []),
  }),
} as const;

export type Table = keyof typeof ROW_SHAPES;
type RowOf<T extends Table> = Out<(typeof ROW_SHAPES)[T]>;

/** An entity as screens use it: attributes by name. */
export interface Register {
  readonly id: string;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly conflicts: readonly string[];
}

/** A balance as shown: the row at the cursor, with this phone's own pending work on top. */
export interface Balance extends RowOf<"balance"> {
  /** A count of this phone's that has no verdict yet set what is shown. */
  readonly unconfirmed: boolean;
  /** Pending work of this phone is part of what is shown. */
  readonly pending: boolean;
}

type RegisterTable = "item" | "place" | "partner" | "person" | "lot" | "rule" | "vehicle" | "lpn";

/** What `ledger.rows(table)` lists. `key` is the row's own; a lot's is `item␟lot`. */
export type Row<T extends Table> = { readonly key: string } & (T extends RegisterTable
  ? Register
  : T extends "balance"
    ? Balance
    : RowOf<T>);

const REGISTERS: ReadonlySet<string> = new Set([
  "item",
  "place",
  "partner",
  "person",
  "lot",
  "rule",
  "vehicle",
  "lpn",
]);

export const isTable = (table: string): table is Table => Object.hasOwn(ROW_SHAPES, table);

/** A row of any table but balance, typed. Throws `Misfit`. */
export const readRow = <T extends Table>(table: T, key: string, value: Value): Row<T> => {
  const shape = ROW_SHAPES[table] as Shape<unknown>;
  const read = shape.read(value) as Record<string, unknown>;
  if (!REGISTERS.has(table)) return { key, ...read } as Row<T>;
  return {
    key,
    ...read,
    attributes: Object.fromEntries(read["attributes"] as readonly (readonly [string, Value])[]),
  } as unknown as Row<T>;
};
