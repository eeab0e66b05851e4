/** Why an op was not recorded. */
import { isNewerDatabase, isOutOfSpace } from "../storage/database.ts";
import type { RecordFault } from "./ledger-types.ts";

export const recordFault = (type: RecordFault["type"], cause?: unknown): RecordFault =>
  Object.assign(new Error(`not recorded: ${type}`, { cause }), { type });

export const isRecordFault = (error: unknown): error is RecordFault =>
  error instanceof Error && "type" in error && error.message.startsWith("not recorded: ");

/** What the database said, as a person must hear it. */
export const storageFault = (error: unknown): RecordFault => {
  if (isNewerDatabase(error)) return recordFault("newer-database", error);
  return recordFault(isOutOfSpace(error) ? "storage-full" : "storage-failed", error);
};
