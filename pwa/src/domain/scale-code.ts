/**
 * In-store codes of scales: a number that carries the item and its weight or price, by the organisation's own template.
 *
 * A template shows the number place by place: a digit stands for itself, `I` for the item, `W` for grams, `P` for fen,
 * `V` for the price check digit (GS1 General Specifications 7.9.2 to 7.9.4), `*` for anything, `C`, last, for the
 * check digit. `20IIIIIWWWWWC` is an EAN-13 with five digits of each; scales in China also print 18 digits.
 * Twin of `domain/scale_code.py`; corpus: `tests/vectors/domain/scale_code.json`.
 */
import { type CodeRefusal, isDigits, wrongCheckDigit } from "./gtin.ts";

const LENGTH_MIN = 8;
const LENGTH_MAX = 24;

/** What a scale printed. */
export interface ScaleCode {
  readonly type: "scale";
  /** The digits of the item's own code, leading zeros and all. */
  readonly item: string;
  readonly weightG: number | null;
  readonly priceFen: number | null;
}

// Weighted products of the price check digit: position by digit (General Specifications, figures 7.9.2-1 to -4).
const TWO_MINUS = [0, 2, 4, 6, 8, 9, 1, 3, 5, 7];
const THREE = [0, 3, 6, 9, 2, 5, 8, 1, 4, 7];
const FIVE_PLUS = [0, 5, 1, 6, 2, 7, 3, 8, 4, 9];
const FIVE_MINUS = [0, 5, 9, 4, 8, 3, 7, 2, 6, 1];
const WEIGHTS: Readonly<Record<number, readonly (readonly number[])[]>> = {
  4: [TWO_MINUS, TWO_MINUS, THREE, FIVE_MINUS],
  5: [FIVE_PLUS, TWO_MINUS, FIVE_MINUS, FIVE_PLUS, TWO_MINUS],
};

/** The digit that guards a price or weight of 4 or 5 digits within the number. */
export const priceCheckDigit = (value: string): number => {
  const weights = WEIGHTS[value.length] ?? [];
  const total = weights.reduce((sum, weight, i) => sum + (weight[Number(value.charAt(i))] ?? 0), 0);
  return value.length === 4 ? (total * 3) % 10 : FIVE_MINUS.indexOf((10 - (total % 10)) % 10);
};

const occurrences = (template: string, letter: string): number => template.split(letter).length - 1;

/** Why a template of scale codes cannot be read, null when it can. */
export const templateFault = (template: string): string | null => {
  const runs = template.match(/(.)\1*/g) ?? [];
  const letters = runs.map((run) => run.charAt(0)).filter((letter) => "IWPV".includes(letter));
  const wellFormed = /^(?:2[0-9]?[IWPV*]+C|02[IWPV*]+C)$/.test(template);
  if (!wellFormed || template.length < LENGTH_MIN || template.length > LENGTH_MAX) {
    return "not a template of scale codes";
  }
  const once = new Set(letters);
  if (once.size !== letters.length || !once.has("I") || !(once.has("W") || once.has("P"))) {
    return "it needs one run of I, and one of W or P";
  }
  const verified = occurrences(template, "P") || occurrences(template, "W");
  return once.has("V") && (occurrences(template, "V") !== 1 || WEIGHTS[verified] === undefined)
    ? "V checks a value of 4 or 5 digits"
    : null;
};

/** What the number says by a readable template; null when it is not of the template. */
export const readScaleCode = (text: string, template: string): ScaleCode | CodeRefusal | null => {
  if (!isDigits(text) || text.length !== template.length) return null;
  const part = (letter: string): string => [...text].filter((_, i) => template.charAt(i) === letter).join("");
  const fits = [...template].every((place, i) => !isDigits(place) || place === text.charAt(i));
  if (!fits) return null;
  const refusal = wrongCheckDigit(text);
  if (refusal !== null) return refusal;
  const weight = part("W");
  const price = part("P");
  const verifier = part("V");
  if (verifier !== "" && Number(verifier) !== priceCheckDigit(price || weight)) return null;
  return {
    type: "scale",
    item: part("I"),
    weightG: weight === "" ? null : Number(weight),
    priceFen: price === "" ? null : Number(price),
  };
};
