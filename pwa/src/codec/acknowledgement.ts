/**
 * Acknowledgements: what the server signed about how far a device's ops are durable; docs/protocol/relay.md §5.
 *
 * Twin: `sync_engine/acknowledgement.py`; corpus: `tests/vectors/ops/acknowledgements.json`.
 */
import { bytes, isMisfit, list, natural, optional, type Out, struct, text } from "../domain/shape.ts";
import { type Bytes, concat, isEqual, utf8 } from "./bytes.ts";
import { decode, encode, isMalformed } from "./msgpack.ts";
import { importPublicKey, SIGNATURE_BYTES, verify } from "./seal.ts";

export const ACKNOWLEDGEMENT_BYTES_MAX = 64 * 1024;
/** Ops that a device may ask about by name. */
export const NAMED_MAX = 64;

const LABEL = utf8("gobi/ack/1\0");

const shape = struct({
  version: natural,
  org: text(1, 32),
  device: bytes(16),
  atMs: natural,
  logSize: natural,
  root: bytes(32),
  /** Log size that a confirmed backup covers; 0: none. */
  covered: natural,
  ends: list(struct({ epoch: natural, seq: natural, hash: bytes(32), leaf: natural })),
  missingValues: natural,
  missingEvidence: natural,
  /** Name of the device that asked for it, where that is another. */
  bearer: optional(text(0, 64), ""),
});
const signedShape = struct({ statement: bytes(), signature: bytes(SIGNATURE_BYTES) });

/** How far a device's ops are durable, as of one checkpoint. */
export type Acknowledgement = Out<typeof shape>;

/** The last op of an epoch of the device's own chain. */
export interface ChainHead {
  readonly epoch: number;
  readonly seq: number;
  readonly hash: Uint8Array;
}

export type Opened =
  | { readonly ok: true; readonly value: Acknowledgement }
  | { readonly ok: false; readonly code: "malformed-acknowledgement" | "false-acknowledgement" };

const MALFORMED: Opened = { ok: false, code: "malformed-acknowledgement" };
const FALSE: Opened = { ok: false, code: "false-acknowledgement" };

const parts = (data: Uint8Array): Out<typeof signedShape> | null => {
  if (data.length > ACKNOWLEDGEMENT_BYTES_MAX) return null;
  try {
    const message = decode(data);
    return Array.isArray(message) && message.length === 2 ? signedShape.read(message) : null;
  } catch (error) {
    if (isMalformed(error) || isMisfit(error)) return null;
    throw error;
  }
};

const read = (statement: Uint8Array): Acknowledgement | null => {
  try {
    const found = shape.read(decode(statement));
    const isSound = found.version === 1 && found.ends.every(({ seq }) => seq > 0);
    return isSound ? found : null;
  } catch (error) {
    if (isMalformed(error) || isMisfit(error)) return null;
    throw error;
  }
};

/** What it says, unverified: which device it is about, for who carries it there. */
export const peekAcknowledgement = (data: Uint8Array): Acknowledgement | null => {
  const signed = parts(data);
  return signed === null ? null : read(signed.statement);
};

/** What the server of an organisation signed, by its 65-byte key. */
export const openAcknowledgement = async (data: Uint8Array, key: Bytes, org: string): Promise<Opened> => {
  const signed = parts(data);
  const value = signed === null ? null : read(signed.statement);
  if (signed === null || value === null) return MALFORMED;
  const server = await importPublicKey(key).catch(() => null);
  const message = concat(LABEL, signed.statement);
  if (server === null || !(await verify(server, message, signed.signature as Bytes))) return FALSE;
  return value.org === org ? { ok: true, value } : FALSE;
};

/**
 * The heads of a chain that it does not name. One that it names is in the log with all that its chain holds before
 * it. A longer branch of the same epoch says nothing of it: that may be a copy's.
 */
export const unacknowledged = (
  acknowledgement: Acknowledgement | null,
  heads: readonly ChainHead[],
): readonly ChainHead[] =>
  heads.filter(
    ({ epoch, seq, hash }) =>
      acknowledgement?.ends.some(
        (end) => end.epoch === epoch && end.seq === seq && isEqual(end.hash, hash),
      ) !== true,
  );

/** Whether a confirmed backup covers every op that it names. */
export const isCovered = ({ ends, covered }: Acknowledgement): boolean =>
  ends.every(({ leaf }) => leaf < covered);

export const encodeSigned = (statement: Uint8Array, signature: Uint8Array): Bytes =>
  encode([statement, signature]);
