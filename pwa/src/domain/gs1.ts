/**
 * Element strings: what GS1-128, DataBar, GS1 DataMatrix and GS1 QR carry, and what is printed beneath them.
 *
 * A field of predefined length ends by itself, every other one at FNC1, which arrives as ASCII 29 or as whatever the
 * scanner types in its stead. A variable field whose FNC1 is missing takes what follows it as its own: nobody can
 * tell, so nothing is guessed. What the fields mean is in `gs1-fields.ts`.
 * Source: GS1 General Specifications 7.8. Twin of `domain/gs1.py`; corpus: `tests/vectors/domain/gs1.json`.
 */
import { type Ai, AIS, aiAt } from "./gs1-ais.ts";
import { type CodeRefusal, isCodeRefusal, malformed, wrongCheckDigit } from "./gtin.ts";

/** ASCII 29, group separator: how FNC1 is transmitted. */
export const FNC1 = "\u001d";

/** The year that two-digit years are read from when the caller names none: right for 1977 to 2076. */
export const CENTURY_YEAR = 2026;

/** One application identifier with its value. */
export type Element = readonly [ai: string, value: string];

const GS1_SYMBOLOGIES: ReadonlySet<string> = new Set(["]C1", "]e0", "]e1", "]e2", "]d2", "]Q3", "]J1"]);

/** How scanners and Android layers are known to show the separator that no key types; none is of charset 82 whole. */
const STAND_INS = /\u241d|\{GS\}|<GS>|\[GS\]|\\x1[dD]|\\u001[dD]|\{FNC1\}|<FNC1>|~1|\^/g;
const ENDS = /^[ \t\r\n\f\v\x1d]+|[ \t\r\n\f\v\x1d]+$/g;

/** What a scanner typed, without what it put around it. */
export interface Scan {
  /** The symbology identifier (ISO/IEC 15424), empty when the scanner sends none. */
  readonly symbology: string;
  readonly content: string;
  /** The symbol itself says that it carries an element string. */
  readonly isGs1: boolean;
}

/** Content and symbology: half-width for what an input method widened, no separator at either end. */
export const stripScan = (text: string): Scan => {
  const narrow = text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replaceAll("\u3000", " ")
    .replace(ENDS, "");
  const symbology = /^\][A-Za-z][0-9A-Za-z]/.exec(narrow)?.[0] ?? "";
  const content = narrow.slice(symbology.length).replace(ENDS, "");
  return { symbology, content, isGs1: GS1_SYMBOLOGIES.has(symbology) };
};

/** The content with every stand-in of the separator made into FNC1, none at either end. */
export const separated = (content: string): string => content.replace(STAND_INS, FNC1).replace(ENDS, "");

const fullYear = (twoDigits: number, year: number): number => {
  const century = year - (year % 100);
  const ahead = twoDigits - (year % 100);
  if (ahead > 50) return century - 100 + twoDigits;
  return ahead < -49 ? century + 100 + twoDigits : century + twoDigits;
};

const dayText = (year: number, month: number, day: number): string | null => {
  if (month < 1 || month > 12 || year < 1) return null;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const last = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  if (day > last) return null;
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day === 0 ? last : day)}`;
};

/**
 * The day as YYYY-MM-DD, null when there is no such day; day 00 is the last of its month. Of the centuries the nearest
 * counts: 51 years ahead of `year` or more is the century before it, 50 behind or more the one after (7.12).
 */
export const parseGs1Day = (yymmdd: string, year = CENTURY_YEAR): string | null =>
  dayText(fullYear(Number(yymmdd.slice(0, 2)), year), Number(yymmdd.slice(2, 4)), Number(yymmdd.slice(4, 6)));

const isPossible = (check: string, part: string, year: number): boolean => {
  switch (check) {
    case "yymmd0":
      return parseGs1Day(part, year) !== null;
    case "yymmdd":
      return part.slice(4) !== "00" && parseGs1Day(part, year) !== null;
    case "yyyymmdd":
      return (
        part.slice(6) !== "00" &&
        dayText(Number(part.slice(0, 4)), Number(part.slice(4, 6)), Number(part.slice(6))) !== null
      );
    case "hhmi":
      return part.slice(0, 2) <= "23" && part.slice(2) <= "59";
    case "hh":
      return part <= "23";
    case "mi":
    case "ss":
      return part <= "59";
    case "zero":
      return part === "0";
    case "yesno":
      return part <= "1";
    default:
      return true;
  }
};

/** The element when its value is of its format, with right check digits and possible dates. */
export const checkedElement = (ai: Ai, value: string, year = CENTURY_YEAR): Element | CodeRefusal => {
  const match = ai.pattern.exec(value);
  if (match === null) return malformed(value, "wrong-format");
  for (const [i, check] of ai.checks.entries()) {
    const part = match[i + 1];
    if (part === undefined || check === "") continue;
    const refusal =
      check === "csum"
        ? wrongCheckDigit(part)
        : isPossible(check, part, year)
          ? null
          : malformed(value, "not-possible");
    if (refusal !== null) return refusal;
  }
  return [ai.ai, value];
};

/** The elements once each; one identifier with two values is refused. */
const withoutRepetition = (elements: readonly Element[], text: string): readonly Element[] | CodeRefusal => {
  const values = new Map<string, string>();
  for (const [ai, value] of elements) {
    const known = values.get(ai);
    if (known !== undefined && known !== value) return malformed(text, "two-values");
    values.set(ai, value);
  }
  return [...values];
};

/** The elements of an element string, in order; the same one twice counts once. */
export const parseElements = (content: string, year = CENTURY_YEAR): readonly Element[] | CodeRefusal => {
  let rest = separated(content);
  if (rest === "") return malformed(content, "empty");
  const found: Element[] = [];
  while (rest !== "") {
    const ai = aiAt(rest);
    if (ai === undefined) {
      return malformed(content, "unknown-identifier");
    }
    rest = rest.slice(ai.ai.length);
    const separator = rest.indexOf(FNC1);
    const end = ai.fixedLength ?? (separator === -1 ? rest.length : separator);
    // A predefined length counts code points; past this, all that was read is ASCII and the two ways of counting agree.
    const value = ai.fixedLength === null ? rest.slice(0, end) : [...rest].slice(0, end).join("");
    const element = checkedElement(ai, value, year);
    if (isCodeRefusal(element)) return element;
    found.push(element);
    rest = rest.slice(rest.charAt(end) === FNC1 ? end + 1 : end);
  }
  return withoutRepetition(found, content);
};

/** The elements of the human-readable form, `(01)09520123456788(10)ABC`. */
export const parseBracketed = (content: string, year = CENTURY_YEAR): readonly Element[] | CodeRefusal => {
  const [head = "", ...pairs] = content.split(/\((\d{2,4})\)/);
  if (head.trim() !== "" || pairs.length === 0) return malformed(content, "not-bracketed");
  const found: Element[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const number = pairs[i] ?? "";
    const ai = AIS.get(number);
    if (ai === undefined) return malformed(content, "unknown-identifier");
    const element = checkedElement(ai, (pairs[i + 1] ?? "").replace(ENDS, ""), year);
    if (isCodeRefusal(element)) return element;
    found.push(element);
  }
  return withoutRepetition(found, content);
};
