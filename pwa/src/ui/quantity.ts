/**
 * What a person types into a quantity and what it means. The text is kept as typed; the amount is a
 * whole number of base units (g, ml, each), found exactly or not at all. Which units an item has is not decided here.
 */
import { formatRatio } from "../i18n/format.ts";
import { type PlainKey, t } from "../i18n/i18n.ts";

/** One unit that a quantity may be typed in: `ratio` base units of the item make one of it. */
export type DisplayUnit = {
  readonly id: string;
  /** Its word in the catalogue, or the organisation's own name for it. */
  readonly name: PlainKey | { readonly text: string };
  readonly ratio: readonly [num: number, den: number];
};

export type Typed = { readonly text: string; readonly unit: DisplayUnit };

export type TypedRefusal =
  | { readonly type: "empty" }
  | { readonly type: "not-whole" }
  | { readonly type: "too-large" };

export type TypedAmount =
  | { readonly ok: true; readonly amount: number }
  | { readonly ok: false; readonly refusal: TypedRefusal };

export const GRAM: DisplayUnit = { id: "g", name: "unit.g", ratio: [1, 1] };
export const KILOGRAM: DisplayUnit = { id: "kg", name: "unit.kg", ratio: [1000, 1] };
export const JIN: DisplayUnit = { id: "jin", name: "unit.jin", ratio: [500, 1] };
export const LIANG: DisplayUnit = { id: "liang", name: "unit.liang", ratio: [50, 1] };
export const EACH: DisplayUnit = { id: "each", name: "unit.each", ratio: [1, 1] };

export const MASS_UNITS: readonly DisplayUnit[] = [KILOGRAM, JIN];

export const unitName = (unit: DisplayUnit): string =>
  typeof unit.name === "string" ? t(unit.name) : unit.name.text;

/** An amount of base units with its unit, as shown: `12.5 斤`. */
export const formatAmount = (amount: number, unit: DisplayUnit): string =>
  `${formatRatio(amount, unit.ratio)} ${unitName(unit)}`;

/** The base units that a typed decimal means, exactly: 12.5 斤 is 6,250 g; 0.5 of a case of 5 is refused. */
export const parseTyped = (text: string, unit: DisplayUnit): TypedAmount => {
  const match = /^(\d*)(?:\.(\d*))?$/.exec(text);
  const whole = match?.[1] ?? "";
  const fraction = match?.[2] ?? "";
  if (match === null || whole + fraction === "") return { ok: false, refusal: { type: "empty" } };
  const [num, den] = unit.ratio;
  const over = 10n ** BigInt(fraction.length) * BigInt(den);
  const scaled = BigInt(whole + fraction) * BigInt(num);
  if (scaled % over !== 0n) return { ok: false, refusal: { type: "not-whole" } };
  const amount = scaled / over;
  if (amount > BigInt(Number.MAX_SAFE_INTEGER)) return { ok: false, refusal: { type: "too-large" } };
  return { ok: true, amount: Number(amount) };
};

/** The shortest text that means `amount` in `unit`, or none when it needs more digits than a pad takes. */
export const typedOf = (amount: number, unit: DisplayUnit): string | undefined => {
  for (let digits = 0; digits <= DECIMALS_MAX; digits += 1) {
    const scaled = BigInt(amount) * BigInt(unit.ratio[1]) * 10n ** BigInt(digits);
    if (scaled % BigInt(unit.ratio[0]) !== 0n) continue;
    const text = (scaled / BigInt(unit.ratio[0])).toString().padStart(digits + 1, "0");
    return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
  }
  return undefined;
};

export const DIGITS_MAX = 9;
/** A million of anything is more than a person counts by hand; more digits are a scanned code in the wrong field. */
export const DECIMALS_MAX = 3;

export type PadKey = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "." | "back" | "clear";

/** The text after one key. A key that makes no sense changes nothing: no key ever destroys what is typed but `clear`. */
export const press = (text: string, key: PadKey): string => {
  if (key === "clear") return "";
  if (key === "back") return text.slice(0, -1);
  if (key === ".") return text.includes(".") ? text : `${text === "" ? "0" : text}.`;
  const decimals = text.includes(".") ? text.length - text.indexOf(".") - 1 : 0;
  if (decimals >= DECIMALS_MAX || text.replace(".", "").length >= DIGITS_MAX) return text;
  return text === "0" ? key : text + key;
};
