/** A long outbox goes up as frames that each hold what a frame can hold. */
import { describe, expect, it } from "vitest";
import type { Recorded } from "../src/sync/outbox.ts";
import { stretches } from "../src/sync/stretches.ts";

const recorded = (at: number): Recorded =>
  ({
    op: { at },
    data: new Uint8Array(100),
    hash: new Uint8Array(32),
    values: [],
    note: null,
  }) as unknown as Recorded;

const lengths = (times: readonly number[]): number[] =>
  stretches(times.map(recorded)).map(({ length }) => length);

describe("stretches", () => {
  it("hold five hundred ops at most, and all of them in order", () => {
    expect(lengths(Array.from({ length: 1001 }, (_, i) => i))).toStrictEqual([500, 500, 1]);
    expect(lengths([])).toStrictEqual([]);
  });

  it("are cut where two times lie further apart than an integer holds", () => {
    const [past, future] = [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
    expect(lengths([0, 1, future])).toStrictEqual([3]);
    expect(lengths([past, past + 1, future, future])).toStrictEqual([2, 2]);
  });
});
