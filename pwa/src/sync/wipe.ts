/**
 * Whether this phone may be wiped: only by what the server signed, never by the phone's own opinion. Pure.
 * docs/protocol/relay.md §5.
 */
import { type ChainHead, isCovered, unacknowledged } from "../codec/acknowledgement.ts";
import type { WipeSafety } from "./ledger-types.ts";
import type { Memory } from "./memory.ts";
import { isSettled } from "./outbox.ts";
import { allUnsent, type Phone } from "./phone.ts";

/** The last op of each epoch that this phone recorded anything in. */
export const headsOf = ({ epochs }: Phone): readonly ChainHead[] =>
  epochs.flatMap(({ number, entries }) => {
    const last = entries.at(-1);
    return last === undefined ? [] : [{ epoch: number, seq: last.op.seq, hash: last.hash }];
  });

const unsettledIn = ({ epochs }: Phone): number =>
  epochs.reduce(
    (sum, epoch) =>
      sum + epoch.entries.filter(({ op }) => op.seq <= epoch.ackedTo && !isSettled(epoch, op.seq)).length,
    0,
  );

export const wipeSafetyOf = ({ phone, acknowledged, evidence, relayed }: Memory): WipeSafety => {
  const said = acknowledged?.value ?? null;
  const unsent = phone === null ? 0 : allUnsent(phone).length;
  const isStated = phone !== null && said !== null && unacknowledged(said, headsOf(phone)).length === 0;
  const [missingValues, missingEvidence] = isStated ? [said.missingValues, said.missingEvidence] : [0, 0];
  const held = unsent + evidence.length + relayed.length;
  return {
    isSafe: isStated && held + missingValues + missingEvidence === 0,
    isStated,
    isBackedUp: isStated && isCovered(said),
    unsent,
    unsettled: phone === null ? 0 : unsettledIn(phone),
    evidence: evidence.length,
    relayed: relayed.length,
    missingValues,
    missingEvidence,
    statedMs: said?.atMs ?? null,
    logSize: said?.logSize ?? null,
  };
};
