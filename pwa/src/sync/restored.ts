/** A server that lost what it had, because it was restored: what it was given may be gone, and what it said of that. */
import type { Writing } from "../storage/database.ts";
import type { Memory, Pull } from "./memory.ts";
import { isRestored } from "./phone-reply.ts";
import type { Phone } from "./phone.ts";
import type { SyncReply } from "./wire.ts";

/** Whether the server has less than it had, as far as this phone can tell. */
const isBehind = (phone: Phone, reply: SyncReply): boolean =>
  reply.recovering !== null || isRestored(phone, reply);

/** Whether a reply is the first of a restored server: restored once more, too, or put back to what it was. */
const isNews = (phone: Phone, pull: Pull, reply: SyncReply): boolean => {
  const [before, now] = [pull.isBehind === true, isBehind(phone, reply)];
  const [known, told] = [pull.restoredMs ?? null, reply.recovering?.restoredMs ?? null];
  const isOther = known !== null && told !== null && known !== told;
  return before !== now || (now && (isOther || reply.logSize < pull.logSize));
};

export interface Loss {
  /** For the record of the pull. */
  readonly told: Pick<Pull, "isBehind" | "believedFromMs">;
  /** What is carried, without the server's words that count no more. */
  readonly carried: Memory["carried"];
  readonly put: (tx: Writing) => Promise<unknown>;
  /** The memory without the word about this device, and with all evidence to be uploaded. */
  readonly forget: (memory: Memory) => Memory;
}

/** What a reply says of a loss. `after`: what holds after it; `kept`: names of all evidence that is here. */
export const lossOf = (
  { phone, pull }: Memory,
  reply: SyncReply,
  after: { readonly phone: Phone; readonly carried: Memory["carried"] },
  kept: readonly string[],
): Loss => {
  const isLost = phone !== null && isNews(phone, pull, reply);
  const told = {
    isBehind: isBehind(after.phone, reply),
    // By when it is heard: the backup ends earlier, and words about the lost end were signed in between.
    believedFromMs: isLost ? reply.nowMs : (pull.believedFromMs ?? 0),
  };
  if (!isLost) return { told, carried: after.carried, put: () => Promise.resolve(), forget: (now) => now };
  const carried = after.carried.map((each) => ({ ...each, acknowledgement: null, isInLog: false }));
  return {
    told,
    carried,
    put: (tx) => {
      const meta = tx.objectStore("meta");
      // Their names alone: to write all photos anew takes the space that they take.
      return Promise.all([
        meta.put(kept, "resend"),
        meta.delete("acknowledged"),
        meta.put(carried, "carried"),
      ]);
    },
    forget: (now) => ({ ...now, acknowledged: null, evidence: kept }),
  };
};
