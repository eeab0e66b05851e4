/**
 * The op: one immutable fact or intent of one device, and the bytes that are hashed, sealed and logged.
 *
 * docs/protocol/operations.md §2. What its body means is in `domain/kinds.ts`; who sealed it in `seal.ts`.
 * Twin: `domain/ops.py`; corpus: `tests/vectors/ops/{ops,nonces}.json`.
 */
import { type Bytes, concat } from "./bytes.ts";
import { DEPTH_MAX, decode, encode, malformed, type Value } from "./msgpack.ts";
import { hmacSha256, sha256 } from "./sha256.ts";

export const VERSION = 1;
export const OP_BYTES_MAX = 8192;
export const NAMES_MAX = 64;
export const HASH_BYTES = 32;
export const ID_BYTES = 16;

/** Size and first 16 bytes of the root of a checkpoint: causal context. */
export type Seen = readonly [size: number, root: Uint8Array];

/** Field by field in the order of the wire. `body` is `[occurred, names, …]`. */
export interface Op {
  readonly v: number;
  readonly org: string;
  readonly device: Uint8Array;
  readonly epoch: number;
  readonly seq: number;
  readonly prev: Uint8Array;
  readonly nonce: Uint8Array;
  readonly seen: Seen;
  readonly at: number;
  readonly err: number;
  readonly run: number;
  readonly actor: Uint8Array;
  readonly kind: string;
  readonly body: readonly Value[];
  readonly erasable: readonly Uint8Array[];
  /** Elements of a later version: kept, hashed and relayed. */
  readonly more: readonly Value[];
}

const ORG = /^[a-z0-9-]{1,32}$/;
const KIND = /^[a-z_]{1,24}$/;
const FIELDS = 15;

/** The checkpoint of the empty log: what a genesis op has seen. */
export const nothingSeen = (): Seen => [0, sha256(new Uint8Array(0)).slice(0, ID_BYTES)];

const must = <T extends Value>(
  field: string,
  holds: (value: Value) => value is T,
): ((value: Value | undefined) => T) => {
  return (value) => {
    if (value === undefined || !holds(value)) throw malformed(`${field}: not of its shape`);
    return value;
  };
};

export const isNatural = (value: Value | undefined): value is number =>
  typeof value === "number" && value >= 0;
export const isArray = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);
export const isBytes = (value: Value | undefined, size: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === size;

const natural = (field: string) => must(field, isNatural);
const positive = (field: string) => must(field, (v): v is number => isNatural(v) && v >= 1);
const exactly = (field: string, size: number) => must(field, (v): v is Uint8Array => isBytes(v, size));

/** What each column of a frame and each field of an op must be. */
export const FIELD = {
  v: positive("v"),
  org: must("org", (v): v is string => typeof v === "string" && ORG.test(v)),
  device: exactly("device", ID_BYTES),
  epoch: natural("epoch"),
  seq: positive("seq"),
  prev: exactly("prev", HASH_BYTES),
  nonce: exactly("nonce", ID_BYTES),
  seen: must("seen", (v): v is readonly [number, Uint8Array] => {
    return isArray(v) && v.length === 2 && isNatural(v[0]) && isBytes(v[1], ID_BYTES);
  }),
  at: must("at", (v): v is number => typeof v === "number"),
  err: natural("err"),
  run: natural("run"),
  actor: must("actor", (v): v is Uint8Array => isBytes(v, 0) || isBytes(v, ID_BYTES)),
  kind: must("kind", (v): v is string => typeof v === "string" && KIND.test(v)),
  body: must("body", isArray),
  erasable: must(
    "erasable",
    (v): v is readonly Uint8Array[] => isArray(v) && v.every((d) => isBytes(d, HASH_BYTES)),
  ),
} as const;

const fieldsOf = (op: Op): readonly Value[] => [
  op.v,
  op.org,
  op.device,
  op.epoch,
  op.seq,
  op.prev,
  op.nonce,
  op.seen,
  op.at,
  op.err,
  op.run,
  op.actor,
  op.kind,
  op.body,
  op.erasable,
  ...op.more,
];

/** The bytes of an op whose fields have their shapes. Throws `Malformed` when it is too long or nests too deep. */
export const encodeOp = (op: Op): Bytes => {
  const data = encode(fieldsOf(op), DEPTH_MAX);
  if (data.length > OP_BYTES_MAX) throw malformed(`an op of ${data.length} bytes, at most ${OP_BYTES_MAX}`);
  return data;
};

/** The op that has these bytes: every field of its shape, every byte accounted for. Throws `Malformed`. */
export const decodeOp = (data: Uint8Array): Op => {
  if (data.length > OP_BYTES_MAX) throw malformed(`an op of ${data.length} bytes, at most ${OP_BYTES_MAX}`);
  const f = decode(data, DEPTH_MAX);
  if (!isArray(f)) throw malformed("an op is an array");
  return {
    v: FIELD.v(f[0]),
    org: FIELD.org(f[1]),
    device: FIELD.device(f[2]),
    epoch: FIELD.epoch(f[3]),
    seq: FIELD.seq(f[4]),
    prev: FIELD.prev(f[5]),
    nonce: FIELD.nonce(f[6]),
    seen: FIELD.seen(f[7]),
    at: FIELD.at(f[8]),
    err: FIELD.err(f[9]),
    run: FIELD.run(f[10]),
    actor: FIELD.actor(f[11]),
    kind: FIELD.kind(f[12]),
    body: FIELD.body(f[13]),
    erasable: FIELD.erasable(f[14]),
    more: f.slice(FIELDS),
  };
};

const LEAF = Uint8Array.of(0);

/** The RFC 6962 leaf hash of an op's bytes: its name wherever ops are named. */
export const leafHash = (data: Uint8Array): Bytes => sha256(concat(LEAF, data));

/** The id of the device whose first public key is this 65-byte uncompressed point. */
export const deviceId = (key: Uint8Array): Bytes => sha256(key).slice(0, ID_BYTES);

/** It keeps anyone from guessing an op's contents from its public leaf hash. */
export const nonceOf = (deviceSecret: Uint8Array, epoch: number, seq: number): Bytes => {
  const dot = new DataView(new ArrayBuffer(16));
  dot.setBigUint64(0, BigInt(epoch));
  dot.setBigUint64(8, BigInt(seq));
  return hmacSha256(deviceSecret, new Uint8Array(dot.buffer)).slice(0, ID_BYTES);
};

/** What an op holds in place of an erasable value. */
export const digestOf = (salt: Uint8Array, value: Uint8Array): Bytes => sha256(concat(salt, value));
