import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  depositDueFen,
  lineAmountFen,
  type PricedLine,
  roundingDownFen,
  settlement,
} from "../src/domain/money.ts";
import {
  bookResidues,
  type Exact,
  exact,
  formatQuantity,
  isQuantityRefusal,
  MASS_UNITS,
  parseQuantity,
  splitEvenly,
  toBase,
  VOLUME_UNITS,
  wholeUnits,
} from "../src/domain/quantity.ts";
import { estimateWeight, isWithinTolerance, payableG, weigh } from "../src/domain/weighing.ts";
import { readVectors } from "./vectors.ts";

type Pair = readonly [num: number, den: number];

const quantities = readVectors<{
  readonly itemUnits: readonly (readonly [string, Pair])[];
  readonly typed: readonly { readonly text: string; readonly unit: string; readonly result: object }[];
  readonly residues: readonly { readonly residues: readonly Pair[]; readonly result: object }[];
  readonly splits: readonly { readonly total: number; readonly parts: number; readonly result: number[] }[];
  readonly formats: readonly {
    readonly qty: number;
    readonly unit: Pair;
    readonly result: string;
    readonly units: readonly number[];
  }[];
}>("domain/quantity.json");

type Arguments = readonly [number, number, number];
interface Case {
  readonly arguments: Arguments;
  readonly result: unknown;
}
const weighings =
  readVectors<Record<"weigh" | "payable" | "estimate" | "tolerance", readonly Case[]>>(
    "domain/weighing.json",
  );

const money = readVectors<{
  readonly settlements: readonly {
    readonly lines: readonly PricedLine[];
    readonly roundingFen: number;
    readonly result: object;
  }[];
  readonly rounding: readonly {
    readonly totalFen: number;
    readonly unitFen: number;
    readonly result: number;
  }[];
  readonly deposits: readonly {
    readonly crates: number;
    readonly depositFen: number;
    readonly result: number;
  }[];
}>("domain/money.json");

const units = new Map([
  ...MASS_UNITS,
  ...VOLUME_UNITS,
  ...quantities.itemUnits.map(([word, [num, den]]): [string, Exact] => [word, exact(num, den)]),
]);

const pair = ({ num, den }: Exact): Pair => [Number(num), Number(den)];

/** The answer as the corpus writes it: exact numbers as pairs, a limit with the refusal that names it. */
const written = (answer: unknown): unknown => {
  if (typeof answer !== "object" || answer === null) return answer;
  if ("type" in answer && answer.type === "quantity-too-large") {
    return { ...answer, limit: Number.MAX_SAFE_INTEGER };
  }
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === "object" && value !== null && "den" in value ? pair(value as Exact) : value,
    ]),
  );
};

describe("typed quantities", () => {
  it.each(quantities.typed)("$text, in $unit", ({ text, unit, result }) => {
    expect(written(parseQuantity(text, units, unit))).toStrictEqual(result);
  });

  it("of a sixth of a case, six times, are one case", () => {
    const sixth = parseQuantity("1/6", units, "case");
    if (isQuantityRefusal(sixth)) throw new Error("refused");
    expect(sixth.qty).toBe(167);
    const residue = bookResidues(Array.from({ length: 6 }, () => sixth.residue));
    expect(written(residue)).toStrictEqual({ qty: -2, residue: [0, 1] });
    expect(6 * sixth.qty - 2).toBe(1000);
  });

  it("are answered, never thrown at", () => {
    const typed = fc.oneof(
      fc.string({ unit: "binary", maxLength: 45 }),
      fc.stringMatching(/^[0-9１２.,，。/ 斤箱kKgG+-]{0,45}$/u),
    );
    fc.assert(
      fc.property(typed, (text) => {
        const parsed = parseQuantity(text, units, "斤");
        if (isQuantityRefusal(parsed)) return;
        expect(Number.isSafeInteger(parsed.qty)).toBe(true);
        expect(parsed.qty).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("conversions", () => {
  it.each(quantities.residues)("residues $residues", ({ residues, result }) => {
    const parts = residues.map(([num, den]) => exact(num, den));
    expect(written(bookResidues(parts))).toStrictEqual(result);
  });
  it.each(quantities.splits)("$total in $parts", ({ total, parts, result }) => {
    expect(splitEvenly(total, parts)).toStrictEqual(result);
  });
  it.each(quantities.formats)("$qty in $unit", ({ qty, unit: [num, den], result, units }) => {
    expect(formatQuantity(qty, exact(num, den))).toBe(result);
    expect(wholeUnits(qty, exact(num, den))).toStrictEqual(units);
  });

  it("lose nothing: quantity and residue are the exact value", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 10_000 }),
        (n, num, den) => {
          const converted = toBase(exact(n), exact(num, den));
          if (isQuantityRefusal(converted)) return;
          const whole = exact(converted.qty);
          const { residue } = converted;
          const sum = exact(whole.num * residue.den + residue.num, residue.den);
          expect(sum).toStrictEqual(exact(BigInt(n) * BigInt(num), den));
          expect(2n * (residue.num < 0n ? -residue.num : residue.num) <= residue.den).toBe(true);
        },
      ),
    );
  });
});

describe("weighings", () => {
  it.each(weighings.weigh)("$arguments", ({ arguments: given, result }) => {
    expect(written(weigh(...given))).toStrictEqual(result);
  });
  it.each(weighings.payable)("paid of $arguments", ({ arguments: [net, deduction], result }) => {
    expect(written(payableG(net, deduction))).toStrictEqual(result);
  });
  it.each(weighings.estimate)("estimate $arguments", ({ arguments: given, result }) => {
    expect(written(estimateWeight(...given))).toStrictEqual(result);
  });
  it.each(weighings.tolerance)("tolerance $arguments", ({ arguments: given, result }) => {
    expect(isWithinTolerance(...given)).toBe(result);
  });
});

describe("money", () => {
  it.each(money.settlements)("of $lines less $roundingFen", ({ lines, roundingFen, result }) => {
    expect(written(settlement(lines, roundingFen))).toStrictEqual(result);
  });
  it.each(money.rounding)("抹零 of $totalFen to $unitFen", ({ totalFen, unitFen, result }) => {
    expect(roundingDownFen(totalFen, unitFen)).toBe(result);
  });
  it.each(money.deposits)("deposit of $crates crates", ({ crates, depositFen, result }) => {
    expect(depositDueFen(crates, depositFen)).toBe(result);
  });

  it("pays Wang 1,881.60 for 392.0 kg at 2.40 per 斤", () => {
    const line = { qty: 400_000, weight: null, unitPrice: 24_000, unit: "斤", deductionG: 8000 };
    expect(lineAmountFen(line)).toBe(188_160);
  });
});
