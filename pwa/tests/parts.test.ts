/** A package in QR codes: whatever codes are read, in whatever order, it is whole exactly when enough of them were. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBase45, toBase45 } from "../src/codec/base45.ts";
import { concat, toHex } from "../src/codec/bytes.ts";
import { pack, unpack, UNPACKED_BYTES_MAX } from "../src/codec/packing.ts";
import {
  BLOCK_BYTES,
  type Collected,
  isPart,
  makeParts,
  openCollector,
  PACKAGE_BYTES_MAX,
  PART_NUMBERS,
} from "../src/codec/parts.ts";
import { sha256 } from "../src/codec/sha256.ts";
import { makeQr } from "../src/ui/qr-code.ts";
import { readVectors } from "./vectors.ts";

const corpus = readVectors<{
  readonly good: readonly {
    readonly size: number;
    readonly packing: number;
    readonly blocks: number;
    readonly parts: readonly { readonly number: number; readonly text: string }[];
  }[];
  readonly bad: readonly { readonly name: string; readonly text: string }[];
}>("ops/parts.json");

const bodyOf = (size: number) => {
  const chunks = Array.from({ length: Math.floor(size / 32) + 1 }, (_, i) => sha256(Uint8Array.of(i % 256)));
  return concat(...chunks).slice(0, size);
};

const body = fc
  .uint8Array({ minLength: 1, maxLength: 8 * BLOCK_BYTES })
  .map((bytes) => new Uint8Array(bytes));
const numbers = fc.array(fc.nat({ max: PART_NUMBERS - 1 }), { minLength: 1, maxLength: 60 });

describe("the parts of a package", () => {
  it.each(corpus.good)("are what the documents say: $size bytes", ({ size, packing, blocks, parts }) => {
    const made = makeParts({ packing: packing === 1 ? "plain" : "deflate", body: bodyOf(size) });
    expect(made.blocks).toBe(blocks);
    for (const { number, text } of parts) expect(made.part(number)).toBe(text);
  });

  it.each(corpus.bad)("are told from anything else: $name", ({ text }) => {
    expect(isPart(text)).toBe(false);
    expect(openCollector().take(text)).toEqual({ type: "other" });
  });

  it("are whole by the first codes, in any order and however often each is read", () => {
    fc.assert(
      fc.property(body, fc.infiniteStream(fc.nat()), (bytes, chance) => {
        const { blocks, part } = makeParts({ packing: "plain", body: bytes });
        const left = Array.from({ length: blocks }, (_, i) => i);
        const collector = openCollector();
        let last: Collected = { type: "other" };
        while (left.length > 0) {
          const [number = 0] = left.splice((chance.next().value ?? 0) % left.length, 1);
          last = collector.take(part(number));
          if (left.length > 0)
            expect(collector.take(part(number))).toMatchObject({ type: "some", isNew: false });
        }
        expect(last).toEqual({ type: "whole", package: { packing: "plain", body: bytes } });
      }),
    );
  });

  it("never come to another package, whatever is read; and to the package when enough was", () => {
    fc.assert(
      fc.property(body, numbers, (bytes, read) => {
        const { blocks, part } = makeParts({ packing: "plain", body: bytes });
        const collector = openCollector();
        let have = 0;
        for (const number of read) {
          const found = collector.take(part(number));
          if (found.type === "whole") {
            expect(toHex(found.package.body)).toBe(toHex(bytes));
            return;
          }
          if (found.type !== "some") throw new Error(found.type);
          expect(found.have).toBe(have + (found.isNew ? 1 : 0));
          have = found.have;
        }
        expect(have).toBeLessThan(blocks);
      }),
    );
  });

  it("need few codes more than there are blocks, from whichever code on", () => {
    const bytes = bodyOf(100 * BLOCK_BYTES);
    const { blocks, part } = makeParts({ packing: "plain", body: bytes });
    for (const first of [0, 50, 100, 1000, 30_000]) {
      const collector = openCollector();
      let [number, read] = [first, 0];
      for (;;) {
        read += 1;
        if (collector.take(part(number)).type === "whole") break;
        number += 1;
      }
      expect(read).toBeLessThan(blocks + 12);
    }
  });

  it("that were lost, one in ten, cost some codes and no further round", () => {
    const bytes = bodyOf(40 * BLOCK_BYTES);
    const { part } = makeParts({ packing: "plain", body: bytes });
    const collector = openCollector();
    let number = 0;
    for (; ; number += 1) if (number % 10 !== 3 && collector.take(part(number)).type === "whole") break;
    expect(number).toBeLessThan(52);
  });

  it("of another package begin anew, and those of the first are not mixed in", () => {
    const [one, two] = [bodyOf(900), bodyOf(901)];
    const [first, second] = [one, two].map((bytes) => makeParts({ packing: "plain", body: bytes }));
    if (first === undefined || second === undefined) throw new Error("two packages");
    const collector = openCollector();
    collector.take(first.part(0));
    collector.take(first.part(1));
    expect(collector.take(second.part(0))).toMatchObject({ type: "some", have: 1 });
    collector.take(second.part(1));
    expect(collector.take(second.part(2))).toEqual({
      type: "whole",
      package: { packing: "plain", body: two },
    });
  });

  it("fit a QR code that a cheap camera reads", () => {
    const largest = makeParts({ packing: "deflate", body: bodyOf(PACKAGE_BYTES_MAX) });
    expect(makeQr(largest.part(0), "L")?.size).toBe(65);
  });
});

describe("base45", () => {
  it("is that of RFC 9285", () => {
    expect(toBase45(new TextEncoder().encode("AB"))).toBe("BB8");
    expect(toBase45(new TextEncoder().encode("Hello!!"))).toBe("%69 VD92EX0");
    expect(fromBase45("QED8WEX0")).toEqual(new TextEncoder().encode("ietf!"));
    expect([fromBase45("GGW"), fromBase45("a00"), fromBase45("0")]).toEqual([null, null, null]);
  });

  it("gives back any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(fromBase45(toBase45(bytes))).toEqual(new Uint8Array(bytes));
      }),
    );
  });
});

describe("packing", () => {
  it("gives back any bytes, and is never longer than they are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2000 }), async (given) => {
        const bytes = new Uint8Array(given);
        const packed = await pack(bytes);
        expect(packed.body.length).toBeLessThanOrEqual(bytes.length);
        expect(await unpack(packed)).toEqual(bytes);
      }),
    );
  });

  it("unpacks no bomb and no junk", async () => {
    const bomb = await pack(new Uint8Array(UNPACKED_BYTES_MAX + 1));
    expect(bomb.body.length).toBeLessThan(20_000);
    expect(await unpack(bomb)).toBe(null);
    expect(await unpack({ packing: "deflate", body: Uint8Array.of(1, 2, 3) })).toBe(null);
  });
});
