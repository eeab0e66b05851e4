/**
 * Bundles: what one phone could not send, another carries, unopened, as a file or in QR codes; and what the server
 * signed, on the way back. A bundle is a canonical list of frames and acknowledgements: docs/protocol/relay.md §2.
 */
import { peekAcknowledgement } from "../codec/acknowledgement.ts";
import { type Bytes, isEqual, toHex } from "../codec/bytes.ts";
import { peekHeader } from "../codec/frame.ts";
import { decode, encode, isMalformed } from "../codec/msgpack.ts";
import { pack, unpack } from "../codec/packing.ts";
import { type Package, PACKAGE_BYTES_MAX } from "../codec/parts.ts";
import type { StoredFrame } from "../storage/database.ts";
import { type Heard, hearAcknowledgement } from "./acknowledged.ts";
import { recordsIn } from "./carried-for.ts";
import { withFrames } from "./carrying.ts";
import type { Core } from "./core.ts";
import { fitting } from "./frames.ts";
import { putPhone } from "./keeper.ts";
import type { ShownPackage, Taken } from "./ledger-types.ts";
import { serverMs } from "./phone-clock.ts";

export const carriedFrame = async (frame: Uint8Array): Promise<StoredFrame> => ({
  sha256: toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", frame as Bytes))),
  frame,
});

/** Everything that is not yet on the server: this phone's own, and what it carries for others. */
const allFrames = async (
  { keeper, sealer }: Core,
  frameBytesMax?: number,
): Promise<readonly { readonly frame: Uint8Array }[]> => {
  await keeper.refresh();
  const { device, phone } = keeper.memory();
  const own =
    device === null || phone === null ? [] : await sealer.load(device, phone, Infinity, frameBytesMax);
  const carried = await (await keeper.database()).getAll("relayed");
  return [...own, ...carried];
};

export const exportFrames = async (core: Core): Promise<Bytes> =>
  encode((await allFrames(core)).map(({ frame }) => frame));

/** What of it QR codes can hold, from the beginning; null: the first frame alone is too much for them. */
export const framesAsPackage = async (core: Core): Promise<ShownPackage | null> => {
  const all = await allFrames(core, PACKAGE_BYTES_MAX / 2);
  if (all.length === 0) return null;
  for (let bytesMax = 8 * PACKAGE_BYTES_MAX; ; bytesMax /= 2) {
    const frames = fitting(all, bytesMax).map(({ frame }) => frame);
    const made = await pack(encode(frames));
    const records = recordsOf(frames);
    if (made.body.length <= PACKAGE_BYTES_MAX)
      return { package: made, records, left: recordsOf(all.map(({ frame }) => frame)) - records };
    if (frames.length === 1) return null;
  }
};

const recordsOf = (frames: readonly Uint8Array[]): number =>
  withFrames(
    [],
    frames.map((frame, i) => ({ sha256: String(i), frame })),
    0,
  ).reduce((sum, { ops }) => sum + recordsIn(ops), 0);

/** Something signed, to be shown. */
export const signedAsPackage = async (signed: Bytes): Promise<ShownPackage> => ({
  package: await pack(encode([signed])),
  records: 0,
  left: 0,
});

/** What stands in a bundle; null: it is none. */
const contentsOf = (
  bytes: Uint8Array,
): {
  readonly frames: readonly Uint8Array[];
  readonly signed: readonly Bytes[];
  readonly junk: number;
} | null => {
  let list: unknown;
  try {
    list = decode(bytes);
  } catch (error) {
    if (isMalformed(error)) return null;
    throw error;
  }
  if (!Array.isArray(list) || !list.every((each) => each instanceof Uint8Array)) return null;
  const elements = list as readonly Bytes[];
  const frames = elements.filter(isFrame);
  const signed = elements.filter((each) => !isFrame(each) && peekAcknowledgement(each) !== null);
  return { frames, signed, junk: elements.length - frames.length - signed.length };
};

const isFrame = (bytes: Uint8Array): boolean => {
  try {
    peekHeader(bytes);
    return true;
  } catch (error) {
    if (isMalformed(error)) return false;
    throw error;
  }
};

/** Keeps what this phone can carry, and believes what is signed for it. Resolves once that is on disk. */
export const takeBundle = async (core: Core, bytes: Uint8Array): Promise<Taken> => {
  const { device } = core.keeper.memory();
  const contents = contentsOf(bytes);
  if (device === null || contents === null) return { ok: false, type: "unreadable" };
  const headed = contents.frames.map((frame) => ({ frame, header: peekHeader(frame) }));
  const ours = headed.filter(({ header }) => header.org === device.org);
  const others = ours.filter(({ header }) => !isEqual(header.device, device.device));
  const frames = await Promise.all(others.map(({ frame }) => carriedFrame(frame)));
  await keepFrames(core, frames);
  const heard: Heard[] = [];
  for (const signed of contents.signed) heard.push(await hearAcknowledgement(core, signed));
  const byDevice = withFrames([], frames, 0).map((each) => ({
    device: each.device,
    records: recordsIn(each.ops),
  }));
  return {
    ok: true,
    frames: frames.length,
    from: byDevice,
    own: ours.length - others.length,
    foreign: headed.length - ours.length,
    junk: contents.junk,
    heard,
  };
};

const keepFrames = async ({ keeper, ports }: Core, frames: readonly StoredFrame[]): Promise<void> => {
  if (frames.length === 0) return;
  await keeper.commit(async (memory) => {
    const takenMs = memory.phone === null ? ports.wallMs() : serverMs(memory.phone.clock, ports.wallMs());
    const fresh = frames.filter(({ sha256 }) => !memory.relayed.includes(sha256));
    const carried = withFrames(memory.carried, fresh, takenMs);
    return {
      stores: ["relayed"],
      durability: "strict",
      put: (tx) =>
        Promise.all([
          ...fresh.map((frame) => tx.objectStore("relayed").put(frame)),
          tx.objectStore("meta").put(carried, "carried"),
        ]),
      after: () => ({
        ...memory,
        carried,
        relayed: [...new Set([...memory.relayed, ...fresh.map(({ sha256 }) => sha256)])],
      }),
      result: null,
    };
  });
};

/** A package as read from QR codes. */
export const takePackage = async (core: Core, given: Package): Promise<Taken> => {
  const bytes = await unpack(given);
  return bytes === null ? { ok: false, type: "unreadable" } : takeBundle(core, bytes);
};

/** Lets go of what is carried for a device: its own phone still has it. */
export const dropCarried = async ({ keeper }: Core, device: string): Promise<void> => {
  await keeper.commit(async (memory) => {
    const gone = memory.carried.find((each) => each.device === device)?.frames ?? [];
    const carried = memory.carried.filter((each) => each.device !== device);
    return {
      stores: ["relayed"],
      durability: "strict",
      put: (tx) =>
        Promise.all([
          ...gone.map((name) => tx.objectStore("relayed").delete(name)),
          tx.objectStore("meta").put(carried, "carried"),
        ]),
      after: () => ({
        ...memory,
        carried,
        relayed: memory.relayed.filter((name) => !gone.includes(name)),
      }),
      result: null,
    };
  });
};

/** Offers everything once more, with all that travels beside it: what is there already is not counted twice. */
export const sendAgain = async ({ keeper }: Core): Promise<void> => {
  await keeper.commit(async (memory) => {
    if (memory.phone === null) return null;
    const phone = { ...memory.phone, epochs: memory.phone.epochs.map((epoch) => ({ ...epoch, ackedTo: 0 })) };
    return {
      stores: ["epochs"],
      durability: "relaxed",
      put: (tx) => putPhone(tx, phone, memory.phone),
      after: () => ({ ...memory, phone, acknowledged: null }),
      result: null,
    };
  });
};
