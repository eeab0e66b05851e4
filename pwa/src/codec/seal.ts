/**
 * Seals: one signature of the device key over at most 64 consecutive ops; docs/protocol/operations.md §3.
 *
 * Keys are non-extractable P-256 `CryptoKey`s, signatures raw r ‖ s as WebCrypto gives them. Twin:
 * `sync_engine/seal.py`; corpus: `tests/vectors/ops/seals.json`.
 */
import { type Bytes, concat, utf8 } from "./bytes.ts";
import { encode } from "./msgpack.ts";
import { sha256 } from "./sha256.ts";

/** One op is proved by at most six hashes and one signature. */
export const SEAL_OPS_MAX = 64;
export const SIGNATURE_BYTES = 64;
export const KEY_BYTES = 65;

const LABEL = utf8("gobi/seal/1\0");
const NODE = Uint8Array.of(1);
const ALGORITHM = { name: "ECDSA", hash: "SHA-256" } as const;
const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;

/** RFC 6962 root over leaf hashes, of which there is at least one. */
export const merkleRoot = (hashes: readonly Uint8Array[]): Uint8Array => {
  let level = [...hashes];
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i], level[i + 1]];
      if (left !== undefined) next.push(right === undefined ? left : sha256(concat(NODE, left, right)));
    }
    level = next;
  }
  const [root] = level;
  if (root === undefined) throw new Error("a root is of one leaf at least");
  return root;
};

/** What the seal of the consecutive ops with these leaf hashes signs. */
export const sealMessage = (
  org: string,
  device: Uint8Array,
  epoch: number,
  firstSeq: number,
  hashes: readonly Uint8Array[],
): Bytes => {
  const last = hashes.at(-1);
  if (last === undefined || hashes.length > SEAL_OPS_MAX) throw new Error("a seal covers 1 to 64 ops");
  const stretch = [org, device, epoch, firstSeq, firstSeq + hashes.length - 1] as const;
  return stretchMessage(stretch, last, merkleRoot(hashes));
};

/** Organisation, device, epoch, first seq, last seq. */
export type Stretch = readonly [string, Uint8Array, number, number, number];

/** What a seal signs, for who has the root over a stretch and not all of its hashes. */
export const stretchMessage = (stretch: Stretch, lastHash: Uint8Array, root: Uint8Array): Bytes =>
  concat(LABEL, encode([...stretch, lastHash, root]));

/** A key that signs and can never leave the browser, with its public point. */
export const makeDeviceKey = async (): Promise<{ readonly key: CryptoKey; readonly publicKey: Bytes }> => {
  const pair = await crypto.subtle.generateKey(CURVE, false, ["sign"]);
  const raw = await crypto.subtle.exportKey("raw", pair.publicKey);
  return { key: pair.privateKey, publicKey: new Uint8Array(raw) };
};

export const sign = async (key: CryptoKey, message: Bytes): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, message));

/** Rejects when the bytes are no point of the curve. */
export const importPublicKey = (raw: Bytes): Promise<CryptoKey> => {
  // A compressed point would be taken by some browsers and not by others.
  if (raw.length !== KEY_BYTES)
    return Promise.reject(new Error(`a key of ${raw.length} bytes, not ${KEY_BYTES}`));
  return crypto.subtle.importKey("raw", raw, CURVE, true, ["verify"]);
};

/** Whether the holder of the key signed the message. */
export const verify = async (key: CryptoKey, message: Bytes, signature: Bytes): Promise<boolean> =>
  signature.length === SIGNATURE_BYTES && (await crypto.subtle.verify(ALGORITHM, key, signature, message));
