/**
 * Rows at rest. What came as rows: some dozens of chunks per bucket and table, each the canonical bytes of its rows,
 * so that a change rewrites only the chunks that it touches. What came as a snapshot: its chunks as they are, and what
 * changed since in chunks of the first kind, a deletion as nil. Either kind of chunk is one piece to encrypt.
 */
import { DEPTH_MAX, decode, type Value } from "../codec/msgpack.ts";
import type { StoredChunk } from "../storage/database.ts";
import { type Chunk, type KeyedRows, layered, LayeredRows } from "./layered-rows.ts";
import type { Rows } from "./memory.ts";

/** A row's value lies two arrays deep, and keeps the depth that it may have by itself. */
export const CHUNK_DEPTH = DEPTH_MAX + 2;

/** Bucket → the chunks that it stands on, in order. */
export type Bases = ReadonlyMap<string, readonly Chunk[]>;

/** All rows that are stored. Throws `Malformed` when what came as rows cannot be read. */
export const rowsOf = (chunks: readonly StoredChunk[], bases: Bases): Rows => {
  const tables = new Map<string, Map<string, KeyedRows>>();
  const bucketsOf = (table: string): Map<string, KeyedRows> => {
    const known = tables.get(table) ?? new Map<string, KeyedRows>();
    tables.set(table, known);
    return known;
  };
  const changes = new Map<string, Map<string, Map<string, Value>>>();
  for (const { bucket, table, data } of chunks) {
    const buckets = changes.get(table) ?? new Map<string, Map<string, Value>>();
    changes.set(table, buckets);
    const keys = buckets.get(bucket) ?? new Map<string, Value>();
    buckets.set(bucket, keys);
    for (const entry of decode(data, CHUNK_DEPTH) as readonly (readonly [string, Value])[])
      keys.set(entry[0], entry[1]);
  }
  for (const [bucket, base] of bases)
    for (const [table, rows] of layered(base)) bucketsOf(table).set(bucket, rows);
  for (const [table, buckets] of changes) {
    for (const [bucket, keys] of buckets) {
      const base = bases.get(bucket);
      bucketsOf(table).set(bucket, base === undefined ? keys : new LayeredRows(table, base, keys));
    }
  }
  return tables;
};
