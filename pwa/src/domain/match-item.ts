/**
 * Which item a scan is of, and how many pieces one such code stands for.
 *
 * An item's attribute `codes` lists its codes: `code`, or `code:factor` for a pack of so many pieces. GTINs compare as
 * 14 digits, a scale's digits without their leading zeros.
 * Twin of `domain/match_item.py`; corpus: `tests/vectors/domain/scan.json`.
 */
import { checkDigit, GTIN_LENGTHS, isDigits } from "./gtin.ts";
import type { ScanReading } from "./scan.ts";
import { compareText } from "./text-order.ts";

/** An item and its codes, as its register states them. */
export interface ItemCodes {
  readonly id: string;
  readonly codes: readonly string[];
}

/** The item that the code is of, and the pieces that one such code stands for. */
export interface ItemMatch {
  readonly item: string;
  readonly factor: number;
}

/** Code and factor of an entry of `codes`; without a factor it is 1. */
export const parseItemCode = (text: string): readonly [code: string, factor: number] => {
  const match = /^(.+?)(?::([1-9][0-9]{0,8}))?$/su.exec(text);
  return [match?.[1] ?? "", Number(match?.[2] ?? 1)];
};

interface Wanted {
  readonly way: "gtin" | "scale" | "own";
  readonly code: string;
}

const wantedOf = (reading: ScanReading): Wanted | null => {
  switch (reading.type) {
    case "gs1":
    case "link":
      return reading.gtin === null ? null : { way: "gtin", code: reading.gtin };
    case "scale":
      return { way: "scale", code: reading.item.replace(/^0+/, "") };
    case "own":
      return { way: "own", code: reading.code };
    case "wrong-check-digit":
      // An own number may have as many digits as a GTIN: when the catalogue has exactly it, it was not misread.
      return { way: "own", code: reading.text };
    default:
      return null;
  }
};

/** The code as codes of that way compare, null when it is none of them. */
const comparable = (code: string, way: Wanted["way"]): string | null => {
  if (way === "own") return code;
  if (!isDigits(code)) return null;
  if (way === "scale") return code.replace(/^0+/, "");
  const right = GTIN_LENGTHS.has(code.length) && checkDigit(code.slice(0, -1)) === Number(code.at(-1));
  return right ? code.padStart(14, "0") : null;
};

const factorOf = (item: ItemCodes, wanted: Wanted): number | null => {
  const factors = item.codes
    .map(parseItemCode)
    .filter(([code]) => comparable(code, wanted.way) === wanted.code)
    .map(([, factor]) => factor);
  if (wanted.way === "own" && item.id === wanted.code) factors.push(1);
  return factors.length === 0 ? null : Math.min(...factors);
};

/**
 * The item that the reading names, null when the catalogue does not know it. An own code may also be the item's id.
 * Of several items with one code the first by id counts: a catalogue that says so is to be mended, and every device
 * meanwhile answers alike.
 */
export const matchItem = (reading: ScanReading, items: Iterable<ItemCodes>): ItemMatch | null => {
  const wanted = wantedOf(reading);
  if (wanted === null) return null;
  let found: ItemMatch | null = null;
  for (const item of items) {
    const factor = factorOf(item, wanted);
    if (factor !== null && (found === null || compareText(item.id, found.item) < 0))
      found = { item: item.id, factor };
  }
  return found;
};
