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

/** The ops of one epoch, from seq 1 on, and how far the server has them. */
export interface Epoch {
  readonly number: number;
  readonly entries: Recorded[];
  ackedTo: number;
  /** Seqs that have a verdict in the rows: they have left the overlay. Apart and in order. */
  settled: readonly Range[];
  /** The log holds another branch of this epoch: what is left goes up all the same, and no head will match it. */
  forked: boolean;
}

export const freshEpoch = (number: number): Epoch => ({
  number,
  entries: [],
  ackedTo: 0,
  settled: [],
  forked: false,
});

/** Ops that the server is not known to have. */
export const unsent = (epoch: Epoch): readonly Recorded[] => epoch.entries.slice(epoch.ackedTo);

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

/** Ranges without what lies beyond `last`; the same ones where nothing does. */
export const upTo = (ranges: readonly Range[], last: number): readonly Range[] =>
  ranges.every(([, to]) => to <= last)
    ? ranges
    : ranges.filter(([from]) => from <= last).map(([from, to]): Range => [from, Math.min(to, last)]);
