import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildDigitalLink, lotLink, parseDigitalLink, parseSerialLink } from "../src/domain/digital-link.ts";
import { type Element, FNC1, parseBracketed, parseElements, parseGs1Day } from "../src/domain/gs1.ts";
import { AIS, TABLE } from "../src/domain/gs1-ais.ts";
import { gs1Fields } from "../src/domain/gs1-fields.ts";
import {
  checkDigit,
  expandUpcE,
  isCodeRefusal,
  parseGln,
  parseGtin,
  parseSscc,
  shortestGtin,
} from "../src/domain/gtin.ts";
import { type ItemCodes, matchItem } from "../src/domain/match-item.ts";
import { readScaleCode, templateFault } from "../src/domain/scale-code.ts";
import { readScan } from "../src/domain/scan.ts";
import { readVectors } from "./vectors.ts";

interface Case {
  readonly text: string;
  readonly result: unknown;
}

const numbers = readVectors<
  Record<"gtin" | "upcE" | "expandUpcE" | "sscc" | "gln", readonly Case[]> & {
    readonly shortest: readonly { readonly gtin: string; readonly result: string }[];
  }
>("domain/gtin.json");

const gs1 = readVectors<{
  readonly table: string;
  readonly elements: readonly Case[];
  readonly bracketed: readonly Case[];
  readonly days: readonly {
    readonly yymmdd: string;
    readonly year: number;
    readonly result: string | null;
  }[];
}>("domain/gs1.json");

const links = readVectors<{
  readonly parse: readonly { readonly uri: string; readonly result: unknown }[];
  readonly build: readonly { readonly stem: string; readonly ai: string; readonly result: unknown }[];
}>("domain/digital_link.json");

const published = readVectors<{
  readonly parse: readonly { readonly ok: boolean; readonly uri: string; readonly elements: string }[];
  readonly generate: readonly {
    readonly ok: boolean;
    readonly stem: string;
    readonly ai: string;
    readonly uri: string;
  }[];
}>("domain/digital_link_public.json");

const scales = readVectors<{
  readonly templates: readonly { readonly template: string; readonly fault: string | null }[];
  readonly codes: readonly {
    readonly text: string;
    readonly template: string;
    readonly result: object | null;
  }[];
}>("domain/scale_code.json");

const scans = readVectors<{
  readonly templates: readonly string[];
  readonly items: readonly ItemCodes[];
  readonly cases: readonly {
    readonly text: string;
    readonly reading: { readonly type: string };
    readonly match: object | null;
  }[];
}>("domain/scan.json");

const meaning = (elements: ReturnType<typeof parseElements>): unknown =>
  isCodeRefusal(elements) ? elements : gs1Fields(elements);

const built = (stem: string, ai: string): unknown => {
  const elements = parseBracketed(ai);
  return isCodeRefusal(elements) ? elements : buildDigitalLink(stem, elements);
};

describe("numbers with a check digit", () => {
  it.each(numbers.gtin)("GTIN $text", ({ text, result }) => {
    expect(parseGtin(text)).toStrictEqual(result);
  });
  it.each(numbers.upcE)("UPC-E $text", ({ text, result }) => {
    expect(parseGtin(text, true)).toStrictEqual(result);
  });
  it.each(numbers.expandUpcE)("UPC-A of $text", ({ text, result }) => {
    expect(expandUpcE(text)).toStrictEqual(result);
  });
  it.each(numbers.sscc)("SSCC $text", ({ text, result }) => {
    expect(parseSscc(text)).toStrictEqual(result);
  });
  it.each(numbers.gln)("GLN $text", ({ text, result }) => {
    expect(parseGln(text)).toStrictEqual(result);
  });
  it.each(numbers.shortest)("$gtin as printed", ({ gtin, result }) => {
    expect(shortestGtin(gtin)).toBe(result);
  });

  it("tell every single wrong digit", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 99_999_999 }),
        fc.nat({ max: 8 }),
        fc.integer({ min: 1, max: 9 }),
        (n, at, by) => {
          const body = String(n).padStart(12, "0");
          const right = body + String(checkDigit(body));
          const wrong = [...right].map((d, i) => (i === at ? String((Number(d) + by) % 10) : d)).join("");
          expect(parseGtin(right)).toBe(right.padStart(14, "0"));
          expect(parseGtin(wrong)).toMatchObject({ type: "wrong-check-digit" });
        },
      ),
    );
  });
});

describe("element strings", () => {
  it("are read by the table that the server reads them by", () => {
    expect(TABLE).toBe(gs1.table);
    expect(AIS.size).toBe(541);
  });
  it.each(gs1.elements)("$text", ({ text, result }) => {
    expect(meaning(parseElements(text))).toStrictEqual(result);
  });
  it.each(gs1.bracketed)("in brackets: $text", ({ text, result }) => {
    expect(meaning(parseBracketed(text))).toStrictEqual(result);
  });
  it.each(gs1.days)("the day $yymmdd in $year", ({ yymmdd, year, result }) => {
    expect(parseGs1Day(yymmdd, year)).toBe(result);
  });

  it("keep every lot and serial that charset 82 can write", () => {
    const value = fc.stringMatching(/^[!"%&'*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/);
    fc.assert(
      fc.property(value, value, (lot, serial) => {
        fc.pre(!/~1|\{GS\}|<GS>|<FNC1>/.test(lot + serial));
        const elements: readonly Element[] = [
          ["01", "09520200202017"],
          ["10", lot],
          ["21", serial],
        ];
        expect(parseElements(`0109520200202017${FNC1}10${lot}${FNC1}21${serial}`)).toStrictEqual(elements);
        const link = buildDigitalLink("https://a", elements);
        expect(typeof link === "string" ? parseDigitalLink(link) : link).toStrictEqual(elements);
      }),
    );
  });
});

describe("Digital Links", () => {
  it.each(links.parse)("$uri", ({ uri, result }) => {
    expect(parseDigitalLink(uri)).toStrictEqual(result);
  });
  it.each(links.build)("of $ai", ({ stem, ai, result }) => {
    expect(built(stem, ai)).toStrictEqual(result);
  });
  it.each(published.parse)("as published: $uri", ({ ok, uri, elements }) => {
    const parsed = parseDigitalLink(uri);
    expect(isCodeRefusal(parsed)).toBe(!ok);
    if (ok) expect(parsed).toStrictEqual(parseElements(elements));
  });
  it.each(published.generate)("as published, of $ai", ({ ok, stem, ai, uri }) => {
    const link = built(stem, ai);
    if (ok) expect(link).toBe(uri);
    else expect(link).toMatchObject({ type: "malformed" });
  });

  it("of a lot stand upper case in the code, with the lot as it is", () => {
    expect(lotLink("HTTPS://TRACE.EXAMPLE", "09520100101014", "1123")).toBe(
      "HTTPS://TRACE.EXAMPLE/01/09520100101014/10/1123",
    );
  });

  it("of goods without a GTIN name a serial alone", () => {
    expect(parseSerialLink("HTTPS://A/T/7K2M9QXT4R8W3VZ5H6PN")).toBe("7K2M9QXT4R8W3VZ5H6PN");
    expect(parseSerialLink("https://a/t/short")).toBeNull();
  });
});

describe("codes of scales", () => {
  it.each(scales.templates)("template $template", ({ template, fault }) => {
    expect(templateFault(template)).toBe(fault);
  });
  it.each(scales.codes)("$text by $template", ({ text, template, result }) => {
    const expected = result === null || "type" in result ? result : { type: "scale", ...result };
    expect(readScaleCode(text, template)).toStrictEqual(expected);
  });
});

describe("whatever a scanner types", () => {
  it.each(scans.cases)("$text", ({ text, reading, match }) => {
    const read = readScan(text, scans.templates);
    expect(read).toStrictEqual(reading);
    expect(matchItem(read, scans.items)).toStrictEqual(match);
  });

  it("is an own number when the catalogue has exactly it, whatever its check digit", () => {
    const items = [{ id: "BOX", codes: ["12345678"] }];
    expect(matchItem(readScan("12345678", []), items)).toStrictEqual({ item: "BOX", factor: 1 });
    expect(matchItem(readScan("12345679", []), items)).toBeNull();
  });

  it("is answered, never thrown at", () => {
    const pieces = fc.constantFrom(
      "01",
      "10",
      "17",
      "3103",
      "(01)",
      "(10)",
      FNC1,
      "{GS}",
      "]C1",
      "]d2",
      "https://a/01/",
    );
    const digits = fc.stringMatching(/^[0-9]{0,20}$/);
    const typed = fc.array(fc.oneof(pieces, digits, fc.string({ unit: "binary", maxLength: 12 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(typed, (parts) => {
        const reading = readScan(parts.join(""), scans.templates);
        expect(typeof reading.type).toBe("string");
        matchItem(reading, scans.items);
      }),
      { numRuns: 2000 },
    );
  });
});
