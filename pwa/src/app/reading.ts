/**
 * From what a scanner typed to what a screen works with: one path for camera, wedge and keyboard. What cannot be used
 * is answered here, once, in words that say what to do.
 */
import { useEffect, useRef } from "preact/hooks";
import { PART_PREFIX } from "../codec/parts.ts";
import { type ScanReading, matchItem, readScan } from "../domain/scan.ts";
import { tOr, t } from "../i18n/i18n.ts";
import { type Reply, onScan } from "../scan/scan.ts";
import type { Ledger } from "../sync/ledger-types.ts";
import { codesOf } from "./items.ts";
import { useLedger } from "./ledger-context.ts";

/** An item that the catalogue knows, and all that its code told. */
export interface GoodsReading {
  readonly type: "goods";
  readonly item: string;
  /** Pieces that one reading of the code stands for: 12 for a case of 12. */
  readonly factor: number;
  readonly lot: string | null;
  readonly expiresOn: string | null;
  readonly producedOn: string | null;
  readonly harvestedOn: string | null;
  readonly weightG: number | null;
  readonly count: number | null;
  readonly serial: string | null;
}

export type Reading =
  | GoodsReading
  | { readonly type: "place"; readonly place: string }
  | { readonly type: "lpn"; readonly lpn: string }
  | { readonly type: "enrol"; readonly url: string }
  /** Read well, but the catalogue does not know it. */
  | { readonly type: "unknown"; readonly text: string }
  | { readonly type: "wrong-check-digit"; readonly text: string; readonly expected: string }
  | { readonly type: "malformed"; readonly text: string; readonly reason: string };

const templatesOf = (ledger: Ledger): readonly string[] => {
  const value = ledger.row("rule", "scale_templates").value?.attributes["value"];
  if (typeof value === "string") return value.split(/\s+/).filter((template) => template !== "");
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
};

const told = (reading: ScanReading): Omit<GoodsReading, "type" | "item" | "factor"> => {
  const empty = {
    lot: null,
    expiresOn: null,
    producedOn: null,
    harvestedOn: null,
    weightG: null,
    count: null,
    serial: null,
  };
  if (reading.type === "scale") return { ...empty, weightG: reading.weightG };
  if (reading.type !== "gs1" && reading.type !== "link") return empty;
  return {
    lot: reading.lot,
    expiresOn: reading.expiresOn ?? reading.bestBeforeOn,
    producedOn: reading.producedOn,
    harvestedOn: reading.harvestedOn,
    weightG: reading.weightG,
    count: reading.count,
    serial: reading.serial,
  };
};

export const understand = (ledger: Ledger, text: string): Reading => {
  const places = ledger.rows("place").value;
  const asPlace = (id: string): Reading | null =>
    places.some((place) => place.id === id) ? { type: "place", place: id } : null;
  const reading = readScan(text, templatesOf(ledger));
  if (reading.type === "enrol") return { type: "enrol", url: reading.url };
  if (reading.type === "place") return asPlace(reading.place) ?? { type: "unknown", text };
  const items = ledger.rows("item").value.map(({ id, attributes }) => ({ id, codes: codesOf(attributes) }));
  const match = matchItem(reading, items);
  if (match !== null) return { type: "goods", item: match.item, factor: match.factor, ...told(reading) };
  const place = asPlace(text.trim());
  if (place !== null) return place;
  switch (reading.type) {
    case "wrong-check-digit":
      return { type: "wrong-check-digit", text: reading.text, expected: String(reading.expected) };
    case "malformed":
      return { type: "malformed", text: reading.text, reason: reading.reason };
    case "gs1":
    case "link":
      return reading.sscc === null
        ? { type: "unknown", text: reading.gtin ?? text }
        : { type: "lpn", lpn: reading.sscc };
    default:
      return { type: "unknown", text };
  }
};

/** What a screen wants of a reading; what it does not want is answered in words. */
export type ReadingHandler = (
  reading: Exclude<Reading, { type: "unknown" | "wrong-check-digit" | "malformed" }>,
) => Reply;

export const answerReading = (reading: Reading, handle: ReadingHandler): Reply => {
  switch (reading.type) {
    case "wrong-check-digit":
      return { verdict: "error", text: t("scan.wrongCheckDigit", { expected: reading.expected }) };
    case "malformed":
      return { verdict: "error", text: tOr(`scan.malformed.${reading.reason}`, t("scan.malformed")) };
    case "unknown":
      if (reading.text.startsWith(PART_PREFIX)) return { verdict: "error", text: t("relay.elsewhere") };
      return { verdict: "error", text: t("scan.unknownCode", { text: reading.text }) };
    default:
      return handle(reading);
  }
};

/** Hear what is scanned while the screen stands; the newest handler answers. */
export const useReading = (handle: ReadingHandler): void => {
  const ledger = useLedger();
  const latest = useRef(handle);
  latest.current = handle;
  useEffect(
    () =>
      onScan((scan) => answerReading(understand(ledger, scan.text), (reading) => latest.current(reading))),
    [ledger],
  );
};
