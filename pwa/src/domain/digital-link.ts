/**
 * GS1 Digital Link URIs (URI syntax 1.6.0), uncompressed: any domain, a primary key, its qualifiers, attributes.
 *
 * Scheme and domain may be upper case, which lets the whole link stand in a QR code's alphanumeric mode; the rest is
 * kept, because lots tell case apart.
 * Twin of `domain/digital_link.py`; corpus: `tests/vectors/domain/digital_link.json`.
 */
import { CENTURY_YEAR, checkedElement, type Element } from "./gs1.ts";
import { AIS } from "./gs1-ais.ts";
import { type CodeRefusal, isCodeRefusal, malformed } from "./gtin.ts";

const URI =
  /^(?:https?|HTTPS?):\/\/[A-Za-z0-9\-._~:[\]@]+(\/[A-Za-z0-9\-._~:/[\]@!$&'()*+,;=%]*)(?:\?([A-Za-z0-9\-._~:/?[\]@!$&'()*+,;=%]*))?(?:#[\x21-\x7e]*)?$/;

/** Whether the text is a web address, of goods or not. */
export const isWebLink = (text: string): boolean => /^(?:https?|HTTPS?):\/\//.test(text);

const unescaped = (text: string): string | null =>
  /%(?![0-9A-Fa-f]{2})/.test(text)
    ? null
    : text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** Identifier and value in pairs from the end back to the key; what stands before it is the stem. */
const pathPairs = (uri: string, path: string): readonly Element[] | CodeRefusal => {
  const segments = path.split("/");
  const pairs: Element[] = [];
  for (let start = segments.length - 2; start >= 0; start -= 2) {
    const ai = AIS.get(segments[start] ?? "");
    const segment = segments[start + 1] ?? "";
    if (ai === undefined || segment === "") break;
    const value = unescaped(segment);
    if (value === null) return malformed(uri, "escape-cut-off");
    pairs.push([ai.ai, value]);
    if (ai.qualifiers !== null) return pairs.reverse();
  }
  return malformed(uri, "not-a-link-of-goods");
};

const queryPairs = (uri: string, query: string): readonly Element[] | CodeRefusal => {
  const pairs: Element[] = [];
  for (const pair of query.split(/[&;]/)) {
    const equals = pair.indexOf("=");
    const name = pair.slice(0, Math.max(equals, 0));
    // `linkType=…` and the like are for the resolver.
    if (!/^[0-9]+$/.test(name)) continue;
    if (!AIS.has(name)) return malformed(uri, "unknown-identifier");
    const value = unescaped(pair.slice(equals + 1).replaceAll("+", " "));
    if (value === null) return malformed(uri, "escape-cut-off");
    pairs.push([name, value]);
  }
  return pairs;
};

const isWithin = (used: readonly string[], sequence: readonly string[]): boolean => {
  let next = 0;
  for (const ai of sequence) if (ai === used[next]) next += 1;
  return next === used.length;
};

/** The elements of a Digital Link: its key, its qualifiers, its attributes. */
export const parseDigitalLink = (uri: string, year = CENTURY_YEAR): readonly Element[] | CodeRefusal => {
  const match = URI.exec(uri);
  if (match === null) return malformed(uri, "not-a-link-of-goods");
  const pairs = pathPairs(uri, match[1] ?? "");
  if (isCodeRefusal(pairs)) return pairs;
  const [key = "", ...used] = pairs.map(([ai]) => ai);
  const fitting = (AIS.get(key)?.qualifiers ?? []).filter((sequence) => isWithin(used, sequence));
  if (fitting.length === 0) return malformed(uri, "wrong-qualifiers");
  const attributes = queryPairs(uri, match[2] ?? "");
  if (isCodeRefusal(attributes)) return attributes;
  const elements = [...pairs, ...attributes];
  if (new Set(elements.map(([ai]) => ai)).size !== elements.length) {
    return malformed(uri, "identifier-twice");
  }
  for (const [ai] of attributes) {
    if (AIS.get(ai)?.attribute !== true || fitting.some((sequence) => sequence.includes(ai))) {
      return malformed(uri, "not-in-query");
    }
  }
  const checked: Element[] = [];
  for (const [number, value] of elements) {
    const ai = AIS.get(number);
    if (ai === undefined) return malformed(uri, "unknown-identifier");
    const element = checkedElement(ai, value, year);
    if (isCodeRefusal(element)) return element;
    checked.push(element);
  }
  return checked;
};

/** The serial of our own link for goods without a GTIN, `/t/<serial>`; null when it is none. */
export const parseSerialLink = (uri: string): string | null => {
  const path = URI.exec(uri)?.[1] ?? "";
  return /\/t\/([0-9A-Z]{16,40})$/i.exec(path)?.[1]?.toUpperCase() ?? null;
};

const escaped = (value: string): string =>
  encodeURIComponent(value).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** The Digital Link of checked elements under `stem`: the first key leads, the rest are attributes. */
export const buildDigitalLink = (stem: string, elements: readonly Element[]): string | CodeRefusal => {
  const values = new Map(elements);
  const text = [...values].map(([ai, value]) => `(${ai})${value}`).join("");
  const key = [...values.keys()].find((ai) => (AIS.get(ai)?.qualifiers ?? null) !== null);
  if (key === undefined) return malformed(text, "no-key");
  const sequences = AIS.get(key)?.qualifiers ?? [];
  const sequence = sequences.find((s) => s.some((ai) => values.has(ai))) ?? sequences[0] ?? [];
  const inPath = [key, ...sequence.filter((ai) => values.has(ai))];
  const inQuery = [...values.keys()].filter((ai) => !inPath.includes(ai));
  const stray = inQuery.find((ai) => AIS.get(ai)?.attribute !== true);
  if (stray !== undefined) return malformed(text, "not-in-query");
  const path = inPath.map((ai) => `/${ai}/${escaped(values.get(ai) ?? "")}`).join("");
  const query = inQuery.map((ai) => `${ai}=${escaped(values.get(ai) ?? "")}`).join("&");
  return stem.replace(/\/+$/, "") + path + (query === "" ? "" : `?${query}`);
};

/** The link of a lot, perhaps of one serial of it; `stem` in upper case makes a smaller QR code. */
export const lotLink = (stem: string, gtin: string, lot: string, serial = ""): string | CodeRefusal => {
  const elements: readonly Element[] = [
    ["01", gtin],
    ["10", lot],
    ["21", serial],
  ];
  return buildDigitalLink(
    stem,
    elements.filter(([, value]) => value !== ""),
  );
};
