/**
 * Rows at rest: some dozens of chunks per bucket and table, each the canonical bytes of its rows. A hundred thousand
 * rows are then a few hundred entries to write and read, a change rewrites only the chunks that it touches, and a
 * chunk is one piece to encrypt.
 */
import { DEPTH_MAX, decode, type Value } from "../codec/msgpack.ts";
import type { StoredChunk } from "../storage/database.ts";
import type { Rows } from "./memory.ts";

/** A row's value lies two arrays deep, and keeps the depth that it may have by itself. */
export const CHUNK_DEPTH = DEPTH_MAX + 2;

/** All rows of the chunks that are stored. */
export const rowsOf = (chunks: readonly StoredChunk[]): Rows => {
  const tables = new Map<string, Map<string, Map<string, Value>>>();
  for (const { bucket, table, data } of chunks) {
    const buckets = tables.get(table) ?? new Map<string, Map<string, Value>>();
    tables.set(table, buckets);
    const keys = buckets.get(bucket) ?? new Map<string, Value>();
    buckets.set(bucket, keys);
    for (const entry of decode(data, CHUNK_DEPTH) as readonly (readonly [string, Value])[])
      keys.set(entry[0], entry[1]);
  }
  return tables;
};
