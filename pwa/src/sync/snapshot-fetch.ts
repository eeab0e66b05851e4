/**
 * Fetches the snapshots that the server offered, chunk by chunk: docs/protocol/sync.md §5. What is checked is kept at
 * once, so a download goes on where it broke off; what is recorded meanwhile goes up between two batches.
 */
import { isEqual, toHex } from "../codec/bytes.ts";
import { DEPTH_MAX, decode, isMalformed } from "../codec/msgpack.ts";
import { bytes, isMisfit, list, natural, struct, text, whole } from "../domain/shape.ts";
import { isOutOfSpace, type SnapshotChunk, type StagedSnapshot } from "../storage/database.ts";
import type { Courier, Delivered, Failure } from "./courier.ts";
import { type Keeper, unsentCount } from "./keeper.ts";
import { tablesOf } from "./layered-rows.ts";
import type { Device, Memory } from "./memory.ts";
import type { Ports } from "./ports.ts";
import type { SnapshotHeld, SnapshotOffer, SyncReply } from "./wire.ts";

/** Together, browsers open about six connections to a server; one stays free for what is recorded. */
const AT_ONCE = 4;
/** What is fetched before it is kept: seconds on a bad line, and few transactions on a good one. */
const BATCH_BYTES = 256 * 1024;
/** A chunk that unpacks to more is none of ours. */
const UNPACKED_MAX = 64 * 1024 * 1024;
const REFETCHES = 1;

export type Fetched =
  /** Nothing is left to fetch, or another round trip has something to do first. */
  | { readonly type: "done" | "again" | "full" }
  /** The offers are old: the next round trip brings others. */
  | { readonly type: "stale"; readonly code: string }
  | { readonly type: "failed"; readonly failure: Failure };

const word = text(0, 65_536);
const manifestShape = struct({
  version: natural,
  org: word,
  bucket: word,
  cursor: whole,
  chunks: list(
    struct({ name: bytes(32), bytes: natural, unpacked: natural, rows: natural, table: word, key: word }),
  ),
});

/** The server sends these anew with the next offer. */
const STALE: ReadonlySet<string> = new Set(["bucket-token-expired", "wrong-bucket-token", "snapshot-gone"]);
const WRONG: Failure = {
  ok: false,
  type: "refused",
  status: 0,
  code: "wrong-blob",
  detail: "",
  retryAfterMs: null,
};

export const openFetching = (ports: Ports, keeper: Keeper, courier: Courier) => {
  const blob = async (device: Device, staged: StagedSnapshot, name: string): Promise<Delivered<Bytes>> => {
    for (let attempts = 0; attempts <= REFETCHES; attempts += 1) {
      const answer = await courier.send(device, {
        method: "GET",
        path: `/api/v1/snapshots/${name}`,
        proves: false,
        bucketToken: staged.token,
        nowMs: ports.wallMs(),
      });
      if (!answer.ok) return answer;
      const packed = await answer.value.arrayBuffer().catch(() => null);
      if (packed === null) return { ok: false, type: "offline" };
      const data = new Uint8Array(packed);
      if (toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", data))) !== name) continue;
      const unpacked = await gunzip(data);
      if (unpacked !== null) return { ok: true, value: unpacked };
    }
    return WRONG;
  };

  const store = (prepare: (memory: Memory, staged: StagedSnapshot) => Stored, staged: StagedSnapshot) =>
    keeper.commit(async (memory) => {
      const present = memory.staged.find((one) => isSame(one, staged));
      if (present === undefined) return null;
      const { staged: next, chunks } = prepare(memory, present);
      return {
        stores: ["staged", "snapshotChunks"],
        durability: "relaxed",
        isCopy: true,
        put: (tx) =>
          Promise.all([
            tx.objectStore("staged").put(next),
            ...chunks.map((chunk) => tx.objectStore("snapshotChunks").put(chunk)),
          ]),
        after: () => ({
          ...memory,
          staged: memory.staged.map((one) => (one === present ? next : one)),
          chunks: new Set([...memory.chunks, ...chunks.map(({ name }) => name)]),
        }),
        result: true,
      };
    });

  const fetchManifest = async (device: Device, staged: StagedSnapshot): Promise<Failure | null> => {
    const answer = await blob(device, staged, toHex(staged.manifest));
    if (!answer.ok) return answer;
    const chunks = chunksNamed(answer.value, device.org, staged);
    if (chunks === null) return WRONG;
    await store((_, present) => ({ staged: { ...present, chunks }, chunks: [] }), staged);
    return null;
  };

  const fetchSome = async (
    device: Device,
    staged: StagedSnapshot,
    names: readonly string[],
  ): Promise<Failure | null> => {
    const answers: { readonly name: string; readonly answer: Delivered<Bytes> }[] = [];
    const waiting = [...names];
    const fetchNext = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        const answer = await blob(device, staged, name);
        answers.push({ name, answer });
        if (!answer.ok) waiting.length = 0;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, fetchNext));
    const chunks = answers.flatMap(({ name, answer }) => (answer.ok ? [chunkOf(name, answer.value)] : []));
    const good = chunks.filter((chunk) => chunk !== null);
    // What came is kept, whatever became of the rest.
    if (good.length > 0) {
      await store((_, present) => ({ staged: present, chunks: good }), staged);
      heal(keeper.memory(), good);
    }
    if (good.length < chunks.length) return WRONG;
    return answers.flatMap(({ answer }) => (answer.ok ? [] : [answer]))[0] ?? null;
  };

  const step = async (): Promise<Fetched | null> => {
    const memory = keeper.memory();
    const { device } = memory;
    const staged = memory.staged.find((one) => missingOf(memory, one)?.length !== 0);
    if (device === null || staged === undefined) return { type: memory.staged.length > 0 ? "again" : "done" };
    const missing = missingOf(memory, staged);
    const failure =
      missing === null
        ? await fetchManifest(device, staged)
        : await fetchSome(device, staged, missing.slice(0, batchOf(missing, staged)));
    if (failure === null) {
      const isWhole = missingOf(keeper.memory(), staged)?.length === 0;
      return isWhole || unsentCount(keeper.memory()) > 0 ? { type: "again" } : null;
    }
    if (failure.type === "refused" && STALE.has(failure.code)) return { type: "stale", code: failure.code };
    return { type: "failed", failure };
  };

  /** Fetches until a snapshot is whole, something else is to be done, or it does not go on. */
  return async (): Promise<Fetched> => {
    try {
      for (;;) {
        await keeper.refresh();
        const fetched = await step();
        if (fetched !== null) return fetched;
      }
    } catch (error) {
      if (isOutOfSpace(error)) return { type: "full" };
      throw error;
    }
  };
};

type Bytes = Uint8Array<ArrayBuffer>;

interface Stored {
  readonly staged: StagedSnapshot;
  readonly chunks: readonly SnapshotChunk[];
}

const isSame = (a: StagedSnapshot, b: { readonly bucket: string; readonly manifest: Uint8Array }): boolean =>
  a.bucket === b.bucket && isEqual(a.manifest, b.manifest);

/** Names of chunks that are still to be fetched; null: not even the manifest is here. */
const missingOf = (memory: Memory, { chunks }: StagedSnapshot): readonly string[] | null => {
  if (chunks === null) return null;
  const damaged = damagedIn(memory);
  return chunks.flatMap(({ name }) => (memory.chunks.has(name) && !damaged.has(name) ? [] : [name]));
};

/** How many of these chunks make a batch. */
const batchOf = (names: readonly string[], { chunks }: StagedSnapshot): number => {
  const sizes = new Map(chunks?.map(({ name, bytes }) => [name, bytes]));
  let [count, size] = [0, 0];
  for (const name of names) {
    if (count > 0 && size >= BATCH_BYTES) break;
    [count, size] = [count + 1, size + (sizes.get(name) ?? 0)];
  }
  return count;
};

const damagedIn = ({ bases }: Memory): ReadonlySet<string> =>
  new Set([...bases.values()].flat().flatMap((chunk) => (chunk.isDamaged() ? [chunk.stored.name] : [])));

const heal = ({ bases }: Memory, fetched: readonly SnapshotChunk[]): void => {
  const fresh = new Map(fetched.map(({ name, data }) => [name, data]));
  for (const chunk of [...bases.values()].flat()) {
    const data = chunk.isDamaged() ? fresh.get(chunk.stored.name) : undefined;
    if (data !== undefined) chunk.heal(data);
  }
};

/** What a request says of snapshots. */
export const heldOf = (memory: Memory): readonly SnapshotHeld[] =>
  memory.staged.map((one) => ({
    bucket: one.bucket,
    manifest: one.manifest,
    isComplete: missingOf(memory, one)?.length === 0,
  }));

/** Buckets of which the phone has every row: not those of which a chunk turned out to be damaged. */
export const soundBuckets = ({ pull, bases }: Memory): readonly string[] =>
  pull.buckets.filter((bucket) => bases.get(bucket)?.some((chunk) => chunk.isDamaged()) !== true);

/** What is to be fetched after a cut: what it offers, as far as it is here already. */
export const stagedAfter = (
  before: readonly StagedSnapshot[],
  { snapshots }: Pick<SyncReply, "snapshots">,
): readonly StagedSnapshot[] =>
  snapshots.map((offer: SnapshotOffer): StagedSnapshot => {
    const { bucket, manifest, cursor, rows, token } = offer;
    const known = before.find((one) => isSame(one, offer));
    return { bucket, manifest, cursor, bytes: offer.bytes, rows, token, chunks: known?.chunks ?? null };
  });

/** Null: it is no manifest of this snapshot. */
const chunksNamed = (content: Uint8Array, org: string, staged: StagedSnapshot): StagedSnapshot["chunks"] => {
  try {
    const manifest = manifestShape.read(decode(content, DEPTH_MAX));
    const isOurs =
      manifest.version === 1 &&
      manifest.org === org &&
      manifest.bucket === staged.bucket &&
      manifest.cursor === staged.cursor;
    if (!isOurs) return null;
    return manifest.chunks.map((chunk) => ({
      name: toHex(chunk.name),
      bytes: chunk.bytes,
      unpacked: chunk.unpacked,
    }));
  } catch (error) {
    if (isMalformed(error) || isMisfit(error)) return null;
    throw error;
  }
};

/** Null: it is no chunk. It is read here once, so that nothing unreadable is ever stored. */
const chunkOf = (name: string, data: Bytes): SnapshotChunk | null => {
  try {
    const tables = tablesOf(data);
    const [first] = tables;
    const key = first?.[1][0]?.[0];
    if (first === undefined || key === undefined) return null;
    if (!tables.every(([table, entries]) => typeof table === "string" && entries.every(isEntry))) return null;
    const rows = tables.reduce((sum, [, entries]) => sum + entries.length, 0);
    return { name, first: [first[0], key], tables: tables.map(([table]) => table), rows, data };
  } catch (error) {
    if (isMalformed(error) || error instanceof TypeError) return null;
    throw error;
  }
};

const isEntry = (entry: unknown): boolean =>
  Array.isArray(entry) && entry.length >= 2 && typeof entry[0] === "string";

/** Null: it is no gzip, or unpacks to more than anybody sends. */
const gunzip = async (packed: Bytes): Promise<Bytes | null> => {
  try {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const data = new Uint8Array(await new Response(stream).arrayBuffer());
    return data.length <= UNPACKED_MAX ? data : null;
  } catch {
    return null;
  }
};
