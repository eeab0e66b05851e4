/** Both languages say the same things, and every code that a phone can meet has words. */
import { describe, expect, it } from "vitest";
import { en } from "../src/i18n/en.ts";
import { paramNames } from "../src/i18n/message.ts";
import { zhCN } from "../src/i18n/zh-CN.ts";
import { SENTENCE_CODES } from "../src/screens/exceptions/facts.ts";

/** docs/protocol/fold.md §6. */
const EXCEPTIONS = [
  "negative-stock",
  "variance",
  "contested-count",
  "change-after-approval",
  "over-receipt",
  "short-receipt",
  "unknown-item",
  "unknown-lot",
  "expired-picked",
  "fefo-overridden",
  "refused-goods",
  "hand-over-missing",
  "hand-over-open",
  "harvest-inside-interval",
  "cold-chain-breach",
  "attribute-conflict",
  "serial-in-two-places",
  "lapsed-permission",
  "forked-device",
  "suspect-clock",
  "mass-balance",
  "promise-short",
  "lease-at-risk",
  "lease-exceeded",
];

/** docs/protocol/sync.md §2 and §3, and the refusals of intents. */
const CODES = [
  "unknown-kind",
  "malformed-body",
  "missing-op",
  "missing-signature",
  "unknown-device",
  "revoked-device",
  "no-session",
  "no-right",
  "lapsed-permission",
  "stale",
  "false-seen",
  "fork",
  "not-voidable",
  "not-a-count",
  "not-a-hold",
  "not-resolvable",
  "nothing-to-resolve",
  "use-void",
  "inside-pre-harvest-interval",
  "lot-held",
  "insufficient-atp",
  "malformed-frame",
  "frame-too-large",
  "wrong-seal",
  "session-expired",
  "revoked",
  "not-enrolled",
  "use-dpop-nonce",
  "too-many-waiting",
  "too-many-unread",
  "kept-unread",
];

describe("the catalogues", () => {
  it("ask for the same parameters in both languages", () => {
    const english: Readonly<Record<string, (typeof en)[keyof typeof en]>> = en;
    const different = Object.entries(zhCN).filter(
      ([key, message]) => paramNames(message).join() !== paramNames(english[key] ?? "").join(),
    );

    expect(different.map(([key]) => key)).toEqual([]);
  });

  it("say of every exception what happened, the likely cause and what to do", () => {
    const missing = EXCEPTIONS.flatMap((code) =>
      [`exception.${code}`, `ex.${code}.cause`, `ex.${code}.do`].filter(
        (key) => !(key in zhCN) || !(key in en),
      ),
    );

    expect(missing).toEqual([]);
    expect([...SENTENCE_CODES].sort()).toEqual([...EXCEPTIONS].sort());
  });

  it("say of every verdict and problem what it means and what to do", () => {
    const missing = CODES.flatMap((code) =>
      [`code.${code}`, `code.${code}.do`].filter((key) => !(key in zhCN) || !(key in en)),
    );

    expect(missing).toEqual([]);
  });
});
