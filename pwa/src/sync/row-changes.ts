/** Rows after a pull, in memory and as the chunks that are stored anew. */
import { encode, type Value } from "../codec/msgpack.ts";
import type { StoredChunk } from "../storage/database.ts";
import { changesOf, type KeyedRows, layered, LayeredRows } from "./layered-rows.ts";
import type { Rows } from "./memory.ts";
import { type Bases, CHUNK_DEPTH } from "./row-chunks.ts";

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
    const keyed = rows.get(table)?.get(bucket);
    if (keyed !== undefined)
      for (const [key, value] of changesOf(keyed)) entries.get(chunkOf(key))?.push([key, value]);
    return [...entries].map(([chunk, list]): StoredChunk => ({
      bucket,
      table,
      chunk,
      data: encode(list, CHUNK_DEPTH),
    }));
  });
};

export const isEmpty = ({ data }: StoredChunk): boolean => data.length <= 1;

type Growing = Map<string, Map<string, KeyedRows>>;

/**
 * The rows after a pull: first the drops, because a bucket may be dropped and granted anew in one; then the snapshots
 * that take the place of buckets; then what changed. `bases`: the chunks that each bucket stands on afterwards.
 */
export const withRows = (
  before: Rows,
  dropped: readonly string[],
  changed: readonly {
    readonly bucket: string;
    readonly table: string;
    readonly key: string;
    readonly value: Value;
  }[],
  bases: Bases = new Map(),
): Rows => {
  const tables: Growing = new Map();
  const fresh = dropped.flatMap((bucket) => {
    const base = bases.get(bucket);
    return base === undefined ? [] : [...layered(base)].map(([table, rows]) => ({ bucket, table, rows }));
  });
  const touched = new Set([...changed, ...fresh].map(({ table }) => table));
  const gone = new Set(dropped);
  for (const [table, buckets] of before) {
    const kept = [...buckets].filter(([bucket]) => !gone.has(bucket));
    // Untouched tables keep their identity: what is shown of them is not computed again.
    const isUntouched = kept.length === buckets.size && !touched.has(table);
    tables.set(table, isUntouched ? (buckets as Map<string, KeyedRows>) : new Map(kept));
  }
  const bucketsOf = (table: string): Map<string, KeyedRows> => {
    const known = tables.get(table) ?? new Map<string, KeyedRows>();
    tables.set(table, known);
    return known;
  };
  for (const { bucket, table, rows } of fresh) bucketsOf(table).set(bucket, rows);
  const grown = new Map<string, Map<string, Value>>();
  for (const { bucket, table, key, value } of changed) {
    const name = `${bucket}\u0000${table}`;
    let keys = grown.get(name);
    const base = bases.get(bucket);
    if (keys === undefined) {
      const buckets = bucketsOf(table);
      const known = buckets.get(bucket);
      grown.set(name, (keys = new Map(known === undefined ? [] : changesOf(known))));
      buckets.set(bucket, base === undefined ? keys : new LayeredRows(table, base, keys));
    }
    if (value === null && base === undefined) keys.delete(key);
    else keys.set(key, value);
  }
  return tables;
};

/** The buckets of which there is a row. */
export const bucketsIn = (rows: Rows): ReadonlySet<string> =>
  new Set([...rows.values()].flatMap((buckets) => [...buckets.keys()]));
