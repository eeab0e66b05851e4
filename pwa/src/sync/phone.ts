/**
 * A phone as a pure state machine: what it records, sends and learns. Time and chance are arguments.
 *
 * Rules: docs/protocol/sync.md §2. Twin: `sync_engine/phone.py`; what the rules change is made durable by
 * `keeper.ts`, and rows are kept apart from it because there are many.
 */
import { type Bytes, EMPTY, isEqual } from "../codec/bytes.ts";
import type { Value } from "../codec/msgpack.ts";
import { digestOf, nothingSeen, type Op, type Seen, VERSION } from "../codec/op.ts";
import { type Epoch, freshEpoch, type Recorded, unsent, upTo, withRange } from "./outbox.ts";
import { type Clock, errMs, hear, type Instant, serverMs, tick } from "./phone-clock.ts";
import { PULL_OK, type SyncReply } from "./wire.ts";

export const SESSION_BYTES = 16;

/** What a device knows of itself from the day it was enrolled. */
export interface Identity {
  readonly org: string;
  readonly device: Bytes;
  /** Hash of its enrol op: where its chain begins. */
  readonly enrol: Bytes;
}

export interface Phone {
  readonly identity: Identity;
  readonly clock: Clock;
  /** The last run that any page of this phone began. */
  readonly runs: number;
  /** Its epochs in the order in which they began; ops are appended to the last. */
  readonly epochs: readonly Epoch[];
  /** Hash of the op that the next one follows. */
  readonly prev: Bytes;
  readonly seen: Seen;
  /** Session id; empty: nobody is signed in. */
  readonly session: Bytes;
  readonly cursor: number;
  readonly page: Uint8Array | null;
  readonly logSize: number;
  readonly checkpoint: string;
  /** How often the log turned out to hold another chain of this device. */
  readonly clonesFound: number;
}

export const freshPhone = (identity: Identity, clock: Clock, epoch: number): Phone => ({
  identity,
  clock,
  runs: clock.run,
  epochs: [freshEpoch(epoch)],
  prev: identity.enrol,
  seen: nothingSeen(),
  session: EMPTY,
  cursor: -1,
  page: null,
  logSize: 0,
  checkpoint: "",
  clonesFound: 0,
});

export const currentEpoch = (phone: Phone): Epoch => {
  const epoch = phone.epochs.at(-1);
  if (epoch === undefined) throw new Error("a phone has an epoch");
  return epoch;
};

export const nextSeq = (phone: Phone): number => currentEpoch(phone).entries.length + 1;

export const allUnsent = (phone: Phone): readonly Recorded[] => phone.epochs.flatMap(unsent);

/** Both clocks are read before anything is stamped: a parting begins a run. */
export const ticked = (phone: Phone, now: Instant): Phone => {
  const clock = tick(phone.clock, now, phone.runs + 1);
  return { ...phone, clock, runs: Math.max(phone.runs, clock.run) };
};

export interface Intent {
  readonly kind: string;
  readonly body: readonly Value[];
  readonly values: readonly (readonly [salt: Uint8Array, value: Uint8Array])[];
}

/** The next op of the chain. `phone` has ticked at `now`; `nonce` is that of its next dot. */
export const nextOp = (phone: Phone, intent: Intent, nonce: Uint8Array, now: Instant): Op => ({
  v: VERSION,
  org: phone.identity.org,
  device: phone.identity.device,
  epoch: currentEpoch(phone).number,
  seq: nextSeq(phone),
  prev: phone.prev,
  nonce,
  seen: phone.seen,
  at: serverMs(phone.clock, now.wallMs),
  err: errMs(phone.clock, now),
  run: phone.clock.run,
  actor: intent.kind === "session" ? EMPTY : phone.session,
  kind: intent.kind,
  body: intent.body,
  erasable: intent.values.map(([salt, value]) => digestOf(salt, value)),
  more: [],
});

/** The op is durable: the chain goes on from it. */
export const appended = (phone: Phone, entry: Recorded): Phone => {
  currentEpoch(phone).entries.push(entry);
  return { ...phone, prev: entry.hash };
};

/** A new name space for ops: no dot of it can have been used, whatever became of the last epoch's. */
export const withNewEpoch = (phone: Phone, number: number, prev: Bytes): Phone => ({
  ...phone,
  epochs: [...phone.epochs, freshEpoch(number)],
  prev,
});

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
 * it does not speak of is one that it has nothing of, or that it lost as a whole.
 */
const acknowledge = (phone: Phone, reply: SyncReply, inFlight: ReadonlyMap<number, number>): void => {
  const durable = new Map(reply.acked);
  for (const [epoch, next] of reply.held) durable.set(epoch, Math.max(next - 1, durable.get(epoch) ?? 0));
  const isRefused = reply.problems.some((problem) => !problem.relayed);
  for (const epoch of phone.epochs) {
    if (!epoch.forked) epoch.ackedTo = durable.get(epoch.number) ?? 0;
    // No head of the log speaks of this branch: what was taken without a problem is there.
    else if (!isRefused) epoch.ackedTo = Math.max(epoch.ackedTo, inFlight.get(epoch.number) ?? 0);
    // What the server no longer has comes into the overlay again.
    epoch.settled = upTo(epoch.settled, epoch.ackedTo);
  }
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

/** Finds out that the log holds another chain of the present epoch: this device, or another, is a copy. */
const compared = (
  phone: Phone,
  number: number,
  next: number,
  hash: Uint8Array,
  newEpoch: () => number,
): Phone => {
  const epoch = currentEpoch(phone);
  if (number !== epoch.number) return phone;
  const ours = epoch.entries[next - 2];
  const isOurs = next - 1 <= epoch.entries.length && (ours === undefined || isEqual(ours.hash, hash));
  if (isOurs) return phone;
  epoch.forked = true;
  return { ...withNewEpoch(phone, newEpoch(), hash.slice()), clonesFound: phone.clonesFound + 1 };
};

/** The cut is consistent: cursor, causal context and settled ops change with the last page, in one step. */
const pulled = (phone: Phone, reply: SyncReply): Phone => {
  if (reply.page !== null) return { ...phone, page: reply.page };
  for (const [number, first, last] of reply.settled) {
    const epoch = phone.epochs.find((epoch) => epoch.number === number);
    // What was never sent has no verdict, whatever a clone of this device sent in its place.
    if (epoch !== undefined) epoch.settled = withRange(epoch.settled, first, Math.min(last, epoch.ackedTo));
  }
  // It never decreases along a chain, even where a restored server has a shorter log.
  const seen = reply.seen !== null && reply.seen[0] >= phone.seen[0] ? reply.seen : phone.seen;
  return { ...phone, page: null, cursor: reply.cursor, checkpoint: reply.checkpoint, seen };
};
