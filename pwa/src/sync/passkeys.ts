/**
 * Passkeys on this phone: made with the server's word, used without it. What the browser answers is verified here
 * before anything counts, so unlocking needs no network. Rules: docs/protocol/identity.md.
 */
import { encodeAssertion, type Passkey, sessionChallenge, verifyAssertion } from "../codec/assertion.ts";
import { type Bytes, fromBase64, isEqual, toBase64Url, toHex } from "../codec/bytes.ts";
import { ask } from "./ask.ts";
import type { Core } from "./core.ts";
import type { AddPasskeyResult, PasskeyRefusal, Passkeys, PasskeySignInResult } from "./ledger-types.ts";
import type { Memory } from "./memory.ts";
import { SESSION_MS } from "./people.ts";
import { serverMs } from "./phone-clock.ts";
import { sessionBeside } from "./recording.ts";

const NONCE_BYTES = 16;
/** How long somebody may look for the sensor. */
const PATIENCE_MS = 60_000;

export interface KnownPasskey extends Passkey {
  readonly index: number;
  readonly name: string;
}

/** The passkeys that the log gave to a person and did not take back, the oldest first, as far as the rows tell. */
export const passkeysOf = ({ rows }: Pick<Memory, "rows">, person: string): readonly KnownPasskey[] => {
  const revoked = new Map<string, number>();
  for (const [index, value] of entries(rows, "revoke")) {
    const [what, id] = value;
    if (what === "passkey" && typeof id === "string") revoked.set(id, Math.max(index, revoked.get(id) ?? -1));
  }
  const found = entries(rows, "passkey").flatMap(([index, [id, owner, alg, key, rp, name]]) => {
    const isOne = id instanceof Uint8Array && key instanceof Uint8Array && typeof rp === "string";
    if (!isOne || owner !== person || (revoked.get(toHex(id)) ?? -1) > index) return [];
    return [{ index, id, person, alg: Number(alg), key, rp, name: typeof name === "string" ? name : "" }];
  });
  return found.sort((a, b) => a.index - b.index);
};

/** The rows of a table whose keys are log indexes. */
const entries = (rows: Memory["rows"], table: string): (readonly [number, readonly unknown[]])[] =>
  [...(rows.get(table)?.values() ?? [])].flatMap((bucket) =>
    [...bucket].flatMap(([key, value]) =>
      Array.isArray(value) ? [[Number(key), value as readonly unknown[]] as const] : [],
    ),
  );

/** Whether this browser has passkeys at all: in-app browsers and pages without TLS have none. */
export const hasPasskeys = (): boolean =>
  typeof PublicKeyCredential === "function" && (navigator as Partial<Navigator>).credentials !== undefined;

// --- making one ----------------------------------------------------------------------------------------------------

interface CreationOptions {
  readonly challenge: string;
  readonly rp: PublicKeyCredentialRpEntity;
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly pubKeyCredParams: PublicKeyCredentialParameters[];
  readonly timeout?: number;
  readonly excludeCredentials?: readonly { readonly id: string }[];
}

/** Makes a passkey for who is signed in; `code` is a manager's one-time code, where one is needed. */
export const addPasskey = async (
  core: Core,
  name: string,
  code: string | null,
): Promise<AddPasskeyResult> => {
  if (!hasPasskeys()) return { ok: false, type: "unsupported" };
  const asked = await ask(core, "/api/v1/passkeys/options", { method: "POST" });
  if (!asked.ok) return refusedBy(asked);
  const made = await created(asked.body as CreationOptions);
  if (!("answer" in made)) return made;
  const told = await ask(core, "/api/v1/passkeys", { body: { answer: made.answer, name, code } });
  return told.ok ? { ok: true } : refusedBy(told);
};

const refusedBy = (answer: Exclude<Awaited<ReturnType<typeof ask>>, { ok: true }>): AddPasskeyResult =>
  answer.type === "refused"
    ? { ok: false, type: "refused", code: answer.code }
    : { ok: false, type: answer.type };

const created = async (
  options: CreationOptions,
): Promise<{ readonly answer: unknown } | { readonly ok: false; readonly type: PasskeyRefusal }> => {
  try {
    const credential = (await navigator.credentials.create({
      publicKey: {
        challenge: fromBase64(options.challenge),
        rp: options.rp,
        user: { ...options.user, id: fromBase64(options.user.id) },
        pubKeyCredParams: options.pubKeyCredParams,
        timeout: options.timeout ?? PATIENCE_MS,
        excludeCredentials: (options.excludeCredentials ?? []).map(({ id }) => ({
          type: "public-key",
          id: fromBase64(id),
        })),
        authenticatorSelection: {
          residentKey: "required",
          requireResidentKey: true,
          userVerification: "required",
        },
      },
    })) as PublicKeyCredential | null;
    return credential === null ? { ok: false, type: "cancelled" } : { answer: attestationOf(credential) };
  } catch (error) {
    return { ok: false, type: whyNot(error) };
  }
};

/** What `toJSON` gives where browsers have it. */
const attestationOf = (credential: PublicKeyCredential): unknown => {
  const response = credential.response as AuthenticatorAttestationResponse;
  const id = toBase64Url(new Uint8Array(credential.rawId));
  return {
    id,
    rawId: id,
    type: credential.type,
    clientExtensionResults: {},
    response: {
      clientDataJSON: toBase64Url(new Uint8Array(response.clientDataJSON)),
      attestationObject: toBase64Url(new Uint8Array(response.attestationObject)),
    },
  };
};

/** Browsers tell little on purpose; this much can be told apart (Web Authentication Level 3 §5.1.3, §5.1.4). */
const whyNot = (error: unknown): PasskeyRefusal => {
  const name = error instanceof Error ? error.name : "";
  if (name === "InvalidStateError") return "already-there";
  if (name === "NotAllowedError" || name === "AbortError") return "cancelled";
  return name === "SecurityError" || name === "NotSupportedError" ? "unsupported" : "failed";
};

// --- signing in ----------------------------------------------------------------------------------------------------

/** Opens a session by a passkey of the person, without a network. */
export const signInByPasskey = async (core: Core, person: string): Promise<PasskeySignInResult> => {
  const { device, phone, ...memory } = core.keeper.memory();
  if (device === null || phone === null) return { ok: false, type: "not-enrolled" };
  if (!hasPasskeys()) return { ok: false, type: "unsupported" };
  const known = passkeysOf(memory, person);
  const [first] = known;
  if (first === undefined) return { ok: false, type: "none" };
  const expiresMs = serverMs(phone.clock, core.ports.wallMs()) + SESSION_MS;
  const nonce = core.ports.randomBytes(NONCE_BYTES);
  const bound = [device.org, device.device, device.publicKey, person, expiresMs, nonce] as const;
  const challenge = sessionChallenge(...bound);
  const answered = await asserted(challenge, first.rp, known);
  if (!("assertion" in answered)) return answered;
  const { assertion } = answered;
  const passkey = known.find(({ id }) => isEqual(id, assertion.credential));
  const isIt = passkey !== undefined && (await verifyAssertion(assertion, passkey, challenge)).ok;
  if (!isIt) return { ok: false, type: "not-verified" };
  const session = sessionBeside(person, expiresMs);
  await core.record(
    "session",
    { person, expiresMs, nonce, assurance: "passkey", proof: encodeAssertion(assertion) },
    {},
    { stores: [], put: session.put, after: session.after },
  );
  return { ok: true };
};

const asserted = async (challenge: Bytes, rpId: string, known: readonly KnownPasskey[]) => {
  try {
    const credential = (await navigator.credentials.get({
      publicKey: {
        challenge,
        rpId,
        timeout: PATIENCE_MS,
        userVerification: "required",
        allowCredentials: known.map(({ id }) => ({ type: "public-key", id: Uint8Array.from(id) })),
      },
    })) as PublicKeyCredential | null;
    if (credential === null) return { ok: false, type: "cancelled" } as const;
    const response = credential.response as AuthenticatorAssertionResponse;
    const bytes = (buffer: ArrayBuffer): Bytes => new Uint8Array(buffer);
    return {
      assertion: {
        credential: bytes(credential.rawId),
        authenticatorData: bytes(response.authenticatorData),
        clientData: bytes(response.clientDataJSON),
        signature: bytes(response.signature),
      },
    };
  } catch (error) {
    return { ok: false, type: whyNot(error) } as const;
  }
};

/** What screens do with passkeys. */
export const openPasskeys = (core: Core): Passkeys => ({
  has: hasPasskeys,
  of: (person) => passkeysOf(core.keeper.memory(), person).map(({ id, name }) => ({ id: toHex(id), name })),
  add: (name, code = null) => addPasskey(core, name, code),
  signIn: (person) => signInByPasskey(core, person),
  remove: async (id) => {
    const told = await ask(core, `/api/v1/passkeys/${id}`, { method: "DELETE" });
    return told.ok ? { ok: true } : refusedBy(told);
  },
});
