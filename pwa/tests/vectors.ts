/** Reads the corpora that Python and TypeScript share: `tests/vectors` at the root of the repository. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fromHex } from "../src/codec/bytes.ts";
import type { Value } from "../src/codec/msgpack.ts";

/** In the JSON a byte string stands as `{"bin": "<hex>"}`; everything else stands for itself. */
export type Plain = null | boolean | number | string | { readonly bin: string } | readonly Plain[];

export const unplain = (plain: Plain): Value => {
  if (plain === null || typeof plain !== "object") return plain;
  if ("bin" in plain) return fromHex(plain.bin);
  return plain.map(unplain);
};

export const readVectors = <T>(path: string): T =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, "../../tests/vectors", path), "utf8")) as T;
