/** When a new version may take over. The gate knows the outbox and what the person is doing; it never interrupts. */
import type { Business } from "./busy.ts";

export type GateFacts = {
  /** The page has just opened: nothing can be interrupted. */
  readonly coldStart: boolean;
  readonly businesses: readonly Business[];
  /** Ops that are not yet on the server. */
  readonly pending: number;
  /** The new build writes ops of another version than this one. */
  readonly opVersionChanges: boolean;
  /** The person asked for it. */
  readonly wanted: boolean;
};

export type GateAnswer = "activate" | "wait";

/**
 * A cold start always activates: both versions read what the outbox holds, because it only ever grows. While
 * the app is in use a new version waits for the person's word, for open work, and, when it writes other ops, for the outbox.
 */
export const gateAnswer = ({
  coldStart,
  businesses,
  pending,
  opVersionChanges,
  wanted,
}: GateFacts): GateAnswer => {
  if (coldStart) return "activate";
  if (businesses.length > 0 || (opVersionChanges && pending > 0)) return "wait";
  return wanted ? "activate" : "wait";
};
