/** What the ledger needs of its surroundings, and where a page or a service worker gets it from. */
import type { Bytes } from "../codec/bytes.ts";
import { DATABASE } from "../storage/database.ts";
import type { TextStore } from "../storage/second-head.ts";

/** Runs the work alone among all tabs of this origin; the browser frees the lock of a page that dies. */
export type Exclusive = <T>(name: string, work: () => Promise<T>) => Promise<T>;

export interface Ports {
  readonly databaseName: string;
  /** Whole ms since 1970, as the phone believes. */
  readonly wallMs: () => number;
  /** Whole ms that no user can set. */
  readonly monoMs: () => number;
  readonly randomBytes: (size: number) => Bytes;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly exclusive: Exclusive;
  /** Survives what IndexedDB may lose; a service worker has none. */
  readonly local: TextStore | undefined;
  /** Survives a reload, not the tab. */
  readonly session: TextStore | undefined;
  /** PBKDF2 rounds for a new PIN. */
  readonly pinIterations: number;
  /** Timers, pokes and browser events; false leaves every round trip to `syncNow`. */
  readonly isAutomatic: boolean;
  /** Where a bare enrolment code without a server is redeemed. */
  readonly origin: string;
}

/** OWASP's figure for PBKDF2-SHA-256; half a second on a cheap phone. */
const PIN_ITERATIONS = 310_000;

/** Some in-app browsers throw at the mere mention of a store. */
const attempt = <T>(read: () => T | undefined): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

/** Without Web Locks the database's own transactions still keep tabs apart; they only collide more often. */
const exclusive: Exclusive = async (name, work) => {
  const locks = attempt(() => navigator.locks as LockManager | undefined);
  // The lock's promise resolves with what the work resolved to.
  return locks === undefined ? work() : locks.request(name, work);
};

interface Surroundings {
  readonly localStorage?: TextStore;
  readonly sessionStorage?: TextStore;
  readonly location?: { readonly origin: string };
}
const here = globalThis as unknown as Surroundings;

export const browserPorts = (): Ports => ({
  databaseName: DATABASE,
  wallMs: () => Date.now(),
  monoMs: () => Math.round(performance.now()),
  randomBytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
  fetch: (url, init) => fetch(url, init),
  exclusive,
  local: attempt(() => here.localStorage),
  session: attempt(() => here.sessionStorage),
  pinIterations: PIN_ITERATIONS,
  isAutomatic: true,
  origin: attempt(() => here.location?.origin) ?? "",
});

/** The name of an epoch: chance enough that no two of a device are ever the same. */
export const newEpoch = (ports: Pick<Ports, "randomBytes">): number => {
  const bytes = ports.randomBytes(7);
  return bytes.reduce((number, byte, i) => number * 256 + (i === 0 ? byte & 0x1f : byte), 0);
};
