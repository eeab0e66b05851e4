/** The server's answers as screens read them; a field that is not there is not known. */
import { expect, it } from "vitest";
import { readBalances, readCode, readContacts } from "../src/screens/desk/answers.ts";
import { readCause, readHash } from "../src/screens/exceptions/causes.ts";

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

  expect(contacts.get("a")).toEqual({ id: "a", lastMs: 5, pending: null, waiting: 1, clockOffMs: -7 });
  expect(readBalances({ lines: [{ item: "MLK", lot: "1120", place: "R2", q: 60, w: 0 }] })[0]?.q).toBe(60);
  expect(readBalances("no")).toEqual([]);
  expect(readCode({ url: "gobi:enrol:x#y", expires_ms: 9 })).toEqual({ url: "gobi:enrol:x#y", expiresMs: 9 });
  expect(readCode({})).toBeNull();
});
