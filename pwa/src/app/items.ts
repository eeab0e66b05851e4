/** What the catalogue says of an item, read once from its attributes: unit, weight, crates, life. */
import { type DisplayUnit, EACH, GRAM, JIN, KILOGRAM, formatAmount } from "../ui/quantity.ts";
import type { Register } from "../sync/rows.ts";
import type { Value } from "../codec/msgpack.ts";
import { formatRatio } from "../i18n/format.ts";
import { t } from "../i18n/i18n.ts";

export interface ItemFacts {
  readonly id: string;
  /** The unit of its integers. */
  readonly base: DisplayUnit;
  /** Units that a person may type, the usual one first. */
  readonly units: readonly [DisplayUnit, ...DisplayUnit[]];
  /** Pieces and grams are moved together. */
  readonly isCatch: boolean;
  /** Its integers are grams. */
  readonly isMass: boolean;
  readonly isReturnable: boolean;
  readonly tareG: number | null;
  /** What one piece weighs, when it is known. */
  readonly weightG: number | null;
  readonly lifeDays: number | null;
}

const isYes = (value: Value | undefined): boolean => value === true || value === "yes" || value === 1;

const wholeOf = (value: Value | undefined): number | null => {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\d+$/.test(value) ? Number(value) : null;
};

/** `code` or `code:factor`, however the import kept them. */
export const codesOf = (attributes: Readonly<Record<string, Value>>): readonly string[] => {
  const codes = attributes["codes"];
  if (typeof codes === "string") return codes.split(/\s+/).filter((code) => code !== "");
  return Array.isArray(codes) ? codes.filter((code): code is string => typeof code === "string") : [];
};

const NAMED: Readonly<Record<string, DisplayUnit>> = {
  each: EACH,
  件: EACH,
  筐: { id: "basket", name: "unit.basket", ratio: [1, 1] },
  箱: { id: "case", name: "unit.case", ratio: [1, 1] },
};

const caseUnits = (attributes: Readonly<Record<string, Value>>): readonly DisplayUnit[] =>
  codesOf(attributes).flatMap((code) => {
    const factor = Number(code.split(":")[1] ?? "1");
    if (!Number.isSafeInteger(factor) || factor <= 1) return [];
    return [
      { id: `case-${factor}`, name: { text: t("unit.caseOf", { n: factor }) }, ratio: [factor, 1] as const },
    ];
  });

/** An item that is not in the catalogue is counted in pieces. */
export const itemFacts = (id: string, item: Register | null): ItemFacts => {
  const attributes = item?.attributes ?? {};
  const { unit } = attributes;
  const isMass = unit === "g";
  const base = isMass
    ? GRAM
    : typeof unit === "string"
      ? (NAMED[unit] ?? { id: unit, name: { text: unit }, ratio: [1, 1] })
      : EACH;
  return {
    id,
    base,
    units: isMass ? [KILOGRAM, JIN] : [base, ...caseUnits(attributes)],
    isCatch: isYes(attributes["catch"]),
    isMass,
    isReturnable: isYes(attributes["returnable"]),
    tareG: wholeOf(attributes["tare_g"]),
    weightG: wholeOf(attributes["weight_g"]),
    lifeDays: wholeOf(attributes["life_days"]),
  };
};

export const kilograms = (grams: number): string => formatAmount(grams, KILOGRAM);

/** A quantity as people say it: `55 件`, `400 公斤`, `10 筐 · 210.4 公斤`. */
export const formatQuantity = (facts: ItemFacts, qty: number, weight?: number | null): string => {
  if (facts.isMass) return kilograms(qty);
  const pieces = formatAmount(qty, facts.base);
  if (weight === undefined || weight === null || (weight === 0 && !facts.isCatch)) return pieces;
  return `${pieces} · ${kilograms(weight)}`;
};

/** The number alone, in the unit that lists show; the unit stands beside it, small. */
export const formatCount = (facts: ItemFacts, qty: number): string =>
  formatRatio(qty, facts.isMass ? KILOGRAM.ratio : facts.base.ratio);

export const listUnit = (facts: ItemFacts): DisplayUnit => (facts.isMass ? KILOGRAM : facts.base);
