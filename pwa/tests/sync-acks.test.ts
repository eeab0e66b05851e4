import { describe, expect, it } from "vitest";
import { leafHash, encodeOp } from "../src/codec/op.ts";
import { entryAt, forgettable, isSettled, lastSeq, unsent } from "../src/sync/outbox.ts";
import { freshClock } from "../src/sync/phone-clock.ts";
import { appended, currentEpoch, freshPhone, nextOp, type Phone, ticked } from "../src/sync/phone.ts";
import { knownOf, received } from "../src/sync/phone-reply.ts";
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

describe("a server that was restored", () => {
  const note = (origin: string): string => `${origin}\n9\nAAAA\n\n— ${origin} AAAA\n`;
  const hashOf = (phone: Phone, seq: number): Uint8Array => {
    const entry = currentEpoch(phone).entries[seq - 1];
    if (entry === undefined) throw new Error(`no op ${seq}`);
    return entry.hash;
  };
  const synced = (phone: Phone): Phone =>
    told(phone, {
      held: [[EPOCH, 5, hashOf(phone, 4)]],
      acked: [[EPOCH, 4]],
      settled: [[EPOCH, 1, 4]],
      seen: [9, bytes(16, 1)],
      checkpoint: note("gobi.example/lvyuan"),
    });

  it("gets again what it lost, and its rows decide what is settled", () => {
    const before = synced(phoneWith(4));
    const waiting = told(before, {
      held: [[EPOCH, 3, hashOf(before, 2)]],
      acked: [[EPOCH, 4]],
      pull: "no-session",
    });
    expect(openSeqs(waiting)).toStrictEqual([]);
    expect(currentEpoch(waiting).settled).toStrictEqual([[1, 4]]);
    const cut = told(before, {
      logSize: 5,
      held: [[EPOCH, 3, hashOf(before, 2)]],
      acked: [[EPOCH, 2]],
      settled: [[EPOCH, 1, 2]],
      seen: [5, bytes(16, 2)],
      checkpoint: note("gobi.example/lvyuan"),
    });
    expect(openSeqs(cut)).toStrictEqual([3, 4]);
    expect([1, 2, 3, 4].map((seq) => isSettled(currentEpoch(cut), seq))).toStrictEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(cut.seen[0]).toBe(9);
    expect(knownOf(cut)).toBe(before.checkpoint);
  });

  it("goes on under a new name, and the phone with it, though the log is shorter", () => {
    const before = synced(phoneWith(4));
    const checkpoint = note("gobi.example/lvyuan/20261125090000");
    const after = told(before, {
      logSize: 7,
      held: [[EPOCH, 5, hashOf(before, 4)]],
      acked: [[EPOCH, 4]],
      seen: [7, bytes(16, 3)],
      checkpoint,
    });
    expect([after.seen[0], after.checkpoint, knownOf(after)]).toStrictEqual([7, checkpoint, ""]);
  });

  it("lowers what is known of a forked epoch only where the branch is gone", () => {
    const before = synced(phoneWith(4));
    const foreign = {
      held: [[EPOCH, 5, bytes(32, 9)]] as const,
      acked: [[EPOCH, 4]] as const,
      checkpoint: note("gobi.example/lvyuan"),
    };
    const forked = told(before, foreign, 4);
    expect(forked.epochs[0]?.forked).toBe(true);
    expect(openSeqs(told(forked, foreign))).toStrictEqual([]);
    const restored = told(forked, { ...foreign, logSize: 5, held: [[EPOCH, 3, hashOf(before, 2)]] });
    expect(openSeqs(restored)).toStrictEqual([3, 4]);
    const named = told(forked, {
      ...foreign,
      logSize: 5,
      held: [[EPOCH, 3, hashOf(before, 2)]],
      branches: [[EPOCH, 4, hashOf(before, 4)]],
    });
    expect(openSeqs(named)).toStrictEqual([]);
  });
});

describe("what a phone may forget", () => {
  it("is old, settled and covered by a confirmed backup; the last op of an epoch stays", () => {
    const phone = told(phoneWith(4), { acked: [[EPOCH, 4]], settled: [[EPOCH, 1, 4]] });
    const epoch = currentEpoch(phone);
    const later = START_MS + 1;
    expect(forgettable(epoch, 0, later)).toBe(0);
    expect(forgettable(epoch, 2, later)).toBe(2);
    expect(forgettable(epoch, 9, later)).toBe(3);
    expect(forgettable(epoch, 9, START_MS)).toBe(0);
    expect(forgettable({ ...epoch, forked: true }, 9, later)).toBe(0);
    expect(forgettable({ ...epoch, settled: [[2, 4]] }, 9, later)).toBe(0);
    const kept = { ...epoch, firstSeq: 3, entries: epoch.entries.slice(2) };
    expect([lastSeq(kept), entryAt(kept, 2), entryAt(kept, 4)?.op.seq]).toStrictEqual([4, undefined, 4]);
    expect(unsent({ ...kept, ackedTo: 3 }).map(({ op }) => op.seq)).toStrictEqual([4]);
    expect(forgettable(kept, 9, later)).toBe(1);
  });
});
