/**
 * The health of a lot: one word for lists and screens, from its hold and its days.
 *
 * The gravest word stands: a hold before an expiry, because it binds whatever the date says; an expired lot before one
 * that will expire. Twin of `domain/health.py`; corpus: `tests/vectors/domain/health.json`.
 */
import { daysBetween } from "./expiry.ts";

export type HoldState = "inspect" | "hold" | "reject" | "recall";
/** From best to gravest. */
export type Health = "good" | "expiring" | "expired" | HoldState;

/** How a lot is on the local day `asOf`; within `warningDays` of its last day it is expiring. */
export const lotHealth = (
  hold: HoldState | null,
  expiresOn: string | null,
  asOf: string,
  warningDays: number,
): Health => {
  if (hold !== null) return hold;
  if (expiresOn === null) return "good";
  const daysLeft = daysBetween(asOf, expiresOn);
  if (daysLeft < 0) return "expired";
  return daysLeft <= warningDays ? "expiring" : "good";
};
