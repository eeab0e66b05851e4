/** The chunks that buckets stand on: taken over from a snapshot, merged with what changed since, forgotten. */
import { toHex } from "../codec/bytes.ts";
import { encode, type Value } from "../codec/msgpack.ts";
import { sha256 } from "../codec/sha256.ts";
import { compareText } from "../domain/text-order.ts";
import type { Database, SnapshotChunk, StagedSnapshot, Writing } from "../storage/database.ts";
import {
  type Chunk,
  type Entries,
  type KeyedRows,
  layered,
  LayeredRows,
  openChunk,
  placeOf,
  SNAPSHOT_DEPTH,
} from "./layered-rows.ts";
import type { Memory, Rows } from "./memory.ts";
import type { Bases } from "./row-chunks.ts";
import type { SyncReply } from "./wire.ts";

/** Fewer changed rows than this cost nothing worth a merge. */
const MERGE_FROM = 2_048;
/** Changed rows beyond this share of those that the bucket stands on are merged: reading them twice would show. */
const MERGE_SHARE = 4;
const CHUNK_ROWS_MAX = 2_048;

/** The chunks of the snapshots from which the rows of a reply go on, bucket by bucket; null: one is not here any more. */
export const basesTaken = async (
  db: Database,
  memory: Memory,
  { based }: Pick<SyncReply, "based">,
): Promise<Bases | null> => {
  const taken = new Map<string, readonly Chunk[]>();
  const known = new Map([...memory.bases.values()].flat().map((chunk) => [chunk.stored.name, chunk]));
  for (const { bucket, manifest } of based) {
    const staged = memory.staged.find(
      (one) => one.bucket === bucket && toHex(one.manifest) === toHex(manifest),
    );
    if (staged === undefined || staged.chunks === null) return null;
    const chunks = await Promise.all(
      staged.chunks.map(async ({ name }): Promise<Chunk | null> => {
        const here = known.get(name);
        if (here !== undefined && !here.isDamaged()) return here;
        const stored = await db.get("snapshotChunks", name);
        return stored === undefined ? null : openChunk(stored);
      }),
    );
    const there = chunks.filter((chunk) => chunk !== null);
    if (there.length < chunks.length) return null;
    taken.set(bucket, there);
  }
  return taken;
};

/** New chunks for buckets of which so much changed that it is worth it. */
export const mergedBases = (rows: Rows, bases: Bases): Map<string, readonly Chunk[]> => {
  const merged = new Map<string, readonly Chunk[]>();
  for (const [bucket, chunks] of bases) {
    const tables = [...rows.values()]
      .map((buckets) => buckets.get(bucket))
      .filter((keyed) => keyed instanceof LayeredRows);
    const changed = tables.reduce((sum, { over }) => sum + over.size, 0);
    const standing = chunks.reduce((sum, { stored }) => sum + stored.rows, 0);
    if (changed > Math.max(MERGE_FROM, standing / MERGE_SHARE)) merged.set(bucket, merge(chunks, tables));
  }
  return merged;
};

type Grouped = readonly (readonly [table: string, Entries])[];

/** Chunks in which nothing changed stay as they are, under the name that the server knows. */
const merge = (chunks: readonly Chunk[], tables: readonly LayeredRows[]): readonly Chunk[] => {
  const changes = new Map<number, (readonly [table: string, key: string, value: Value])[]>();
  for (const { table, over } of tables) {
    for (const [key, value] of over) {
      const place = Math.max(0, placeOf(chunks, table, key));
      const known = changes.get(place) ?? [];
      changes.set(place, known);
      known.push([table, key, value]);
    }
  }
  if (chunks.length === 0) return cut(withChanges([], changes.get(0) ?? []));
  return chunks.flatMap((chunk, place) => {
    const changed = changes.get(place);
    if (changed === undefined) return [chunk];
    return cut(
      withChanges(
        chunk.stored.tables.map((table) => [table, chunk.entries(table)] as const),
        changed,
      ),
    );
  });
};

const withChanges = (
  before: Grouped,
  changed: readonly (readonly [table: string, key: string, value: Value])[],
): Grouped => {
  const tables = new Map(before.map(([table, entries]) => [table, new Map(entries)]));
  for (const [table, key, value] of changed) {
    const keys = tables.get(table) ?? new Map<string, Value>();
    tables.set(table, keys);
    if (value === null) keys.delete(key);
    else keys.set(key, value);
  }
  return [...tables]
    .filter(([, keys]) => keys.size > 0)
    .sort(([a], [b]) => compareText(a, b))
    .map(([table, keys]) => [table, [...keys].sort(([a], [b]) => compareText(a, b))]);
};

/** Cuts rows in order into chunks of a bearable size. */
const cut = (tables: Grouped): readonly Chunk[] => {
  const parts: Grouped[] = [];
  let [part, size]: [(readonly [string, Entries])[], number] = [[], 0];
  for (const [table, entries] of tables) {
    for (let at = 0; at < entries.length;) {
      const some = entries.slice(at, at + CHUNK_ROWS_MAX - size);
      part.push([table, some]);
      [at, size] = [at + some.length, size + some.length];
      if (size >= CHUNK_ROWS_MAX) {
        parts.push(part);
        [part, size] = [[], 0];
      }
    }
  }
  if (part.length > 0) parts.push(part);
  return parts.map((one) => openChunk(stored(one)));
};

const stored = (tables: Grouped): SnapshotChunk => {
  const data = encode(tables, SNAPSHOT_DEPTH);
  const [table, entries] = tables[0] ?? ["", []];
  return {
    name: toHex(sha256(data)),
    first: [table, entries[0]?.[0] ?? ""],
    tables: tables.map(([name]) => name),
    rows: tables.reduce((sum, [, one]) => sum + one.length, 0),
    data,
  };
};

/** The same rows with nothing changed on top, where a bucket's chunks were merged. */
export const onBases = (rows: Rows, merged: Bases): Rows => {
  const after = new Map<string, Map<string, KeyedRows>>();
  for (const [table, buckets] of rows) {
    const isTouched = [...merged.keys()].some((bucket) => buckets.has(bucket));
    const kept = [...buckets].filter(([bucket]) => !merged.has(bucket));
    after.set(table, isTouched ? new Map(kept) : (buckets as Map<string, KeyedRows>));
  }
  for (const [bucket, chunks] of merged) {
    for (const [table, keyed] of layered(chunks)) {
      const buckets = after.get(table) ?? new Map<string, KeyedRows>();
      after.set(table, buckets);
      buckets.set(bucket, keyed);
    }
  }
  return after;
};

/** Names of all chunks that are needed; null while the manifest of a snapshot is not here, which may name any. */
export const namesOf = (bases: Bases, staged: readonly StagedSnapshot[]): ReadonlySet<string> | null => {
  if (staged.some(({ chunks }) => chunks === null)) return null;
  const standing = [...bases.values()].flat().map(({ stored: { name } }) => name);
  return new Set([...standing, ...staged.flatMap(({ chunks }) => (chunks ?? []).map(({ name }) => name))]);
};

export const chunksAfter = (
  before: ReadonlySet<string>,
  added: readonly SnapshotChunk[],
  removed: readonly string[],
): ReadonlySet<string> => {
  if (added.length + removed.length === 0) return before;
  const after = new Set([...before, ...added.map(({ name }) => name)]);
  for (const name of removed) after.delete(name);
  return after;
};

export const putBases = async (tx: Writing, dropped: readonly string[], taken: Bases): Promise<void> => {
  const store = tx.objectStore("bases");
  const gone = dropped.filter((bucket) => !taken.has(bucket)).map((bucket) => store.delete(bucket));
  const put = [...taken].map(([bucket, chunks]) =>
    store.put({ bucket, names: chunks.map(({ stored: { name } }) => name) }),
  );
  await Promise.all([...gone, ...put]);
};

export const putStaged = async (tx: Writing, staged: readonly StagedSnapshot[]): Promise<void> => {
  const store = tx.objectStore("staged");
  await Promise.all([store.clear(), ...staged.map((one) => store.put(one))]);
};
