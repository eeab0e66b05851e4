/** What happened, as a sentence made from an exception's facts: names and integers become words here. */
import { formatQuantity, kilograms } from "../../app/items.ts";
import { type Names, lotName } from "../../app/names.ts";
import type { Value } from "../../codec/msgpack.ts";
import { formatAge, formatDateTime, formatOn, formatTime } from "../../i18n/format.ts";
import { t, tOr } from "../../i18n/i18n.ts";
import { kindWord } from "../outbox/words.ts";
import type { Exception } from "./inbox.ts";

class Reader {
  readonly #facts: readonly Value[];
  readonly #names: Names;

  constructor(facts: readonly Value[], names: Names) {
    this.#facts = facts;
    this.#names = names;
  }

  word(index: number): string {
    const fact = this.#facts[index];
    return typeof fact === "string" ? fact : "";
  }

  whole(index: number): number {
    const fact = this.#facts[index];
    return typeof fact === "number" ? fact : 0;
  }

  list(index: number): readonly Value[] {
    const fact = this.#facts[index];
    return Array.isArray(fact) ? fact : [];
  }

  /** Item and lot that stand at two places of the facts. */
  goods(item: number, lot: number): string {
    const of = this.word(lot);
    return of === ""
      ? this.#names.item(this.word(item))
      : `${this.#names.item(this.word(item))} ${lotName(of)}`;
  }

  amount(item: number, qty: number, weight: number): string {
    const facts = this.#names.facts(this.word(item));
    return formatQuantity(facts, this.whole(qty), facts.isCatch ? this.whole(weight) : null);
  }

  signed(item: number, qty: number, weight: number): string {
    const facts = this.#names.facts(this.word(item));
    const [q, w] = [this.whole(qty), this.whole(weight)];
    const sign = q < 0 || (q === 0 && w < 0) ? "−" : "+";
    return `${sign}${formatQuantity(facts, Math.abs(q), facts.isCatch ? Math.abs(w) : null)}`;
  }

  place(index: number): string {
    return this.#names.place(this.word(index));
  }

  partner(index: number): string {
    return this.word(index) === "" ? t("exceptions.receiver") : this.#names.partner(this.word(index));
  }

  device(index: number): string {
    return this.#names.device(this.word(index));
  }

  deviceOf(fact: Value | undefined): string {
    return typeof fact === "string" ? this.#names.device(fact) : "";
  }
}

/** The late movements that made a variance smaller, as the row alone tells them: how much, not yet who. */
const lateText = (r: Reader): string => {
  const late = r.list(9);
  return late.length === 0 ? "" : t("ex.variance.late", { n: late.length });
};

type Sentence = (r: Reader) => string;

const SENTENCES: Readonly<Record<string, Sentence>> = {
  "negative-stock": (r) =>
    t("ex.negative-stock", { goods: r.goods(0, 1), place: r.place(2), amount: r.signed(0, 3, 4) }),
  variance: (r) =>
    t("ex.variance", {
      goods: r.goods(0, 1),
      place: r.place(2),
      expected: r.amount(0, 3, 4),
      counted: r.amount(0, 5, 6),
      difference: r.signed(0, 7, 8),
    }) + lateText(r),
  "contested-count": (r) =>
    t("ex.contested-count", {
      goods: r.goods(0, 1),
      place: r.place(2),
      counted: r.amount(0, 3, 4),
      n: r.list(5).length,
    }),
  "change-after-approval": (r) =>
    t("ex.change-after-approval", {
      goods: r.goods(0, 1),
      place: r.place(2),
      now: r.signed(0, 3, 4),
      approved: r.signed(0, 5, 6),
    }),
  "over-receipt": (r) =>
    t("ex.over-receipt", {
      order: r.word(0),
      goods: r.goods(1, -1),
      ordered: r.amount(1, 2, -1),
      received: r.amount(1, 3, -1),
    }),
  "short-receipt": (r) =>
    t("ex.short-receipt", {
      order: r.word(0),
      goods: r.goods(1, -1),
      ordered: r.amount(1, 2, -1),
      received: r.amount(1, 3, -1),
    }),
  "unknown-item": (r) => t("ex.unknown-item", { item: r.word(0) }),
  "unknown-lot": (r) => t("ex.unknown-lot", { goods: r.goods(0, 1) }),
  "expired-picked": (r) =>
    t("ex.expired-picked", { goods: r.goods(0, 1), place: r.place(2), day: formatDateTime(r.whole(3)) }),
  "fefo-overridden": (r) =>
    t("ex.fefo-overridden", { goods: r.goods(0, 1), place: r.place(2), sooner: r.word(3) }),
  "refused-goods": (r) =>
    t("ex.refused-goods", {
      partner: r.partner(0),
      goods: r.goods(1, 2),
      amount: r.amount(1, 3, 4),
      reason: r.word(5) || "–",
    }),
  "hand-over-missing": (r) =>
    t("ex.hand-over-missing", { partner: r.partner(0), goods: r.goods(1, 2), amount: r.amount(1, 3, 4) }),
  "hand-over-open": () => t("ex.hand-over-open"),
  "harvest-inside-interval": (r) => {
    const day = r.word(3);
    const clear = day === "" ? t("interval.nobodyKnows") : formatOn(day);
    return t("ex.harvest-inside-interval", {
      plot: r.word(0),
      goods: r.goods(1, 2),
      input: r.word(4),
      clear,
    });
  },
  "cold-chain-breach": (r) => {
    const [start, until] = [r.whole(1), r.whole(2)];
    return t("ex.cold-chain-breach", {
      place: r.place(0),
      from: formatTime(start),
      to: formatTime(until),
      age: formatAge(until - start),
      n: r.list(4).length,
    });
  },
  "attribute-conflict": (r) =>
    t("ex.attribute-conflict", { id: r.word(1), attribute: tOr(`attribute.${r.word(2)}`, r.word(2)) }),
  "serial-in-two-places": (r) =>
    t("ex.serial-in-two-places", { serial: r.word(0), a: r.place(1), b: r.place(2) }),
  "lapsed-permission": (r) =>
    t("ex.lapsed-permission", {
      device: r.device(0),
      kind: kindWord(r.word(1)),
      why: tOr(`code.${r.word(2)}`, r.word(2)),
    }),
  "forked-device": (r) => t("ex.forked-device", { device: r.device(0) }),
  "suspect-clock": (r) =>
    t("ex.suspect-clock", { device: r.device(0), age: formatAge(Math.abs(r.whole(1))) }),
  "mass-balance": (r) =>
    t("ex.mass-balance", {
      process: r.word(0),
      into: kilograms(r.whole(1)),
      out: kilograms(r.whole(2)),
      waste: kilograms(r.whole(3)),
    }),
  "promise-short": (r) =>
    t("ex.promise-short", {
      goods: r.goods(0, 1),
      place: r.place(2),
      available: r.amount(0, 3, -1),
      promised: r.amount(0, 4, -1),
      n: r.list(5).length,
    }),
  "lease-at-risk": (r) =>
    t("ex.lease-at-risk", {
      goods: r.goods(0, 1),
      place: r.place(2),
      amount: r.amount(0, 3, -1),
      device: r.device(4),
      others: r
        .list(7)
        .map((other) => r.deviceOf(Array.isArray(other) ? other[0] : ""))
        .join(t("list.and")),
    }),
  "lease-exceeded": (r) =>
    t("ex.lease-exceeded", {
      device: r.device(5),
      goods: r.goods(0, 1),
      place: r.place(2),
      taken: r.amount(0, 3, -1),
      leased: r.amount(0, 4, -1),
    }),
};

export const exceptionWord = (code: string): string => tOr(`exception.${code}`, t("newer.exception"));

/** What happened; the name of the exception alone when a newer server knows one that this version does not. */
export const happened = ({ code, facts }: Exception, names: Names): string => {
  const sentence = Object.hasOwn(SENTENCES, code) ? SENTENCES[code] : undefined;
  return sentence === undefined ? exceptionWord(code) : sentence(new Reader(facts, names));
};

/** The usual cause, and what to do about it. */
export const likelyCause = (code: string): string => tOr(`ex.${code}.cause`, t("ex.other.cause"));
export const whatToDo = (code: string): string => tOr(`ex.${code}.do`, t("ex.other.do"));

/** Every code that has a sentence; tests hold it against the ledger's list. */
export const SENTENCE_CODES: readonly string[] = Object.keys(SENTENCES);
