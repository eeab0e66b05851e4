/**
 * What a device keeps of its epochs: every op that it may still be asked for, in order of seq. Pure.
 *
 * Twin: `sync_engine/outbox.py`.
 */
import type { Bytes } from "../codec/bytes.ts";
import type { Value } from "../codec/msgpack.ts";
import type { Op } from "../codec/op.ts";

/** An op of this device with its bytes and its hash. */
export interface Recorded {
  readonly op: Op;
  readonly data: Bytes;
  readonly hash: Bytes;
  /** (salt, value) of its erasable digests, in order. */
  readonly values: readonly (readonly [salt: Uint8Array, value: Uint8Array])[];
  readonly note: Value;
}

type Range = readonly [first: number, last: number];

/** The ops of one epoch, from `firstSeq` on, and how far the server has them: earlier ones may be forgotten. */
export interface Epoch {
  readonly number: number;
  readonly firstSeq: number;
  readonly entries: Recorded[];
  ackedTo: number;
  /** Seqs that have a verdict in the rows: they have left the overlay. Apart and in order. */
  settled: readonly Range[];
  /** The log holds another branch of this epoch: what is left goes up all the same, and no head will match it. */
  forked: boolean;
}

export const freshEpoch = (number: number): Epoch => ({
  number,
  firstSeq: 1,
  entries: [],
  ackedTo: 0,
  settled: [],
  forked: false,
});

/** The seq of the last op recorded; 0 before the first. */
export const lastSeq = (epoch: Epoch): number => epoch.firstSeq + epoch.entries.length - 1;

/** The op with this seq, if it is still kept. */
export const entryAt = (epoch: Epoch, seq: number): Recorded | undefined =>
  seq < epoch.firstSeq ? undefined : epoch.entries[seq - epoch.firstSeq];

/** Ops that the server is not known to have. */
export const unsent = (epoch: Epoch): readonly Recorded[] =>
  epoch.entries.slice(Math.max(0, epoch.ackedTo + 1 - epoch.firstSeq));

/**
 * How many ops at the beginning may be forgotten: settled, held by a confirmed backup up to `coveredTo`, and made
 * before an instant. Never the last one, to which the log's head is compared, and nothing of a forked epoch.
 */
export const forgettable = (epoch: Epoch, coveredTo: number, beforeMs: number): number => {
  if (epoch.forked) return 0;
  const end = Math.min(coveredTo, epoch.ackedTo) + 1 - epoch.firstSeq;
  const kept = epoch.entries.findIndex(
    ({ op }, number) =>
      number >= end || number === epoch.entries.length - 1 || op.at >= beforeMs || !isSettled(epoch, op.seq),
  );
  return Math.max(0, kept);
};

export const isSettled = (epoch: Epoch, seq: number): boolean =>
  epoch.settled.some(([first, last]) => first <= seq && seq <= last);

/** Ranges with one more among them: joined where they touch. */
export const withRange = (ranges: readonly Range[], first: number, last: number): readonly Range[] => {
  if (last < first) return ranges;
  let joined: Range = [first, last];
  const apart = ranges.filter(([from, to]) => {
    if (to + 1 < joined[0] || joined[1] + 1 < from) return true;
    joined = [Math.min(from, joined[0]), Math.max(to, joined[1])];
    return false;
  });
  return [...apart, joined].sort((a, b) => a[0] - b[0]);
};

export const isSameRanges = (a: readonly Range[], b: readonly Range[]): boolean =>
  a.length === b.length && a.every(([first, last], i) => b[i]?.[0] === first && b[i]?.[1] === last);
