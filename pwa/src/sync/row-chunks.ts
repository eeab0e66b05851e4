/**
 * Rows at rest: some dozens of chunks per bucket and table, each the canonical bytes of its rows. A hundred thousand
 * rows are then a few hundred entries to write and read, a change rewrites only the chunks that it touches, and a
 * chunk is one piece to encrypt.
 */
import { DEPTH_MAX, decode, encode, type Value } from "../codec/msgpack.ts";
import type { StoredChunk } from "../storage/database.ts";
import type { Rows } from "./memory.ts";

/** A power of two. More would make small tables many entries, fewer would make changes of large ones slow. */
const CHUNKS = 64;
/** A row's value lies two arrays deep, and keeps the depth that it may have by itself. */
const CHUNK_DEPTH = DEPTH_MAX + 2;

/** FNV-1a over the key: chunks of one size, whatever the keys look like. */
export const chunkOf = (key: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 16)) & (CHUNKS - 1);
};

interface Changed {
  readonly bucket: string;
  readonly table: string;
  readonly key: string;
}

/** The chunks in which these rows stand, as they are to be stored; one without rows has no data. */
export const chunksWith = (rows: Rows, changed: readonly Changed[]): StoredChunk[] => {
  const touched = new Map<
    string,
    { readonly bucket: string; readonly table: string; readonly chunks: Set<number> }
  >();
  for (const { bucket, table, key } of changed) {
    const name = `${bucket}\u0000${table}`;
    const known = touched.get(name) ?? { bucket, table, chunks: new Set() };
    touched.set(name, known);
    known.chunks.add(chunkOf(key));
  }
  return [...touched.values()].flatMap(({ bucket, table, chunks }) => {
    const entries = new Map<number, Value[]>([...chunks].map((chunk) => [chunk, []]));
    for (const [key, value] of rows.get(table)?.get(bucket) ?? [])
      entries.get(chunkOf(key))?.push([key, value]);
    return [...entries].map(([chunk, list]): StoredChunk => ({
      bucket,
      table,
      chunk,
      data: encode(list, CHUNK_DEPTH),
    }));
  });
};

export const isEmpty = ({ data }: StoredChunk): boolean => data.length <= 1;

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
