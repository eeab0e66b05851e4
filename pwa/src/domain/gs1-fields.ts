/**
 * What the elements of a scan mean to stock: item, lot, serial, days, counts and grams.
 *
 * Dates of different rules stay apart (15 is not 17); 37 counts the pieces in a logistic unit, 30 those of a variable
 * one; weights become grams, what is finer than a gram is rounded half-up and says so.
 * Twin of `domain/gs1_fields.py`; corpus: `tests/vectors/domain/gs1.json`.
 */
import { CENTURY_YEAR, type Element, parseGs1Day } from "./gs1.ts";

/** The fields that stock knows, null where the code does not say; `elements` has all of them as scanned. */
export interface Gs1Fields {
  /** AI 01, or of a logistic unit AI 02: the item that it contains. Fourteen digits. */
  readonly gtin: string | null;
  /** The GTIN is that of the contents: `count` pieces of it. */
  readonly contained: boolean;
  readonly lot: string | null;
  readonly serial: string | null;
  readonly sscc: string | null;
  readonly gln: string | null;
  readonly expiresOn: string | null;
  readonly bestBeforeOn: string | null;
  readonly producedOn: string | null;
  readonly packedOn: string | null;
  readonly harvestedOn: string | null;
  readonly count: number | null;
  readonly weightG: number | null;
  readonly grossG: number | null;
  readonly volumeMl: number | null;
  /** The code was finer than a gram or a millilitre. */
  readonly rounded: boolean;
  /** What the label says is to be paid, where it is in yuan. */
  readonly priceFen: number | null;
  readonly elements: readonly Element[];
}

/** ISO 4217 number of the yuan. */
const CNY = "156";

type Measure = "weightG" | "grossG" | "volumeMl";

/** First three digits of the identifier → field, and base units in one of its units, as a ratio. */
const MEASURES: ReadonlyMap<string, readonly [Measure, bigint, bigint]> = new Map([
  ["310", ["weightG", 1000n, 1n]],
  ["320", ["weightG", 45_359_237n, 100_000n]],
  ["330", ["grossG", 1000n, 1n]],
  ["340", ["grossG", 45_359_237n, 100_000n]],
  ["315", ["volumeMl", 1000n, 1n]],
  ["316", ["volumeMl", 1_000_000n, 1n]],
]);

const halfUp = (numerator: bigint, denominator: bigint): readonly [value: number, rounded: boolean] => [
  Number((2n * numerator + denominator) / (2n * denominator)),
  numerator % denominator !== 0n,
];

type Measured = { [M in Measure]?: number } & { rounded?: boolean; priceFen?: number };

const measured = (values: ReadonlyMap<string, string>): Measured => {
  const found: Measured = {};
  for (const [ai, value] of values) {
    if (ai.length !== 4) continue;
    const family = ai.slice(0, 3);
    const decimals = 10n ** BigInt(ai.charAt(3));
    const measure = MEASURES.get(family);
    if (measure !== undefined) {
      const [field, units, per] = measure;
      const [amount, rounded] = halfUp(BigInt(value) * units, per * decimals);
      found[field] = amount;
      found.rounded = rounded || found.rounded === true;
    } else if (family === "392") {
      [found.priceFen] = halfUp(BigInt(value) * 100n, decimals);
    } else if (family === "393" && value.startsWith(CNY)) {
      [found.priceFen] = halfUp(BigInt(value.slice(CNY.length)) * 100n, decimals);
    }
  }
  return found;
};

/** What checked elements mean; two-digit years are read from `year`. */
export const gs1Fields = (elements: readonly Element[], year = CENTURY_YEAR): Gs1Fields => {
  const values = new Map(elements);
  const text = (...ais: readonly string[]): string | null => {
    const ai = ais.find((ai) => values.has(ai));
    return ai === undefined ? null : (values.get(ai) ?? null);
  };
  const day = (...ais: readonly string[]): string | null => {
    const digits = text(...ais);
    return digits === null ? null : parseGs1Day(digits, year);
  };
  const count = text("37", "30");
  const amounts = measured(values);
  return {
    gtin: text("01", "02"),
    contained: !values.has("01") && values.has("02"),
    lot: text("10"),
    serial: text("21"),
    sscc: text("00"),
    gln: text("414"),
    expiresOn: day("17", "7003"),
    bestBeforeOn: day("15"),
    producedOn: day("11", "8008"),
    packedOn: day("13"),
    harvestedOn: day("7007"),
    count: count === null ? null : Number(count),
    weightG: amounts.weightG ?? null,
    grossG: amounts.grossG ?? null,
    volumeMl: amounts.volumeMl ?? null,
    rounded: amounts.rounded ?? false,
    priceFen: amounts.priceFen ?? null,
    elements: [...values],
  };
};
