/**
 * Check digits and the numbers that carry them: GTIN-8, -12, -13, -14, SSCC and GLN (GS1 General Specifications 7.9).
 *
 * A GTIN is kept as 14 digits everywhere, so that the piece, the shelf's scanner and the case label compare alike.
 * Twin of `domain/gtin.py`; corpus: `tests/vectors/domain/gtin.json`.
 */

/** Why a code was not read. */
export type CodeRefusal =
  /** The number was misread or mistyped: its last digit does not belong to the others. */
  | { readonly type: "wrong-check-digit"; readonly text: string; readonly expected: number }
  /** What was scanned or typed is no code that Gobi reads; `reason` is a name that screens put into words. */
  | { readonly type: "malformed"; readonly text: string; readonly reason: string };

export const malformed = (text: string, reason: string): CodeRefusal => ({ type: "malformed", text, reason });

/** Whether the value is a refusal, not what was asked for. */
export const isCodeRefusal = (value: object | string): value is CodeRefusal =>
  typeof value === "object" &&
  "type" in value &&
  (value.type === "malformed" || value.type === "wrong-check-digit");

export const GTIN_LENGTHS: ReadonlySet<number> = new Set([8, 12, 13, 14]);
export const SSCC_LENGTH = 18;
export const GLN_LENGTH = 13;

export const isDigits = (text: string): boolean => /^[0-9]+$/.test(text);

/** The digit that completes `body`: weights 3 and 1 alternate, 3 beside the check digit. */
export const checkDigit = (body: string): number => {
  let weighted = 0;
  for (let i = 0; i < body.length; i += 1) {
    weighted += Number(body.charAt(body.length - 1 - i)) * (i % 2 === 0 ? 3 : 1);
  }
  return (10 - (weighted % 10)) % 10;
};

/** The refusal of a number whose last digit is wrong, null when it is right. */
export const wrongCheckDigit = (number: string): CodeRefusal | null => {
  const expected = checkDigit(number.slice(0, -1));
  return Number(number.at(-1)) === expected ? null : { type: "wrong-check-digit", text: number, expected };
};

const parseNumber = (text: string, length: number, reason: string): string | CodeRefusal =>
  isDigits(text) && text.length === length ? (wrongCheckDigit(text) ?? text) : malformed(text, reason);

/**
 * The UPC-A (12 digits) that a zero-suppressed UPC-E of 6, 7 or 8 digits stands for. Eight end with the check digit,
 * which is kept, so that a wrong one is refused by whoever parses the result.
 */
export const expandUpcE = (text: string): string | CodeRefusal => {
  const match = /^([01]?)(\d{6})(\d?)$/.exec(text.length === 6 ? `0${text}` : text);
  const [, system = "", middle = "", check = ""] = match ?? [];
  if (match === null || system === "") return malformed(text, "not-a-upc-e");
  const last = middle.charAt(5);
  let body = `${system}${middle.slice(0, 5)}0000${last}`;
  if (last <= "2") body = `${system}${middle.slice(0, 2)}${last}0000${middle.slice(2, 5)}`;
  else if (last === "3") body = `${system}${middle.slice(0, 3)}00000${middle.slice(3, 5)}`;
  else if (last === "4") body = `${system}${middle.slice(0, 4)}00000${middle.charAt(4)}`;
  return body + (check === "" ? String(checkDigit(body)) : check);
};

/** The GTIN of 8, 12, 13 or 14 digits, as 14. Eight are a GTIN-8 unless the caller knows the symbol as a UPC-E. */
export const parseGtin = (text: string, upcE = false): string | CodeRefusal => {
  if (upcE) {
    const expanded = expandUpcE(text);
    return typeof expanded === "string" ? parseGtin(expanded) : expanded;
  }
  if (!isDigits(text) || !GTIN_LENGTHS.has(text.length)) return malformed(text, "not-a-gtin");
  return wrongCheckDigit(text) ?? text.padStart(14, "0");
};

export const parseSscc = (text: string): string | CodeRefusal =>
  parseNumber(text, SSCC_LENGTH, "not-an-sscc");

export const parseGln = (text: string): string | CodeRefusal => parseNumber(text, GLN_LENGTH, "not-a-gln");

/** The GTIN as it is printed: 8, 12, 13 or 14 digits, leading zeros of the 14 left out. */
export const shortestGtin = (gtin: string): string => {
  const { length } = gtin.replace(/^0+/, "");
  const size = [...GTIN_LENGTHS].find((size) => length <= size) ?? gtin.length;
  return gtin.slice(-size);
};
