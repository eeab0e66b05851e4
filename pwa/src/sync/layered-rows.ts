/**
 * Rows of one table in one bucket: those of the snapshot that the bucket stands on, with what changed since on top. A
 * chunk is read when a row in its range is first asked for, so a hundred thousand rows are opened at once.
 */
import { DEPTH_MAX, decode, isMalformed, type Value } from "../codec/msgpack.ts";
import { compareText } from "../domain/text-order.ts";
import type { SnapshotChunk } from "../storage/database.ts";

/** A row's value lies four arrays deep in a chunk, and keeps the depth that it may have by itself. */
export const SNAPSHOT_DEPTH = DEPTH_MAX + 4;

/** What readers need of the rows of a table. A `Map` has it too. */
export interface KeyedRows extends Iterable<readonly [string, Value]> {
  readonly get: (key: string) => Value | undefined;
  readonly values: () => Iterable<Value>;
}

export type Entries = readonly (readonly [key: string, value: Value])[];

/** A chunk as it is read: at most once, whoever asks. */
export interface Chunk {
  readonly stored: SnapshotChunk;
  /** Its rows of a table in order of their keys. */
  readonly entries: (table: string) => Entries;
  /** Its bytes turned out to be no chunk, though they were checked when they came: its rows count as absent. */
  readonly isDamaged: () => boolean;
  /** The same chunk came again. */
  readonly heal: (data: Uint8Array) => void;
}

const NOTHING: Entries = [];

export const openChunk = (stored: SnapshotChunk): Chunk => {
  let [data, damaged] = [stored.data, false];
  let tables: ReadonlyMap<string, Entries> | undefined;
  const read = (): ReadonlyMap<string, Entries> => {
    try {
      return new Map(tablesOf(data));
    } catch (error) {
      if (!isMalformed(error)) throw error;
      damaged = true;
      return new Map();
    }
  };
  return {
    stored,
    entries: (table) => (tables ??= read()).get(table) ?? NOTHING,
    isDamaged: () => damaged,
    heal: (fresh) => {
      [data, damaged, tables] = [fresh, false, undefined];
    },
  };
};

/** Throws `Malformed`. */
export const tablesOf = (data: Uint8Array): readonly (readonly [table: string, Entries])[] =>
  decode(data, SNAPSHOT_DEPTH) as readonly (readonly [string, Entries])[];

/** Negative, zero or positive as a row comes before, at or after the place where a chunk begins. */
const compareTo = ({ stored }: Chunk, table: string, key: string): number =>
  compareText(table, stored.first[0]) || compareText(key, stored.first[1]);

/** The number of the last chunk that begins no later than this row; −1: it would stand before all. */
export const placeOf = (chunks: readonly Chunk[], table: string, key: string): number => {
  let [low, high] = [0, chunks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const chunk = chunks[middle];
    if (chunk !== undefined && compareTo(chunk, table, key) >= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

const find = (entries: Entries, key: string): Value | undefined => {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = compareText(key, entries[middle]?.[0] ?? "");
    if (order === 0) return entries[middle]?.[1];
    if (order > 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
};

export class LayeredRows implements KeyedRows {
  readonly table: string;
  /** All chunks of the bucket. */
  readonly chunks: readonly Chunk[];
  /** What changed since the snapshot; null: deleted. */
  readonly over: ReadonlyMap<string, Value>;

  constructor(table: string, chunks: readonly Chunk[], over: ReadonlyMap<string, Value>) {
    this.table = table;
    this.chunks = chunks;
    this.over = over;
  }

  readonly get = (key: string): Value | undefined => {
    const above = this.over.get(key);
    if (above !== undefined) return above ?? undefined;
    const chunk = this.chunks[placeOf(this.chunks, this.table, key)];
    return chunk === undefined ? undefined : find(chunk.entries(this.table), key);
  };

  *[Symbol.iterator](): Iterator<readonly [string, Value]> {
    for (const chunk of this.chunks) {
      if (!chunk.stored.tables.includes(this.table)) continue;
      for (const entry of chunk.entries(this.table)) if (!this.over.has(entry[0])) yield entry;
    }
    for (const entry of this.over) if (entry[1] !== null) yield entry;
  }

  *values(): Iterable<Value> {
    for (const [, value] of this) yield value;
  }
}

/** The rows of every table of a bucket that stands on these chunks, before anything changed. */
export const layered = (chunks: readonly Chunk[]): Map<string, LayeredRows> => {
  const tables = new Set(chunks.flatMap(({ stored }) => stored.tables));
  return new Map([...tables].map((table) => [table, new LayeredRows(table, chunks, new Map())]));
};

/** What of these rows lies in the store of changes: all of them, or what changed since the snapshot. */
export const changesOf = (rows: KeyedRows): Iterable<readonly [string, Value]> =>
  rows instanceof LayeredRows ? rows.over : rows;
