/**
 * The one MessagePack profile in which everything is hashed, sealed and sent: docs/protocol/operations.md §1.
 *
 * nil, bool, int, str, bin and array, each in its shortest form. One value has one encoding, so bytes
 * can be compared, hashed and relayed in place of what they mean. Twin: `domain/canonical.py`;
 * corpus: `tests/vectors/ops/canonical.json`.
 */

/** What the profile can say. Encoding takes any array; decoding gives fresh ones. */
export type Value = null | boolean | number | string | Uint8Array | readonly Value[];

export const INT_MAX = Number.MAX_SAFE_INTEGER;
/** Arrays within arrays: enough for every body in its op, and no stack to exhaust. */
export const DEPTH_MAX = 8;

const U32 = 0x1_0000_0000;

/** The bytes, or the value, are not what the protocol lets a peer say. */
export interface Malformed extends Error {
  readonly type: "malformed";
}

/** Thrown, not returned: it crosses every level of a decoder. Those who read peers' bytes catch it at the edge. */
export const malformed = (reason: string): Malformed =>
  Object.assign(new Error(`malformed: ${reason}`), { type: "malformed" as const });

export const isMalformed = (error: unknown): error is Malformed =>
  error instanceof Error && "type" in error && error.type === "malformed";

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// --- encoding --------------------------------------------------------------------------------------

interface Sink {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;
  at: number;
}

const room = (sink: Sink, size: number): number => {
  const { at } = sink;
  if (at + size > sink.bytes.length) {
    const wider = new Uint8Array(Math.max(at + size, sink.bytes.length * 2));
    wider.set(sink.bytes);
    sink.bytes = wider;
    sink.view = new DataView(wider.buffer);
  }
  sink.at = at + size;
  return at;
};

/** Writes a first byte and a big-endian number of `width` bytes after it. */
const head = (sink: Sink, first: number, width: 0 | 1 | 2 | 4, value: number): void => {
  const at = room(sink, 1 + width);
  sink.view.setUint8(at, first);
  if (width === 1) sink.view.setUint8(at + 1, value);
  else if (width === 2) sink.view.setUint16(at + 1, value);
  else if (width === 4) sink.view.setUint32(at + 1, value);
};

const putInt = (sink: Sink, value: number): void => {
  if (!Number.isSafeInteger(value)) throw malformed("not an integer within ±(2^53-1)");
  if (value >= 0) {
    if (value < 0x80) head(sink, value, 0, 0);
    else if (value < 0x100) head(sink, 0xcc, 1, value);
    else if (value < 0x1_0000) head(sink, 0xcd, 2, value);
    else if (value < U32) head(sink, 0xce, 4, value);
    else putWide(sink, 0xcf, value);
  } else if (value >= -0x20) head(sink, value & 0xff, 0, 0);
  else if (value >= -0x80) head(sink, 0xd0, 1, value);
  else if (value >= -0x8000) head(sink, 0xd1, 2, value);
  else if (value >= -0x8000_0000) head(sink, 0xd2, 4, value);
  else putWide(sink, 0xd3, value);
};

const putWide = (sink: Sink, first: number, value: number): void => {
  const at = room(sink, 9);
  sink.view.setUint8(at, first);
  // Two's complement by halves: the high half floors, the low half wraps.
  sink.view.setInt32(at + 1, Math.floor(value / U32));
  sink.view.setUint32(at + 5, value >>> 0);
};

const putBytes = (sink: Sink, data: Uint8Array): void => {
  const at = room(sink, data.length);
  sink.bytes.set(data, at);
};

const put = (sink: Sink, value: Value, depth: number): void => {
  if (value === null) head(sink, 0xc0, 0, 0);
  else if (typeof value === "boolean") head(sink, value ? 0xc3 : 0xc2, 0, 0);
  else if (typeof value === "number") putInt(sink, value);
  else if (typeof value === "string") {
    if (putShort(sink, value)) return;
    if (!isWellFormed(value)) throw malformed("text holds a lone surrogate");
    const data = utf8.encode(value);
    const size = data.length;
    if (size < 0x20) head(sink, 0xa0 | size, 0, 0);
    else if (size < 0x100) head(sink, 0xd9, 1, size);
    else if (size < 0x1_0000) head(sink, 0xda, 2, size);
    else head(sink, 0xdb, 4, size);
    putBytes(sink, data);
  } else if (value instanceof Uint8Array) {
    const size = value.length;
    if (size < 0x100) head(sink, 0xc4, 1, size);
    else if (size < 0x1_0000) head(sink, 0xc5, 2, size);
    else head(sink, 0xc6, 4, size);
    putBytes(sink, value);
  } else if (Array.isArray(value)) {
    if (depth === 0) throw malformed("arrays nest too deep");
    const size = value.length;
    if (size < 0x10) head(sink, 0x90 | size, 0, 0);
    else if (size < 0x1_0000) head(sink, 0xdc, 2, size);
    else head(sink, 0xdd, 4, size);
    for (const element of value as readonly Value[]) put(sink, element, depth - 1);
  } else throw malformed(`not in the profile: ${typeof value}`);
};

const SHORT = 0x20;

/** Most text is a few ASCII letters: written straight away, without an array in between. False: it is not. */
const putShort = (sink: Sink, text: string): boolean => {
  const { length } = text;
  if (length >= SHORT) return false;
  const at = room(sink, 1 + length);
  const { bytes } = sink;
  bytes[at] = 0xa0 | length;
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) {
      sink.at = at;
      return false;
    }
    bytes[at + 1 + i] = code;
  }
  return true;
};

/** With the u flag only a surrogate without its half is a character of its own. */
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/** The one encoding of `value`. `depth` is more than DEPTH_MAX only for frames and messages, which hold bodies. */
export const encode = (value: Value, depth: number = DEPTH_MAX): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(256);
  const sink: Sink = { bytes, view: new DataView(bytes.buffer), at: 0 };
  put(sink, value, depth);
  return sink.bytes.slice(0, sink.at);
};

// --- decoding --------------------------------------------------------------------------------------

interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

const advance = (source: Source, size: number): number => {
  const { at } = source;
  if (at + size > source.bytes.length) throw malformed("truncated");
  source.at = at + size;
  return at;
};

const notShortest = (): Malformed => malformed("not in its shortest form");

/** Reads a big-endian length of `width` bytes that no shorter form could have held. */
const size = (source: Source, width: 1 | 2 | 4, least: number): number => {
  const at = advance(source, width);
  const value =
    width === 1
      ? source.view.getUint8(at)
      : width === 2
        ? source.view.getUint16(at)
        : source.view.getUint32(at);
  if (value < least) throw notShortest();
  return value;
};

const wide = (source: Source, isSigned: boolean): number => {
  const at = advance(source, 8);
  const high = isSigned ? source.view.getInt32(at) : source.view.getUint32(at);
  const value = high * U32 + source.view.getUint32(at + 4);
  if (!Number.isSafeInteger(value)) throw malformed("an integer beyond ±(2^53-1)");
  if (isSigned ? value >= -0x8000_0000 : value < U32) throw notShortest();
  return value;
};

const signed = (source: Source, width: 1 | 2 | 4, most: number): number => {
  const at = advance(source, width);
  const value =
    width === 1 ? source.view.getInt8(at) : width === 2 ? source.view.getInt16(at) : source.view.getInt32(at);
  if (value >= most) throw notShortest();
  return value;
};

const bytesOf = (source: Source, length: number): Uint8Array<ArrayBuffer> => {
  const at = advance(source, length);
  return source.bytes.slice(at, at + length);
};

const textOf = (source: Source, length: number): string => {
  const at = advance(source, length);
  const { bytes } = source;
  if (length < SHORT) {
    let text = "";
    let i = at;
    for (; i < at + length; i += 1) {
      const byte = bytes[i] ?? 0;
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    if (i === at + length) return text;
  }
  try {
    return strictUtf8.decode(source.bytes.subarray(at, at + length));
  } catch {
    throw malformed("text that is not UTF-8");
  }
};

const arrayOf = (source: Source, length: number, depth: number): Value[] => {
  if (depth === 0) throw malformed("arrays nest too deep");
  // Every element takes a byte at least: a length that promises more than there is allocates nothing.
  if (length > source.bytes.length - source.at) throw malformed("truncated");
  const elements: Value[] = [];
  for (let i = 0; i < length; i += 1) elements.push(take(source, depth - 1));
  return elements;
};

const take = (source: Source, depth: number): Value => {
  const first = source.view.getUint8(advance(source, 1));
  if (first < 0x80) return first;
  if (first >= 0xe0) return first - 0x100;
  if (first >= 0xa0 && first < 0xc0) return textOf(source, first & 0x1f);
  if (first >= 0x90 && first < 0xa0) return arrayOf(source, first & 0x0f, depth);
  switch (first) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
      return bytesOf(source, size(source, 1, 0));
    case 0xc5:
      return bytesOf(source, size(source, 2, 0x100));
    case 0xc6:
      return bytesOf(source, size(source, 4, 0x1_0000));
    case 0xcc:
      return size(source, 1, 0x80);
    case 0xcd:
      return size(source, 2, 0x100);
    case 0xce:
      return size(source, 4, 0x1_0000);
    case 0xcf:
      return wide(source, false);
    case 0xd0:
      return signed(source, 1, -0x20);
    case 0xd1:
      return signed(source, 2, -0x80);
    case 0xd2:
      return signed(source, 4, -0x8000);
    case 0xd3:
      return wide(source, true);
    case 0xd9:
      return textOf(source, size(source, 1, 0x20));
    case 0xda:
      return textOf(source, size(source, 2, 0x100));
    case 0xdb:
      return textOf(source, size(source, 4, 0x1_0000));
    case 0xdc:
      return arrayOf(source, size(source, 2, 0x10), depth);
    case 0xdd:
      return arrayOf(source, size(source, 4, 0x1_0000), depth);
    default:
      return refuse(first);
  }
};

const refuse = (first: number): never => {
  throw malformed(`not in the profile: 0x${first.toString(16)}`);
};

/** The value that has this encoding. Throws `Malformed` for anything not canonical and for bytes left over. */
export const decode = (bytes: Uint8Array, depth: number = DEPTH_MAX): Value => {
  const source: Source = {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    at: 0,
  };
  const value = take(source, depth);
  if (source.at !== bytes.length) throw malformed("bytes left over");
  return value;
};
