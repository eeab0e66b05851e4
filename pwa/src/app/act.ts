/** Recording from a screen: what went wrong is told in words, what went right is seen, heard and felt. */
import { t } from "../i18n/i18n.ts";
import type { Draft, Kind } from "../domain/kinds.ts";
import { signalOutcome } from "../ui/feedback.tsx";
import type { Ledger, OpRef, RecordFault, RecordOptions } from "../sync/ledger-types.ts";

const isFault = (error: unknown): error is RecordFault =>
  error instanceof Error && "type" in error && typeof error.type === "string";

const faultText = (error: unknown): string => {
  if (!isFault(error)) return t("fault.unknown", { detail: error instanceof Error ? error.message : "" });
  switch (error.type) {
    case "not-enrolled":
      return t("fault.not-enrolled");
    case "signed-out":
      return t("fault.signed-out");
    case "op-too-large":
      return t("fault.op-too-large");
    case "storage-full":
      return t("fault.storage-full");
    case "storage-failed":
      return t("fault.storage-failed");
    case "newer-database":
      return t("fault.newer-database");
    default:
      return t("fault.unknown", { detail: (error as Error).message });
  }
};

/** Shows why something was not recorded. */
export const tellFault = (error: unknown): void => signalOutcome("error", faultText(error));

/**
 * Records one op and says so. Resolves to its name, or null when nothing was recorded: the form stays
 * as it is and the person can try again.
 */
export const recorded = async <K extends Kind>(
  ledger: Ledger,
  kind: K,
  fields: Draft<K>,
  options?: RecordOptions,
): Promise<OpRef | null> => {
  try {
    const ref = await ledger.record(kind, fields, options);
    signalOutcome("ok", t("act.recorded"));
    return ref;
  } catch (error) {
    tellFault(error);
    return null;
  }
};
