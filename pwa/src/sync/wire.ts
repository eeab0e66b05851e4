/**
 * The two messages of a sync round trip, as bytes: docs/protocol/sync.md §2. Twin: `sync_engine/wire.py`;
 * corpus: `tests/vectors/ops/sync.json`.
 */
import type { Bytes } from "../codec/bytes.ts";
import { DEPTH_MAX, decode, encode, malformed, type Value } from "../codec/msgpack.ts";
import type { Seen } from "../codec/op.ts";
import {
  anything,
  bool,
  bytes,
  entry,
  isMisfit,
  list,
  natural,
  nullable,
  optional,
  type Out,
  type Shape,
  struct,
  text,
  whole,
} from "../domain/shape.ts";

export const MEDIA_TYPE = "application/vnd.gobi.sync+msgpack";

/** The value of a row lies three arrays deep in a reply, and keeps the depth it may have by itself. */
const MESSAGE_DEPTH = DEPTH_MAX + 3;

/** What a phone asks and brings. */
export interface SyncRequest {
  readonly device: Uint8Array;
  /** The estimate of server time, in `run`; null if the phone cannot tell. */
  readonly nowMs: number | null;
  readonly run: number | null;
  /** Empty: push only. */
  readonly session: Uint8Array;
  readonly cursor: number;
  readonly page: Uint8Array | null;
  readonly buckets: readonly string[];
  readonly frames: readonly Uint8Array[];
  readonly relayed: readonly Uint8Array[];
  /** Ops that the phone still holds after this request's frames. */
  readonly pending: number;
  /** Snapshots that are about to take the place of a bucket. Null: buckets are to come as rows. */
  readonly snapshots: readonly SnapshotHeld[] | null;
  /** The signed checkpoint that the phone has applied, where the server seems to have less; else empty. */
  readonly known?: string;
}

export interface SnapshotHeld {
  readonly bucket: string;
  readonly manifest: Uint8Array;
  /** Every chunk is here; otherwise they are still being fetched. */
  readonly isComplete: boolean;
}

const word = text(0, 1_000_000);
const seenShape = entry(natural, bytes(16)) as Shape<Seen>;

const replyShape = struct({
  version: natural,
  nowMs: whole,
  logSize: natural,
  pull: word,
  cursor: whole,
  page: nullable(bytes()),
  dropped: list(word),
  rows: list(struct({ bucket: word, table: word, key: word, value: optional(anything, null) })),
  settled: list(entry(natural, natural, natural)),
  held: list(entry(natural, natural, bytes(32))),
  problems: list(struct({ frame: natural, relayed: bool, code: word, detail: optional(word, "") })),
  checkpoint: word,
  seen: nullable(seenShape),
  acked: list(entry(natural, natural)),
  snapshots: optional(
    list(
      struct({
        bucket: word,
        manifest: bytes(32),
        cursor: whole,
        bytes: natural,
        rows: natural,
        token: word,
      }),
    ),
    [],
  ),
  based: optional(list(struct({ bucket: word, manifest: bytes(32) })), []),
  /** What a confirmed backup holds of this device's ops, as `acked`. */
  covered: optional(list(entry(natural, natural)), []),
  /** The ends of later branches of forked epochs that the log holds. */
  branches: optional(list(entry(natural, natural, bytes(32))), []),
  /** The server was restored from a backup, and logs nothing yet. */
  recovering: optional(nullable(struct({ restoredMs: whole, signedSize: natural })), null),
});
/** What the server answers: how far the device's ops have come, and rows. */
export type SyncReply = Out<typeof replyShape>;
export type WireRow = SyncReply["rows"][number];
/** A bucket that is to be fetched as a snapshot: none of its rows is in the reply. */
export type SnapshotOffer = SyncReply["snapshots"][number];
export type Problem = SyncReply["problems"][number];

export const encodeRequest = (request: SyncRequest): Bytes => {
  const { device, nowMs, run, session, cursor, page, buckets, frames, relayed, pending } = request;
  const { snapshots, known = "" } = request;
  const fields = [1, device, nowMs, run, session, cursor, page, buckets, frames, relayed];
  const held = snapshots?.map((one) => [one.bucket, one.manifest, one.isComplete]) ?? null;
  if (known !== "") return encode([...fields, pending, held, known], MESSAGE_DEPTH);
  if (held !== null) return encode([...fields, pending, held], MESSAGE_DEPTH);
  return encode(pending > 0 ? [...fields, pending] : fields, MESSAGE_DEPTH);
};

/** Throws `Malformed` when the bytes are no reply of version 1. */
export const decodeReply = (data: Uint8Array): SyncReply => {
  const message: Value = decode(data, MESSAGE_DEPTH);
  try {
    const reply = replyShape.read(message);
    if (reply.version !== 1) throw malformed(`a reply of version ${reply.version}`);
    return reply;
  } catch (error) {
    if (isMisfit(error)) throw malformed(`not a sync reply: ${error.message}`);
    throw error;
  }
};

/** What `pull` says when rows came; and when a fresh DPoP nonce is all that is missing. */
export const PULL_OK = "ok";
export const PULL_NONCE = "use-dpop-nonce";
