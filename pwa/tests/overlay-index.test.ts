/** The index of the rows outlives the work above it: what is shown is as if it were made anew each time. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Body, type Draft, type Kind, readBody, writeBody } from "../src/domain/kinds.ts";
import { balanceKey, type BalanceRows, overlay, type PendingOp } from "../src/fold/overlay.ts";

const bodyOf = <K extends Kind>(kind: K, draft: Draft<K>): Body => {
  const body = readBody(kind, writeBody(kind, draft, [], null));
  if (body === null) throw new Error("this version reads what it writes");
  return body;
};

const word = (...words: readonly string[]) => fc.constantFrom(...words);
const [item, lot, place] = [word("TOM", "CUC"), word("", "1", "2"), word("R1", "R2", "T1")];

const move = fc
  .record({ item, lot, from: place, to: place, qty: fc.nat({ max: 9 }) })
  .map((line) => bodyOf("move", { task: null, lines: [line] }));

const count = fc
  .record({ place, item, lot: fc.option(lot), qty: fc.nat({ max: 9 }), complete: fc.boolean() })
  .map(({ place, complete, ...line }) =>
    bodyOf("count", { place, items: null, complete, shown: false, lines: [line] }),
  );

const pending = fc
  .array(fc.oneof(move, count), { maxLength: 6 })
  .map((bodies) => bodies.map((body, i): PendingOp => ({ body, hash: String(i), at: i })));

const balances = fc
  .uniqueArray(fc.record({ item, lot, place, q: fc.integer({ min: -5, max: 20 }) }), {
    selector: ({ item, lot, place }) => balanceKey(item, lot, place),
  })
  .map((rows) =>
    rows.map(
      ({ item, lot, place, q }) => [balanceKey(item, lot, place), { q, w: 0, estimated: false }] as const,
    ),
  );

const rowsOf = (
  entries: readonly (readonly [string, { q: number; w: number; estimated: boolean }])[],
): BalanceRows => {
  const rows = new Map(entries);
  return { keys: () => rows.keys(), get: (key) => rows.get(key) };
};

describe("the overlay", () => {
  it("shows the same over rows that it has seen before", () => {
    fc.assert(
      fc.property(balances, fc.array(pending, { minLength: 2, maxLength: 4 }), (entries, works) => {
        const kept = rowsOf(entries);
        for (const work of works) expect(overlay(kept, work)).toStrictEqual(overlay(rowsOf(entries), work));
      }),
    );
  });
});
