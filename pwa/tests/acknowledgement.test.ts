/** Acknowledgements: the phone believes what its server signed, and nothing else. */
import { describe, expect, it } from "vitest";
import { isCovered, openAcknowledgement, unacknowledged } from "../src/codec/acknowledgement.ts";
import { fromHex, toHex } from "../src/codec/bytes.ts";
import { readVectors } from "./vectors.ts";

interface Good {
  readonly name: string;
  readonly hex: string;
  readonly device: string;
  readonly at_ms: number;
  readonly log_size: number;
  readonly root: string;
  readonly covered: number;
  readonly ends: readonly (readonly [number, number, string, number])[];
  readonly missing_values: number;
  readonly missing_evidence: number;
  readonly bearer: string;
}
const corpus = readVectors<{
  readonly key: string;
  readonly org: string;
  readonly good: readonly Good[];
  readonly bad: readonly { readonly name: string; readonly hex: string; readonly code: string }[];
  readonly heads: readonly {
    readonly name: string;
    readonly heads: readonly (readonly [number, number, string])[];
    readonly missing: readonly number[];
  }[];
}>("ops/acknowledgements.json");
const key = fromHex(corpus.key);

const opened = async (hex: string) => {
  const found = await openAcknowledgement(fromHex(hex), key, corpus.org);
  if (!found.ok) throw new Error(found.code);
  return found.value;
};

describe("an acknowledgement", () => {
  it.each(corpus.good)("is read: $name", async (wanted) => {
    const found = await opened(wanted.hex);
    expect({
      name: wanted.name,
      hex: wanted.hex,
      device: toHex(found.device),
      at_ms: found.atMs,
      log_size: found.logSize,
      root: toHex(found.root),
      covered: found.covered,
      ends: found.ends.map(({ epoch, seq, hash, leaf }) => [epoch, seq, toHex(hash), leaf]),
      missing_values: found.missingValues,
      missing_evidence: found.missingEvidence,
      bearer: found.bearer,
    }).toEqual(wanted);
  });

  it.each(corpus.bad)("is refused: $name", async ({ hex, code }) => {
    expect(await openAcknowledgement(fromHex(hex), key, corpus.org)).toEqual({ ok: false, code });
  });

  it.each(corpus.heads)("names heads: $name", async ({ heads, missing }) => {
    const said = await opened(corpus.good[0]?.hex ?? "");
    const chain = heads.map(([epoch, seq, hash]) => ({ epoch, seq, hash: fromHex(hash) }));
    expect(unacknowledged(said, chain)).toEqual(missing.map((number) => chain[number]));
    expect(unacknowledged(null, chain)).toEqual(chain);
  });

  it("is covered by a backup only with every op that it names", async () => {
    expect(isCovered(await opened(corpus.good[0]?.hex ?? ""))).toBe(false);
    expect(isCovered(await opened(corpus.good[2]?.hex ?? ""))).toBe(true);
  });
});
