/** A phone's own pending ops, and what they say of each other: what is voided, what was weighed since. */
import { toHex } from "../codec/bytes.ts";
import type { Body } from "../domain/kinds.ts";

/** An own op without a verdict, oldest first. */
export interface PendingOp {
  readonly body: Body;
  /** Leaf hash, hex. */
  readonly hash: string;
  readonly at: number;
  /** Size of the log that the device had applied: what it knew. */
  readonly seen?: number;
}

/** Corrections among the pending ops themselves: what is voided, and which lines were weighed since. */
export const corrections = (
  pending: readonly PendingOp[],
): {
  readonly voided: ReadonlySet<string>;
  readonly weights: ReadonlyMap<string, ReadonlyMap<number, number>>;
} => {
  const voided = new Set<string>();
  for (const { body } of pending) {
    const [name] = body.names;
    if (body.kind === "void" && name instanceof Uint8Array) voided.add(toHex(name));
  }
  const weights = new Map<string, Map<number, number>>();
  for (const { body, hash } of pending) {
    const [name] = body.names;
    // A weighing that was taken back weighs nothing: what was weighed before it stands again.
    if (body.kind !== "weigh" || !(name instanceof Uint8Array) || voided.has(hash)) continue;
    const lines = weights.get(toHex(name)) ?? new Map<number, number>();
    for (const [line, grams] of body.fields.weights) lines.set(line, grams);
    weights.set(toHex(name), lines);
  }
  return { voided, weights };
};

/** The pending ops that no other pending op takes back. */
export const standing = (pending: readonly PendingOp[]): readonly PendingOp[] => {
  const { voided } = corrections(pending);
  return voided.size === 0 ? pending : pending.filter(({ hash }) => !voided.has(hash));
};
