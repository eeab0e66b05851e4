/**
 * Sealed frames of what is not on the server: the same bytes for HTTP, a file or QR codes. A stretch is sealed once;
 * its signature is kept, so that a retry sends the same bytes and costs no signature.
 */
import { type Bytes, toHex } from "../codec/bytes.ts";
import { encodeFrame, type ErasableValue, type Seal } from "../codec/frame.ts";
import { SEAL_OPS_MAX, sealMessage, sign } from "../codec/seal.ts";
import { type Database, write } from "../storage/database.ts";
import type { Device } from "./memory.ts";
import { type Recorded, unsent } from "./outbox.ts";
import type { Phone } from "./phone.ts";
import { stretches } from "./stretches.ts";

/** What one round trip carries at most of a long outbox, and of relayed frames; the rest follows in the next. */
export const REQUEST_FRAMES_BYTES = 2 * 1024 * 1024;

/** A request with more frames of a kind is refused as a whole. */
export const FRAMES_MAX = 4096;

/** A sealed stretch of the outbox. */
export interface Sealed {
  readonly frame: Bytes;
  readonly epoch: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export interface Sealer {
  /** Frames of everything unsent, up to so many bytes: one at least, if there is anything. */
  readonly load: (
    device: Device,
    phone: Phone,
    bytesMax: number,
    frameBytesMax?: number,
  ) => Promise<readonly Sealed[]>;
}

export const openSealer = async (database: () => Promise<Database>): Promise<Sealer> => {
  const known = new Map<string, Bytes>();
  for (const { stretch, signature } of await (await database()).getAll("seals"))
    known.set(stretch, signature as Bytes);

  const keep = async (stretch: string, signature: Bytes): Promise<void> => {
    known.set(stretch, signature);
    try {
      await write(await database(), ["seals"], "relaxed", (tx) =>
        tx.objectStore("seals").put({ stretch, signature }),
      );
    } catch {
      // Full: the next start seals anew, which the server counts once all the same.
    }
  };

  const seal = async (device: Device, entries: readonly Recorded[]): Promise<Seal> => {
    const [first, last] = [entries[0], entries.at(-1)];
    if (first === undefined || last === undefined) throw new Error("a seal covers one op at least");
    // The last hash covers the whole chain before it: with the first seq it names the stretch.
    const stretch = `${first.op.seq}/${toHex(last.hash)}`;
    let signature = known.get(stretch);
    if (signature === undefined) {
      const hashes = entries.map(({ hash }) => hash);
      signature = await sign(
        device.key,
        sealMessage(device.org, device.device, first.op.epoch, first.op.seq, hashes),
      );
      await keep(stretch, signature);
    }
    return [entries.length, signature];
  };

  const frameOf = async (device: Device, entries: readonly Recorded[]): Promise<Bytes> => {
    const seals: Seal[] = [];
    for (let first = 0; first < entries.length; first += SEAL_OPS_MAX)
      seals.push(await seal(device, entries.slice(first, first + SEAL_OPS_MAX)));
    const values = entries.flatMap((entry, op) =>
      entry.values.map(([salt, value], number): ErasableValue => [op, number, salt, value]),
    );
    return encodeFrame(
      entries.map(({ op }) => op),
      seals,
      values,
    );
  };

  return {
    load: async (device, phone, bytesMax, frameBytesMax) => {
      const frames: Sealed[] = [];
      let size = 0;
      for (const epoch of phone.epochs) {
        for (const stretch of stretches(unsent(epoch), frameBytesMax)) {
          const [first, last] = [stretch[0], stretch.at(-1)];
          if (first === undefined || last === undefined) continue;
          if (size > 0 && size >= bytesMax) return frames;
          const frame = await frameOf(device, stretch);
          frames.push({ frame, epoch: epoch.number, firstSeq: first.op.seq, lastSeq: last.op.seq });
          size += frame.length;
        }
      }
      return frames;
    },
  };
};

/** What a round trip carries for others, from the first: one at least, if there is anything. */
export const fitting = <T extends { readonly frame: Uint8Array }>(
  frames: readonly T[],
  bytesMax: number,
): readonly T[] => {
  let size = 0;
  const end = frames.findIndex(({ frame }, number) => {
    const isOver = (size > 0 && size >= bytesMax) || number === FRAMES_MAX;
    size += frame.length;
    return isOver;
  });
  return end < 0 ? frames : frames.slice(0, end);
};
