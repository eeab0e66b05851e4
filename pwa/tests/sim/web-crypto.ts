/**
 * WebCrypto without its threads: what the app asks of it is answered at once, by the same library, so that the order
 * of events never hangs on a thread. Device keys are drawn by seed; signatures stay random, as ECDSA's are.
 */
import { createECDH, createHash, createHmac, KeyObject, pbkdf2Sync, sign, verify } from "node:crypto";
import { concat, fromBase64, toBase64Url } from "../../src/codec/bytes.ts";
import { bytesOf, type Chance } from "./chance.ts";

const P256 = "prime256v1";
const HALF = 32;
/** SEC 1: what an uncompressed point begins with. */
const UNCOMPRESSED = 4;
/** IEEE P1363: r and s side by side, as WebCrypto has them. */
const plain = (key: CryptoKey) => ({ key: KeyObject.from(key), dsaEncoding: "ieee-p1363" as const });

const viewOf = (data: BufferSource): Uint8Array =>
  ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

/** A P-256 pair whose secret is the first draw that is one. */
const drawnPair = async (chance: Chance, extractable: boolean): Promise<CryptoKeyPair> => {
  const ecdh = createECDH(P256);
  for (;;) {
    try {
      ecdh.setPrivateKey(bytesOf(chance, HALF));
      break;
    } catch {
      // Zero or beyond the order of the curve: one in 2³².
    }
  }
  const point = new Uint8Array(ecdh.getPublicKey());
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const secret: JsonWebKey = {
    kty: "EC",
    crv: "P-256",
    x: toBase64Url(point.slice(1, 1 + HALF)),
    y: toBase64Url(point.slice(1 + HALF)),
    d: toBase64Url(new Uint8Array(ecdh.getPrivateKey())),
  };
  const subtle = crypto.subtle;
  return {
    privateKey: await subtle.importKey("jwk", secret, curve, extractable, ["sign"]),
    publicKey: await subtle.importKey("raw", point, curve, true, ["verify"]),
  };
};

/** Replaces what the app uses of `crypto.subtle` in this process; `draw` is whose chance a new key comes from. */
export const useWebCrypto = (draw: () => Chance): void => {
  const replaced = {
    sign: async (_algorithm: unknown, key: CryptoKey, data: BufferSource) =>
      key.algorithm.name === "HMAC"
        ? bufferOf(createHmac("sha256", KeyObject.from(key)).update(viewOf(data)).digest())
        : bufferOf(sign("sha256", viewOf(data), plain(key))),
    verify: async (_algorithm: unknown, key: CryptoKey, signature: BufferSource, data: BufferSource) =>
      verify("sha256", viewOf(data), plain(key), viewOf(signature)),
    digest: async (_algorithm: unknown, data: BufferSource) =>
      bufferOf(createHash("sha256").update(viewOf(data)).digest()),
    deriveBits: async (parameters: Pbkdf2Params, key: CryptoKey, bits: number) =>
      bufferOf(
        pbkdf2Sync(
          KeyObject.from(key).export(),
          viewOf(parameters.salt),
          parameters.iterations,
          bits / 8,
          "sha256",
        ),
      ),
    // Only ever the point of a device key, which leaves its own way in a thread.
    exportKey: async (_format: unknown, key: CryptoKey) => {
      const { x = "", y = "" } = KeyObject.from(key).export({ format: "jwk" });
      return bufferOf(concat(Uint8Array.of(UNCOMPRESSED), fromBase64(x), fromBase64(y)));
    },
    generateKey: async (_algorithm: unknown, extractable: boolean) => drawnPair(draw(), extractable),
  };
  for (const [name, value] of Object.entries(replaced))
    Object.defineProperty(crypto.subtle, name, { value, configurable: true, writable: true });
};
