/**
 * A phone as a pure state machine: what it is and records; what it learns is in `phone-reply.ts`. Time and chance are
 * arguments.
 *
 * Rules: docs/protocol/sync.md §2. Twin: `sync_engine/phone.py`; what the rules change is made durable by
 * `keeper.ts`, and rows are kept apart from it because there are many.
 */
import { type Bytes, EMPTY } from "../codec/bytes.ts";
import type { Value } from "../codec/msgpack.ts";
import { digestOf, nothingSeen, type Op, type Seen, VERSION } from "../codec/op.ts";
import { type Epoch, freshEpoch, lastSeq, type Recorded, unsent } from "./outbox.ts";
import { type Clock, errMs, type Instant, serverMs, tick } from "./phone-clock.ts";

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
  /** The signed note of `seen`. */
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

export const nextSeq = (phone: Phone): number => lastSeq(currentEpoch(phone)) + 1;

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
