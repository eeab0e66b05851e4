/** Exceptions in the order in which somebody must look at them, and which acts can end each. Pure. */
import type { Row } from "../../sync/rows.ts";

export type Exception = Row<"exception">;

/** What stands in `closedBy` of an exception whose cause is gone. */
export const ITSELF = "itself";

/** Exceptions as the inbox lists them: those that stand, and those that ended by themselves. */
export const withPast = (
  standing: readonly Exception[],
  past: readonly Row<"past_exception">[],
): readonly Exception[] => standing.concat(past.map(asClosed));

const asClosed = (ended: Row<"past_exception">): Exception => ({
  key: ended.key,
  id: ended.id,
  code: ended.code,
  facts: ended.facts,
  ops: ended.ops,
  owner: ended.owner,
  openedO: ended.openedO,
  deadlineMs: ended.openedO,
  state: "closed",
  closedBy: ITSELF,
});

/** Open before closed; the nearest deadline first, among the closed the newest. */
export const openFirst = (exceptions: readonly Exception[]): readonly Exception[] =>
  [...exceptions].sort((a, b) => {
    if (a.state !== b.state) return a.state === "open" ? -1 : 1;
    return a.state === "open" ? a.deadlineMs - b.deadlineMs : b.openedO - a.openedO;
  });

export type Deed =
  | "approve"
  | "recount"
  | "release"
  | "resolve"
  | "accept"
  | "refuse"
  | "adjust"
  | "promises"
  | "open-lot";

/** What can be done about an exception from here; the first is the usual one. */
export const deedsFor = (code: string): readonly Deed[] => {
  switch (code) {
    case "variance":
      return ["approve", "recount", "open-lot"];
    case "contested-count":
      return ["recount", "approve", "open-lot"];
    case "change-after-approval":
      return ["approve", "recount"];
    case "negative-stock":
      return ["recount", "open-lot", "resolve"];
    case "cold-chain-breach":
    case "harvest-inside-interval":
      return ["release", "open-lot", "resolve"];
    case "promise-short":
      return ["promises", "recount", "open-lot"];
    case "lease-at-risk":
      return ["promises", "recount", "resolve"];
    case "lapsed-permission":
    case "forked-device":
      return ["accept", "refuse"];
    case "refused-goods":
    case "hand-over-missing":
    case "hand-over-open":
    case "expired-picked":
    case "fefo-overridden":
    case "unknown-lot":
      return ["resolve", "open-lot"];
    default:
      return ["resolve"];
  }
};

/** Item, lot and place that an exception is about, where its facts begin with them. */
export const keyOf = ({
  code,
  facts,
}: Exception): { readonly item: string; readonly lot: string; readonly place: string } | null => {
  const at = (index: number): string => {
    const fact = facts[index];
    return typeof fact === "string" ? fact : "";
  };
  switch (code) {
    case "negative-stock":
    case "variance":
    case "contested-count":
    case "change-after-approval":
    case "expired-picked":
    case "fefo-overridden":
    case "promise-short":
    case "lease-at-risk":
    case "lease-exceeded":
      return { item: at(0), lot: at(1), place: at(2) };
    case "refused-goods":
    case "hand-over-missing":
    case "harvest-inside-interval":
      return { item: at(1), lot: at(2), place: "" };
    case "unknown-lot":
      return { item: at(0), lot: at(1), place: "" };
    case "cold-chain-breach": {
      const standing = facts[4];
      const first = Array.isArray(standing) ? (standing as readonly unknown[])[0] : undefined;
      if (!Array.isArray(first)) return null;
      const [item, lot, place] = first as readonly unknown[];
      return typeof item === "string" && typeof lot === "string"
        ? { item, lot, place: typeof place === "string" ? place : "" }
        : null;
    }
    default:
      return null;
  }
};
