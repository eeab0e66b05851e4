/**
 * Recording: an op takes the next place in the chain and is on disk before anybody is told. The network plays no
 * part in it, and neither does another tab: whoever was overtaken takes the place after.
 */
import { type Bytes, fromHex, toHex, utf8 } from "../codec/bytes.ts";
import { isMalformed, type Value } from "../codec/msgpack.ts";
import { encodeOp, ID_BYTES, leafHash, OP_BYTES_MAX } from "../codec/op.ts";
import type { Draft, Kind, Name } from "../domain/kinds.ts";
import { writeBody } from "../domain/kinds.ts";
import type { Store, Writing } from "../storage/database.ts";
import { writeHead } from "../storage/second-head.ts";
import { type Keeper, putPhone } from "./keeper.ts";
import type { OpRef, RecordOptions } from "./ledger-types.ts";
import type { Device, Memory, Session } from "./memory.ts";
import type { Recorded } from "./outbox.ts";
import { appended, currentEpoch, nextOp, nextSeq, SESSION_BYTES, ticked } from "./phone.ts";
import type { Ports } from "./ports.ts";
import { isRecordFault, recordFault, storageFault } from "./record-fault.ts";
import { liveSession } from "./who.ts";

const SALT_BYTES = 16;

/** What is stored in the transaction of the op. */
export interface Beside {
  readonly stores: readonly Store[];
  readonly put: (tx: Writing, entry: Recorded) => Promise<unknown>;
  readonly after: (memory: Memory, entry: Recorded) => Memory;
}

/** Rejects with a `RecordFault`; then nothing was recorded. */
export type Record = <K extends Kind>(
  kind: K,
  fields: Draft<K>,
  options?: RecordOptions,
  beside?: Beside,
) => Promise<OpRef>;

/** Same as `nonceOf`, by a key that cannot be read. */
const nonceOf = async (device: Device, epoch: number, seq: number): Promise<Bytes> => {
  const dot = new DataView(new ArrayBuffer(16));
  dot.setBigUint64(0, BigInt(epoch));
  dot.setBigUint64(8, BigInt(seq));
  const mac = await crypto.subtle.sign("HMAC", device.secret, dot.buffer);
  return new Uint8Array(mac).slice(0, ID_BYTES);
};

const nameOf = (name: OpRef | Name): Name =>
  name instanceof Uint8Array || Array.isArray(name) ? (name as Name) : fromHex((name as OpRef).hash);

/** What becomes an op: its body as the bytes will hold it, also of a kind that this version does not know. */
export interface Written {
  readonly kind: string;
  readonly body: readonly Value[];
  readonly erasable?: RecordOptions["erasable"];
  readonly note?: Value;
}

/** Gives what was written the next place in the chain. Rejects with a `RecordFault`; then nothing was recorded. */
export type Append = (written: Written, beside?: Beside) => Promise<OpRef>;

export const openRecording = (ports: Ports, keeper: Keeper): Record => {
  const append = openAppending(ports, keeper);
  // A body that does not fit its kind is a bug of the screen, and is told as one.
  return async (kind, fields, options = {}, beside) => {
    const body = writeBody(kind, fields, options.names?.map(nameOf), options.occurred ?? null);
    return append({ ...options, kind, body }, beside);
  };
};

export const openAppending = (ports: Ports, keeper: Keeper): Append => {
  const one: Append = async ({ kind, body, erasable = [], note = null }, beside) => {
    const values = erasable.map((value): readonly [Bytes, Uint8Array] => [
      ports.randomBytes(SALT_BYTES),
      typeof value === "string" ? utf8(value) : value,
    ]);
    const ref = await keeper.commit(async (memory) => {
      if (memory.phone === null || memory.device === null) throw recordFault("not-enrolled");
      if (kind !== "session" && liveSession(memory, ports.wallMs()) === null) throw recordFault("signed-out");
      const now = { wallMs: ports.wallMs(), monoMs: ports.monoMs() };
      const phone = ticked(memory.phone, now);
      const nonce = await nonceOf(memory.device, currentEpoch(phone).number, nextSeq(phone));
      const op = nextOp(phone, { kind, body, values }, nonce, now);
      const data = encoded(op);
      const entry: Recorded = { op, data, hash: leafHash(data), values, note };
      const n = memory.count + 1;
      const { epoch, seq } = op;
      const device = toHex(memory.device.device);
      return {
        stores: ["ops", "epochs", ...(beside?.stores ?? [])],
        durability: "strict",
        put: async (tx) =>
          Promise.all([
            // Never `put`: an op that is there is never replaced.
            tx.objectStore("ops").add({ n, device, epoch, seq, data, values, note }),
            putPhone(tx, { ...phone, prev: entry.hash }, seq === 1 ? null : memory.phone),
            beside?.put(tx, entry),
          ]),
        after: () => {
          const after = { ...memory, phone: appended(phone, entry), count: n };
          return beside === undefined ? after : beside.after(after, entry);
        },
        result: { epoch, seq, hash: toHex(entry.hash), device },
      };
    });
    if (ref === null) throw recordFault("storage-failed");
    writeHead(ports.local, ref);
    return { epoch: ref.epoch, seq: ref.seq, hash: ref.hash };
  };

  return async (written, beside) => {
    try {
      return await one(written, beside);
    } catch (error) {
      if (isRecordFault(error) || (error instanceof Error && "type" in error)) throw error;
      throw storageFault(error);
    }
  };
};

const encoded = (op: Parameters<typeof encodeOp>[0]): Bytes => {
  try {
    return encodeOp(op);
  } catch (error) {
    // Anything else that no op can hold is a bug of the screen.
    throw isMalformed(error) && error.message.includes(`at most ${OP_BYTES_MAX}`)
      ? recordFault("op-too-large", error)
      : error;
  }
};

/** What makes the op of a session the one that later ops act in. */
export const sessionBeside = (person: string, expiresMs: number): Beside => {
  const session = (entry: Recorded): Session => ({
    id: entry.hash.slice(0, SESSION_BYTES),
    person,
    expiresMs,
  });
  return {
    stores: [],
    put: (tx, entry) => tx.objectStore("meta").put(session(entry), "session"),
    after: (memory, entry) => ({
      ...memory,
      session: session(entry),
      phone: memory.phone === null ? null : { ...memory.phone, session: session(entry).id },
    }),
  };
};
