/**
 * What screens see, as signals over the ledger's memory: rows at the cursor ⊕ this phone's pending work. Each is
 * computed when a screen reads it and something it shows has changed; an untouched table costs nothing.
 */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { isEqual, toHex } from "../codec/bytes.ts";
import type { Value } from "../codec/msgpack.ts";
import { type Body, readBody } from "../domain/kinds.ts";
import { isMisfit } from "../domain/shape.ts";
import { type BalanceRows, type Overlaid, overlay, type PendingOp } from "../fold/overlay.ts";
import { overlayOrders, overlayTasks } from "../fold/progress.ts";
import type { OutboxItem } from "./ledger-types.ts";
import type { KeyedRows } from "./layered-rows.ts";
import { emptyMemory, type EvidenceProblem, type FrameProblem, type Memory } from "./memory.ts";
import { type Epoch, isSettled, type Recorded } from "./outbox.ts";
import { type Balance, readRow, type Row, SEPARATOR, type Table } from "./rows.ts";

export interface Shown {
  /** The memory as of now; everything else follows from it. */
  readonly memory: ReadonlySignal<Memory>;
  readonly show: (memory: Memory) => void;
  readonly rows: <T extends Table>(table: T) => ReadonlySignal<readonly Row<T>[]>;
  readonly row: <T extends Table>(table: T, key: string) => ReadonlySignal<Row<T> | null>;
  readonly untyped: (
    table: string,
  ) => ReadonlySignal<readonly { readonly key: string; readonly value: Value }[]>;
  readonly outbox: ReadonlySignal<readonly OutboxItem[]>;
}

type Keyed = KeyedRows;
const NO_ROWS: Keyed = new Map<string, Value>();

/** A body is read once: null when this version cannot. */
const bodies = new WeakMap<Recorded, { readonly body: Body | null }>();
const bodyOf = (entry: Recorded): Body | null => {
  let known = bodies.get(entry);
  if (known === undefined) bodies.set(entry, (known = { body: readable(entry) }));
  return known.body;
};
const readable = ({ op }: Recorded): Body | null => {
  try {
    return readBody(op.kind, op.body);
  } catch (error) {
    if (isMisfit(error)) return null;
    throw error;
  }
};

/** A row is read once, however often its table changes around it: its value keeps its identity. */
const readRows = new WeakMap<object, Row<Table> | null>();
const typed = (table: Table, key: string, value: Value): Row<Table> | null => {
  if (value === null || typeof value !== "object") return null;
  let row = readRows.get(value);
  if (row === undefined) readRows.set(value, (row = fitting(table, key, value)));
  return row;
};
const fitting = (table: Table, key: string, value: Value): Row<Table> | null => {
  try {
    return readRow(table, key, value);
  } catch (error) {
    if (isMisfit(error)) return null;
    throw error;
  }
};

export const openShown = (): Shown => {
  const memory = signal(emptyMemory());
  const tables = new Map<string, ReadonlySignal<Keyed>>();
  const lists = new Map<Table, ReadonlySignal<readonly Row<Table>[]>>();
  const indexes = new Map<Table, ReadonlySignal<ReadonlyMap<string, Row<Table>>>>();

  /** Rows of one table over all buckets: the same exception stands in several. */
  const keyed = (table: string): ReadonlySignal<Keyed> => {
    const known = tables.get(table);
    if (known !== undefined) return known;
    const buckets = computed(() => memory.value.rows.get(table));
    const made = computed((): Keyed => {
      const all = [...(buckets.value ?? new Map<string, Keyed>()).values()];
      if (all.length <= 1) return all[0] ?? NO_ROWS;
      return new Map(all.flatMap((keys) => [...keys]));
    });
    tables.set(table, made);
    return made;
  };

  const rulings = keyed("verdict");
  const verdicts = computed(() => rulingsByDot(rulings.value));

  let lastPending: readonly PendingOp[] = [];
  const pending = computed((): readonly PendingOp[] => {
    const ops = pendingOps(memory.value, verdicts.value);
    const isSame =
      ops.length === lastPending.length && ops.every((op, i) => op.body === lastPending[i]?.body);
    if (!isSame) lastPending = ops;
    return lastPending;
  });

  const plain = (table: Table): ReadonlySignal<readonly Row<Table>[]> =>
    computed(() => [...keyed(table).value].flatMap(([key, value]) => typed(table, key, value) ?? []));

  const balances = (): ReadonlySignal<readonly Row<Table>[]> => {
    const below = plain("balance");
    // Work changes many times an hour, rows once in a while: their index outlives it.
    const settled = computed(() => settledRows(below.value as unknown as readonly Row<"balance">[]));
    return computed(() => withPending(settled.value, pending.value));
  };

  /** Tasks and orders that this phone's pending work went on with are shown as far as it got. */
  const progress = (table: "task" | "order"): ReadonlySignal<readonly Row<Table>[]> => {
    const below = plain(table);
    const byId = computed(() => new Map(below.value.map((row) => [row.key, row])));
    return computed(() => {
      if (pending.value.length === 0) return below.value;
      const over =
        table === "task"
          ? overlayTasks(as<"task">(byId.value), pending.value)
          : overlayOrders(as<"order">(byId.value), pending.value);
      return over.size === 0 ? below.value : below.value.map((row) => over.get(row.key) ?? row);
    });
  };

  const made = (table: Table): ReadonlySignal<readonly Row<Table>[]> => {
    if (table === "balance") return balances();
    return table === "task" || table === "order" ? progress(table) : plain(table);
  };

  const list = (table: Table): ReadonlySignal<readonly Row<Table>[]> => {
    let known = lists.get(table);
    if (known === undefined) lists.set(table, (known = made(table)));
    return known;
  };

  const index = (table: Table): ReadonlySignal<ReadonlyMap<string, Row<Table>>> => {
    let made = indexes.get(table);
    if (made === undefined) {
      const rows = list(table);
      indexes.set(table, (made = computed(() => new Map(rows.value.map((row) => [row.key, row])))));
    }
    return made;
  };

  return {
    memory,
    show: (now) => {
      memory.value = now;
    },
    rows: <T extends Table>(table: T) => list(table) as unknown as ReadonlySignal<readonly Row<T>[]>,
    row: <T extends Table>(table: T, key: string) => {
      const rows = index(table);
      return computed(() => (rows.value.get(key) as unknown as Row<T> | undefined) ?? null);
    },
    untyped: (table) => {
      const rows = keyed(table);
      return computed(() => [...rows.value].map(([key, value]) => ({ key, value })));
    },
    outbox: computed(() => outboxItems(memory.value, verdicts.value)),
  };
};

/**
 * Whether an op has its verdict. The server's ranges speak of dots, which the branches of a fork share: where the other
 * branch's op is still deferred, the row with this op's hash tells.
 */
const hasVerdict = (epoch: Epoch, entry: Recorded, rulings: Rulings): boolean =>
  isSettled(epoch, entry.op.seq) ||
  (rulings.get(dotKey(epoch.number, entry.op.seq)) ?? []).some(
    ({ hash, verdict }) => hash !== null && verdict !== DEFERRED && isEqual(hash, entry.hash),
  );

/** Own ops without a verdict in the rows, in the order in which they were made. */
const pendingOps = ({ phone }: Memory, rulings: Rulings): readonly PendingOp[] =>
  (phone?.epochs ?? []).flatMap((epoch) =>
    epoch.entries.flatMap((entry) => {
      if (hasVerdict(epoch, entry, rulings)) return [];
      const body = bodyOf(entry);
      return body === null ? [] : [{ body, hash: toHex(entry.hash), at: entry.op.at }];
    }),
  );

const shownAs = (
  row: Row<"balance"> | undefined,
  key: string,
  over: Overlaid,
): Balance & { key: string } => ({
  ...(row ?? { base: null, held: null }),
  key,
  item: over.item,
  lot: over.lot,
  place: over.place,
  q: over.q,
  w: over.w,
  estimated: over.estimated,
  unconfirmed: over.unconfirmed,
  pending: true,
});

/** Rows of a table are those of its name; the lists above hold any. */
const as = <T extends Table>(rows: ReadonlyMap<string, Row<Table>>): ReadonlyMap<string, Row<T>> =>
  rows as unknown as ReadonlyMap<string, Row<T>>;

/** Balances without pending work on them, in order and by key. */
interface Settled {
  readonly list: readonly Row<"balance">[];
  readonly byKey: ReadonlyMap<string, Row<"balance">>;
  /** The same, for the overlay: one object as long as the rows are the same, because it keeps an index of it. */
  readonly rows: BalanceRows;
}

/** A row without pending work on it, made once. */
const settledRow = new WeakMap<object, Row<"balance">>();
const settledRows = (rows: readonly Row<"balance">[]): Settled => {
  const list = rows.map((row) => {
    let made = settledRow.get(row);
    if (made === undefined) settledRow.set(row, (made = { ...row, unconfirmed: false, pending: false }));
    return made;
  });
  const byKey = new Map(list.map((row) => [row.key, row]));
  return { list, byKey, rows: { keys: () => byKey.keys(), get: (key) => byKey.get(key) } };
};

const withPending = (
  { list, byKey, rows }: Settled,
  pending: readonly PendingOp[],
): readonly Row<"balance">[] => {
  if (pending.length === 0) return list;
  const over = overlay(rows, pending);
  const shown = list.map((row) => {
    const above = over.get(row.key);
    return above === undefined ? row : shownAs(row, row.key, above);
  });
  for (const [key, above] of over) {
    const isNothing = above.q === 0 && above.w === 0 && !above.unconfirmed;
    if (!byKey.has(key) && !isNothing) shown.push(shownAs(undefined, key, above));
  }
  return shown;
};

interface Ruling {
  readonly verdict: string;
  readonly code: string;
  /** Leaf hash of the op; rows that older servers gave lack it. */
  readonly hash: Uint8Array | null;
  readonly facts: readonly Value[];
}
type Rulings = ReadonlyMap<string, readonly Ruling[]>;

const DEFERRED = "deferred";
const ACCEPTED: OutboxItem["verdict"] = { verdict: "accepted", code: "" };

/** The branches of a fork share their dots: the hash tells whose verdict it is. */
const ruledOn = (rulings: readonly Ruling[], hash: Uint8Array): Ruling | undefined =>
  rulings.find((ruling) => ruling.hash === null || isEqual(ruling.hash, hash));

const dotKey = (epoch: number, seq: number): string => `${epoch}${SEPARATOR}${seq}`;

const rulingsByDot = (rows: Keyed): Rulings => {
  const rulings = new Map<string, Ruling[]>();
  for (const value of rows.values()) {
    const [epoch, seq, , verdict, code, hash, facts] = Array.isArray(value)
      ? (value as readonly Value[])
      : [];
    if (typeof epoch !== "number" || typeof seq !== "number" || typeof verdict !== "string") continue;
    const key = dotKey(epoch, seq);
    const ruling: Ruling = {
      verdict,
      code: typeof code === "string" ? code : "",
      hash: hash instanceof Uint8Array ? hash : null,
      facts: Array.isArray(facts) ? facts : [],
    };
    rulings.set(key, [...(rulings.get(key) ?? []), ruling]);
  }
  return rulings;
};

const items = new WeakMap<Recorded, OutboxItem>();

/** The newest first. An item that says the same as before is the same object. */
const outboxItems = (
  { phone, problems, evidenceProblems }: Memory,
  rulings: Rulings,
): readonly OutboxItem[] =>
  (phone?.epochs ?? [])
    .flatMap((epoch) =>
      epoch.entries.map((entry): OutboxItem => {
        const { seq } = entry.op;
        const stage = hasVerdict(epoch, entry, rulings)
          ? "settled"
          : seq <= epoch.ackedTo
            ? "acked"
            : "recorded";
        const ruled = ruledOn(rulings.get(dotKey(epoch.number, seq)) ?? [], entry.hash);
        const verdict =
          ruled !== undefined
            ? { verdict: ruled.verdict, code: ruled.code, facts: ruled.facts }
            : stage === "settled"
              ? ACCEPTED
              : null;
        const body = bodyOf(entry);
        const problem =
          stage === "recorded"
            ? problemOf(problems, epoch.number, seq)
            : evidenceProblemOf(evidenceProblems, body);
        const known = items.get(entry);
        const isSame =
          known?.stage === stage &&
          known.verdict?.verdict === verdict?.verdict &&
          known.verdict?.code === verdict?.code &&
          known.problem?.code === problem?.code;
        if (isSame) return known;
        const item: OutboxItem = {
          ref: { epoch: epoch.number, seq, hash: toHex(entry.hash) },
          kind: entry.op.kind,
          body,
          at: entry.op.at,
          seen: entry.op.seen[0],
          stage,
          verdict,
          problem,
          note: entry.note,
        };
        items.set(entry, item);
        return item;
      }),
    )
    .reverse();

const problemOf = (problems: readonly FrameProblem[], epoch: number, seq: number): OutboxItem["problem"] => {
  const found = problems.find(
    (problem) => problem.epoch === epoch && problem.firstSeq <= seq && seq <= problem.lastSeq,
  );
  return found === undefined ? null : { code: found.code, detail: found.detail };
};

/** The op is on the server, the bytes that it names are refused there. */
const evidenceProblemOf = (
  problems: readonly EvidenceProblem[],
  body: Body | null,
): OutboxItem["problem"] => {
  if (problems.length === 0 || body?.kind !== "attach") return null;
  const name = toHex(body.fields.sha256);
  const found = problems.find(({ sha256 }) => sha256 === name);
  return found === undefined ? null : { code: found.code, detail: found.detail };
};
