/**
 * PINs, checked on this phone without a network. A PIN is short, so what protects it is that each try costs a key
 * derivation, that wrong ones delay the next, and that ten of them end it (NIST SP 800-63B-4, activation secrets).
 *
 * What is derived has two halves by purpose: the verifier is stored; a key that wraps the rows at rest can be had from
 * the same derivation (`purposeKey`) without weakening it.
 */
import { type Bytes, isEqual, utf8 } from "../codec/bytes.ts";
import { hmacSha256 } from "../codec/sha256.ts";
import type { StoredPerson } from "../storage/database.ts";

export const PIN_LENGTH_MIN = 4;
export const TRIES_MAX = 10;

const SALT_BYTES = 16;
const DERIVED_BITS = 256;
/** After so many failures each further one delays the next try. */
const FREE_FAILURES = 3;
const FIRST_DELAY_MS = 30_000;
const DELAY_MS_MAX = 3_600_000;

const derive = async (pin: string, salt: Uint8Array, iterations: number): Promise<Bytes> => {
  const key = await crypto.subtle.importKey("raw", utf8(pin.normalize("NFKC")), "PBKDF2", false, [
    "deriveBits",
  ]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt: salt as Bytes, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, DERIVED_BITS));
};

/** A key for one purpose out of a derivation; knowing one tells nothing of another. */
export const purposeKey = (derived: Uint8Array, purpose: "verify" | "rows"): Bytes =>
  hmacSha256(derived, utf8(`gobi/pin/${purpose}/1`));

export const isLongEnough = (pin: string): boolean => pin.length >= PIN_LENGTH_MIN;

/** A person with a new PIN and no failures. */
export const personWithPin = async (
  { id, name, pin }: { readonly id: string; readonly name: string; readonly pin: string },
  iterations: number,
  randomBytes: (size: number) => Bytes,
): Promise<StoredPerson> => {
  const salt = randomBytes(SALT_BYTES);
  const verifier = purposeKey(await derive(pin, salt, iterations), "verify");
  return { id, name, salt, iterations, verifier, failures: 0, lockedUntilMs: 0 };
};

export const isPin = async (person: StoredPerson, pin: string): Promise<boolean> =>
  isEqual(purposeKey(await derive(pin, person.salt, person.iterations), "verify"), person.verifier);

export const triesLeft = ({ failures }: StoredPerson): number => Math.max(0, TRIES_MAX - failures);

/** The person after one more try that may turn out wrong: written down before the PIN is looked at. */
export const withTry = (person: StoredPerson, nowMs: number): StoredPerson => {
  const failures = person.failures + 1;
  const doublings = failures - FREE_FAILURES;
  const delay = doublings < 0 ? 0 : Math.min(DELAY_MS_MAX, FIRST_DELAY_MS * 2 ** doublings);
  return { ...person, failures, lockedUntilMs: delay === 0 ? 0 : nowMs + delay };
};

/** A clock set back must not lengthen a delay beyond what it was. */
export const isLocked = (person: StoredPerson, nowMs: number): boolean =>
  triesLeft(person) === 0 || (nowMs < person.lockedUntilMs && person.lockedUntilMs - nowMs <= DELAY_MS_MAX);
