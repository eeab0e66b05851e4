/**
 * One meeting with the server: as many round trips as it takes to bring up what is recorded and bring down what is
 * new. What a reply says becomes durable before the next request goes out. Rules: docs/protocol/sync.md §2.
 */
import { isEqual } from "../codec/bytes.ts";
import type { StoredChunk, StoredFrame, Writing } from "../storage/database.ts";
import type { Bytes } from "../codec/bytes.ts";
import type { Courier, Failure, Told } from "./courier.ts";
import { fitting, REQUEST_FRAMES_BYTES, type Sealed, type Sealer } from "./frames.ts";
import { type Change, type Keeper, putPhone } from "./keeper.ts";
import type { SyncStatus } from "./ledger-types.ts";
import { type Device, type FrameProblem, type Memory, type Meta, type Pull } from "./memory.ts";
import { unsent } from "./outbox.ts";
import { type Instant, serverMs } from "./phone-clock.ts";
import { received, type Trip } from "./phone-reply.ts";
import { allUnsent, type Phone, ticked } from "./phone.ts";
import { newEpoch, type Ports } from "./ports.ts";
import { chunksWith, isEmpty, withRows } from "./row-changes.ts";
import { decodeReply, encodeRequest, PULL_NONCE, PULL_OK, type SyncReply, type WireRow } from "./wire.ts";

/** A meeting ends after so many trips, however much is left: the next one goes on. */
const TRIPS_MAX = 500;

export interface Met {
  readonly status: SyncStatus;
  /** When the server wants to be left alone until. */
  readonly retryAfterMs: number | null;
}

/** What went up, to make sense of the reply. */
interface Asked {
  readonly device: Device;
  readonly page: Uint8Array | null;
  readonly cursor: number;
  readonly frames: readonly Sealed[];
  readonly relayed: readonly StoredFrame[];
  readonly sent: Instant;
}

export const openExchange = (ports: Ports, keeper: Keeper, sealer: Sealer, courier: Courier) => {
  const now = (): Instant => ({ wallMs: ports.wallMs(), monoMs: ports.monoMs() });

  /** A run that this page begins gets a number that no other page has. */
  const tick = (at: Instant): Promise<null> =>
    keeper.commitOrHold(async (memory) => {
      if (memory.phone === null) return null;
      const phone = ticked(memory.phone, at);
      if (phone.runs === memory.phone.runs) return null;
      return {
        stores: ["epochs"],
        durability: "strict",
        put: (tx) => putPhone(tx, phone, memory.phone),
        after: () => ({ ...memory, phone }),
        result: null,
      };
    });

  const forgetPages = (): Promise<null> =>
    keeper.commitOrHold(async (memory) => {
      if (memory.phone === null || memory.phone.page === null) return null;
      const pull: Pull = { ...memory.pull, page: null };
      const phone: Phone = { ...memory.phone, page: null };
      return {
        stores: ["pages"],
        durability: "relaxed",
        put: (tx) => Promise.all([tx.objectStore("pages").clear(), putMeta(tx, "pull", pull)]),
        after: () => ({ ...memory, phone, pull }),
        result: null,
      };
    });

  /** Null: the phone is not enrolled. */
  const ask = async (
    bytesMax: number,
  ): Promise<{ readonly asked: Asked; readonly body: Uint8Array<ArrayBuffer> } | null> => {
    await keeper.refresh();
    const { device, phone } = keeper.memory();
    if (device === null || phone === null) return null;
    const frames = await sealer.load(device, phone, bytesMax);
    const db = await keeper.database();
    const relayed = fitting(await db.getAll("relayed"), bytesMax / 2);
    await tick(now());
    const memory = keeper.memory();
    if (memory.phone === null || memory.device === null) return null;
    if (!isEqual(memory.device.device, device.device)) return null;
    // Read last: what is called now is when the request leaves.
    const sent = now();
    const { clock, cursor, page, session } = memory.phone;
    const carried = frames.reduce((sum, { firstSeq, lastSeq }) => sum + lastSeq - firstSeq + 1, 0);
    const body = encodeRequest({
      device: device.device,
      nowMs: serverMs(clock, sent.wallMs),
      run: clock.run,
      session,
      cursor,
      page,
      buckets: memory.pull.buckets,
      frames: frames.map(({ frame }) => frame),
      relayed: relayed.map(({ frame }) => frame),
      pending: Math.max(0, allUnsent(memory.phone).length - carried),
      snapshots: null,
    });
    return { asked: { device, page, cursor, frames, relayed, sent }, body };
  };

  const apply = (asked: Asked, { reply, bytes }: Told): Promise<Outcome | null> => {
    const trip: Trip = {
      inFlight: new Map(asked.frames.map(({ epoch, lastSeq }) => [epoch, lastSeq])),
      sent: asked.sent,
      received: now(),
      saidTime: true,
    };
    return keeper.commitOrHold(async (memory) => {
      if (memory.phone === null || memory.device === null) return null;
      if (!isEqual(memory.device.device, asked.device.device)) return null;
      // Another tab pulled meanwhile, or the pages had to go: these rows continue nothing.
      const continues = memory.phone.cursor === asked.cursor && isSamePage(memory.phone.page, asked.page);
      const told = continues || reply.pull !== PULL_OK ? reply : { ...reply, pull: "superseded" };
      const phone = received(memory.phone, told, trip, () => newEpoch(ports));
      const isApplied = told.pull === PULL_OK && told.page === null;
      const pages = isApplied && asked.page !== null ? await (await keeper.database()).getAll("pages") : [];
      const spool = pages.map((page) => decodeReply(page.reply));
      // Without space for rows the ops that went up are acknowledged all the same; the pull waits.
      const full = received(memory.phone, { ...told, pull: FULL }, trip, () => newEpoch(ports));
      return applied({ memory, phone, full, asked, reply: told, bytes, isApplied, spool });
    });
  };

  const failed = ({ failure }: { readonly failure: Failure }): Met =>
    failure.type === "offline"
      ? { status: { type: "offline" }, retryAfterMs: null }
      : {
          status: { type: "refused", status: failure.status, code: failure.code },
          retryAfterMs: failure.retryAfterMs,
        };

  /** Resolves when everything went up and came down, or when the network or the server ends it. */
  return async (): Promise<Met> => {
    let [bytesMax, nonces] = [REQUEST_FRAMES_BYTES, 0];
    let status: SyncStatus = { type: "never" };
    for (let trips = 0; trips < TRIPS_MAX; trips += 1) {
      const asking = await ask(bytesMax);
      if (asking === null) return { status: { type: "never" }, retryAfterMs: null };
      const { asked, body } = asking;
      const answer = await courier.sync(asked.device, body, asked.device !== null, ports.wallMs());
      if (!answer.ok) {
        const code = answer.type === "refused" ? answer.status : 0;
        if (code === 413 && asked.frames.length + asked.relayed.length > 1) {
          bytesMax = Math.ceil(bytesMax / 2);
          continue;
        }
        if (code === 400 && asked.page !== null) {
          await forgetPages();
          continue;
        }
        return failed({ failure: answer });
      }
      const outcome = await apply(asked, answer.value);
      if (outcome === null) continue;
      status = outcome.pull === PULL_OK ? { type: "ok" } : { type: "no-rows", code: outcome.pull };
      const wantsNonce = outcome.pull === PULL_NONCE && (nonces += 1) === 1;
      if (!wantsNonce && !outcome.hasMore) break;
    }
    return { status, retryAfterMs: null };
  };
};

/** The pull could not be stored: what `pull` would say, if the phone asked itself. */
const FULL = "storage-full";

interface Outcome {
  readonly pull: string;
  /** Another trip would bring something up or down. */
  readonly hasMore: boolean;
}

const isSamePage = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : isEqual(a, b);

const putMeta = <K extends keyof Meta>(tx: Writing, key: K, value: Meta[K]): Promise<unknown> =>
  tx.objectStore("meta").put(value, key);

interface Applying {
  readonly memory: Memory;
  readonly phone: Phone;
  readonly asked: Asked;
  readonly reply: SyncReply;
  readonly isApplied: boolean;
  readonly spool: readonly SyncReply[];
  readonly bytes: Bytes;
  readonly full: Phone;
}

/** The change that a reply makes: pages are kept apart, and applied in one step with the last. */
const applied = ({
  memory,
  phone,
  full,
  asked,
  reply,
  bytes,
  isApplied,
  spool,
}: Applying): Change<Outcome> => {
  const isPage = reply.pull === PULL_OK && reply.page !== null;
  const rows = [...spool.flatMap((page) => page.rows), ...reply.rows];
  const dropped = [...spool.flatMap((page) => page.dropped), ...reply.dropped];
  const problems = asked.frames.length > 0 ? problemsOf(reply, asked.frames) : memory.problems;
  const before = memory.phone === null ? 0 : allUnsent(memory.phone).length;
  const left = allUnsent(phone);
  const pull: Pull = {
    cursor: phone.cursor,
    seen: phone.seen,
    logSize: phone.logSize,
    checkpoint: phone.checkpoint,
    page: phone.page,
    buckets: isApplied ? bucketsAfter(memory.pull.buckets, dropped, rows) : memory.pull.buckets,
    lastSyncAt: isApplied ? reply.nowMs : memory.pull.lastSyncAt,
  };
  const carried = new Set(asked.relayed.map(({ sha256 }) => sha256));
  const relayed = memory.relayed.filter((name) => !carried.has(name));
  const changesRows = isApplied && rows.length + dropped.length > 0;
  const rowsAfter = changesRows ? withRows(memory.rows, dropped, rows) : memory.rows;
  const chunks = changesRows ? chunksWith(rowsAfter, rows) : [];
  return {
    stores: ["epochs", "relayed", "seals", "pages", ...(changesRows ? (["rows"] as const) : [])],
    durability: phone.epochs.length === memory.phone?.epochs.length ? "relaxed" : "strict",
    changesRows,
    put: async (tx) => {
      const work: Promise<unknown>[] = [
        putPhone(tx, phone, memory.phone),
        putMeta(tx, "pull", pull),
        putMeta(tx, "problems", problems),
        ...[...carried].map((name) => tx.objectStore("relayed").delete(name)),
      ];
      // A cut begins or ends with an empty spool, whatever broke off before it.
      if (isApplied || (isPage && asked.page === null)) work.push(tx.objectStore("pages").clear());
      if (isPage) work.push(tx.objectStore("pages").add({ reply: bytes }));
      if (left.length === 0 && before > 0) work.push(tx.objectStore("seals").clear());
      if (changesRows) work.push(putRows(tx, chunks, dropped));
      await Promise.all(work);
    },
    after: () => ({ ...memory, phone, pull, problems, relayed, rows: rowsAfter }),
    result: { pull: reply.pull, hasMore: isPage || hasMore(phone, asked, before - left.length, memory) },
    held: {
      after: () => ({ ...memory, phone: full, problems, relayed }),
      result: { pull: reply.pull === PULL_OK ? FULL : reply.pull, hasMore: false },
    },
  };
};

/** Whether what is left would get further: something did in this trip, and something is left. */
const hasMore = (phone: Phone, asked: Asked, acked: number, memory: Memory): boolean => {
  const isLeft = phone.epochs.some((epoch) => unsent(epoch).length > 0);
  const moved = acked > 0 || (asked.frames.length === 0 && isLeft);
  return (isLeft && moved) || (asked.relayed.length > 0 && memory.relayed.length > asked.relayed.length);
};

const bucketsAfter = (
  before: readonly string[],
  dropped: readonly string[],
  rows: readonly WireRow[],
): readonly string[] => {
  const buckets = new Set(before);
  for (const bucket of dropped) buckets.delete(bucket);
  for (const { bucket } of rows) buckets.add(bucket);
  return [...buckets].sort();
};

const problemsOf = (reply: SyncReply, frames: readonly Sealed[]): FrameProblem[] =>
  reply.problems.flatMap(({ frame, relayed, code, detail }) => {
    const sealed = relayed ? undefined : frames[frame];
    if (sealed === undefined) return [];
    return [{ epoch: sealed.epoch, firstSeq: sealed.firstSeq, lastSeq: sealed.lastSeq, code, detail }];
  });

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
