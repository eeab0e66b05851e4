/**
 * Makes QR codes (ISO/IEC 18004, model 2), as small as the content allows: numeric, alphanumeric or bytes, versions
 * 1–40. 2 KB instead of the 300 KB of a general writer, and usable before anything else is downloaded.
 */

export type QrLevel = "L" | "M" | "Q" | "H";

export type QrCode = {
  readonly size: number;
  readonly isDark: (x: number, y: number) => boolean;
};

/** Per version: correction codewords per block, then number of blocks; levels L, M, Q, H (ISO/IEC 18004, table 9). */
const EC_PER_BLOCK: Readonly<Record<QrLevel, readonly number[]>> = {
  L: [
    7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30,
    30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
  ],
  M: [
    10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  ],
  Q: [
    13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30, 28,
    30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
  ],
  H: [
    17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30, 30,
    30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
  ],
};

const BLOCKS: Readonly<Record<QrLevel, readonly number[]>> = {
  L: [
    1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17,
    18, 19, 19, 20, 21, 22, 24, 25,
  ],
  M: [
    1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29,
    31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
  ],
  Q: [
    1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35, 38,
    40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68,
  ],
  H: [
    1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42, 45,
    48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81,
  ],
};

const LEVEL_BITS: Readonly<Record<QrLevel, number>> = { L: 1, M: 0, Q: 3, H: 2 };

const VERSIONS = 40;
const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

// ---- content to bits ------------------------------------------------------------------------------

type Bits = number[];

const put = (bits: Bits, value: number, length: number): void => {
  for (let bit = length - 1; bit >= 0; bit -= 1) bits.push((value >>> bit) & 1);
};

type Segment = {
  readonly mode: number;
  readonly count: number;
  /** Width of the count, for versions 1–9, 10–26, 27–40. */
  readonly widths: readonly [number, number, number];
  readonly bits: Bits;
};

const numeric = (text: string): Segment => {
  const bits: Bits = [];
  for (let at = 0; at < text.length; at += 3) {
    const group = text.slice(at, at + 3);
    put(bits, Number(group), group.length * 3 + 1);
  }
  return { mode: 1, count: text.length, widths: [10, 12, 14], bits };
};

const alphanumeric = (text: string): Segment => {
  const bits: Bits = [];
  for (let at = 0; at < text.length; at += 2) {
    const first = ALPHANUMERIC.indexOf(text.charAt(at));
    if (at + 1 < text.length) put(bits, first * 45 + ALPHANUMERIC.indexOf(text.charAt(at + 1)), 11);
    else put(bits, first, 6);
  }
  return { mode: 2, count: text.length, widths: [9, 11, 13], bits };
};

const binary = (bytes: Uint8Array): Segment => {
  const bits: Bits = [];
  for (const byte of bytes) put(bits, byte, 8);
  return { mode: 4, count: bytes.length, widths: [8, 16, 16], bits };
};

const segmentOf = (content: string | Uint8Array): Segment => {
  if (typeof content !== "string") return binary(content);
  if (/^\d+$/.test(content)) return numeric(content);
  if (/^[0-9A-Z $%*+\-./:]+$/.test(content)) return alphanumeric(content);
  return binary(new TextEncoder().encode(content));
};

const widthOf = ({ widths }: Segment, version: number): number =>
  version < 10 ? widths[0] : version < 27 ? widths[1] : widths[2];

/** Modules of a version that carry content and correction, whole bytes. */
const rawCodewords = (version: number): number => {
  let modules = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const align = Math.floor(version / 7) + 2;
    modules -= (25 * align - 10) * align - 55;
    if (version >= 7) modules -= 36;
  }
  return Math.floor(modules / 8);
};

const at = (table: readonly number[], version: number): number => table[version - 1] ?? 0;

const dataCodewords = (version: number, level: QrLevel): number =>
  rawCodewords(version) - at(EC_PER_BLOCK[level], version) * at(BLOCKS[level], version);

const fits = (segment: Segment, version: number, level: QrLevel): boolean =>
  segment.count < 2 ** widthOf(segment, version) &&
  4 + widthOf(segment, version) + segment.bits.length <= dataCodewords(version, level) * 8;

const codewordsOf = (segment: Segment, version: number, level: QrLevel): Uint8Array => {
  const capacity = dataCodewords(version, level) * 8;
  const bits: Bits = [];
  put(bits, segment.mode, 4);
  put(bits, segment.count, widthOf(segment, version));
  bits.push(...segment.bits);
  put(bits, 0, Math.min(4, capacity - bits.length));
  put(bits, 0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < capacity; pad ^= 0xec ^ 0x11) put(bits, pad, 8);
  return Uint8Array.from({ length: bits.length / 8 }, (_, index) =>
    bits.slice(index * 8, index * 8 + 8).reduce((byte, bit) => (byte << 1) | bit, 0),
  );
};

// ---- Reed–Solomon over GF(256), polynomial 0x11d ----------------------------------------------------

const times = (a: number, b: number): number => {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    product ^= ((b >>> bit) & 1) * a;
  }
  return product;
};

const generator = (degree: number): Uint8Array => {
  const polynomial = new Uint8Array(degree);
  polynomial[degree - 1] = 1;
  let root = 1;
  for (let round = 0; round < degree; round += 1) {
    for (let index = 0; index < degree; index += 1) {
      polynomial[index] = times(polynomial[index] ?? 0, root) ^ (polynomial[index + 1] ?? 0);
    }
    root = times(root, 2);
  }
  return polynomial;
};

const remainder = (data: Uint8Array, divisor: Uint8Array): Uint8Array => {
  const result = new Uint8Array(divisor.length);
  for (const byte of data) {
    const factor = byte ^ (result[0] ?? 0);
    result.copyWithin(0, 1);
    result[result.length - 1] = 0;
    for (const [index, coefficient] of divisor.entries()) {
      result[index] = (result[index] ?? 0) ^ times(coefficient, factor);
    }
  }
  return result;
};

/** Blocks side by side: a scratch then hurts each a little and none fatally. */
const interleaved = (data: Uint8Array, version: number, level: QrLevel): Uint8Array => {
  const count = at(BLOCKS[level], version);
  const correction = at(EC_PER_BLOCK[level], version);
  const short = Math.floor(rawCodewords(version) / count) - correction;
  const longs = rawCodewords(version) % count;
  const divisor = generator(correction);
  const blocks: { readonly data: Uint8Array; readonly correction: Uint8Array }[] = [];
  for (let block = 0, from = 0; block < count; block += 1) {
    const length = short + (block < count - longs ? 0 : 1);
    const part = data.subarray(from, from + length);
    blocks.push({ data: part, correction: remainder(part, divisor) });
    from += length;
  }
  const result: number[] = [];
  for (let index = 0; index <= short; index += 1) {
    for (const block of blocks) if (index < block.data.length) result.push(block.data[index] ?? 0);
  }
  for (let index = 0; index < correction; index += 1) {
    for (const block of blocks) result.push(block.correction[index] ?? 0);
  }
  return Uint8Array.from(result);
};

// ---- the picture ------------------------------------------------------------------------------------

/** A square of modules; `fixed` ones carry no content and no mask touches them. */
type Grid = { readonly size: number; readonly dark: Uint8Array; readonly fixed: Uint8Array };

const fix = ({ size, dark, fixed }: Grid, x: number, y: number, isDark: boolean): void => {
  dark[y * size + x] = isDark ? 1 : 0;
  fixed[y * size + x] = 1;
};

const drawFinder = (grid: Grid, centreX: number, centreY: number): void => {
  for (let dy = -4; dy <= 4; dy += 1) {
    for (let dx = -4; dx <= 4; dx += 1) {
      const x = centreX + dx;
      const y = centreY + dy;
      const ring = Math.max(Math.abs(dx), Math.abs(dy));
      if (x >= 0 && x < grid.size && y >= 0 && y < grid.size) fix(grid, x, y, ring !== 2 && ring !== 4);
    }
  }
};

const alignments = (version: number): readonly number[] => {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = version === 32 ? 26 : Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  const last = version * 4 + 10;
  return [6, ...Array.from({ length: count - 1 }, (_, index) => last - step * (count - 2 - index))];
};

const drawAlignments = (grid: Grid, version: number): void => {
  const centres = alignments(version);
  const end = centres.length - 1;
  for (const [row, y] of centres.entries()) {
    for (const [column, x] of centres.entries()) {
      if ((row === 0 && (column === 0 || column === end)) || (row === end && column === 0)) continue;
      for (let dy = -2; dy <= 2; dy += 1) {
        for (let dx = -2; dx <= 2; dx += 1) {
          fix(grid, x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
        }
      }
    }
  }
};

const checked = (value: number, bits: number, polynomial: number, width: number): number => {
  let rest = value;
  for (let round = 0; round < bits; round += 1) rest = (rest << 1) ^ ((rest >>> (bits - 1)) * polynomial);
  return (value << width) | rest;
};

const drawVersion = (grid: Grid, version: number): void => {
  if (version < 7) return;
  const bits = checked(version, 12, 0x1f25, 12);
  for (let index = 0; index < 18; index += 1) {
    const isDark = ((bits >>> index) & 1) === 1;
    const a = grid.size - 11 + (index % 3);
    const b = Math.floor(index / 3);
    fix(grid, a, b, isDark);
    fix(grid, b, a, isDark);
  }
};

const drawFormat = (grid: Grid, level: QrLevel, mask: number): void => {
  const bits = checked((LEVEL_BITS[level] << 3) | mask, 10, 0x537, 10) ^ 0x5412;
  const bit = (index: number): boolean => ((bits >>> index) & 1) === 1;
  for (let index = 0; index <= 5; index += 1) fix(grid, 8, index, bit(index));
  fix(grid, 8, 7, bit(6));
  fix(grid, 8, 8, bit(7));
  fix(grid, 7, 8, bit(8));
  for (let index = 9; index < 15; index += 1) fix(grid, 14 - index, 8, bit(index));
  for (let index = 0; index < 8; index += 1) fix(grid, grid.size - 1 - index, 8, bit(index));
  for (let index = 8; index < 15; index += 1) fix(grid, 8, grid.size - 15 + index, bit(index));
  fix(grid, 8, grid.size - 8, true);
};

const drawFixed = (grid: Grid, version: number, level: QrLevel): void => {
  for (let index = 0; index < grid.size; index += 1) {
    fix(grid, 6, index, index % 2 === 0);
    fix(grid, index, 6, index % 2 === 0);
  }
  drawFinder(grid, 3, 3);
  drawFinder(grid, grid.size - 4, 3);
  drawFinder(grid, 3, grid.size - 4);
  drawAlignments(grid, version);
  drawVersion(grid, version);
  drawFormat(grid, level, 0);
};

/** Content snakes upwards and downwards in columns of two, from the right; column 6 is the timing's. */
const drawContent = ({ size, dark, fixed }: Grid, codewords: Uint8Array): void => {
  let index = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    const upward = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; step += 1) {
      const y = upward ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (fixed[y * size + x] === 1 || index >= codewords.length * 8) continue;
        dark[y * size + x] = ((codewords[index >>> 3] ?? 0) >>> (7 - (index & 7))) & 1;
        index += 1;
      }
    }
  }
};

const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

const masked = (grid: Grid, level: QrLevel, mask: number): Grid => {
  const copy: Grid = { size: grid.size, dark: grid.dark.slice(), fixed: grid.fixed };
  const flips = MASKS[mask];
  for (let y = 0; y < grid.size; y += 1) {
    for (let x = 0; x < grid.size; x += 1) {
      const index = y * grid.size + x;
      if (grid.fixed[index] !== 1 && flips?.(x, y) === true) copy.dark[index] = (copy.dark[index] ?? 0) ^ 1;
    }
  }
  drawFormat(copy, level, mask);
  return copy;
};

/** Long runs, blocks and false finders make a code hard to find (ISO/IEC 18004, 7.8.3); the mask with least of them wins. */
const penalty = ({ size, dark }: Grid): number => {
  const module = (x: number, y: number): number => dark[y * size + x] ?? 0;
  const lines = (read: (line: number, index: number) => number): number => {
    let sum = 0;
    for (let line = 0; line < size; line += 1) {
      let run = 0;
      let text = "";
      for (let index = 0; index < size; index += 1) {
        const value = read(line, index);
        text += value;
        run = index > 0 && value === read(line, index - 1) ? run + 1 : 1;
        sum += run === 5 ? 3 : run > 5 ? 1 : 0;
      }
      sum += 40 * [...text.matchAll(/(?=10111010000|00001011101)/g)].length;
    }
    return sum;
  };
  let sum = lines((line, index) => module(index, line)) + lines((line, index) => module(line, index));
  for (let y = 0; y + 1 < size; y += 1) {
    for (let x = 0; x + 1 < size; x += 1) {
      const square = module(x, y) + module(x + 1, y) + module(x, y + 1) + module(x + 1, y + 1);
      if (square % 4 === 0) sum += 3;
    }
  }
  const share = dark.reduce((all, value) => all + value, 0) / (size * size);
  return sum + 10 * Math.floor(Math.abs(share * 20 - 10));
};

/** The smallest code that holds `content`; none when even version 40 is too small (2,953 bytes at level L). */
export const makeQr = (content: string | Uint8Array, level: QrLevel = "M"): QrCode | undefined => {
  const segment = segmentOf(content);
  let version = 1;
  while (version <= VERSIONS && !fits(segment, version, level)) version += 1;
  if (version > VERSIONS) return undefined;
  const size = version * 4 + 17;
  const grid: Grid = { size, dark: new Uint8Array(size * size), fixed: new Uint8Array(size * size) };
  drawFixed(grid, version, level);
  drawContent(grid, interleaved(codewordsOf(segment, version, level), version, level));
  const best = MASKS.map((_, mask) => masked(grid, level, mask))
    .map((candidate) => ({ candidate, cost: penalty(candidate) }))
    .reduce((least, each) => (each.cost < least.cost ? each : least)).candidate;
  return { size, isDark: (x, y) => best.dark[y * size + x] === 1 };
};

/** The dark modules as one SVG path, rows as runs, in module units. */
export const qrPath = ({ size, isDark }: QrCode): string => {
  let path = "";
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      if (!isDark(x, y) || (x > 0 && isDark(x - 1, y))) continue;
      let end = x;
      while (end < size && isDark(end, y)) end += 1;
      path += `M${x} ${y}h${end - x}v1h${x - end}z`;
    }
  }
  return path;
};
