import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, isEqual, toHex } from "../src/codec/bytes.ts";
import { decode, encode, isMalformed, type Value } from "../src/codec/msgpack.ts";
import { decodeOp, deviceId, encodeOp, leafHash, nonceOf, type Op } from "../src/codec/op.ts";
import { importPublicKey, makeDeviceKey, merkleRoot, sealMessage, sign, verify } from "../src/codec/seal.ts";
import { hmacSha256 } from "../src/codec/sha256.ts";
import { type Plain, readVectors, unplain } from "./vectors.ts";

interface Named {
  readonly name: string;
  readonly hex: string;
}

const refused = (work: () => unknown): boolean => {
  try {
    work();
    return false;
  } catch (error) {
    return isMalformed(error);
  }
};

describe("canonical MessagePack", () => {
  const { good, bad } = readVectors<{ good: (Named & { value: Plain })[]; bad: Named[] }>(
    "ops/canonical.json",
  );

  it.each(good)("says and reads $name in one way", ({ value, hex }) => {
    expect(toHex(encode(unplain(value)))).toBe(hex);
    expect(toHex(encode(decode(fromHex(hex))))).toBe(hex);
  });

  it.each(bad)("refuses $name", ({ hex }) => {
    expect(refused(() => decode(fromHex(hex)))).toBe(true);
  });

  it.each([1.5, Number.NaN, 2 ** 53, -(2 ** 53), "\uD800", "a\uDC00", [[[[[[[[[0]]]]]]]]]] as Value[])(
    "has no words for %j",
    (value) => {
      expect(refused(() => encode(value))).toBe(true);
    },
  );

  const value = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", maxDepth: 6 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.string({ unit: "grapheme" }),
      fc.uint8Array({ maxLength: 300 }),
      fc.array(tie("value"), { maxLength: 20 }),
    ),
  })).value;

  it("reads back what it wrote, and nothing else", () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, where, flip) => {
        const bytes = encode(written);
        expect(toHex(encode(decode(bytes)))).toBe(toHex(bytes));

        const other = bytes.slice();
        const at = where % bytes.length;
        other[at] = (other[at] ?? 0) ^ flip;
        if (!refused(() => decode(other))) expect(isEqual(encode(decode(other)), other)).toBe(true);
      }),
    );
  });
});

describe("ops", () => {
  const { good, bad } = readVectors<{
    good: { kind: string; fields: Record<string, Plain>; hex: string; hash: string }[];
    bad: Named[];
  }>("ops/ops.json");

  it.each(good)(
    "a $kind has the bytes and the hash that every language gives it",
    ({ fields, hex, hash }) => {
      const named = Object.fromEntries(Object.entries(fields).map(([name, plain]) => [name, unplain(plain)]));
      const op = { ...named, more: [] } as unknown as Op;
      expect(toHex(encodeOp(op))).toBe(hex);
      expect(decodeOp(fromHex(hex))).toStrictEqual(op);
      expect(toHex(leafHash(fromHex(hex)))).toBe(hash);
    },
  );

  it.each(bad)("refuses $name", ({ hex }) => {
    expect(refused(() => decodeOp(fromHex(hex)))).toBe(true);
  });

  it("keeps the elements of a later version byte for byte", () => {
    const first = good[0]!;
    const wide = encode([...(decode(fromHex(first.hex)) as readonly Value[]), "later", [1]]);
    expect(toHex(encodeOp(decodeOp(wide)))).toBe(toHex(wide));
  });
});

describe("nonces", () => {
  const { organisation_secret: organisation, devices } = readVectors<{
    organisation_secret: string;
    devices: {
      key: string;
      device: string;
      device_secret: string;
      nonces: { epoch: number; seq: number; nonce: string }[];
    }[];
  }>("ops/nonces.json");

  it.each(devices)("of device $device follow from its key and the organisation's secret", (given) => {
    const device = deviceId(fromHex(given.key));
    const secret = hmacSha256(fromHex(organisation), device);
    expect([toHex(device), toHex(secret)]).toStrictEqual([given.device, given.device_secret]);
    for (const { epoch, seq, nonce } of given.nonces) expect(toHex(nonceOf(secret, epoch, seq))).toBe(nonce);
  });
});

describe("seals", () => {
  interface Stretch {
    readonly key: string;
    readonly org: string;
    readonly device: string;
    readonly epoch: number;
    readonly first_seq: number;
    readonly hashes: string[];
    readonly root: string;
    readonly message: string;
    readonly signature: string;
  }
  const {
    good,
    bad,
    bad_keys: badKeys,
  } = readVectors<{
    good: Stretch[];
    bad: { name: string; key: string; message: string; signature: string }[];
    bad_keys: { name: string; key: string }[];
  }>("ops/seals.json");

  it.each(good)("over $hashes.length ops from $first_seq verify", async (given) => {
    const hashes = given.hashes.map(fromHex);
    const message = sealMessage(given.org, fromHex(given.device), given.epoch, given.first_seq, hashes);
    expect([toHex(merkleRoot(hashes)), toHex(message)]).toStrictEqual([given.root, given.message]);
    expect(await verify(await importPublicKey(fromHex(given.key)), message, fromHex(given.signature))).toBe(
      true,
    );
  });

  it.each(bad)("do not verify when the signature is $name", async ({ key, message, signature }) => {
    expect(await verify(await importPublicKey(fromHex(key)), fromHex(message), fromHex(signature))).toBe(
      false,
    );
  });

  it.each(badKeys)("have no key that is $name", async ({ key }) => {
    await expect(importPublicKey(fromHex(key))).rejects.toThrow();
  });

  it("are made with a key that cannot leave the browser", async () => {
    const { key, publicKey } = await makeDeviceKey();
    const message = concat(publicKey);
    expect(await verify(await importPublicKey(publicKey), message, await sign(key, message))).toBe(true);
    await expect(crypto.subtle.exportKey("jwk", key)).rejects.toThrow();
  });
});
