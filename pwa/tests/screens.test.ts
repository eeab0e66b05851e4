/** What screens record: the drafts behind the forms. */
import { describe, expect, it } from "vitest";
import { aboardFor, deliverFields, stopGap, type StopLine } from "../src/screens/stop/draft.ts";
import { addCounted, countFields, countGap, mixedItems } from "../src/screens/count/draft.ts";
import { afterTaking, emptied, type Standing, sooner, suggest } from "../src/screens/pick/draft.ts";
import { readEnrolment, enrolmentOf } from "../src/screens/enrol/draft.ts";
import {
  EMPTY_LINE,
  addLine,
  lotRecord,
  NO_DATES,
  occurredAt,
  toLine,
  weighed,
} from "../src/screens/lines/draft.ts";
import { itemFacts } from "../src/app/items.ts";
import { isDemoOrigin } from "../src/app/demo-link.ts";
import { isUnsettled, pricedLines, totalOf, type Settleable } from "../src/screens/desk/settle-draft.ts";
import { receiptFields, receiptGap } from "../src/screens/receive/draft.ts";
import { stepNow } from "../src/demo/ledger.ts";
import { workFields, workGap } from "../src/screens/farm/work-draft.ts";

const register = (id: string, attributes: Record<string, string | number | boolean>) => ({
  id,
  attributes,
  conflicts: [],
});
const standing = (lot: string, q: number, more: Partial<Standing> = {}): Standing => ({
  item: "MLK",
  lot,
  place: "R2",
  q,
  w: 0,
  held: null,
  expiresOn: null,
  ...more,
});

describe("lines", () => {
  it("take the net of a weighing: 436 kg gross less 20 crates of 1.8 kg is 400 kg", () => {
    const tomato = itemFacts("TOM-L", register("TOM-L", { unit: "g" }));
    const line = weighed({ ...EMPTY_LINE, item: "TOM-L" }, tomato, {
      grossG: 436_000,
      crateItem: "CRT",
      crates: 20,
      tareG: 1_800,
    });

    expect(toLine(line)).toMatchObject({
      qty: 400_000,
      weight: null,
      weighing: [436_000, 36_000, "CRT", 20],
    });
  });

  it("of the same goods add up, and a weighing stays a line of its own", () => {
    const box = { ...EMPTY_LINE, item: "TOM-5", lot: "1123", from: "R1", to: "T1-3", qty: 10 };
    const two = addLine(addLine([], box), box);
    const weighing = { grossG: 10, crateItem: "", crates: 0, tareG: 0 };

    expect(two).toHaveLength(1);
    expect(two[0]?.qty).toBe(20);
    expect(addLine(two, { ...box, weighing })).toHaveLength(2);
  });

  it("say nothing of a lot of which nothing was said", () => {
    expect(lotRecord("MLK", "1120", NO_DATES)).toBeNull();
    expect(lotRecord("MLK", "1120", { ...NO_DATES, expiresOn: "2026-11-27" })).toEqual([
      "MLK",
      "1120",
      [["expires_on", "2026-11-27"]],
    ]);
    expect(lotRecord("MLK", "1120", { ...NO_DATES, expiresOn: "2026-02-30" })).toBeNull();
  });

  it("claim a time on paper in the organisation's hours, and never one to come", () => {
    const now = Date.UTC(2026, 10, 23, 3, 0);

    expect(occurredAt("2026-11-23T07:10", 480, now)?.[0]).toBe(Date.UTC(2026, 10, 22, 23, 10));
    expect(occurredAt("2026-11-23T11:01", 480, now)).toBeNull();
  });
});

describe("picking", () => {
  it("suggests first expired first out, never held, never expired", () => {
    const lots = [
      standing("1122", 120, { expiresOn: "2026-11-29" }),
      standing("1120", 60, { expiresOn: "2026-11-27" }),
      standing("old", 9, { expiresOn: "2026-11-01" }),
      standing("held", 9, { held: "hold", expiresOn: "2026-11-24" }),
    ];

    expect(suggest(72, lots, "2026-11-23")).toEqual([
      { lot: "1120", place: "R2", qty: 60 },
      { lot: "1122", place: "R2", qty: 12 },
    ]);
    expect(sooner("1122", lots, "2026-11-23")).toBe("1120");
    expect(sooner("1120", lots, "2026-11-23")).toBeNull();
  });

  it("sends nobody twice to the same boxes", () => {
    const taken = { ...EMPTY_LINE, item: "MLK", lot: "1121", from: "R2", to: "T1-2", qty: 40 };

    expect(
      suggest(20, afterTaking([standing("1121", 40), standing("1123", 76)], [taken]), "2026-11-23"),
    ).toEqual([{ lot: "1123", place: "R2", qty: 20 }]);
  });

  it("asks whether a place is empty when the books say so", () => {
    const line = { ...EMPTY_LINE, item: "MLK", lot: "1121", from: "R2", to: "T1-2", qty: 40 };

    expect(emptied([line], [standing("1121", 40), standing("1123", 76)]).map(({ lot }) => lot)).toEqual([
      "1121",
    ]);
  });
});

describe("a count", () => {
  const line = { item: "TOM-5", lot: "1123", qty: 55, weight: null, atMs: 1_000 };

  it("is blind and keeps the instant of each line", () => {
    const form = { place: "R1", items: ["TOM-5"], complete: false, lines: [line], task: null };

    expect(countFields(form, 61_000)).toMatchObject({
      shown: false,
      lines: [{ item: "TOM-5", lot: "1123", qty: 55, beforeMs: 60_000 }],
    });
  });

  it("adds another pile on or is counted anew", () => {
    expect(addCounted([line], { ...line, qty: 5 }, "add")[0]?.qty).toBe(60);
    expect(addCounted([line], { ...line, qty: 5 }, "replace")[0]?.qty).toBe(5);
  });

  it("without a line is one only when it is complete: an empty place is a finding", () => {
    expect(countGap({ place: "R1", items: null, complete: false, lines: [], task: null })).toBe("lines");
    expect(countGap({ place: "R1", items: null, complete: true, lines: [], task: null })).toBeNull();
  });

  it("does not speak of an item both with and without lots", () => {
    expect(mixedItems([line, { ...line, lot: null }])).toEqual(["TOM-5"]);
  });
});

describe("a hand-over", () => {
  const order = [
    {
      item: "TOM-5",
      qty: 60,
      weight: null,
      picked: 60,
      pickedWeight: 0,
      done: 0,
      doneWeight: 0,
      reserved: 0,
    },
  ];
  const held = [
    { item: "TOM-5", lot: "1121", place: "T1-3", qty: 40, weight: null },
    { item: "TOM-5", lot: "1123", place: "T1-3", qty: 30, weight: null },
  ];

  it("offers no more than is owed", () => {
    expect(aboardFor(order, held).map(({ qty }) => qty)).toEqual([40, 20]);
  });

  it("moves only what is taken: two of twenty crushed", () => {
    const [first, second] = aboardFor(order, held);
    const lines: StopLine[] = [
      { ...first!, answer: { refused: 0, reason: "", missing: 0 } },
      { ...second!, answer: { refused: 2, reason: "压坏", missing: 0 } },
    ];
    const handOver = {
      partner: "laozhou",
      order: "SO-1123-1",
      lines,
      crates: { item: "CRT", from: "T1-3", out: 10 },
      isSigned: true,
    };

    expect(stopGap(handOver)).toBeNull();
    const fields = deliverFields(handOver, null);
    expect(fields.lines.map(({ qty }) => qty)).toEqual([40, 18, 10]);
    expect(fields.refused).toMatchObject([{ lot: "1123", place: "T1-3", qty: 2, reason: "压坏" }]);
    expect(fields.missing).toEqual([]);
  });

  it("waits for an answer to each line, a reason for each refusal, and a signature", () => {
    const [first] = aboardFor(order, held);
    const crates = { item: "CRT", from: "T1-3", out: 0 };
    const of = (answer: StopLine["answer"], isSigned = false) =>
      stopGap({ partner: "p", order: null, lines: [{ ...first!, answer }], crates, isSigned });

    expect(of(null)).toBe("unanswered");
    expect(of({ refused: 1, reason: "", missing: 0 })).toBe("reason");
    expect(of({ refused: 0, reason: "", missing: 0 })).toBe("signature");
  });
});

describe("a receipt", () => {
  const line = { ...EMPTY_LINE, item: "TOM-L", lot: "1123", to: "R1", qty: 400_000 };

  it("books the crates that came along, and is blind without an order", () => {
    const receipt = {
      partner: "wang",
      order: null,
      lines: [line],
      lots: [],
      complete: true,
      crates: { item: "CRT", count: 20, to: "DEPOT" },
    };

    expect(receiptGap(receipt)).toBeNull();
    expect(receiptFields(receipt)).toMatchObject({
      order: null,
      complete: false,
      lines: [{ item: "TOM-L" }, { item: "CRT", qty: 20, to: "DEPOT" }],
    });
  });

  it("is not one of nothing", () => {
    const receipt = {
      partner: "wang",
      order: null,
      lines: [{ ...line, qty: 0 }],
      lots: [],
      complete: false,
      crates: null,
    };

    expect(receiptGap(receipt)).toBe("lines");
  });
});

describe("money", () => {
  it("does not take a second delivery of the same goods for settled", () => {
    const line = { item: "TOM-5", lot: "1121", qty: 10, weight: null };
    const of = (hash: string): Settleable => ({
      hash,
      side: "sell",
      index: 1,
      o: 0,
      partner: "zhou",
      lines: [line],
    });
    const priced = [{ ...line, unitPrice: 310_000, unit: "each", deductionG: 0, reason: "" }];
    const statement = [[9, "sell", 31_000, "TOM-5", "1121", 10, null, 310_000, "each", "aa"]];
    expect(isUnsettled(of("aa"), priced, statement)).toBe(false);
    expect(isUnsettled(of("bb"), priced, statement)).toBe(true);
  });

  it("settles 400 kg less 8 kg at 2.40 a jin to 1,881.60", () => {
    const of: Settleable = {
      hash: "",
      side: "buy",
      index: 0,
      o: 0,
      partner: "wang",
      lines: [
        { item: "TOM-L", lot: "1123", qty: 400_000, weight: null },
        { item: "CRT", lot: "", qty: 20, weight: null },
      ],
    };
    const price = {
      key: "",
      item: "TOM-L",
      partner: null,
      side: "buy",
      unitPrice: 24_000,
      unit: "斤",
      fromOn: "2026-11-01",
    };
    const lines = pricedLines(of, [price]).map((line) => ({ ...line, deductionG: 8_000 }));

    expect(lines).toHaveLength(1);
    expect(totalOf(lines, false)?.dueFen).toBe(188_160);
  });
});

describe("farm work", () => {
  it("keeps an interval that nobody knows as unknown, and refuses one that is no number", () => {
    const input = { trade: "吡虫啉", generic: "", registration: "", dose: "", days: "" };
    const draft = {
      plots: ["P3"],
      work: "spray",
      inputs: [input],
      startedOn: "2026-11-19",
      stoppedOn: "2026-11-19",
    };

    expect(workGap(draft)).toBeNull();
    expect(workFields(draft).inputs[0]?.[4]).toBeNull();
    expect(workGap({ ...draft, inputs: [{ ...input, days: "七" }] })).toBe("days");
  });
});

describe("enrolment", () => {
  it("reads the QR, a link that carries it, and a code typed at the server's own page", () => {
    const url = "gobi:enrol:http://liu.localhost:8000#abc_DEF-123";

    expect(readEnrolment(url)?.server).toBe("http://liu.localhost:8000");
    expect(readEnrolment(`http://x/#/enrol?u=${encodeURIComponent(url)}`)?.url).toBe(url);
    expect(enrolmentOf("abc_DEF-123", "https://gobi.example")?.url).toBe(
      "gobi:enrol:https://gobi.example#abc_DEF-123",
    );
    expect(enrolmentOf("hello world", "https://gobi.example")).toBeNull();
  });
});

describe("the demo page", () => {
  it("is obeyed only when the phone stands below it on the same port", () => {
    expect(isDemoOrigin("http://gobi.localhost:8000", "http://liu.gobi.localhost:8000")).toBe(true);
    expect(isDemoOrigin("http://localhost:8000", "http://liu.localhost:8000")).toBe(true);
    expect(isDemoOrigin("http://localhost:9000", "http://liu.localhost:8000")).toBe(false);
    expect(isDemoOrigin("http://evil.example:8000", "http://liu.localhost:8000")).toBe(false);
    expect(isDemoOrigin("null", "http://liu.localhost:8000")).toBe(false);
  });

  it("never asks for a step that is done", () => {
    const phone = { enrolled: true, signedIn: true, pending: 0, offline: false, isStranger: false };
    const ledger = {
      size: 1,
      checkpoint: "",
      isPlaying: true,
      balances: [],
      variances: [],
      exceptions: [],
      ops: [],
    };
    const variance = { key: "", item: "TOM-5", lot: "1123", zh: "", en: "" };
    const off = { ...phone, offline: true };

    expect(stepNow(ledger, phone, phone)).toBe(1);
    expect(stepNow(ledger, off, off)).toBe(2);
    expect(stepNow(ledger, { ...off, pending: 1 }, off)).toBe(3);
    expect(stepNow(ledger, { ...off, pending: 1 }, { ...off, pending: 1 })).toBe(4);
    expect(stepNow({ ...ledger, variances: [{ ...variance, dq: -21 }] }, off, phone)).toBe(5);
    expect(stepNow({ ...ledger, variances: [{ ...variance, dq: -1 }] }, phone, phone)).toBe(6);
  });
});
