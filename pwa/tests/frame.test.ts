import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../src/codec/bytes.ts";
import {
  decodeFrame,
  differences,
  encodeFrame,
  peekHeader,
  runLengths,
  sealedOps,
} from "../src/codec/frame.ts";
import { encode, isMalformed } from "../src/codec/msgpack.ts";
import { importPublicKey } from "../src/codec/seal.ts";
import { type Plain, readVectors, unplain } from "./vectors.ts";

interface FrameVector {
  readonly name: string;
  readonly secret: string;
  readonly key: string;
  readonly hex: string;
  readonly org: string;
  readonly device: string;
  readonly epoch: number;
  readonly first_seq: number;
  readonly first_prev: string;
  readonly ops: string[];
  readonly seals: [number, string][];
  readonly values: [number, number, string, string][];
  readonly standing: number;
}

const frames = readVectors<{
  good: FrameVector[];
  wrong_seals: FrameVector[];
  bad: { name: string; secret: string; hex: string; code: string }[];
}>("ops/frames.json");

describe("frames", () => {
  it.each([...frames.good, ...frames.wrong_seals])(
    "$name: every op is rebuilt byte for byte",
    async (given) => {
      const frame = decodeFrame(fromHex(given.hex), fromHex(given.secret));
      const { org, device, epoch, firstSeq, firstPrev } = peekHeader(fromHex(given.hex));
      expect([org, toHex(device), epoch, firstSeq, toHex(firstPrev)]).toStrictEqual([
        given.org,
        given.device,
        given.epoch,
        given.first_seq,
        given.first_prev,
      ]);
      expect(frame.data.map(toHex)).toStrictEqual(given.ops);
      expect(frame.seals.map(([ops, signature]) => [ops, toHex(signature)])).toStrictEqual(given.seals);
      expect(
        frame.values.map(([op, number, salt, value]) => [op, number, toHex(salt), toHex(value)]),
      ).toStrictEqual(given.values);
      expect(await sealedOps(frame, await importPublicKey(fromHex(given.key)))).toBe(given.standing);
    },
  );

  it.each(frames.good.filter(({ name }) => !name.includes("false")))(
    "$name: encoded, it is the same bytes",
    (given) => {
      const { ops, seals, values } = decodeFrame(fromHex(given.hex), fromHex(given.secret));
      expect(toHex(encodeFrame(ops, seals, values))).toBe(given.hex);
    },
  );

  it.each(frames.bad.filter(({ code }) => code !== "unknown-device"))("refuses: $name", ({ hex, secret }) => {
    let error: unknown;
    try {
      decodeFrame(fromHex(hex), fromHex(secret));
    } catch (thrown) {
      error = thrown;
    }
    expect(isMalformed(error)).toBe(true);
  });
});

describe("columns", () => {
  const columns = readVectors<{
    run_lengths: { values: Plain[]; runs: Plain }[];
    differences: { values: number[]; steps: number[] }[];
  }>("ops/columns.json");

  it("write once what consecutive ops repeat", () => {
    for (const { values, runs } of columns.run_lengths) {
      expect(toHex(encode(runLengths(values.map(unplain))))).toBe(toHex(encode(unplain(runs))));
    }
  });

  it("write instants as steps", () => {
    for (const { values, steps } of columns.differences) expect(differences(values)).toStrictEqual(steps);
  });
});
