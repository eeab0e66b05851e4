/**
 * A package as a sequence of QR codes that never ends: docs/protocol/relay.md §3.
 *
 * The first codes hold its blocks as they are; each further one holds the XOR of about half of the blocks, chosen by its
 * number. So a reader needs any codes, about as many as there are blocks: in any order, repeated, from the middle on;
 * a code that it missed costs one more code and never another round. Each part says what it is a part of.
 *
 * Corpus: `tests/vectors/ops/parts.json`.
 */
import { fromBase45, toBase45 } from "./base45.ts";
import { type Bytes, concat, isEqual, toHex } from "./bytes.ts";
import { sha256 } from "./sha256.ts";

/** Fits a QR code of 65 modules at level L: see docs/adr/0014 for what a cheap camera reads at arm's length. */
export const BLOCK_BYTES = 320;
/** A package is 160 KB at most: some minutes of codes. More goes as a file. */
export const BLOCKS_MAX = 512;
export const PACKAGE_BYTES_MAX = BLOCK_BYTES * BLOCKS_MAX;
/** Parts are numbered up to here; who shows them begins anew afterwards. */
export const PART_NUMBERS = 65_536;
export const PART_PREFIX = "GOBI:";

const NAME_BYTES = 16;
const HEADER_BYTES = 1 + NAME_BYTES + 3 + 2 + 2;
const CHECK_BYTES = 4;

/** How the body is packed: as it is, or by raw DEFLATE (RFC 1951). */
export type Packing = "plain" | "deflate";
const PACKINGS: readonly Packing[] = ["plain", "deflate"];

export interface Package {
  readonly packing: Packing;
  readonly body: Bytes;
}

/** One part, checked by itself. */
interface Part {
  readonly packing: Packing;
  readonly name: Bytes;
  readonly length: number;
  readonly blocks: number;
  readonly number: number;
  readonly block: Bytes;
}

const nameOf = (body: Uint8Array): Bytes => sha256(body).slice(0, NAME_BYTES);

const checkOf = (part: Uint8Array): Bytes => sha256(part).slice(0, CHECK_BYTES);

const bigEndian = (value: number, width: number): Bytes =>
  Uint8Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** (width - 1 - i)) % 256);

const fromBigEndian = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);

/** Which blocks a part is the XOR of, as a set of bits: 32 to a word. */
const maskOf = (name: Uint8Array, number: number, blocks: number): Uint32Array => {
  const mask = new Uint32Array(Math.ceil(blocks / 32));
  const add = (block: number): void => {
    mask[block >> 5] = (mask[block >> 5] ?? 0) | (1 << (block & 31));
  };
  if (number < blocks) {
    add(number);
    return mask;
  }
  for (let block = 0, chance: Uint8Array = name; block < blocks; block += 1) {
    if (block % 256 === 0) chance = sha256(concat(name, bigEndian(number, 2), Uint8Array.of(block >> 8)));
    if ((((chance[(block % 256) >> 3] ?? 0) >> (block & 7)) & 1) === 1) add(block);
  }
  if (mask.every((word) => word === 0)) add(number % blocks);
  return mask;
};

const has = (mask: Uint32Array, block: number): boolean =>
  (((mask[block >> 5] ?? 0) >>> (block & 31)) & 1) === 1;

/** `into` becomes the XOR of both. */
const addTo = (into: Uint8Array | Uint32Array, other: Uint8Array | Uint32Array): void => {
  for (let i = 0; i < into.length; i += 1) into[i] = (into[i] ?? 0) ^ (other[i] ?? 0);
};

/** The parts of a package. */
export interface Parts {
  /** How many parts a reader needs at the least. */
  readonly blocks: number;
  /** The text of a part: `number` from 0 to PART_NUMBERS − 1. */
  readonly part: (number: number) => string;
}

export const makeParts = ({ packing, body }: Package): Parts => {
  if (body.length === 0 || body.length > PACKAGE_BYTES_MAX)
    throw new Error(`a package of ${body.length} bytes`);
  const blocks = Math.ceil(body.length / BLOCK_BYTES);
  const size = Math.ceil(body.length / blocks);
  const name = nameOf(body);
  const head = concat(
    Uint8Array.of(PACKINGS.indexOf(packing) + 1),
    name,
    bigEndian(body.length, 3),
    bigEndian(blocks, 2),
  );
  return {
    blocks,
    part: (number) => {
      const mask = maskOf(name, number, blocks);
      const block = new Uint8Array(size);
      for (let i = 0; i < blocks; i += 1)
        if (has(mask, i)) addTo(block, body.subarray(i * size, (i + 1) * size));
      const part = concat(head, bigEndian(number, 2), block);
      return PART_PREFIX + toBase45(concat(part, checkOf(part)));
    },
  };
};

/** Null for a text that is no part, of whatever is told to be wrong with it. */
const readPart = (text: string): Part | null => {
  if (!text.startsWith(PART_PREFIX)) return null;
  const data = fromBase45(text.slice(PART_PREFIX.length));
  if (data === null || data.length <= HEADER_BYTES + CHECK_BYTES) return null;
  const part = data.slice(0, -CHECK_BYTES);
  if (!isEqual(checkOf(part), data.slice(-CHECK_BYTES))) return null;
  const packing = PACKINGS[(part[0] ?? 0) - 1];
  const length = fromBigEndian(part.subarray(17, 20));
  const blocks = fromBigEndian(part.subarray(20, 22));
  const block = part.slice(HEADER_BYTES);
  const isSound =
    blocks > 0 && blocks <= BLOCKS_MAX && length > 0 && block.length === Math.ceil(length / blocks);
  if (packing === undefined || !isSound) return null;
  const number = fromBigEndian(part.subarray(22, 24));
  return { packing, name: part.slice(1, 17), length, blocks, number, block };
};

export const isPart = (text: string): boolean => readPart(text) !== null;

/** What reading a part came to. */
export type Collected =
  /** Not a part of anything, or a damaged one. */
  | { readonly type: "other" }
  /** `isNew`: it told something that the parts before had not. */
  | { readonly type: "some"; readonly have: number; readonly of: number; readonly isNew: boolean }
  /** Parts that do not belong together: collecting begins anew. */
  | { readonly type: "damaged" }
  | { readonly type: "whole"; readonly package: Package };

export interface Collector {
  readonly take: (text: string) => Collected;
}

interface Row {
  readonly mask: Uint32Array;
  readonly block: Bytes;
}

/** Collects the parts of one package; one of another package begins anew. */
export const openCollector = (): Collector => {
  let of: Part | null = null;
  /** By its first block: a row holds no block before it. */
  let rows = new Map<number, Row>();

  const isSame = (part: Part): boolean =>
    of !== null &&
    isEqual(of.name, part.name) &&
    of.packing === part.packing &&
    of.length === part.length &&
    of.blocks === part.blocks;

  const firstOf = (mask: Uint32Array): number => {
    const word = mask.findIndex((bits) => bits !== 0);
    return word < 0 ? -1 : word * 32 + (31 - Math.clz32((mask[word] ?? 0) & -(mask[word] ?? 0)));
  };

  /** Whether the part told something new. */
  const add = ({ name, number, blocks, block }: Part): boolean => {
    const row: Row = { mask: maskOf(name, number, blocks), block: block.slice() };
    for (let first = firstOf(row.mask); first >= 0; first = firstOf(row.mask)) {
      const known = rows.get(first);
      if (known === undefined) {
        rows.set(first, row);
        return true;
      }
      addTo(row.mask, known.mask);
      addTo(row.block, known.block);
    }
    return false;
  };

  /** From the last block to the first: each row is left with its own block alone. */
  const solved = ({ blocks, block: { length: size }, length }: Part): Bytes => {
    const body = new Uint8Array(blocks * size);
    for (let first = blocks - 1; first >= 0; first -= 1) {
      const row = rows.get(first);
      if (row === undefined) throw new Error("every block has a row");
      for (let i = first + 1; i < blocks; i += 1)
        if (has(row.mask, i)) addTo(row.block, body.subarray(i * size, (i + 1) * size));
      body.set(row.block, first * size);
    }
    return body.slice(0, length);
  };

  return {
    take: (text) => {
      const part = readPart(text);
      if (part === null) return { type: "other" };
      if (!isSame(part)) [of, rows] = [part, new Map()];
      const isNew = add(part);
      if (rows.size < part.blocks) return { type: "some", have: rows.size, of: part.blocks, isNew };
      const body = solved(part);
      of = null;
      rows = new Map();
      const isWhole = toHex(nameOf(body)) === toHex(part.name);
      return isWhole ? { type: "whole", package: { packing: part.packing, body } } : { type: "damaged" };
    },
  };
};
