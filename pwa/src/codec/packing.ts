/** Packs what goes into QR codes, and unpacks it without letting a few codes become a gigabyte. */
import { type Bytes, concat } from "./bytes.ts";
import type { Package } from "./parts.ts";

/** What a phone holds in memory of a package: far more than real frames come to. */
export const UNPACKED_BYTES_MAX = 16 * 1024 * 1024;

const piped = async (data: Bytes, through: GenericTransformStream, most: number): Promise<Bytes | null> => {
  const reader = (new Blob([data]).stream().pipeThrough(through) as ReadableStream<Uint8Array>).getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concat(...chunks);
    size += value.length;
    if (size > most) {
      await reader.cancel();
      return null;
    }
    chunks.push(value);
  }
};

/** Packed where that is shorter and the browser can. */
export const pack = async (data: Bytes): Promise<Package> => {
  if (typeof CompressionStream === "function") {
    const body = await piped(data, new CompressionStream("deflate-raw"), data.length).catch(() => null);
    if (body !== null && body.length < data.length) return { packing: "deflate", body };
  }
  return { packing: "plain", body: data };
};

/** Null for what is not packed this way, is too long, or this browser cannot unpack. */
export const unpack = async ({ packing, body }: Package): Promise<Bytes | null> => {
  if (packing === "plain") return body;
  if (typeof DecompressionStream !== "function") return null;
  return piped(body, new DecompressionStream("deflate-raw"), UNPACKED_BYTES_MAX).catch(() => null);
};
