/** What a phone carries for others, as screens see it. Pure, and small: it is there before the first screen. */
import type { CarriedFor } from "./ledger-types.ts";
import type { Carried } from "./memory.ts";

export const recordsIn = (ops: Carried["ops"]): number =>
  ops.reduce((sum, [, first, last]) => sum + last - first + 1, 0);

const stageOf = ({ frames, problem, acknowledgement, isInLog }: Carried): CarriedFor["stage"] => {
  if (frames.length > 0) return problem === null ? "here" : "kept-back";
  if (problem !== null) return "refused";
  if (acknowledgement === null) return "sent";
  return isInLog ? "done" : "beside";
};

/** The newest first. */
export const carriedFor = (carried: readonly Carried[]): readonly CarriedFor[] =>
  carried
    .map((each) => ({
      device: each.device,
      records: recordsIn(each.ops),
      stage: stageOf(each),
      code: each.problem?.code ?? "",
      takenMs: each.takenMs,
    }))
    .reverse();
