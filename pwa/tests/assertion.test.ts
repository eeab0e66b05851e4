import { describe, expect, it } from "vitest";
import {
  type Assertion,
  encodeAssertion,
  type Passkey,
  RS256,
  sessionChallenge,
  signChallenge,
  verifyAssertion,
} from "../src/codec/assertion.ts";
import { concat, fromHex, toHex, utf8 } from "../src/codec/bytes.ts";
import { decode } from "../src/codec/msgpack.ts";
import { sha256 } from "../src/codec/sha256.ts";
import { readVectors } from "./vectors.ts";

interface Case {
  readonly name: string;
  readonly passkey: {
    readonly id: string;
    readonly person: string;
    readonly alg: number;
    readonly key: string;
    readonly rp: string;
  };
  readonly proof: string;
  readonly fault?: string;
  readonly counter?: number;
  readonly backed_up?: boolean;
}

const corpus = readVectors<{
  readonly session: Record<"org" | "device" | "device_key" | "person" | "nonce" | "challenge", string> & {
    readonly expires_ms: number;
  };
  readonly sign: Record<"org" | "hash" | "challenge", string>;
  readonly cases: readonly Case[];
}>("identity/assertions.json");

const read = (proof: string): Assertion => {
  const [credential, authenticatorData, clientData, signature] = decode(fromHex(proof)) as Uint8Array[];
  return { credential, authenticatorData, clientData, signature } as Assertion;
};

describe("challenges", () => {
  it("bind a person to a device's key", () => {
    const { org, device, device_key, person, expires_ms, nonce, challenge } = corpus.session;
    const made = sessionChallenge(
      org,
      fromHex(device),
      fromHex(device_key),
      person,
      expires_ms,
      fromHex(nonce),
    );
    expect(toHex(made)).toBe(challenge);
  });

  it("stand for one op", () => {
    const { org, hash, challenge } = corpus.sign;
    expect(toHex(signChallenge(org, fromHex(hash)))).toBe(challenge);
  });
});

describe.each(corpus.cases)("an assertion: $name", ({ passkey, proof, fault, counter, backed_up }) => {
  it("is judged as the server judges it", async () => {
    const known: Passkey = { ...passkey, id: fromHex(passkey.id), key: fromHex(passkey.key) };
    const found = await verifyAssertion(read(proof), known, fromHex(corpus.session.challenge));
    expect(found).toEqual(
      fault === undefined ? { ok: true, counter, isBackedUp: backed_up } : { ok: false, reason: fault },
    );
    expect(toHex(encodeAssertion(read(proof)))).toBe(proof);
  });
});

it("an assertion by an RSA key, as some desks have, is one too", async () => {
  const how = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const pair = await crypto.subtle.generateKey(how, true, ["sign", "verify"]);
  const challenge = new Uint8Array(32);
  const told = { type: "webauthn.get", challenge: "A".repeat(43), origin: "https://stock.example" };
  const clientData = utf8(JSON.stringify(told));
  const authenticatorData = concat(sha256(utf8("stock.example")), Uint8Array.of(5, 0, 0, 0, 9));
  const signed = concat(authenticatorData, sha256(clientData));
  const signature = new Uint8Array(await crypto.subtle.sign(how, pair.privateKey, signed));
  const key = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const id = utf8("desk");
  const passkey: Passkey = { id, person: "limin", alg: RS256, key, rp: "stock.example" };
  const assertion = { credential: id, authenticatorData, clientData, signature };
  expect(await verifyAssertion(assertion, passkey, challenge)).toEqual({
    ok: true,
    counter: 9,
    isBackedUp: false,
  });
  signature[9]! ^= 1;
  expect(await verifyAssertion(assertion, passkey, challenge)).toEqual({ ok: false, reason: "signature" });
});
