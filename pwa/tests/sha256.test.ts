import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toHex, utf8 } from "../src/codec/bytes.ts";
import { hmacSha256, sha256 } from "../src/codec/sha256.ts";

const reference = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");

test("hashes as FIPS 180-4 prints it", () => {
  expect(toHex(sha256(utf8("abc")))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(toHex(sha256(new Uint8Array(0)))).toBe(
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
});

test("hashes every length around the block as the platform does", () => {
  const data = Uint8Array.from({ length: 300 }, (_, i) => (i * 131 + 7) & 0xff);
  for (let length = 0; length <= data.length; length += 1) {
    expect(toHex(sha256(data.subarray(0, length)))).toBe(reference(data.subarray(0, length)));
  }
});

test("hashes a message of megabytes", () => {
  const data = new Uint8Array(3_000_001).fill(0xa5);
  expect(toHex(sha256(data))).toBe(reference(data));
});

test("hashes any bytes as the platform does, and leaves them alone", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (data) => {
      const before = data.slice();
      expect(toHex(sha256(data))).toBe(reference(data));
      expect(data).toEqual(before);
    }),
  );
});

test("authenticates with any key as the platform does", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 500 }), (key, data) => {
      expect(toHex(hmacSha256(key, data))).toBe(createHmac("sha256", key).update(data).digest("hex"));
    }),
  );
});

test("a digest is not disturbed by the next one", () => {
  const first = sha256(utf8("first"));
  const kept = toHex(first);
  sha256(utf8("second"));
  expect(toHex(first)).toBe(kept);
});
