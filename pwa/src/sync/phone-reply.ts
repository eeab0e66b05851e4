/** What a phone learns from a reply: docs/protocol/sync.md §2. Pure. Twin: `sync_engine/phone.py`. */
import { isEqual } from "../codec/bytes.ts";
import { entryAt, type Epoch, isSameRanges, lastSeq, withRange } from "./outbox.ts";
import { hear, type Instant } from "./phone-clock.ts";
import { allUnsent, currentEpoch, type Phone, ticked, withNewEpoch } from "./phone.ts";
import { PULL_OK, type SyncReply } from "./wire.ts";

/** What a request brought and when: `inFlight` tells the last seq of each epoch that went along. */
export interface Trip {
  readonly inFlight: ReadonlyMap<number, number>;
  readonly sent: Instant;
  readonly received: Instant;
  /** False when the request said no time: then the reply teaches none. */
  readonly saidTime: boolean;
}

/** The phone after a reply; `newEpoch` is the chance of an epoch, used when the device turns out to be a copy. */
export const received = (before: Phone, reply: SyncReply, trip: Trip, newEpoch: () => number): Phone => {
  let phone: Phone = {
    ...before,
    logSize: reply.logSize,
    epochs: before.epochs.map((epoch) => ({ ...epoch })),
  };
  for (const [epoch, next, hash] of reply.held) phone = compared(phone, epoch, next, hash, newEpoch);
  acknowledge(phone, reply, trip.inFlight);
  phone = withTime(phone, reply.nowMs, trip);
  return reply.pull === PULL_OK ? pulled(phone, reply) : phone;
};

/**
 * Learns how far the server has each epoch: less than it said before, if it was restored from a backup. An epoch that
 * it does not speak of is one that it has nothing of, or that it lost as a whole. The rows, and so what is settled,
 * stay as they are until the next cut.
 */
const acknowledge = (phone: Phone, reply: SyncReply, inFlight: ReadonlyMap<number, number>): void => {
  const durable = new Map(reply.acked);
  for (const [epoch, next] of reply.held) durable.set(epoch, Math.max(next - 1, durable.get(epoch) ?? 0));
  const isRefused = reply.problems.some((problem) => !problem.relayed);
  for (const epoch of phone.epochs) {
    if (!epoch.forked) epoch.ackedTo = durable.get(epoch.number) ?? 0;
    else {
      // What was taken without a problem is there, though no end of a branch may speak of it; unless it was lost since.
      const before = isRestored(phone, reply) ? 0 : epoch.ackedTo;
      const taken = isRefused ? 0 : (inFlight.get(epoch.number) ?? 0);
      epoch.ackedTo = Math.max(before, taken, branchAcked(epoch, reply));
    }
  }
};

/** Whether the server has less than it had: a shorter log, or one that goes on under another name. */
export const isRestored = (phone: Phone, reply: SyncReply): boolean =>
  reply.logSize < phone.seen[0] ||
  // A phone that never had rows knows no name yet.
  (phone.checkpoint !== "" && originOf(reply.checkpoint) !== originOf(phone.checkpoint));

/** How far the server has this phone's branch of a forked epoch: an end of any branch that is an op of its own. */
const branchAcked = (epoch: Epoch, reply: SyncReply): number => {
  const heads = reply.held.map(([number, next, hash]) => [number, next - 1, hash] as const);
  const own = [...heads, ...reply.branches].filter(([number, seq, hash]) => {
    const entry = number === epoch.number ? entryAt(epoch, seq) : undefined;
    return entry !== undefined && isEqual(entry.hash, hash);
  });
  return Math.max(0, ...own.map(([, seq]) => seq));
};

/**
 * Adopts the server's time, unless ops of this run, stamped by the old estimate, are still to be sent: the server
 * corrects the ops of a run by what the phone calls now in the request that brings them, so both must be by one
 * estimate. The next round trip adopts it.
 */
const withTime = (before: Phone, toldMs: number, trip: Trip): Phone => {
  const phone = ticked(before, trip.received);
  const isStamped = allUnsent(phone).some(({ op }) => op.run === phone.clock.run);
  if (isStamped || !trip.saidTime) return phone;
  return { ...phone, clock: hear(phone.clock, toldMs, trip.sent, trip.received) };
};

/**
 * Finds out that the log holds another chain of an epoch: this device, or another, is a copy. The present epoch ends
 * with it; of an earlier one it is enough to know that what the log has of it says nothing of this phone's ops.
 */
const compared = (
  phone: Phone,
  number: number,
  next: number,
  hash: Uint8Array,
  newEpoch: () => number,
): Phone => {
  const epoch = phone.epochs.find((each) => each.number === number);
  if (epoch === undefined) return phone;
  const ours = entryAt(epoch, next - 1);
  const isOurs = next - 1 <= lastSeq(epoch) && (ours === undefined || isEqual(ours.hash, hash));
  if (isOurs) return phone;
  epoch.forked = true;
  if (epoch !== currentEpoch(phone)) return phone;
  return { ...withNewEpoch(phone, newEpoch(), hash.slice()), clonesFound: phone.clonesFound + 1 };
};

/** The cut is consistent: cursor, causal context and settled ops change with the last page, in one step. */
const pulled = (phone: Phone, reply: SyncReply): Phone => {
  if (reply.page !== null) return { ...phone, page: reply.page };
  if (isStill(phone, reply)) return { ...phone, page: null };
  for (const epoch of phone.epochs) {
    let settled: Epoch["settled"] = [];
    // What was never sent has no verdict, whatever a clone of this device sent in its place.
    for (const [number, first, last] of reply.settled)
      if (number === epoch.number) settled = withRange(settled, first, Math.min(last, epoch.ackedTo));
    if (!isSameRanges(settled, epoch.settled)) epoch.settled = settled;
  }
  const cut = { ...phone, page: null, cursor: reply.cursor };
  // It never decreases while the log has one name, even where a restored server has less than it had. Later names are
  // greater: each has its time behind the first one. Of a server that was put back to an earlier one nothing is taken.
  const [told, own] = [originOf(reply.checkpoint), originOf(phone.checkpoint)];
  if (reply.seen === null || told < own || (told === own && reply.seen[0] < phone.seen[0])) return cut;
  // Rows of a log that goes on under another name may be of the end that it lost: all of them come anew.
  const cursor = told > own && own !== "" && phone.cursor >= 0 ? -1 : reply.cursor;
  return { ...cut, cursor, checkpoint: reply.checkpoint, seen: reply.seen };
};

/** Offers alone: until they are fetched, rows, cursor and settled ops stay the cut that they are. */
export const isStill = ({ cursor }: Pick<Phone, "cursor">, reply: SyncReply): boolean =>
  reply.snapshots.length > 0 &&
  reply.seen === null &&
  reply.cursor === cursor &&
  reply.rows.length + reply.based.length === 0;

/** The name of the log that a checkpoint is of: its first line. */
export const originOf = (note: string): string =>
  note.includes("\n") ? note.slice(0, note.indexOf("\n")) : "";

/** What is shown to a server that seems to have less than this phone has seen of its log; else nothing. */
export const knownOf = (phone: Phone): string => (phone.logSize < phone.seen[0] ? phone.checkpoint : "");
