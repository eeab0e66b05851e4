/** Rows after a pull, in memory and as the chunks that are stored anew. */
import { encode, type Value } from "../codec/msgpack.ts";
import type { StoredChunk } from "../storage/database.ts";
import type { Rows } from "./memory.ts";
import { CHUNK_DEPTH } from "./row-chunks.ts";

/** A power of two. More would make small tables many entries, fewer would make changes of large ones slow. */
const CHUNKS = 64;

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

type Growing = Map<string, Map<string, Map<string, Value>>>;

/** The rows after a pull: first the drops, because a bucket may be dropped and granted anew in one. */
export const withRows = (
  before: Rows,
  dropped: readonly string[],
  changed: readonly {
    readonly bucket: string;
    readonly table: string;
    readonly key: string;
    readonly value: Value;
  }[],
): Rows => {
  const tables: Growing = new Map();
  const touched = new Set(changed.map(({ table }) => table));
  const gone = new Set(dropped);
  for (const [table, buckets] of before) {
    const kept = [...buckets].filter(([bucket]) => !gone.has(bucket));
    // Untouched tables keep their identity: what is shown of them is not computed again.
    const isUntouched = kept.length === buckets.size && !touched.has(table);
    if (isUntouched) tables.set(table, buckets as Map<string, Map<string, Value>>);
    else if (touched.has(table))
      tables.set(table, new Map(kept.map(([bucket, keys]) => [bucket, new Map(keys)])));
    else tables.set(table, new Map(kept) as Map<string, Map<string, Value>>);
  }
  for (const { bucket, table, key, value } of changed) {
    const buckets = tables.get(table) ?? new Map<string, Map<string, Value>>();
    tables.set(table, buckets);
    const keys = buckets.get(bucket) ?? new Map<string, Value>();
    buckets.set(bucket, keys);
    if (value === null) keys.delete(key);
    else keys.set(key, value);
  }
  return tables;
};
