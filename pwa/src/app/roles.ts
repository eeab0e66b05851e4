/** What a person's roles mean on screen: which home comes first and which acts are offered. The server's verdict rules. */
import type { SignedIn } from "../sync/ledger-types.ts";

export type HomeRole = "picker" | "driver" | "farmer" | "manager" | "qa";

/** The home that a person with several roles sees first: the one that others wait for. */
const ORDER: readonly HomeRole[] = ["manager", "qa", "driver", "picker", "farmer"];

export const homeRoles = (person: SignedIn | null): readonly HomeRole[] => {
  const roles = new Set(
    person?.roles.map((role) => (role === "admin" || role === "auditor" ? "manager" : role)),
  );
  const homes = ORDER.filter((role) => roles.has(role));
  return homes.length === 0 ? ["picker"] : homes;
};

const has = (person: SignedIn | null, ...roles: readonly string[]): boolean =>
  person?.roles.some((role) => roles.includes(role)) === true;

export const atDesk = (person: SignedIn | null): boolean => has(person, "manager", "admin", "qa", "auditor");
export const isManager = (person: SignedIn | null): boolean => has(person, "manager", "admin");
export const mayRelease = (person: SignedIn | null): boolean => has(person, "manager", "admin", "qa");
/** Only these may record what happened earlier; of others the server would not take it. */
export const mayBackDate = (person: SignedIn | null): boolean => has(person, "manager", "admin", "farmer");
