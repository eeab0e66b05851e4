/** Chance by seed: the same seeds give the same numbers in every run and on every machine. */
import type { Bytes } from "../../src/codec/bytes.ts";

/** Whole numbers in [0, 2³²). */
export type Chance = () => number;

/** sfc32: 128 bits of state, so that two phones of many seeds hardly ever draw the same epoch. */
export const seeded = (...seeds: readonly (number | string)[]): Chance => {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  const next: Chance = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (const seed of seeds) {
    for (const code of typeof seed === "string"
      ? [...seed].map((sign) => sign.codePointAt(0) ?? 0)
      : [seed]) {
      a = (a ^ code) | 0;
      c = (c ^ Math.floor(code / 2 ** 32)) | 0;
      for (let i = 0; i < 12; i += 1) next();
    }
  }
  return next;
};

export const bytesOf = (chance: Chance, size: number): Bytes =>
  Uint8Array.from({ length: size }, () => chance() & 0xff);
