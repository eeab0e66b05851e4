/**
 * What a phone may let go of: ops that have a verdict and that a confirmed backup of the server holds. Until then it
 * keeps them, to send them again to a server that lost them.
 */
import { toHex } from "../codec/bytes.ts";
import type { Writing } from "../storage/database.ts";
import type { Change } from "./keeper.ts";
import type { Memory } from "./memory.ts";
import { type Epoch, forgettable } from "./outbox.ts";

/** A worker looks up what he did last week; what is older is in the ledger's own rows. */
export const KEPT_MS = 7 * 24 * 3_600_000;
/** It costs a transaction: a few ops are not worth one. */
const LEAST = 50;

/** The change that forgets what may be forgotten; null where that is little. `nowMs` is server time. */
export const forgetting = (
  memory: Memory,
  covered: readonly (readonly [epoch: number, lastSeq: number])[],
  nowMs: number,
  least = LEAST,
): Change<number> | null => {
  const { phone } = memory;
  if (phone === null) return null;
  const device = toHex(phone.identity.device);
  const coveredTo = new Map(covered);
  const gone = phone.epochs.map((epoch) =>
    forgettable(epoch, coveredTo.get(epoch.number) ?? 0, nowMs - KEPT_MS),
  );
  const count = gone.reduce((sum, one) => sum + one, 0);
  if (count < least) return null;
  const epochs = phone.epochs.map((epoch, i): Epoch => {
    const first = gone[i] ?? 0;
    return { ...epoch, firstSeq: epoch.firstSeq + first, entries: epoch.entries.slice(first) };
  });
  return {
    stores: ["ops"],
    durability: "relaxed",
    put: async (tx: Writing) => {
      const ops = tx.objectStore("ops");
      const ranges = epochs.map(({ number, firstSeq }) =>
        IDBKeyRange.bound([device, number, 0], [device, number, firstSeq], false, true),
      );
      const keys = await Promise.all(ranges.map((range) => ops.index("dot").getAllKeys(range)));
      await Promise.all(keys.flat().map((key) => ops.delete(key)));
    },
    after: () => ({ ...memory, phone: { ...phone, epochs } }),
    result: count,
  };
};
