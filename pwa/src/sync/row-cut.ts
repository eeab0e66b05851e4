/** What a complete cut makes of the rows on this phone, in memory and as one transaction. */
import type { Store, StagedSnapshot, StoredChunk, Writing } from "../storage/database.ts";
import type { Chunk } from "./layered-rows.ts";
import { inOrder, type Memory } from "./memory.ts";
import { bucketsIn, chunksWith, isEmpty, withRows } from "./row-changes.ts";
import type { Bases } from "./row-chunks.ts";
import { chunksAfter, mergedBases, namesOf, onBases, putBases, putStaged } from "./snapshot-bases.ts";
import type { WireRow } from "./wire.ts";

/** What all pages of a pull said. */
export interface Pulled {
  /** Buckets whose rows go first. */
  readonly told: ReadonlySet<string>;
  readonly rows: readonly WireRow[];
  /** The chunks of snapshots that take the place of buckets. */
  readonly based: Bases;
  /** Buckets that are to be fetched. What is here of one stays until its snapshot takes its place. */
  readonly offered: readonly string[];
  readonly staged: readonly StagedSnapshot[];
  /** Those of which every row is here afterwards. */
  readonly buckets: readonly string[];
}

export interface RowCut {
  readonly changesRows: boolean;
  readonly stores: readonly Store[];
  readonly put: (tx: Writing) => Promise<unknown>;
  readonly after: Pick<Memory, "rows" | "bases" | "staged" | "chunks">;
}

export const cutOf = (memory: Memory, pulled: Pulled): RowCut => {
  const { rows, based, staged } = pulled;
  // A bucket that nobody speaks of any more was lost while its snapshot was being fetched.
  const kept = new Set([...pulled.buckets, ...pulled.offered]);
  const lost = [...bucketsIn(memory.rows)].filter((bucket) => !kept.has(bucket));
  const dropped = [...new Set([...pulled.told, ...lost])];
  const changesRows = rows.length + dropped.length > 0;
  if (!changesRows) return idle(memory, staged);

  const standing = [...memory.bases].filter(([bucket]) => !dropped.includes(bucket));
  const under = new Map([...standing, ...based]);
  const grown = withRows(memory.rows, dropped, rows, under);
  const merged = mergedBases(grown, under);
  const bases = new Map([...under, ...merged]);
  const changed = chunksWith(
    grown,
    rows.filter(({ bucket }) => !merged.has(bucket)),
  );
  const made = freshIn(merged, memory.chunks);
  const unused = unusedIn(memory.chunks, namesOf(bases, staged));
  return {
    changesRows,
    stores: ["rows", "bases", "staged", "snapshotChunks"],
    put: async (tx) => {
      const chunks = tx.objectStore("snapshotChunks");
      // Rows that could not be read are not in memory. They would spoil the next start as they did this one.
      const hasNone = memory.rows.size + memory.bases.size === 0;
      await Promise.all([
        ...(hasNone ? [tx.objectStore("rows").clear(), tx.objectStore("bases").clear()] : []),
        putRows(tx, changed, [...dropped, ...merged.keys()]),
        putBases(tx, dropped, new Map([...based, ...merged])),
        putStaged(tx, staged),
        ...made.map((chunk) => chunks.put(chunk)),
        ...unused.map((name) => chunks.delete(name)),
      ]);
    },
    after: {
      rows: merged.size > 0 ? onBases(grown, merged) : grown,
      bases,
      staged: inOrder(staged),
      chunks: chunksAfter(memory.chunks, made, unused),
    },
  };
};

const idle = (memory: Memory, staged: readonly StagedSnapshot[]): RowCut => {
  const { rows, bases } = memory;
  const isSame = staged.length + memory.staged.length === 0;
  // A snapshot that is wanted no more leaves its chunks.
  const unused = isSame ? [] : unusedIn(memory.chunks, namesOf(bases, staged));
  return {
    changesRows: false,
    stores: isSame ? [] : ["staged", "snapshotChunks"],
    put: async (tx) => {
      if (isSame) return;
      const chunks = tx.objectStore("snapshotChunks");
      await Promise.all([putStaged(tx, staged), ...unused.map((name) => chunks.delete(name))]);
    },
    after: {
      rows,
      bases,
      chunks: chunksAfter(memory.chunks, [], unused),
      staged: isSame ? memory.staged : inOrder(staged),
    },
  };
};

const freshIn = (merged: ReadonlyMap<string, readonly Chunk[]>, known: ReadonlySet<string>) =>
  [...merged.values()].flat().flatMap(({ stored }) => (known.has(stored.name) ? [] : [stored]));

const unusedIn = (chunks: ReadonlySet<string>, used: ReadonlySet<string> | null): readonly string[] =>
  used === null ? [] : [...chunks].filter((name) => !used.has(name));

/** Drops come first: a place under another parent is a bucket dropped and granted anew. */
const putRows = async (
  tx: Writing,
  chunks: readonly StoredChunk[],
  dropped: readonly string[],
): Promise<void> => {
  const store = tx.objectStore("rows");
  const gone = dropped.map((bucket) => store.delete(IDBKeyRange.bound([bucket], [bucket, []])));
  const work = chunks.map((chunk) =>
    isEmpty(chunk) ? store.delete([chunk.bucket, chunk.table, chunk.chunk]) : store.put(chunk),
  );
  await Promise.all([...gone, ...work]);
};
