/**
 * Passkey assertions (Web Authentication Level 3 §7.2): who was there, and said yes to what; docs/protocol/identity.md.
 * Twin: `domain/assertion.py`; corpus: `tests/vectors/identity/assertions.json`.
 */
import { type Bytes, concat, isEqual, toBase64Url, utf8 } from "./bytes.ts";
import { decode, encode, isMalformed } from "./msgpack.ts";
import { sha256 } from "./sha256.ts";

/** A credential of a person: `key` is SubjectPublicKeyInfo (DER), `rp` the relying party's id. */
export interface Passkey {
  readonly id: Uint8Array;
  readonly person: string;
  readonly alg: number;
  readonly key: Uint8Array;
  readonly rp: string;
}

/** What an authenticator answered, as it came. */
export interface Assertion {
  readonly credential: Uint8Array;
  readonly authenticatorData: Uint8Array;
  readonly clientData: Uint8Array;
  readonly signature: Uint8Array;
}

/** Which part of an assertion does not hold. */
export type AssertionFault =
  | "credential"
  | "client-data"
  | "type"
  | "challenge"
  | "cross-origin"
  | "origin"
  | "authenticator-data"
  | "relying-party"
  | "user-verification"
  | "signature";

export type Presence =
  | { readonly ok: true; readonly counter: number; readonly isBackedUp: boolean }
  | { readonly ok: false; readonly reason: AssertionFault };

export const ES256 = -7;
export const RS256 = -257;

const SESSION_LABEL = utf8("gobi/session/1\0");
const SIGN_LABEL = utf8("gobi/sign/1\0");
const HEAD_BYTES = 37;
const CLIENT_DATA_BYTES_MAX = 2048;
const [USER_PRESENT, USER_VERIFIED, BACKED_UP] = [0x01, 0x04, 0x10];
const ORIGIN =
  /^(?:https:\/\/([a-z0-9.-]{1,253})|http:\/\/((?:[a-z0-9-]{1,63}\.){0,3}localhost))(?::[0-9]{1,5})?$/;

/** What a person's passkey signs to be at a device until an instant: it binds the person to the device's key. */
export const sessionChallenge = (
  org: string,
  device: Uint8Array,
  deviceKey: Uint8Array,
  person: string,
  expiresMs: number,
  nonce: Uint8Array,
): Bytes => sha256(concat(SESSION_LABEL, encode([org, device, deviceKey, person, expiresMs, nonce])));

/** What a person's passkey signs to stand for an op of this organisation. */
export const signChallenge = (org: string, opHash: Uint8Array): Bytes =>
  sha256(concat(SIGN_LABEL, encode([org, opHash])));

/** The assertion as the `proof` of a session. */
export const encodeAssertion = ({ credential, authenticatorData, clientData, signature }: Assertion): Bytes =>
  encode([credential, authenticatorData, clientData, signature]);

/** The assertion that a session's `proof` holds, or null. */
export const decodeAssertion = (proof: Uint8Array): Assertion | null => {
  try {
    const told = decode(proof);
    if (!Array.isArray(told) || told.length !== 4 || !told.every((one) => one instanceof Uint8Array))
      return null;
    const [credential, authenticatorData, clientData, signature] = told;
    return { credential, authenticatorData, clientData, signature } as Assertion;
  } catch (error) {
    if (isMalformed(error)) return null;
    throw error;
  }
};

/** Whether the person behind a passkey was present, verified, and said yes to this challenge. */
export const verifyAssertion = async (
  assertion: Assertion,
  passkey: Passkey,
  challenge: Uint8Array,
): Promise<Presence> => {
  const reason = faultOf(assertion, passkey, challenge);
  if (reason !== null) return { ok: false, reason };
  const { authenticatorData, clientData, signature } = assertion;
  const signed = concat(authenticatorData, sha256(clientData));
  if (!(await isSigned(passkey, signature, signed))) return { ok: false, reason: "signature" };
  const view = new DataView(authenticatorData.buffer, authenticatorData.byteOffset);
  return { ok: true, counter: view.getUint32(33), isBackedUp: (view.getUint8(32) & BACKED_UP) !== 0 };
};

const faultOf = (
  { credential, authenticatorData, clientData }: Assertion,
  passkey: Passkey,
  challenge: Uint8Array,
): AssertionFault | null => {
  if (!isEqual(credential, passkey.id)) return "credential";
  const told = clientDataFault(clientData, passkey.rp, challenge);
  if (told !== null) return told;
  if (authenticatorData.length < HEAD_BYTES) return "authenticator-data";
  if (!isEqual(authenticatorData.subarray(0, 32), sha256(utf8(passkey.rp)))) return "relying-party";
  const flags = authenticatorData[32] ?? 0;
  const isThere = (flags & USER_PRESENT) !== 0 && (flags & USER_VERIFIED) !== 0;
  return isThere ? null : "user-verification";
};

const clientDataFault = (data: Uint8Array, rp: string, challenge: Uint8Array): AssertionFault | null => {
  if (data.length > CLIENT_DATA_BYTES_MAX) return "client-data";
  let told: unknown;
  try {
    told = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data));
  } catch {
    return "client-data";
  }
  if (told === null || typeof told !== "object" || Array.isArray(told)) return "type";
  const { type, challenge: asked, crossOrigin = false, origin } = told as Record<string, unknown>;
  if (type !== "webauthn.get") return "type";
  if (asked !== toBase64Url(challenge)) return "challenge";
  if (crossOrigin !== false) return "cross-origin";
  const found = typeof origin === "string" ? ORIGIN.exec(origin) : null;
  const host = found?.[1] ?? found?.[2];
  return host !== undefined && (host === rp || host.endsWith(`.${rp}`)) ? null : "origin";
};

const isSigned = async ({ alg, key }: Passkey, signature: Uint8Array, signed: Bytes): Promise<boolean> => {
  try {
    if (alg === ES256) {
      const raw = rawSignature(signature);
      const curve = { name: "ECDSA", namedCurve: "P-256" };
      const imported = await crypto.subtle.importKey("spki", Uint8Array.from(key), curve, false, ["verify"]);
      const how = { name: "ECDSA", hash: "SHA-256" };
      return raw !== null && (await crypto.subtle.verify(how, imported, raw, signed));
    }
    if (alg !== RS256) return false;
    const how = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    const imported = await crypto.subtle.importKey("spki", Uint8Array.from(key), how, false, ["verify"]);
    return await crypto.subtle.verify(how, imported, Uint8Array.from(signature), signed);
  } catch {
    return false;
  }
};

/** r ‖ s of a DER signature of P-256 (RFC 3279 §2.2.3); null: it is none. */
export const rawSignature = (der: Uint8Array): Bytes | null => {
  const raw = new Uint8Array(64);
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1] ?? 0;
    const whole = der.subarray(at + 2, at + 2 + length);
    if (der[at] !== 0x02 || length === 0 || whole.length !== length || !isShortest(whole)) return null;
    const digits = whole[0] === 0 ? whole.subarray(1) : whole;
    if (digits.length > 32) return null;
    raw.set(digits, end - digits.length);
    at += 2 + length;
  }
  return at === der.length ? raw : null;
};

/** A DER integer that is not negative, without a needless zero before it. */
const isShortest = (whole: Uint8Array): boolean => {
  const [first = 0, second = 0] = whole;
  return first < 0x80 && !(whole.length > 1 && first === 0 && second < 0x80);
};
