import { describe, expect, it } from "vitest";
import { leafHash, encodeOp } from "../src/codec/op.ts";
import { isSettled, unsent } from "../src/sync/outbox.ts";
import { freshClock } from "../src/sync/phone-clock.ts";
import { appended, currentEpoch, freshPhone, nextOp, type Phone, ticked } from "../src/sync/phone.ts";
import { received } from "../src/sync/phone-reply.ts";
import { PULL_OK, type SyncReply } from "../src/sync/wire.ts";

const START_MS = 1_795_384_200_000;
const EPOCH = 7;
const now = { wallMs: START_MS, monoMs: 0 };
const bytes = (length: number, value = 0): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(value);

/** A phone with so many ops in its first epoch; `mark` tells the ops of one copy from another's. */
const phoneWith = (ops: number, mark = "R1"): Phone => {
  let phone = freshPhone({ org: "lvyuan", device: bytes(16), enrol: bytes(32) }, freshClock(), EPOCH);
  for (let seq = 1; seq <= ops; seq += 1) {
    phone = ticked(phone, now);
    const intent = { kind: "pick", body: [null, [], mark], values: [] };
    const op = nextOp(phone, intent, bytes(16), now);
    const data = encodeOp(op);
    phone = appended(phone, { op, data, hash: leafHash(data), values: [], note: null });
  }
  return phone;
};

const reply = (said: Partial<SyncReply>): SyncReply => ({
  version: 1,
  nowMs: START_MS,
  logSize: 9,
  pull: PULL_OK,
  cursor: 8,
  page: null,
  dropped: [],
  rows: [],
  settled: [],
  held: [],
  problems: [],
  checkpoint: "",
  seen: null,
  acked: [],
  snapshots: [],
  based: [],
  covered: [],
  branches: [],
  recovering: null,
  ...said,
});

const told = (phone: Phone, said: Partial<SyncReply>, sent = 0): Phone =>
  received(
    phone,
    reply(said),
    { inFlight: new Map(sent > 0 ? [[EPOCH, sent]] : []), sent: now, received: now, saidTime: true },
    () => 8,
  );

const openSeqs = ({ epochs: [epoch] }: Phone): number[] =>
  epoch === undefined ? [] : unsent(epoch).map(({ op }) => op.seq);

describe("what a reply says is on the server", () => {
  it("is believed when it is less than before: what a restored server lost goes up and is shown again", () => {
    const phone = phoneWith(3);
    const hash = phone.prev;
    const synced = told(
      phone,
      { held: [[EPOCH, 4, hash]], acked: [[EPOCH, 3]], settled: [[EPOCH, 1, 3]] },
      3,
    );
    expect(openSeqs(synced)).toEqual([]);
    const restored = told(synced, {});
    expect(openSeqs(restored)).toEqual([1, 2, 3]);
    expect([1, 2, 3].some((seq) => isSettled(currentEpoch(restored), seq))).toBe(false);
  });

  it("is a copy's where the head is no op of ours: what did not go along is not there, and has no verdict", () => {
    const theirs = phoneWith(6, "R2").prev;
    const copy = told(
      phoneWith(3),
      { held: [[EPOCH, 7, theirs]], acked: [[EPOCH, 6]], settled: [[EPOCH, 1, 6]] },
      2,
    );
    expect(copy.clonesFound).toBe(1);
    expect(openSeqs(copy)).toEqual([3]);
    expect([2, 3].map((seq) => copy.epochs[0] !== undefined && isSettled(copy.epochs[0], seq))).toEqual([
      true,
      false,
    ]);
  });
});
