/**
 * What a phone carries for others, from the moment it took it until it can show them what the server signed:
 * docs/protocol/relay.md §4. Pure.
 */
import { toHex } from "../codec/bytes.ts";
import { peekHeader, peekLength } from "../codec/frame.ts";
import type { StoredFrame, Writing } from "../storage/database.ts";
import type { Carried, Memory } from "./memory.ts";
import { withRange } from "./outbox.ts";
import { isResting } from "./resting.ts";
import type { Problem } from "./wire.ts";

/** Whom it carried for is remembered of so many devices; what it still carries is never forgotten. */
const REMEMBERED_MAX = 64;

/** The server may take these another time: they stay here. All other refusals are of the bytes, and final. */
const KEPT_BACK: ReadonlySet<string> = new Set(["too-many-waiting", "too-many-unread", "unknown-device"]);

type Stretch = Carried["ops"][number];

/** One stretch more of an epoch. */
const withOps = (ops: Carried["ops"], [epoch, first, last]: Stretch): Carried["ops"] => {
  const own = ops.filter(([number]) => number === epoch).map(([, from, to]) => [from, to] as const);
  const joined = withRange(own, first, last).map(([from, to]): Stretch => [epoch, from, to]);
  return [...ops.filter(([number]) => number !== epoch), ...joined];
};

/** With frames that were just taken; a device whose work comes again is carried for anew. */
export const withFrames = (
  carried: readonly Carried[],
  frames: readonly StoredFrame[],
  takenMs: number,
): readonly Carried[] => {
  const byDevice = new Map(carried.map((each) => [each.device, each]));
  for (const { sha256, frame } of frames) {
    const header = peekHeader(frame);
    const device = toHex(header.device);
    const before = byDevice.get(device);
    const isOver = before === undefined || before.frames.length === 0;
    const stretch: Stretch = [header.epoch, header.firstSeq, header.firstSeq + peekLength(frame) - 1];
    byDevice.delete(device);
    byDevice.set(device, {
      device,
      frames: [...new Set([...(isOver ? [] : before.frames), sha256])],
      ops: withOps(isOver ? [] : before.ops, stretch),
      takenMs: isOver ? takenMs : before.takenMs,
      sentMs: null,
      problem: null,
      acknowledgement: null,
      isInLog: false,
    });
  }
  const all = [...byDevice.values()];
  const idle = all.filter((each) => each.frames.length === 0);
  const forgotten = new Set(idle.slice(0, Math.max(0, all.length - REMEMBERED_MAX)));
  return all.filter((each) => !forgotten.has(each));
};

/** What the next request takes along. */
export const awake = (frames: readonly StoredFrame[], wallMs: number): readonly StoredFrame[] =>
  frames.filter(({ refused }) => !isResting(refused, wallMs));

export interface AfterTrip {
  readonly relayed: readonly string[];
  readonly carried: readonly Carried[];
  readonly put: (tx: Writing) => Promise<unknown>;
  /** Something went, and there is more. */
  readonly hasMore: boolean;
}

/** What is carried after a reply: what the server took, or will never take, goes; what it kept back stays. */
export const afterTrip = (
  memory: Memory,
  sent: readonly StoredFrame[],
  problems: readonly Problem[],
  at: { readonly serverMs: number; readonly wallMs: number },
): AfterTrip => {
  const problemOf = new Map(
    problems.flatMap(({ relayed, frame, code, detail }) => {
      const name = relayed ? sent[frame]?.sha256 : undefined;
      return name === undefined ? [] : [[name, { code, detail }] as const];
    }),
  );
  const isKept = ({ sha256 }: StoredFrame): boolean => KEPT_BACK.has(problemOf.get(sha256)?.code ?? "");
  const kept = sent.filter(isKept).map((frame): StoredFrame => {
    const refusals = (frame.refused?.refusals ?? 0) + 1;
    return { ...frame, refused: { refusals, refusedAtMs: at.wallMs } };
  });
  const gone = new Set(sent.filter((frame) => !isKept(frame)).map(({ sha256 }) => sha256));
  const tried = new Set(sent.map(({ sha256 }) => sha256));
  const relayed = memory.relayed.filter((name) => !gone.has(name));
  const carried = memory.carried.map((each): Carried => {
    if (!each.frames.some((name) => tried.has(name))) return each;
    const frames = each.frames.filter((name) => !gone.has(name));
    const problem =
      each.frames.map((name) => problemOf.get(name)).find((found) => found !== undefined) ?? null;
    return { ...each, frames, problem, sentMs: frames.length === 0 ? at.serverMs : null };
  });
  return {
    relayed,
    carried,
    put: async (tx) => {
      if (sent.length === 0) return;
      const store = tx.objectStore("relayed");
      await Promise.all([
        ...[...gone].map((name) => store.delete(name)),
        ...kept.map((frame) => store.put(frame)),
        tx.objectStore("meta").put(carried, "carried"),
      ]);
    },
    hasMore: gone.size > 0 && relayed.some((name) => !tried.has(name)),
  };
};

/** Whether the server is to be asked what it signed about a device. */
export const wantsAcknowledgement = ({ frames, sentMs, problem, isInLog }: Carried): boolean =>
  frames.length === 0 && sentMs !== null && problem === null && !isInLog;
