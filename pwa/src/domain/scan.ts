/**
 * Whatever a scanner types, read once: GS1, Digital Link, a scale's code, our own labels, or an own code.
 *
 * The order in which the readings are tried is the rule here: what the symbol or the text states of itself comes first,
 * the organisation's scale templates come before GTINs (both are EAN-13), and what nobody claims is an own code.
 * Twin of `domain/scan.py`; corpus: `tests/vectors/domain/scan.json`.
 */
import { isWebLink, parseDigitalLink, parseSerialLink } from "./digital-link.ts";
import {
  CENTURY_YEAR,
  type Element,
  FNC1,
  parseBracketed,
  parseElements,
  type Scan,
  separated,
  stripScan,
} from "./gs1.ts";
import { type Gs1Fields, gs1Fields } from "./gs1-fields.ts";
import {
  checkDigit,
  type CodeRefusal,
  GTIN_LENGTHS,
  isCodeRefusal,
  isDigits,
  malformed,
  parseGtin,
  SSCC_LENGTH,
} from "./gtin.ts";
import { readScaleCode, type ScaleCode, templateFault } from "./scale-code.ts";

export { matchItem } from "./match-item.ts";

/** A GTIN or an element string. */
export type Gs1Reading = Gs1Fields & { readonly type: "gs1" };
/** A Digital Link, or our own link of a serial without a GTIN. */
export type LinkReading = Gs1Fields & { readonly type: "link"; readonly url: string };
/** A one-time code that makes this device one of the organisation's. */
export interface EnrolReading {
  readonly type: "enrol";
  readonly url: string;
}
/** The label of one of our places. */
export interface PlaceReading {
  readonly type: "place";
  readonly place: string;
}
/** A code that only the organisation's catalogue can explain. */
export interface OwnReading {
  readonly type: "own";
  readonly code: string;
}

export type ScanReading =
  | Gs1Reading
  | LinkReading
  | ScaleCode
  | EnrolReading
  | PlaceReading
  | OwnReading
  | CodeRefusal;

/** As long as an identifier of the organisation's own may be. */
const OWN_LENGTH_MAX = 64;
/** No symbol on goods holds more; what is longer is text pasted into the wrong field. */
const SCAN_LENGTH_MAX = 2048;
const ENROL_PREFIX = "gobi:enrol:";
const PLACE_PREFIX = "gobi:place:";

const beginning = (text: string): string => [...text].slice(0, OWN_LENGTH_MAX).join("");

const own = (content: string): ScanReading =>
  [...content].length <= OWN_LENGTH_MAX && /^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$/u.test(content)
    ? { type: "own", code: content }
    : malformed(beginning(content), "unreadable");

const gs1 = (elements: readonly Element[] | CodeRefusal, year: number): Gs1Reading | CodeRefusal =>
  isCodeRefusal(elements) ? elements : { type: "gs1", ...gs1Fields(elements, year) };

const readPlace = (content: string): ScanReading => {
  const place = content.slice(PLACE_PREFIX.length);
  return /^[^:\x00-\x20\x7f-\xa0\u2028\u2029\u3000\ufeff]{1,64}$/u.test(place)
    ? { type: "place", place }
    : malformed(content, "not-a-place-label");
};

const readLink = (url: string, year: number): ScanReading => {
  const serial = parseSerialLink(url);
  if (serial !== null) return { type: "link", url, ...gs1Fields([]), serial };
  const elements = parseDigitalLink(url, year);
  return isCodeRefusal(elements) ? elements : { type: "link", url, ...gs1Fields(elements, year) };
};

/** What says of itself that it is GS1; own codes may begin with a bracket or hold a stand-in all the same. */
const readStated = ({ content, isGs1 }: Scan, year: number): ScanReading => {
  const parse = content.startsWith("(") ? parseBracketed : parseElements;
  const reading = gs1(parse(content, year), year);
  const certain = isGs1 || content.includes(FNC1) || /^\([012]/.test(content);
  return reading.type === "malformed" && !certain ? own(content) : reading;
};

/** What may be an element string whose scanner says nothing; everything else is an own code. */
const readUnstated = (content: string, year: number): ScanReading => {
  if (!/^(?:0[12]\d{14}|00\d{18})/.test(content)) return own(content);
  const reading = gs1(parseElements(content, year), year);
  return isCodeRefusal(reading) ? own(content) : reading;
};

const readDigits = (content: string, templates: readonly string[], year: number): ScanReading => {
  for (const template of templates) {
    const code = templateFault(template) === null ? readScaleCode(content, template) : null;
    if (code !== null) return code;
  }
  if (GTIN_LENGTHS.has(content.length)) {
    const gtin = parseGtin(content);
    return typeof gtin === "string" ? gs1([["01", gtin]], year) : gtin;
  }
  if (content.length === SSCC_LENGTH && checkDigit(content.slice(0, -1)) === Number(content.at(-1))) {
    return gs1([["00", content]], year);
  }
  return readUnstated(content, year);
};

/** What was scanned or typed; `templates` are those of the organisation's scales, unreadable ones ignored. */
export const readScan = (text: string, templates: readonly string[], year = CENTURY_YEAR): ScanReading => {
  const scan = stripScan(text);
  const { content } = scan;
  if (content === "") return malformed("", "empty");
  if ([...content].length > SCAN_LENGTH_MAX) return malformed(beginning(content), "too-long");
  if (content.startsWith(ENROL_PREFIX)) return { type: "enrol", url: content };
  if (content.startsWith(PLACE_PREFIX)) return readPlace(content);
  if (isWebLink(content)) return readLink(content, year);
  if (scan.isGs1 || separated(content).includes(FNC1) || content.startsWith("("))
    return readStated(scan, year);
  return isDigits(content) ? readDigits(content, templates, year) : readUnstated(content, year);
};
