/**
 * One meeting with the server: as many round trips as it takes to bring up what is recorded and bring down what is
 * new. What a reply says becomes durable before the next request goes out. Rules: docs/protocol/sync.md §2.
 */
import { isEqual, toHex } from "../codec/bytes.ts";
import { writeAcked } from "../storage/second-head.ts";
import type { StoredFrame, Writing } from "../storage/database.ts";
import type { Bytes } from "../codec/bytes.ts";
import { afterTrip, awake } from "./carrying.ts";
import { ANSWER_MS_MAX, type Courier, type Failure, type Told } from "./courier.ts";
import { fitting, FRAMES_MAX, REQUEST_FRAMES_BYTES, type Sealed, type Sealer } from "./frames.ts";
import { type Change, type Keeper, putPhone } from "./keeper.ts";
import type { SyncStatus } from "./ledger-types.ts";
import { type Device, type FrameProblem, type Memory, type Meta, type Pull } from "./memory.ts";
import { unsent } from "./outbox.ts";
import { type Instant, serverMs } from "./phone-clock.ts";
import { forgetting } from "./forgetting.ts";
import { isStill, knownOf, originOf, received, type Trip } from "./phone-reply.ts";
import { allUnsent, currentEpoch, nextSeq, type Phone, ticked } from "./phone.ts";
import { lossOf } from "./restored.ts";
import { newEpoch, type Ports } from "./ports.ts";
import type { Bases } from "./row-chunks.ts";
import { cutOf, type Pulled } from "./row-cut.ts";
import { heldOf, openFetching, soundBuckets, stagedAfter } from "./snapshot-fetch.ts";
import { basesTaken } from "./snapshot-bases.ts";
import { decodeReply, type WireRow, encodeRequest, PULL_NONCE, PULL_OK, type SyncReply } from "./wire.ts";

/** A meeting ends after so many trips, however much is left: the next one goes on. */
const TRIPS_MAX = 500;
/** Offers that were old as soon as they came. */
const STALE_MAX = 5;

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
    const frames = (await sealer.load(device, phone, bytesMax)).slice(0, FRAMES_MAX);
    const db = await keeper.database();
    const relayed = fitting(awake(await db.getAll("relayed"), ports.wallMs()), bytesMax / 2);
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
      buckets: soundBuckets(memory),
      frames: frames.map(({ frame }) => frame),
      relayed: relayed.map(({ frame }) => frame),
      pending: Math.max(0, allUnsent(memory.phone).length - carried),
      snapshots: heldOf(memory),
      known: knownOf(memory.phone),
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
      // Another tab pulled meanwhile, or pages or chunks had to go: these rows continue nothing.
      const continues = memory.phone.cursor === asked.cursor && isSamePage(memory.phone.page, asked.page);
      const taken = await basesTaken(await keeper.database(), memory, reply);
      const isGood = continues && taken !== null;
      const told = isGood || reply.pull !== PULL_OK ? reply : { ...reply, pull: "superseded" };
      const heard = received(memory.phone, told, trip, () => newEpoch(ports));
      const isApplied = told.pull === PULL_OK && told.page === null;
      const pages = isApplied && asked.page !== null ? await (await keeper.database()).getAll("pages") : [];
      const spool = pages.map((page) => decodeReply(page.reply));
      // Pages of a log that lost its end meanwhile, and goes on under another name: all of them come anew.
      const isMixed = spool.some((page) => originOf(page.checkpoint) !== originOf(reply.checkpoint));
      const phone = isMixed ? { ...heard, cursor: -1 } : heard;
      // Without space for rows the ops that went up are acknowledged all the same; the pull waits.
      const full = received(memory.phone, { ...told, pull: FULL }, trip, () => newEpoch(ports));
      const based: Bases = (isApplied ? taken : null) ?? new Map();
      const evidence = await (await keeper.database()).getAllKeys("evidence");
      return applied({ memory, phone, full, asked, reply: told, bytes, isApplied, spool, based, evidence });
    });
  };

  /** For the day on which the browser wipes this phone: `readWiped` says what it had not brought up. */
  const tellAcked = (): void => {
    const { phone } = keeper.memory();
    if (phone === null) return;
    const seq = nextSeq(phone) - 1 - allUnsent(phone).length;
    writeAcked(ports.local, {
      device: toHex(phone.identity.device),
      epoch: currentEpoch(phone).number,
      seq,
    });
  };

  const failed = ({ failure }: { readonly failure: Failure }): Met =>
    failure.type === "offline"
      ? { status: { type: "offline" }, retryAfterMs: null }
      : {
          status: { type: "refused", status: failure.status, code: failure.code },
          retryAfterMs: failure.retryAfterMs,
        };

  const fetch = openFetching(ports, keeper, courier);
  // What a slow line brings up before a request is given up: found out once, not at every meeting.
  let lineBytesMax = REQUEST_FRAMES_BYTES;

  /** Resolves when everything went up and came down, or when the network or the server ends it. */
  return async (): Promise<Met> => {
    let [bytesMax, nonces, staleOffers] = [REQUEST_FRAMES_BYTES, 0, 0];
    let status: SyncStatus = { type: "never" };
    for (let trips = 0; trips < TRIPS_MAX; trips += 1) {
      const asking = await ask(Math.min(bytesMax, lineBytesMax));
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
        const isLate = answer.type === "offline" && answer.isLate === true;
        if (isLate && asked.frames.length + asked.relayed.length > 1)
          lineBytesMax = Math.ceil(Math.min(lineBytesMax, bytesOf(asked)) / 2);
        return failed({ failure: answer });
      }
      // Twice as much would have come up in half of the time that there is.
      if (now().monoMs - asked.sent.monoMs < ANSWER_MS_MAX / 4)
        lineBytesMax = Math.min(REQUEST_FRAMES_BYTES, 2 * lineBytesMax);
      const outcome = await apply(asked, answer.value);
      tellAcked();
      if (outcome === null) continue;
      status = outcome.pull === PULL_OK ? { type: "ok" } : { type: "no-rows", code: outcome.pull };
      if (outcome.covered.length > 0)
        await keeper.commitOrHold(async (memory) => forgetting(memory, outcome.covered, outcome.nowMs));
      const wantsNonce = outcome.pull === PULL_NONCE && (nonces += 1) === 1;
      if (wantsNonce || outcome.hasMore) continue;
      if (outcome.pull !== PULL_OK) break;
      const fetched = await fetch();
      if (fetched.type === "failed") return failed(fetched);
      if (fetched.type === "full") return { status: { type: "no-rows", code: FULL }, retryAfterMs: null };
      if (fetched.type === "done" || (fetched.type === "stale" && (staleOffers += 1) > STALE_MAX)) break;
    }
    return { status, retryAfterMs: null };
  };
};

/** The pull could not be stored: what `pull` would say, if the phone asked itself. */
const FULL = "storage-full";

interface Outcome {
  readonly pull: string;
  readonly covered: SyncReply["covered"];
  readonly nowMs: number;
  /** Another trip would bring something up or down. */
  readonly hasMore: boolean;
}

const bytesOf = ({ frames, relayed }: Asked): number =>
  [...frames, ...relayed].reduce((sum, { frame }) => sum + frame.length, 0);

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
  /** The chunks of snapshots that take the place of buckets. */
  readonly based: Bases;
  /** Names of all that is here. */
  readonly evidence: readonly string[];
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
  based,
  evidence,
}: Applying): Change<Outcome> => {
  const isPage = reply.pull === PULL_OK && reply.page !== null;
  const stays = isApplied && isStill({ cursor: asked.cursor }, reply);
  const isAnew = isApplied && !stays && phone.cursor < 0;
  const rows = [...spool.flatMap((page) => page.rows), ...reply.rows];
  const told = new Set([...spool.flatMap((page) => page.dropped), ...reply.dropped, ...based.keys()]);
  const problems = asked.frames.length > 0 ? problemsOf(reply, asked.frames) : memory.problems;
  const before = memory.phone === null ? 0 : allUnsent(memory.phone).length;
  const left = allUnsent(phone);
  const staged = isApplied ? stagedAfter(memory.staged, reply) : memory.staged;
  const offered = isApplied ? reply.snapshots.map(({ bucket }) => bucket) : [];
  // Of these the request did not say that they are here.
  const spoiled = offered.filter((bucket) => !soundBuckets(memory).includes(bucket));
  const rest = afterTrip(memory, asked.relayed, reply.problems, {
    serverMs: reply.nowMs,
    wallMs: asked.sent.wallMs,
  });
  const loss = lossOf(memory, reply, { phone, carried: rest.carried }, evidence);
  const pull: Pull = {
    cursor: phone.cursor,
    seen: phone.seen,
    logSize: phone.logSize,
    checkpoint: phone.checkpoint,
    page: phone.page,
    buckets: isApplied
      ? bucketsAfter(memory.pull.buckets, { told, rows, based, offered: stays ? spoiled : offered })
      : memory.pull.buckets,
    lastSyncAt: isApplied && !stays ? reply.nowMs : memory.pull.lastSyncAt,
    restoredMs: reply.recovering?.restoredMs ?? null,
    covered: reply.covered,
    ...loss.told,
  };
  const said = { covered: reply.covered, nowMs: reply.nowMs };
  const cut = isApplied ? cutOf(memory, { told, rows, based, staged, offered, buckets: pull.buckets }) : null;
  const [{ relayed }, { carried }] = [rest, loss];
  const isOfOldEpochs = phone.epochs.length === memory.phone?.epochs.length;
  return {
    stores: ["epochs", "relayed", "seals", "pages", ...(cut?.stores ?? [])],
    durability: isOfOldEpochs ? "relaxed" : "strict",
    isCopy: isOfOldEpochs && (isPage || isApplied),
    changesRows: cut?.changesRows ?? false,
    put: async (tx) => {
      const work: Promise<unknown>[] = [
        putPhone(tx, phone, memory.phone),
        putMeta(tx, "pull", pull),
        putMeta(tx, "problems", problems),
        rest.put(tx),
        loss.put(tx),
      ];
      // A cut begins or ends with an empty spool, whatever broke off before it.
      if (isApplied || (isPage && asked.page === null)) work.push(tx.objectStore("pages").clear());
      if (isPage) work.push(tx.objectStore("pages").add({ reply: bytes }));
      if (left.length === 0 && before > 0) work.push(tx.objectStore("seals").clear());
      if (cut !== null) work.push(cut.put(tx));
      await Promise.all(work);
    },
    after: () => ({
      ...loss.forget(memory),
      phone,
      pull,
      problems,
      relayed,
      carried,
      ...cut?.after,
    }),
    result: {
      ...said,
      pull: reply.pull,
      hasMore:
        isPage ||
        isAnew ||
        rest.hasMore ||
        hasMore(phone, asked, before - left.length) ||
        (isApplied && isAskedBack(rows)),
    },
    held: {
      // The loss is told again with the next reply, for the pull does not say yet that it is known.
      after: () => ({
        ...loss.forget(memory),
        pull: { ...memory.pull, believedFromMs: loss.told.believedFromMs ?? 0 },
        phone: full,
        problems,
        relayed,
        carried,
      }),
      result: { ...said, pull: reply.pull === PULL_OK ? FULL : reply.pull, hasMore: false },
    },
  };
};

/** Whether what is left would get further: something did in this trip, and something is left. */
const hasMore = (phone: Phone, asked: Asked, acked: number): boolean => {
  const isLeft = phone.epochs.some((epoch) => unsent(epoch).length > 0);
  const moved = acked > 0 || (asked.frames.length === 0 && isLeft);
  return isLeft && moved;
};

/** A lease of this phone is asked back: it ends when the server hears that the phone knows, which is the next trip. */
const isAskedBack = (rows: readonly WireRow[]): boolean =>
  rows.some(
    ({ bucket, table, value }) =>
      table === "lease" && bucket.startsWith("device:") && Array.isArray(value) && value[8] === "recalled",
  );

const bucketsAfter = (
  before: readonly string[],
  { told, rows, based, offered }: Omit<Pulled, "buckets" | "staged">,
): readonly string[] => {
  const buckets = new Set(before);
  for (const bucket of told) buckets.delete(bucket);
  for (const { bucket } of rows) buckets.add(bucket);
  for (const bucket of based.keys()) buckets.add(bucket);
  for (const bucket of offered) buckets.delete(bucket);
  return [...buckets].sort();
};

const problemsOf = (reply: SyncReply, frames: readonly Sealed[]): FrameProblem[] =>
  reply.problems.flatMap(({ frame, relayed, code, detail }) => {
    const sealed = relayed ? undefined : frames[frame];
    if (sealed === undefined) return [];
    return [{ epoch: sealed.epoch, firstSeq: sealed.firstSeq, lastSeq: sealed.lastSeq, code, detail }];
  });
