import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Value } from "../src/codec/msgpack.ts";
import { type Body, type Draft, type Kind, readBody, writeBody } from "../src/domain/kinds.ts";
import { lower } from "../src/domain/lowering.ts";
import { isMisfit } from "../src/domain/shape.ts";
import { inProportion } from "../src/fold/balance.ts";
import { balanceKey, overlay, type PendingOp } from "../src/fold/overlay.ts";

const body = <K extends Kind>(kind: K, fields: Draft<K>, names: readonly Uint8Array[] = []): Body => {
  const read = readBody(kind, writeBody(kind, fields, names));
  if (read === null) throw new Error("unknown kind");
  return read;
};

const line = (
  item: string,
  lot: string,
  from: string,
  to: string,
  qty: number,
  weight: number | null = null,
) => ({
  item,
  lot,
  from,
  to,
  qty,
  weight,
});

const HASH = new Uint8Array(32).fill(7);
const HASH_HEX = "07".repeat(32);

describe("bodies", () => {
  it("leave out trailing defaults and read them back", () => {
    const written = writeBody("pick", {
      order: null,
      task: null,
      lines: [line("TOM-5", "1121", "R1", "T1", 40)],
    });
    expect(written).toStrictEqual([null, [], null, null, [["TOM-5", "1121", "R1", "T1", 40]]]);
    expect(readBody("pick", written)?.fields).toMatchObject({
      lines: [{ qty: 40, weight: null, flags: 0, serials: null }],
    });
  });

  it("read over what a later version adds at the end", () => {
    expect(readBody("finish", [null, [], "TOM-5", "1121", "R1", "later"])?.fields).toStrictEqual({
      item: "TOM-5",
      lot: "1121",
      place: "R1",
    });
  });

  it("are none of ours when the kind is of a later version", () => {
    expect(readBody("a_kind_of_tomorrow", [null, []])).toBeNull();
  });

  it.each([
    ["finish", [null, [], "TOM-5", "1121"]],
    ["finish", [null, [], "", "1121", "R1"]],
    ["void", [null, [], "wrong line"]],
    ["pick", [null, [], null, null, [["TOM-5", "1121", "R1", "T1", -1]]]],
    ["pick", [[1, 2, "rumour"], [], null, null, []]],
    ["take", [null, [new Uint8Array(31)], [], [], []]],
  ] as [string, Value[]][])("that do not fit a %s are refused", (kind, fields) => {
    let error: unknown;
    try {
      readBody(kind, fields);
    } catch (thrown) {
      error = thrown;
    }
    expect(isMisfit(error)).toBe(true);
  });
});

describe("lowering", () => {
  const ends = (of: Body): string[] => lower(of).movements.map((m) => `${m.line} ${m.from}→${m.to}`);

  it("gives every kind its own accounts", () => {
    const lines = [line("A", "1", "", "R1", 1)];
    const out = [line("A", "1", "R1", "", 1)];
    expect(ends(body("receive", { partner: "wang", order: null, lines }))).toStrictEqual([
      "0 partner:wang→R1",
    ]);
    expect(ends(body("return", { partner: "wang", order: null, reason: "", lines }))).toStrictEqual([
      "0 partner:wang→R1",
    ]);
    expect(ends(body("deliver", { partner: "lz", order: null, receiver: null, lines: out }))).toStrictEqual([
      "0 R1→partner:lz",
    ]);
    expect(ends(body("harvest", { plot: "P3", lines }))).toStrictEqual(["0 plot:P3→R1"]);
    expect(ends(body("dispose", { reason: "", lines: out }))).toStrictEqual(["0 R1→virtual:loss"]);
    expect(ends(body("adjust", { reason: "", lines }))).toStrictEqual(["0 virtual:loss→R1"]);
    expect(ends(body("pack", { lpn: "9", place: "R1", lines: out }))).toStrictEqual(["0 R1→lpn:9"]);
    expect(ends(body("unpack", { lpn: "9", lines }))).toStrictEqual(["0 lpn:9→R1"]);
    expect(
      ends(body("pick", { order: null, task: null, lines: [line("A", "1", "R1", "T1", 1)] })),
    ).toStrictEqual(["0 R1→T1"]);
  });

  it("numbers the lines of a transform through inputs, outputs and waste", () => {
    const transform = body("transform", {
      process: "pack",
      inputs: [line("TOM-L", "1123", "DOCK", "", 400_000)],
      outputs: [line("TOM-5", "1123", "", "R1", 76), line("TOM-2", "1123", "", "R1", 16_000)],
      waste: [line("TOM-L", "1123", "", "", 4_000)],
    });
    expect(ends(transform)).toStrictEqual([
      "0 DOCK→virtual:transform",
      "1 virtual:transform→R1",
      "2 virtual:transform→R1",
      "3 virtual:transform→virtual:loss",
    ]);
  });

  it("takes the grams of a later weighing in place of the estimate", () => {
    const pick = body("pick", {
      order: null,
      task: null,
      lines: [{ ...line("BEEF", "B77", "FZ", "T1", 1, 20_000), flags: 1 }],
    });
    const [weighed] = lower(pick, new Map([[0, 20_460]])).movements;
    expect([weighed?.weight, weighed?.estimated]).toStrictEqual([20_460, false]);
  });

  it("moves nothing for what is not about stock", () => {
    expect(
      lower(body("inspect", { item: "A", lot: "", place: null, verdict: "ok" })).movements,
    ).toStrictEqual([]);
  });
});

describe("the overlay", () => {
  type Balances = Readonly<Record<string, { q: number; w: number; estimated?: boolean }>>;

  const shownOver = (balances: Balances, ...bodies: (Body | PendingOp)[]) => {
    const rows = new Map(
      Object.entries(balances).map(([key, b]) => {
        const [item = "", lot = "", place = ""] = key.split(" ");
        return [balanceKey(item, lot, place), { estimated: false, ...b }] as const;
      }),
    );
    const pending = bodies.map((given, i) =>
      "body" in given ? given : { body: given, hash: i === 0 ? HASH_HEX : `${i}`, at: 1000 + i },
    );
    const shown = overlay({ keys: () => rows.keys(), get: (key) => rows.get(key) }, pending);
    return Object.fromEntries(
      [...shown.values()].map((b) => [
        `${b.item} ${b.lot} ${b.place}`,
        `${b.q} ${b.w}${b.estimated ? " est" : ""}${b.unconfirmed ? " unconfirmed" : ""}`,
      ]),
    );
  };

  const pick = (qty: number, weight: number | null = null, lot = "1123") =>
    body("pick", { order: null, task: null, lines: [line("TOM-5", lot, "R1", "T1", qty, weight)] });
  const count = (
    qty: number | null,
    weight: number | null = null,
    lot: string | null = "1123",
    complete = false,
    items: string[] | null = null,
  ) =>
    body("count", {
      place: "R1",
      items,
      complete,
      shown: false,
      lines: [{ item: "TOM-5", lot, qty, weight }],
    });

  it("adds pending movements to what the rows say, at both ends", () => {
    expect(shownOver({ "TOM-5 1123 R1": { q: 76, w: 0 } }, pick(20))).toStrictEqual({
      "TOM-5 1123 R1": "56 0",
      "TOM-5 1123 T1": "20 0",
    });
  });

  it("goes below zero for goods that the rows do not know yet", () => {
    expect(shownOver({}, pick(10, 210_400))).toStrictEqual({
      "TOM-5 1123 R1": "-10 -210400",
      "TOM-5 1123 T1": "10 210400",
    });
  });

  it("shows what a pending count saw, unconfirmed, and later work on top of it", () => {
    expect(shownOver({ "TOM-5 1123 R1": { q: 76, w: 0 } }, pick(1), count(55), pick(10))).toMatchObject({
      "TOM-5 1123 R1": "45 0 unconfirmed",
      "TOM-5 1123 T1": "11 0",
    });
  });

  it("takes a count line at its own instant, before work done while the count went on", () => {
    const early: PendingOp = {
      body: body("count", {
        place: "R1",
        items: null,
        complete: false,
        shown: false,
        lines: [{ item: "TOM-5", lot: "1123", qty: 55, beforeMs: 500 }],
      }),
      hash: "c",
      at: 2000,
    };
    const between: PendingOp = { body: pick(10), hash: "p", at: 1700 };
    expect(shownOver({ "TOM-5 1123 R1": { q: 76, w: 0 } }, between, early)).toMatchObject({
      "TOM-5 1123 R1": "45 0 unconfirmed",
    });
  });

  it("moves the measure that was not counted in proportion, as an estimate; zero is zero in both", () => {
    const beef = { "TOM-5 1123 R1": { q: 8, w: 163_400 } };
    expect(shownOver(beef, count(6))).toMatchObject({ "TOM-5 1123 R1": "6 122550 est unconfirmed" });
    expect(shownOver(beef, count(0))).toMatchObject({ "TOM-5 1123 R1": "0 0 unconfirmed" });
    expect(shownOver(beef, count(6, 122_820))).toMatchObject({ "TOM-5 1123 R1": "6 122820 unconfirmed" });
  });

  it("leaves the difference of a count without lot at the item, and lets a count by lot absorb it", () => {
    const rows = { "TOM-5 1121 R1": { q: 40, w: 0 }, "TOM-5 1123 R1": { q: 76, w: 0 } };
    expect(shownOver(rows, count(110, null, null))).toStrictEqual({ "TOM-5 ? R1": "-6 0 unconfirmed" });
    expect(shownOver(rows, count(110, null, null), count(70))).toStrictEqual({
      "TOM-5 ? R1": "0 0 unconfirmed",
      "TOM-5 1123 R1": "70 0 unconfirmed",
    });
  });

  it("finds gone what a complete count does not list, within its scope", () => {
    const rows = {
      "TOM-5 1121 R1": { q: 40, w: 0 },
      "TOM-5 1123 R1": { q: 76, w: 0 },
      "MLK 1 R1": { q: 3, w: 0 },
      "MLK 1 R2": { q: 3, w: 0 },
    };
    expect(shownOver(rows, count(76, null, "1123", true, ["TOM-5"]))).toMatchObject({
      "TOM-5 1121 R1": "0 0 unconfirmed",
    });
    expect(shownOver(rows, count(76, null, "1123", true, ["TOM-5"]))).not.toHaveProperty("MLK 1 R1");
    expect(shownOver(rows, count(76, null, "1123", true))).toMatchObject({ "MLK 1 R1": "0 0 unconfirmed" });
    expect(shownOver(rows, count(76, null, "1123", true))).not.toHaveProperty("MLK 1 R2");
  });

  it("leaves lots alone where a complete count spoke for the item as a whole", () => {
    expect(shownOver({ "TOM-5 1121 R1": { q: 40, w: 0 } }, count(38, null, null, true))).toStrictEqual({
      "TOM-5 ? R1": "-2 0 unconfirmed",
    });
  });

  it("shows nothing where a lot is finished", () => {
    const done = body("finish", { item: "TOM-5", lot: "1123", place: "R1" });
    expect(shownOver({ "TOM-5 1123 R1": { q: 3, w: 0 } }, done)).toStrictEqual({
      "TOM-5 1123 R1": "0 0 unconfirmed",
    });
  });

  it("forgets a pending op that a pending void points at, and corrects one that was weighed", () => {
    expect(shownOver({}, pick(10), body("void", { reason: "wrong lot" }, [HASH]))).toStrictEqual({});
    expect(shownOver({}, pick(1, 20_000), body("weigh", { weights: [[0, 20_460]] }, [HASH]))).toStrictEqual({
      "TOM-5 1123 R1": "-1 -20460",
      "TOM-5 1123 T1": "1 20460",
    });
  });

  it("does not guess an account that this phone does not replicate", () => {
    const receive = body("receive", {
      partner: "wang",
      order: null,
      lines: [line("TOM-5", "1", "", "R1", 5)],
    });
    expect(shownOver({}, receive)).toStrictEqual({ "TOM-5 1 R1": "5 0" });
    expect(shownOver({ "TOM-5 1 partner:wang": { q: -1, w: 0 } }, receive)).toMatchObject({
      "TOM-5 1 partner:wang": "-6 0",
    });
  });

  it("never makes or loses goods by moving them", () => {
    const places = ["R1", "R2", "T1"];
    const moves = fc.array(
      fc.tuple(fc.constantFrom(...places), fc.constantFrom(...places), fc.nat(50), fc.nat(50_000)),
    );
    fc.assert(
      fc.property(moves, (given) => {
        const bodies = given.map(([from, to, qty, weight]) =>
          body("move", { task: null, lines: [line("A", "1", from, to, qty, weight)] }),
        );
        const rows = new Map([[balanceKey("A", "1", "R1"), { q: 100, w: 9_000, estimated: false }]]);
        const shown = overlay(
          { keys: () => rows.keys(), get: (key) => rows.get(key) },
          bodies.map((of, i) => ({ body: of, hash: `${i}`, at: i })),
        );
        const all = new Map([...rows, ...shown]);
        expect([...all.values()].reduce((sum, b) => [sum[0]! + b.q, sum[1]! + b.w], [0, 0])).toStrictEqual([
          100, 9_000,
        ]);
      }),
    );
  });

  it("rounds a proportion half up, exactly, beyond what floating point can", () => {
    expect(inProportion(3, 1, 2)).toBe(2);
    expect(inProportion(-3, 1, 2)).toBe(-1);
    expect(inProportion(9_007_199_254_740_991, 3, 3)).toBe(9_007_199_254_740_991);
  });
});
