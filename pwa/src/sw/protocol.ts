/** What a page and its service worker say to each other, and the version that decides when an update may start. */

/** The version of ops that this build writes (docs/protocol/operations.md, field `v`). A build with another one waits until the outbox is empty. */
export const OP_VERSION = 1;

export type ToServiceWorker =
  /** Which build waits, and which ops will it write? Answered through the port that comes along. */
  | { readonly type: "gobi/version" }
  /** Take over. Only the update gate says it. */
  | { readonly type: "gobi/skip-waiting" }
  /** The page is idle: fetch what only some screens need, such as the barcode reader. */
  | { readonly type: "gobi/warm" };

export type FromServiceWorker =
  | { readonly type: "gobi/version"; readonly build: string; readonly opVersion: number }
  /** The network is back: flush the outbox. Harmless beside a flush that is under way. */
  | { readonly type: "gobi/flush" };

/** The tag of the one-off background sync that the page registers when an op waits. */
export const SYNC_TAG = "gobi-outbox";

/** A build that must go: the server names it, or `"*"` for all. Its absence is the normal case. */
export const KILL_URL = "/sw-kill.json";

export const isKilled = (answer: unknown, build: string): boolean => {
  if (typeof answer !== "object" || answer === null || !("builds" in answer)) return false;
  const { builds } = answer;
  return Array.isArray(builds) && (builds.includes("*") || builds.includes(build));
};
