/**
 * What this phone keeps, in IndexedDB. The schema of version 1 is frozen: later versions add stores beside it and
 * never rewrite one, because an update must not stand between a worker and his outbox.
 *
 * `ops` is append-only: an op is added once and never changed; what the server said of it stands in `epochs`.
 */
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from "idb";
import type { Value } from "../codec/msgpack.ts";

/** An op as recorded. `n` counts all ops of this database from 1. */
export interface StoredOp {
  readonly n: number;
  /** Hex. */
  readonly device: string;
  readonly epoch: number;
  readonly seq: number;
  readonly data: Uint8Array;
  readonly values: readonly (readonly [salt: Uint8Array, value: Uint8Array])[];
  readonly note: Value;
}

export interface StoredEpoch {
  readonly device: string;
  readonly epoch: number;
  /** Epochs of a device in the order in which they began. */
  readonly order: number;
  readonly ackedTo: number;
  readonly settled: readonly (readonly [first: number, last: number])[];
  readonly forked: boolean;
}

/** Rows of one bucket and table whose keys have one hash; `data` is theirs to read who wrote it (row-chunks.ts). */
export interface StoredChunk {
  readonly bucket: string;
  readonly table: string;
  readonly chunk: number;
  readonly data: Uint8Array;
}

/**
 * Consecutive rows of a bucket, in order of table and key: a chunk of a snapshot as the server named it, or one that
 * this phone made of such and of what changed since. It is never altered. `data` are the canonical bytes of its rows.
 */
export interface SnapshotChunk {
  readonly name: string;
  readonly first: readonly [table: string, key: string];
  readonly tables: readonly string[];
  readonly rows: number;
  readonly data: Uint8Array;
}

/** The chunks on which the rows of a bucket stand; what changed since lies in `rows`. */
export interface StoredBase {
  readonly bucket: string;
  readonly names: readonly string[];
}

/** A snapshot that is being fetched, to become the base of its bucket. */
export interface StagedSnapshot {
  readonly bucket: string;
  readonly manifest: Uint8Array;
  readonly cursor: number;
  readonly bytes: number;
  readonly rows: number;
  readonly token: string;
  /** Null: its manifest is not here yet. */
  readonly chunks:
    | readonly { readonly name: string; readonly bytes: number; readonly unpacked: number }[]
    | null;
}

/** Who may sign in here, and how often somebody tried in vain. */
export interface StoredPerson {
  readonly id: string;
  readonly name: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly verifier: Uint8Array;
  readonly failures: number;
  readonly lockedUntilMs: number;
}

export interface StoredEvidence {
  readonly sha256: string;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  /**
   * 0: the server does not have it. Else what is here is a copy, and this is the `n` of the first op after it was
   * uploaded: it may go once a confirmed backup holds that op. 1: nobody knows, it stays.
   */
  readonly uploaded: number;
}

/** A frame of another phone, carried for it. */
export interface StoredFrame {
  readonly sha256: string;
  readonly frame: Uint8Array;
  /** How often the server kept it back, and when last (wall clock). */
  readonly refused?: { readonly refusals: number; readonly refusedAtMs: number };
}

/** The signature over a stretch of ops: kept so that a retry sends the same bytes. */
export interface StoredSeal {
  readonly stretch: string;
  readonly signature: Uint8Array;
}

/** A page of a pull that is not complete yet: the reply as it came. */
export interface StoredPage {
  readonly reply: Uint8Array;
}

export interface Schema extends DBSchema {
  ops: { key: number; value: StoredOp; indexes: { dot: [string, number, number] } };
  epochs: { key: [string, number]; value: StoredEpoch };
  rows: { key: [string, string, number]; value: StoredChunk };
  pages: { key: number; value: StoredPage };
  people: { key: string; value: StoredPerson };
  evidence: { key: string; value: StoredEvidence; indexes: { uploaded: number } };
  relayed: { key: string; value: StoredFrame };
  seals: { key: string; value: StoredSeal };
  meta: { key: string; value: unknown };
  snapshotChunks: { key: string; value: SnapshotChunk };
  bases: { key: string; value: StoredBase };
  staged: { key: string; value: StagedSnapshot };
}

export type Store = StoreNames<Schema>;
export type Database = IDBPDatabase<Schema>;
export type Writing = IDBPTransaction<Schema, Store[], "readwrite">;

export const DATABASE = "gobi";
const VERSION = 2;

/** The schema of version 1. */
const createFirst = (db: Database): void => {
  db.createObjectStore("ops", { keyPath: "n" }).createIndex("dot", ["device", "epoch", "seq"], {
    unique: true,
  });
  db.createObjectStore("epochs", { keyPath: ["device", "epoch"] });
  db.createObjectStore("rows", { keyPath: ["bucket", "table", "chunk"] });
  db.createObjectStore("pages", { autoIncrement: true });
  db.createObjectStore("people", { keyPath: "id" });
  db.createObjectStore("evidence", { keyPath: "sha256" }).createIndex("uploaded", "uploaded");
  db.createObjectStore("relayed", { keyPath: "sha256" });
  db.createObjectStore("seals", { keyPath: "stretch" });
  db.createObjectStore("meta");
};

/**
 * Rejects where a newer version of the app has been at the database (`isNewerDatabase`): nothing in it is touched.
 * `onLost` is called when the browser closes the connection or a newer version of the app asks for it.
 */
export const openDatabase = (name: string, onLost: () => void): Promise<Database> =>
  openDB<Schema>(name, VERSION, {
    upgrade(db, before) {
      if (before < 1) createFirst(db);
      if (before < 2) {
        db.createObjectStore("snapshotChunks", { keyPath: "name" });
        db.createObjectStore("bases", { keyPath: "bucket" });
        db.createObjectStore("staged", { keyPath: "bucket" });
      }
    },
    blocking(_current, _blocked, event) {
      (event.target as IDBDatabase).close();
      onLost();
    },
    terminated: onLost,
  });

/** `strict`: durable when it resolves. `relaxed`: may be lost with the power; only for what can be had again. */
export type Durability = "strict" | "relaxed";

/** One transaction: all of it or nothing. `work` must await nothing but the transaction itself. */
export const write = async <T>(
  db: Database,
  stores: readonly Store[],
  durability: Durability,
  work: (tx: Writing) => Promise<T>,
): Promise<T> => {
  const tx = db.transaction([...stores], "readwrite", { durability });
  try {
    const result = await work(tx);
    tx.commit();
    await tx.done;
    return result;
  } catch (error) {
    try {
      tx.abort();
    } catch {
      // It has ended already.
    }
    await tx.done.catch(() => undefined);
    // A request that failed for want of space tells less than the transaction's own error.
    throw tx.error ?? error;
  }
};

/** A newer version of the app has the database now; this one is an old page, or was put back by its server. */
export const isNewerDatabase = (error: unknown): boolean =>
  error instanceof DOMException && error.name === "VersionError";

export const isOutOfSpace = (error: unknown): boolean =>
  error instanceof DOMException && error.name === "QuotaExceededError";
