/** Files of frames: what one phone could not send, another carries, unopened. A bundle is a canonical list of frames. */
import { type Bytes, isEqual, toHex } from "../codec/bytes.ts";
import { peekHeader } from "../codec/frame.ts";
import { decode, encode, isMalformed } from "../codec/msgpack.ts";
import type { StoredFrame } from "../storage/database.ts";
import type { Core } from "./core.ts";

export const carriedFrame = async (frame: Uint8Array): Promise<StoredFrame> => ({
  sha256: toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", frame as Bytes))),
  frame,
});

/** Everything that is not yet on the server: this phone's own, and what it carries for others. */
export const exportFrames = async ({ keeper, sealer }: Core): Promise<Bytes> => {
  await keeper.refresh();
  const { device, phone } = keeper.memory();
  const own = device === null || phone === null ? [] : await sealer.load(device, phone, Infinity);
  const carried = await (await keeper.database()).getAll("relayed");
  return encode([...own, ...carried].map(({ frame }) => frame));
};

/** The frames of a file that this phone can carry: of its organisation, and not its own. */
const carriable = (bytes: Uint8Array, org: string, self: Uint8Array): readonly Uint8Array[] => {
  try {
    const list = decode(bytes);
    if (!Array.isArray(list)) return [];
    return (list as readonly unknown[]).filter((frame): frame is Uint8Array => {
      if (!(frame instanceof Uint8Array)) return false;
      try {
        const header = peekHeader(frame);
        return header.org === org && !isEqual(header.device, self);
      } catch (error) {
        if (isMalformed(error)) return false;
        throw error;
      }
    });
  } catch (error) {
    if (isMalformed(error)) return [];
    throw error;
  }
};

/** Resolves to how many frames the file holds for this organisation, once they are kept. */
export const importFrames = async ({ keeper }: Core, bytes: Uint8Array): Promise<number> => {
  const { device } = keeper.memory();
  if (device === null) return 0;
  const frames = await Promise.all(carriable(bytes, device.org, device.device).map(carriedFrame));
  if (frames.length === 0) return 0;
  await keeper.commit(async (memory) => ({
    stores: ["relayed"],
    durability: "strict",
    put: (tx) => Promise.all(frames.map((frame) => tx.objectStore("relayed").put(frame))),
    after: () => ({
      ...memory,
      relayed: [...new Set([...memory.relayed, ...frames.map(({ sha256 }) => sha256)])],
    }),
    result: null,
  }));
  return frames.length;
};
