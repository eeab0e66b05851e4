/**
 * Base45 (RFC 9285): bytes as the 45 characters that a QR code packs into 5½ bits each, so that the code is hardly
 * larger than its bytes, reads as text, and a hardware scanner can type it.
 */
import type { Bytes } from "./bytes.ts";

const CHARS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const BASE = CHARS.length;

export const toBase45 = (bytes: Uint8Array): string => {
  let text = "";
  for (let i = 0; i < bytes.length; i += 2) {
    const [high, low] = [bytes[i] ?? 0, bytes[i + 1]];
    const value = low === undefined ? high : 256 * high + low;
    text += `${CHARS[value % BASE]}${CHARS[Math.floor(value / BASE) % BASE]}`;
    if (low !== undefined) text += CHARS[Math.floor(value / BASE / BASE)];
  }
  return text;
};

/** Null for a text that no bytes are written as. */
export const fromBase45 = (text: string): Bytes | null => {
  if (text.length % 3 === 1) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 2) / 3));
  for (let i = 0, at = 0; i < text.length; i += 3, at += 2) {
    const digits = Array.from(text.slice(i, i + 3), (char) => CHARS.indexOf(char));
    if (digits.includes(-1)) return null;
    const value = digits.reduceRight((sum, digit) => sum * BASE + digit, 0);
    if (value >= (digits.length === 3 ? 65_536 : 256)) return null;
    if (digits.length === 3) bytes.set([value >> 8, value & 255], at);
    else bytes[at] = value;
  }
  return bytes;
};
