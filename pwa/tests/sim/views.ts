/** What an oracle asks: the disk as it is, read past the app and therefore also while it is dead. */
import { toHex } from "../../src/codec/bytes.ts";
import { DEPTH_MAX, encode } from "../../src/codec/msgpack.ts";
import { decodeOp, leafHash } from "../../src/codec/op.ts";
import { type Database, openDatabase } from "../../src/storage/database.ts";
import { emptyMemory, readMemory } from "../../src/sync/memory.ts";
import type { Ledger } from "../../src/sync/ledger.ts";
import { isTable, ROW_SHAPES, type Table } from "../../src/sync/rows.ts";

export type View = (disk: string) => Promise<unknown>;

const reading = async <T>(disk: string, work: (db: Database) => Promise<T>): Promise<T> => {
  const db = await openDatabase(disk, () => undefined);
  try {
    return await work(db);
  } finally {
    db.close();
  }
};

/** Every op that the disk holds, also those of devices that the phone was before. */
export interface Held {
  readonly device: string;
  readonly epoch: number;
  readonly seq: number;
  readonly hash: string;
  readonly prev: string;
  readonly op: string;
  readonly acked: boolean;
  readonly settled: boolean;
  readonly forked: boolean;
}

export const held = (disk: string): Promise<Held[]> =>
  reading(disk, async (db) => {
    const [ops, epochs] = [await db.getAll("ops"), await db.getAll("epochs")];
    const byName = new Map(epochs.map((epoch) => [`${epoch.device}/${epoch.epoch}`, epoch]));
    return ops.map(({ device, epoch, seq, data }): Held => {
      const known = byName.get(`${device}/${epoch}`);
      return {
        device,
        epoch,
        seq,
        hash: toHex(leafHash(data)),
        prev: toHex(decodeOp(data).prev),
        op: toHex(data),
        acked: seq <= (known?.ackedTo ?? 0),
        settled: known?.settled.some(([first, last]) => first <= seq && seq <= last) ?? false,
        forked: known?.forked ?? false,
      };
    });
  });

/** The rows as the server gave them, as a page that starts now would read them. */
export const stored: View = (disk) =>
  reading(disk, async (db) => {
    const { rows, pull } = await readMemory(db, emptyMemory());
    const buckets: Record<string, Record<string, Record<string, string>>> = {};
    for (const [table, byBucket] of rows) {
      for (const [bucket, keys] of byBucket) {
        const hex = [...keys].map(([key, value]) => [key, toHex(encode(value, DEPTH_MAX + 1))] as const);
        if (hex.length === 0) continue;
        (buckets[bucket] ??= {})[table] = Object.fromEntries(hex);
      }
    }
    return { cursor: pull.cursor, page: pull.page !== null, buckets };
  });

export const carried: View = (disk) => reading(disk, (db) => db.getAllKeys("relayed"));

/** Rows as screens see them, by table and key; of tables that are not empty. */
export const shownRows = (ledger: Ledger, table?: string): unknown => {
  const tables = (table === undefined ? Object.keys(ROW_SHAPES) : [table]).filter(isTable);
  const shown = tables.map((name: Table) => [
    name,
    Object.fromEntries(ledger.rows(name).value.map((row) => [row.key, row])),
  ]);
  return Object.fromEntries(shown.filter(([, rows]) => Object.keys(rows ?? {}).length > 0));
};

export const stateOf = ({ state }: Ledger): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(state).map(([name, signal]) => [name, (signal as { readonly value: unknown }).value]),
  );

/** Bytes as hex: what Python reads. */
export const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
  return value;
};
