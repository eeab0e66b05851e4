/**
 * A disk that fails: fake-indexeddb, with somebody standing at each transaction who may kill the app before or after
 * the commit, say that the disk is full or broken, and take back what was committed last.
 *
 * What is taken back follows DESIGN §12: a `strict` commit brings everything before it to the disk, `relaxed` ones
 * since then may go with the power. `tear` takes back more than that: disks and browsers that lie.
 */
import "fake-indexeddb/auto";
import { forceCloseDatabase } from "fake-indexeddb";

/** What fake-indexeddb 6 has inside; a new version of it shows here first. */
interface Transaction {
  readonly mode: IDBTransactionMode | "versionchange";
  readonly durability: IDBTransactionDurability;
  readonly db: Connection;
  _state: "active" | "inactive" | "committing" | "finished";
  _started: boolean;
  _requests: { readonly request: { readyState: string } }[];
  _rollbackLog: (() => void)[];
  _start: () => void;
  _abort: (errorName: string | null) => void;
  _markFinished: () => void;
  _execRequestAsync: (request: { source: unknown; operation: () => never }) => IDBRequest;
}
interface Raw {
  readonly transactions: readonly Transaction[];
  connections: Connection[];
  readonly processTransactions: () => void;
}
interface Connection {
  readonly _rawDatabase: Raw;
  _closePending: boolean;
  _closed: boolean;
}
interface ObjectStore {
  readonly transaction: Transaction;
}

export type Ending = "commit" | "die" | "abort" | "full";

/** Who stands at the transactions of one page. */
export interface Guard {
  readonly isDead: () => boolean;
  /** A read-write transaction is about to be committed; after "die" the page is dead. */
  readonly onCommit: () => Ending;
  /** It is committed and nobody knows; true: the page died of it. */
  readonly onCommitted: () => boolean;
  /** A record is about to be put; true: there is no space. */
  readonly onPut: () => boolean;
  /** Whether a turn of the event loop goes by first. */
  readonly stutters: () => boolean;
}

interface Committed {
  readonly durability: IDBTransactionDurability;
  readonly undo: readonly (() => void)[];
}

/** More than any fault takes back. */
const COMMITS_KEPT = 64;
const BETWEEN = "#";
const guards = new Map<string, Guard>();
const guardOf = new WeakMap<Connection, Guard>();
const connections = new WeakMap<Guard, Set<Connection>>();
const commits = new WeakMap<Raw, Committed[]>();

/** The name under which a page opens a disk so that its guard stands there; `page` is its own. */
export const guarded = (disk: string, page: number, guard: Guard): string => {
  const name = `${disk}${BETWEEN}${page}`;
  guards.set(name, guard);
  return name;
};

/** No page stands anywhere any more; of a world that is over nothing is kept. */
export const forgetGuards = (): void => guards.clear();

export const diskOf = (name: string): string => name.split(BETWEEN, 1)[0] ?? name;

/** Ends what is under way as a kill does: nothing of it is there, and nobody is told. */
const drop = (tx: Transaction): void => {
  if (tx._state === "finished") return;
  if (tx.mode === "versionchange") {
    // The factory waits for the end of an upgrade before it opens the database again.
    tx._state = "active";
    tx._abort("AbortError");
    return;
  }
  for (const undo of tx._rollbackLog.splice(0).reverse()) undo();
  for (const { request } of tx._requests) request.readyState = "done";
  tx._markFinished();
  tx.db._rawDatabase.processTransactions();
};

/** The page is dead: what it had not committed is undone, its connections are gone. */
export const abandon = (guard: Guard): void => {
  for (const connection of connections.get(guard) ?? []) {
    const raw = connection._rawDatabase;
    for (const tx of raw.transactions.filter(({ db }) => db === connection)) drop(tx);
    connection._closePending = true;
    connection._closed = true;
    raw.connections = raw.connections.filter((other) => other !== connection);
  }
};

/** The browser closes the database under a page, as it may when it runs out of memory or a user clears data. */
export const disconnect = (guard: Guard): void => {
  for (const connection of connections.get(guard) ?? [])
    forceCloseDatabase(connection as unknown as typeof IDBDatabase);
};

const isEnding = (tx: Transaction): boolean =>
  tx._state !== "finished" &&
  tx.mode !== "readonly" &&
  !tx._requests.some(({ request }) => request.readyState !== "done");

const keep = (tx: Transaction): void => {
  if (tx.mode !== "readwrite") return;
  const raw = tx.db._rawDatabase;
  const known = commits.get(raw) ?? [];
  commits.set(raw, known);
  known.push({ durability: tx.durability, undo: tx._rollbackLog.slice() });
  if (known.length > COMMITS_KEPT) known.shift();
};

interface Factory {
  readonly _databases: ReadonlyMap<string, Raw>;
}

/**
 * Takes back the last transactions of a disk, at most so many, and only those that may go with the power unless the
 * disk lies. Returns how many there were. Nobody may have the disk open.
 */
export const takeBack = (disk: string, most: number, lies: boolean): number => {
  const raw = (indexedDB as unknown as Factory)._databases.get(disk);
  const known = raw === undefined ? [] : (commits.get(raw) ?? []);
  let lost = 0;
  while (lost < most) {
    const last = known.at(-1);
    if (last === undefined || (last.durability === "strict" && !lies)) break;
    known.pop();
    for (const undo of last.undo.toReversed()) undo();
    lost += 1;
  }
  return lost;
};

let isPatched = false;
/** Has guards stand at the database of this process; once is enough. */
export const guardDisks = (): void => {
  if (isPatched) return;
  isPatched = true;
  guardTransactions();
  guardStores();
  guardFactory();
};

const guardTransactions = (): void => {
  const prototype = IDBTransaction.prototype as unknown as Transaction;
  const start = prototype._start;
  prototype._start = function guardedStart(this: Transaction): void {
    const guard = guardOf.get(this.db);
    if (guard === undefined) {
      if (isEnding(this)) keep(this);
      start.call(this);
      return;
    }
    if (guard.isDead()) {
      drop(this);
      return;
    }
    if (this._state !== "finished" && guard.stutters()) {
      // It keeps its turn among the transactions meanwhile.
      this._started = true;
      setImmediate(() => this._start());
      return;
    }
    if (isEnding(this)) end(this, guard, start);
    else start.call(this);
  };
};

const end = (tx: Transaction, guard: Guard, start: () => void): void => {
  const ending = guard.onCommit();
  switch (ending) {
    case "die":
      return;
    case "abort":
    case "full":
      tx._state = "active";
      tx._abort(ending === "full" ? "QuotaExceededError" : "UnknownError");
      return;
    case "commit":
      break;
    default:
      ending satisfies never;
  }
  keep(tx);
  // Finished before anybody may die of it: what is committed is not undone.
  const state = tx._state;
  tx._state = "finished";
  const isDead = guard.onCommitted();
  tx._state = state;
  if (!isDead || tx.mode === "versionchange") {
    start.call(tx);
    return;
  }
  tx._markFinished();
  tx.db._rawDatabase.processTransactions();
};

const guardStores = (): void => {
  const prototype = IDBObjectStore.prototype as unknown as Record<
    "put" | "add",
    (this: ObjectStore, ...given: unknown[]) => IDBRequest
  >;
  for (const name of ["put", "add"] as const) {
    const write = prototype[name];
    prototype[name] = function guardedWrite(this: ObjectStore, ...given: unknown[]): IDBRequest {
      const guard = guardOf.get(this.transaction.db);
      if (guard?.onPut() !== true) return write.call(this, ...given);
      return this.transaction._execRequestAsync({
        source: this,
        operation: () => {
          throw new DOMException("no space", "QuotaExceededError");
        },
      });
    };
  }
};

const guardFactory = (): void => {
  const prototype = IDBFactory.prototype as {
    open: (this: IDBFactory, name: string, version?: number) => IDBOpenDBRequest;
  };
  const open = prototype.open;
  prototype.open = function guardedOpen(this: IDBFactory, name: string, version?: number): IDBOpenDBRequest {
    const guard = guards.get(name);
    const request = open.call(this, diskOf(name), version);
    if (guard === undefined) return request;
    const known = connections.get(guard) ?? new Set<Connection>();
    connections.set(guard, known);
    const claim = (): void => {
      const connection = request.result as unknown as Connection;
      guardOf.set(connection, guard);
      known.add(connection);
      if (guard.isDead()) abandon(guard);
    };
    request.addEventListener("upgradeneeded", claim);
    request.addEventListener("success", claim);
    return request;
  };
};
