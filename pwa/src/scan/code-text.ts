/**
 * What a hardware scanner typed, made into the content of the code. Scanners cannot type ASCII 29, so they
 * stand something in for it; Chinese input methods widen ASCII; some scanners prefix the symbology (ISO/IEC 15424).
 */

export const GS = "\u001d";

/** How scanners and Android layers are known to show the separator that no key types. */
const GS_STAND_INS = /\u241d|\{GS\}|<GS>|\[GS\]|\\x1[dD]|\\u001[dD]/g;

const FULL_WIDTH = /[\uff01-\uff5e]/g;
const FULL_WIDTH_OFFSET = 0xfee0;

const FORMATS: Readonly<Record<string, string>> = {
  A: "Code39",
  C: "Code128",
  E: "EAN13",
  I: "ITF",
  L: "PDF417",
  Q: "QRCode",
  d: "DataMatrix",
  e: "DataBar",
  z: "Aztec",
};

const formatOf = (identifier: string): string => {
  if (identifier === "]E4") return "EAN8";
  return FORMATS[identifier.charAt(1)] ?? "unknown";
};

export type CodeText = {
  readonly text: string;
  readonly format: string;
  readonly symbologyIdentifier: string;
};

/** Half-width ASCII for what an input method widened. */
export const narrow = (text: string): string =>
  text.replace(FULL_WIDTH, (wide) => String.fromCharCode(wide.charCodeAt(0) - FULL_WIDTH_OFFSET));

export const parseCodeText = (typed: string): CodeText => {
  const text = narrow(typed).replace(GS_STAND_INS, GS);
  const match = /^\s*(\][A-Za-z][0-9A-Za-z])/.exec(text);
  const symbologyIdentifier = match?.[1] ?? "";
  // A separator at either end separates nothing: FNC1 in first position arrives as one.
  const content = text
    .slice(match?.[0].length ?? 0)
    // eslint-disable-next-line no-control-regex -- ASCII 29 is the separator itself.
    .replace(/^[\s\u001d]+|[\s\u001d]+$/g, "");
  return {
    text: content,
    format: symbologyIdentifier === "" ? "unknown" : formatOf(symbologyIdentifier),
    symbologyIdentifier,
  };
};
