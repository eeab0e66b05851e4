/** The server's answers as screens read them; a field that is not there is not known. */
import { expect, it } from "vitest";
import { readBalances, readCode, readContacts } from "../src/screens/desk/answers.ts";
import { readCause, readHash } from "../src/screens/exceptions/causes.ts";
import { ITSELF, openFirst, withPast } from "../src/screens/exceptions/inbox.ts";
import { readRow } from "../src/sync/rows.ts";

const HASH = "ab".repeat(32);

it("the hash of an op and the words of an exception", () => {
  expect(readHash({ op: { hash: HASH } })).toBe(HASH);
  expect(readHash({ op: { hash: "short" } })).toBeNull();
  expect(readHash(null)).toBeNull();
  expect(readCause([{ id: "variance", zh: "少 1", en: "1 missing" }], "variance")).toEqual({
    zh: "少 1",
    en: "1 missing",
  });
  expect(readCause([], "variance")).toBeNull();
});

it("devices, balances and codes to join", () => {
  const contacts = readContacts([{ id: "a", last_sync: 5, pending: null, clock_off: -7, waiting: [{}] }]);

  expect(contacts.get("a")).toEqual({
    id: "a",
    lastMs: 5,
    pending: null,
    waiting: 1,
    clockOffMs: -7,
    missing: 0,
    isSafe: false,
  });
  expect(readBalances({ lines: [{ item: "MLK", lot: "1120", place: "R2", q: 60, w: 0 }] })[0]?.q).toBe(60);
  expect(readBalances("no")).toEqual([]);
  expect(readCode({ url: "gobi:enrol:x#y", expires_ms: 9 })).toEqual({ url: "gobi:enrol:x#y", expiresMs: 9 });
  expect(readCode({})).toBeNull();
});

it("an exception whose cause is gone is listed among the closed ones, as closed by itself", () => {
  const open = readRow("exception", "a", ["a", "variance", [], [4], "manager", 100, 200, "open", null]);
  const past = readRow("past_exception", "b", ["b", "negative-stock", ["CUC"], [5], "manager", 150, 9]);
  const listed = openFirst(withPast([open], [past]));

  expect(listed.map(({ id, state, closedBy }) => [id, state, closedBy])).toEqual([
    ["a", "open", null],
    ["b", "closed", ITSELF],
  ]);
});
