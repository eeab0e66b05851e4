/**
 * Quantities: whole numbers of an item's base unit, converted by ratios of integers, rounded once and never silently.
 *
 * What was typed keeps its exact value until it reaches the ledger, so a sixth of a case, six times, is one case. What
 * a whole number cannot hold is the *residue*; residues are added exactly, and what adds up to a unit is booked at
 * `virtual:rounding`. 斤 and 两 are grams; 筐, 箱 and 件 are only what the item says.
 * Twin of `domain/quantity.py`; corpus: `tests/vectors/domain/quantity.json`.
 */

/** An exact number in lowest terms; the denominator is positive. */
export interface Exact {
  readonly num: bigint;
  readonly den: bigint;
}

const gcd = (a: bigint, b: bigint): bigint => {
  let [x, y] = [a < 0n ? -a : a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
};

/** num / den in lowest terms; `den` is positive. */
export const exact = (num: bigint | number, den: bigint | number = 1n): Exact => {
  const divisor = gcd(BigInt(num), BigInt(den));
  return { num: BigInt(num) / divisor, den: BigInt(den) / divisor };
};

export const plus = (a: Exact, b: Exact): Exact => exact(a.num * b.den + b.num * a.den, a.den * b.den);
export const times = (a: Exact, b: Exact): Exact => exact(a.num * b.num, a.den * b.den);

/** Word of a unit → base units in one of it. */
export type Units = ReadonlyMap<string, Exact>;

export const GRAMS_PER: ReadonlyMap<string, number> = new Map([
  ["g", 1],
  ["克", 1],
  ["两", 50],
  ["斤", 500],
  ["市斤", 500],
  ["kg", 1000],
  ["公斤", 1000],
  ["千克", 1000],
  ["t", 1_000_000],
  ["吨", 1_000_000],
]);
export const MASS_UNITS: Units = new Map([...GRAMS_PER].map(([word, grams]) => [word, exact(grams)]));
export const VOLUME_UNITS: Units = new Map([
  ["ml", exact(1)],
  ["毫升", exact(1)],
  ["l", exact(1000)],
  ["升", exact(1000)],
]);

/** Nobody types a longer quantity; what is longer was scanned into the wrong field. */
const TYPED_LENGTH_MAX = 40;
const DECIMALS_MAX = 3;

/** Why a quantity was not taken; `reason` is a name that screens put into words. */
export type QuantityRefusal =
  | { readonly type: "malformed-quantity"; readonly text: string; readonly reason: string }
  | { readonly type: "quantity-too-large" };

export const isQuantityRefusal = (value: object): value is QuantityRefusal =>
  "type" in value && (value.type === "malformed-quantity" || value.type === "quantity-too-large");

/** A whole number of units, and what it leaves of the exact value: exact = qty + residue. */
export interface Converted {
  readonly qty: number;
  readonly residue: Exact;
}

/** What was typed: its exact value in `unit`, and the base units that it means. */
export interface TypedQuantity extends Converted {
  readonly amount: Exact;
  readonly unit: string;
}

/** a / b rounded down, for a positive b. */
const floorDivided = (a: bigint, b: bigint): bigint => {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
};

/** num / den rounded half up (towards +∞), exactly; `den` is positive. */
export const roundHalfUp = (num: bigint, den: bigint): bigint => floorDivided(2n * num + den, 2n * den);

/** The quantity as a number where both languages count it exactly, else null. */
export const bounded = (qty: bigint): number | null => {
  const number = Number(qty);
  return Number.isSafeInteger(number) && BigInt(number) === qty ? number : null;
};

/** `amount` of a unit in base units, `unit` of which make one of it. */
export const toBase = (amount: Exact, unit: Exact): Converted | QuantityRefusal => {
  const value = times(amount, unit);
  const whole = roundHalfUp(value.num, value.den);
  const qty = bounded(whole);
  return qty === null ? { type: "quantity-too-large" } : { qty, residue: plus(value, exact(-whole)) };
};

/** How many whole units a quantity holds, and the base units left over; a negative one as its opposite. */
export const wholeUnits = (qty: number, unit: Exact): readonly [units: number, left: number] => {
  const size = BigInt(Math.abs(qty));
  const units = (size * unit.den) / unit.num;
  const left = size + floorDivided(-units * unit.num, unit.den);
  const sign = qty < 0 ? -1 : 1;
  // No minus zero: it is no quantity, and it does not equal zero everywhere.
  return [sign * Number(units) || 0, sign * Number(left) || 0];
};

/** What residues add up to: whole base units to be booked at `virtual:rounding`, and what still remains. */
export const bookResidues = (residues: readonly Exact[]): Converted | QuantityRefusal => {
  let sum = exact(0);
  for (const residue of residues) sum = plus(sum, residue);
  return toBase(sum, exact(1));
};

/** `parts` whole quantities that differ by at most one and add up to `total` exactly. */
export const splitEvenly = (total: number, parts: number): readonly number[] => {
  const bound = (number: number): bigint => floorDivided(BigInt(total) * BigInt(number), BigInt(parts));
  return Array.from({ length: parts }, (_, i) => Number(bound(i + 1) - bound(i)));
};

const TYPED =
  /^ *(?:(\d+) +(?=\d+ *\/))?(?:(\d+) *\/ *(\d+)|(\d+(?:[.,]\d*)*|[.,]\d+)) *([^\x00-\x20\d.,/+-][^\x00-\x1f]*?)? *$/u;

const narrowed = (text: string): string =>
  text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replaceAll("\u3000", " ")
    .replaceAll("\u3002", ".")
    .replaceAll("\u00d7", "x");

/** A decimal with point or comma; a comma with three digits after it may be either, and is not guessed. */
const decimal = (typed: string): Exact | "ambiguous-comma" | "not-a-quantity" => {
  let digits = typed;
  if (digits.includes(",")) {
    const commas = digits.split(",").length - 1;
    const isThousands = /^\d{1,3}(?:,\d{3})+(?:\.\d*)?$/.test(digits) && (digits.includes(".") || commas > 1);
    if (isThousands) digits = digits.replaceAll(",", "");
    else if (/^[1-9]\d{0,2},\d{3}$/.test(digits)) return "ambiguous-comma";
    else if (commas === 1 && !digits.includes(".")) digits = digits.replace(",", ".");
  }
  const match = /^(\d*)(?:\.(\d*))?$/.exec(digits);
  const [, whole = "", fraction = ""] = match ?? [];
  if (whole + fraction === "") return "not-a-quantity";
  return exact(BigInt(whole + fraction), 10n ** BigInt(fraction.length));
};

const amountOf = (match: RegExpExecArray): Exact | "ambiguous-comma" | "not-a-quantity" => {
  const [, whole = "0", num = "", den = "", typed] = match;
  if (typed !== undefined) return decimal(typed);
  if (BigInt(den) === 0n) return "not-a-quantity";
  return plus(exact(BigInt(whole)), exact(BigInt(num), BigInt(den)));
};

/** What was typed: `12.5`, `12,5 kg`, `１２斤`, `1/6 箱`, `2 1/2`; without a unit it is of `defaultUnit`. */
export const parseQuantity = (
  text: string,
  units: Units,
  defaultUnit: string,
): TypedQuantity | QuantityRefusal => {
  const points = [...text];
  const refused = (reason: string): QuantityRefusal => ({
    type: "malformed-quantity",
    text: points.slice(0, TYPED_LENGTH_MAX).join(""),
    reason,
  });
  if (points.length > TYPED_LENGTH_MAX) return refused("too-long");
  const narrow = narrowed(text);
  if (/^ *$/.test(narrow)) return refused("empty");
  const match = TYPED.exec(narrow);
  if (match === null) return refused("not-a-quantity");
  const word = match[5] ?? defaultUnit;
  const unit = [word, word.toLowerCase()].find((unit) => units.has(unit));
  const base = unit === undefined ? undefined : units.get(unit);
  if (unit === undefined || base === undefined) return refused("unknown-unit");
  const amount = amountOf(match);
  if (typeof amount === "string") return refused(amount);
  const converted = toBase(amount, base);
  return isQuantityRefusal(converted) ? converted : { amount, unit, ...converted };
};

/** The quantity in a unit as a decimal, `≈` before it where more digits would be needed. */
export const formatQuantity = (qty: number, unit: Exact, decimals = DECIMALS_MAX): string => {
  const size = exact(BigInt(Math.abs(qty)) * unit.den, unit.num);
  const scale = 10n ** BigInt(decimals);
  const scaled = roundHalfUp(size.num * scale, size.den);
  const fraction =
    decimals === 0 ? "" : (scaled % scale).toString().padStart(decimals, "0").replace(/0+$/, "");
  const about = size.num * scale === scaled * size.den ? "" : "≈";
  const sign = qty < 0 && scaled !== 0n ? "-" : "";
  return `${about}${sign}${scaled / scale}${fraction === "" ? "" : `.${fraction}`}`;
};
