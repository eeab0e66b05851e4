/**
 * Frames: consecutive ops of one device with their seals, as they travel; docs/protocol/operations.md §3.
 *
 * A frame leaves out what is derivable; decoding rebuilds the exact bytes of every op, and the seals prove
 * them. Twin: `sync_engine/{frame,columns}.py`; corpus: `tests/vectors/ops/{frames,columns}.json`.
 */
import { type Bytes, isEqual } from "./bytes.ts";
import { DEPTH_MAX, decode, encode, INT_MAX, type Malformed, malformed, type Value } from "./msgpack.ts";
import { digestOf, encodeOp, FIELD, isArray, isBytes, isNatural, leafHash, nonceOf, type Op } from "./op.ts";
import { SEAL_OPS_MAX, SIGNATURE_BYTES, sealMessage, verify } from "./seal.ts";

export const FRAME_BYTES_MAX = 262_144;
/** Sixteen full seals: a frame of a few bytes must not unfold into a million ops. */
export const FRAME_OPS_MAX = 1024;
const SALT_BYTES = 16;
/** The elements of an op lie up to three arrays deeper in a frame. */
export const FRAME_DEPTH = DEPTH_MAX + 3;
const COLUMNS = 9;
const HEADER = 6;

/** The signature over the next `ops` ops of its frame. */
export type Seal = readonly [ops: number, signature: Uint8Array];

/** A value beside an op, by its number in the frame: it can be deleted without breaking a hash. */
export type ErasableValue = readonly [op: number, number: number, salt: Uint8Array, value: Uint8Array];

/** What a relay that cannot open a frame may read of it. */
export interface FrameHeader {
  readonly org: string;
  readonly device: Uint8Array;
  readonly epoch: number;
  readonly firstSeq: number;
  readonly firstPrev: Uint8Array;
}

export interface Frame extends FrameHeader {
  readonly ops: readonly Op[];
  readonly data: readonly Bytes[];
  readonly hashes: readonly Bytes[];
  readonly seals: readonly Seal[];
  readonly values: readonly ErasableValue[];
}

type Runs<T extends Value> = readonly (readonly [count: number, value: T])[];

const isSame = (a: Value, b: Value): boolean => {
  if (a instanceof Uint8Array) return b instanceof Uint8Array && isEqual(a, b);
  if (isArray(a))
    return isArray(b) && a.length === b.length && a.every((element, i) => isSame(element, b[i] ?? null));
  return a === b;
};

/** (count, value) for each stretch of equal values, as long as it can be. */
export const runLengths = <T extends Value>(values: readonly T[]): Runs<T> => {
  const runs: [number, T][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last !== undefined && isSame(last[1], value)) last[0] += 1;
    else runs.push([1, value]);
  }
  return runs;
};

/** The first value, then each value less the one before it. */
export const differences = (values: readonly number[]): readonly number[] =>
  values.map((value, i) => value - (i === 0 ? 0 : (values[i - 1] ?? 0)));

const sums = (steps: readonly number[]): number[] => {
  let sum = 0;
  return steps.map((step) => (sum += step));
};

/** The frame of consecutive ops of one device and epoch, with seals that cover them in order. */
export const encodeFrame = (
  ops: readonly Op[],
  seals: readonly Seal[],
  values: readonly ErasableValue[] = [],
): Bytes => {
  const [first] = ops;
  if (first === undefined) throw new Error("a frame holds one op at least");
  const further = first.more.map((_, i) => runLengths(ops.map((op) => op.more[i] ?? null)));
  const columns: Value = [
    runLengths(ops.map((op) => op.v)),
    runLengths(ops.map((op) => op.seen)),
    differences(ops.map((op) => op.at)),
    runLengths(ops.map((op) => op.err)),
    runLengths(ops.map((op) => op.run)),
    runLengths(ops.map((op) => op.actor)),
    runLengths(ops.map((op) => op.kind)),
    ops.map((op) => op.body),
    runLengths(ops.map((op) => op.erasable)),
    ...further,
  ];
  const wire: Value = [1, first.org, first.device, first.epoch, first.seq, first.prev, columns, seals];
  const data = encode(values.length > 0 ? [...wire, values] : wire, FRAME_DEPTH);
  if (data.length > FRAME_BYTES_MAX) throw tooLarge(data.length);
  return data;
};

const tooLarge = (size: number): Malformed =>
  malformed(`a frame of ${size} bytes, at most ${FRAME_BYTES_MAX}`);

const parse = (data: Uint8Array): readonly Value[] => {
  if (data.length > FRAME_BYTES_MAX) throw tooLarge(data.length);
  const wire = decode(data, FRAME_DEPTH);
  if (!isArray(wire) || wire[0] !== 1) throw malformed("not a frame of version 1");
  return wire;
};

const headerOf = (wire: readonly Value[]): FrameHeader => ({
  org: FIELD.org(wire[1]),
  device: FIELD.device(wire[2]),
  epoch: FIELD.epoch(wire[3]),
  firstSeq: FIELD.seq(wire[4]),
  firstPrev: FIELD.prev(wire[5]),
});

/** Whose frame this is and where it begins, without opening it: all that a relay can and may do. Throws `Malformed`. */
export const peekHeader = (data: Uint8Array): FrameHeader => headerOf(parse(data));

/** How many ops the seals of a frame cover, as it says itself. Throws `Malformed`. */
export const peekLength = (data: Uint8Array): number =>
  arrayIn(parse(data)[HEADER + 1], "seals").reduce<number>((sum, seal) => {
    const [ops] = arrayIn(seal, "seal");
    if (!isNatural(ops)) throw malformed("seal");
    return sum + ops;
  }, 0);

const arrayIn = (value: Value | undefined, what: string): readonly Value[] => {
  if (!isArray(value)) throw malformed(`${what}: not an array`);
  return value;
};

/** Lays out a run-length column of exactly `count` values, each checked once. */
const expand = <T>(column: Value | undefined, count: number, check: (value: Value | undefined) => T): T[] => {
  const values: T[] = [];
  for (const run of arrayIn(column, "column")) {
    if (!isArray(run) || run.length !== 2) throw malformed("column: not [count, value]");
    const [length, value] = run;
    if (!isNatural(length) || length < 1 || values.length + length > count)
      throw malformed("column: runs beyond the ops");
    const checked = check(value);
    for (let i = 0; i < length; i += 1) values.push(checked);
  }
  if (values.length !== count) throw malformed("a column does not cover the ops");
  return values;
};

const sealsOf = (value: Value | undefined, count: number): Seal[] => {
  let covered = 0;
  const seals = arrayIn(value, "seals").map((seal): Seal => {
    const [ops, signature] = arrayIn(seal, "seal");
    if (!isArray(seal) || seal.length !== 2 || !isNatural(ops) || ops < 1 || ops > SEAL_OPS_MAX)
      throw malformed("seal");
    if (!isBytes(signature, SIGNATURE_BYTES)) throw malformed("seal: not 64 bytes");
    covered += ops;
    return [ops, signature];
  });
  if (covered !== count) throw malformed("seals do not cover the ops");
  return seals;
};

const valuesOf = (value: Value | undefined): ErasableValue[] =>
  arrayIn(value ?? [], "values").map((entry): ErasableValue => {
    const [op, number, salt, bytes] = arrayIn(entry, "value");
    const fits =
      isArray(entry) && entry.length === 4 && isNatural(op) && isNatural(number) && isBytes(salt, SALT_BYTES);
    if (!fits || !(bytes instanceof Uint8Array)) throw malformed("value");
    return [op, number, salt, bytes];
  });

const isHeld = ([op, number, salt, value]: ErasableValue, ops: readonly Op[]): boolean => {
  const digest = ops[op]?.erasable[number];
  return digest !== undefined && isEqual(digest, digestOf(salt, value));
};

/** The frame with its ops rebuilt byte for byte; the seals are judged by `sealedOps`. Throws `Malformed`. */
export const decodeFrame = (data: Uint8Array, deviceSecret: Uint8Array): Frame => {
  const wire = parse(data);
  const header = headerOf(wire);
  const columns = arrayIn(wire[HEADER], "columns");
  const bodies = arrayIn(columns[7], "body").map((body) => FIELD.body(body));
  const count = bodies.length;
  if (count < 1 || count > FRAME_OPS_MAX) throw malformed(`${count} ops, not 1 to ${FRAME_OPS_MAX}`);
  if (header.firstSeq + count - 1 > INT_MAX) throw malformed("seqs beyond 2^53-1");
  const at = sums(arrayIn(columns[2], "at").map(FIELD.at));
  if (at.length !== count || !at.every(Number.isSafeInteger)) throw malformed("at: not one instant per op");
  const v = expand(columns[0], count, FIELD.v);
  const seen = expand(columns[1], count, FIELD.seen);
  const err = expand(columns[3], count, FIELD.err);
  const run = expand(columns[4], count, FIELD.run);
  const actor = expand(columns[5], count, FIELD.actor);
  const kind = expand(columns[6], count, FIELD.kind);
  const erasable = expand(columns[8], count, FIELD.erasable);
  const further = columns.slice(COLUMNS).map((column) => expand(column, count, (value) => value ?? null));
  const seals = sealsOf(wire[HEADER + 1], count);
  const values = valuesOf(wire[HEADER + 2]);

  const { org, device, epoch, firstSeq } = header;
  let prev = header.firstPrev;
  const [ops, rebuilt, hashes]: [Op[], Bytes[], Bytes[]] = [[], [], []];
  bodies.forEach((body, i) => {
    const seq = firstSeq + i;
    const op = {
      v: v[i],
      org,
      device,
      epoch,
      seq,
      prev,
      nonce: nonceOf(deviceSecret, epoch, seq),
      seen: seen[i],
      at: at[i],
      err: err[i],
      run: run[i],
      actor: actor[i],
      kind: kind[i],
      body,
      erasable: erasable[i],
      more: further.map((column) => column[i] ?? null),
    } as Op;
    const bytes = encodeOp(op);
    const hash = leafHash(bytes);
    prev = hash;
    ops.push(op);
    rebuilt.push(bytes);
    hashes.push(hash);
  });
  return {
    ...header,
    ops,
    data: rebuilt,
    hashes,
    seals,
    values: values.filter((value) => isHeld(value, ops)),
  };
};

/** How many ops, from the first, stand: up to the first stretch whose seal this key did not make. */
export const sealedOps = async (frame: Frame, key: CryptoKey): Promise<number> => {
  let standing = 0;
  for (const [ops, signature] of frame.seals) {
    const hashes = frame.hashes.slice(standing, standing + ops);
    const message = sealMessage(frame.org, frame.device, frame.epoch, frame.firstSeq + standing, hashes);
    if (!(await verify(key, message, signature as Bytes))) return standing;
    standing += ops;
  }
  return standing;
};
