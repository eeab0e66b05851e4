/** Why an op was not recorded. */
import type { RecordFault } from "./ledger-types.ts";

export const recordFault = (type: RecordFault["type"], cause?: unknown): RecordFault =>
  Object.assign(new Error(`not recorded: ${type}`, { cause }), { type });

export const isRecordFault = (error: unknown): error is RecordFault =>
  error instanceof Error && "type" in error && error.message.startsWith("not recorded: ");
