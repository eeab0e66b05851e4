/** Reads codes from frames, off the main thread. Its engine comes from the own origin, so that it works offline. */
import { type ReaderOptions, type ReadResult, prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import wasmUrl from "zxing-wasm/reader/zxing_reader.wasm?url";
import type { FromWorker, Pass, Pixels, Read, ToWorker } from "./protocol.ts";
import type { Tile } from "./tiles.ts";

declare const self: DedicatedWorkerGlobalScope;

const say = (message: FromWorker): void => self.postMessage(message);

const FAST: ReaderOptions = {
  formats: ["QRCode", "MicroQRCode", "RMQRCode", "DataMatrix"],
  tryHarder: false,
  tryRotate: false,
  tryInvert: false,
  tryDownscale: false,
  textMode: "Plain",
};

/** ITF and UPC-E are left out: noise reads as either too easily. */
const HARD: ReaderOptions = {
  formats: ["QRCode", "DataMatrix", "EAN13", "EAN8", "UPCA", "Code128", "DataBar", "DataBarExp", "Code39Std"],
  tryHarder: true,
  tryRotate: true,
  tryInvert: false,
  tryDownscale: true,
  textMode: "Plain",
};

const OPTIONS: Readonly<Record<Pass, ReaderOptions>> = { fast: FAST, hard: HARD };

let engine: Promise<unknown> | undefined;

const load = (): Promise<unknown> => {
  engine ??= prepareZXingModule({ overrides: { locateFile: () => wasmUrl }, fireImmediately: true });
  return engine;
};

let canvas: OffscreenCanvas | undefined;

const drawn = (frame: ImageBitmap | VideoFrame, { x, y, width, height }: Tile): ImageData => {
  if (canvas === undefined || canvas.width !== width || canvas.height !== height) {
    canvas = new OffscreenCanvas(width, height);
  }
  const context = canvas.getContext("2d", { willReadFrequently: true, alpha: false });
  if (context === null) throw new Error("no 2d context in a worker");
  context.drawImage(frame, x, y, width, height, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
};

const BYTES_PER_PIXEL = 4;

const cut = (frame: Pixels, { x, y, width, height }: Tile): ImageData => {
  const source = new Uint8ClampedArray(frame.data);
  if (x === 0 && y === 0 && width === frame.width && height === frame.height)
    return new ImageData(source, width, height);
  const target = new Uint8ClampedArray(width * height * BYTES_PER_PIXEL);
  for (let row = 0; row < height; row += 1) {
    const from = ((y + row) * frame.width + x) * BYTES_PER_PIXEL;
    target.set(source.subarray(from, from + width * BYTES_PER_PIXEL), row * width * BYTES_PER_PIXEL);
  }
  return new ImageData(target, width, height);
};

const sizeOf = (frame: ImageBitmap | VideoFrame | Pixels): Tile =>
  "displayWidth" in frame
    ? { x: 0, y: 0, width: frame.displayWidth, height: frame.displayHeight }
    : { x: 0, y: 0, width: frame.width, height: frame.height };

const toRead = ({ text, format, symbologyIdentifier, position }: ReadResult, tile: Tile): Read => {
  const moved = ({ x, y }: { x: number; y: number }): { x: number; y: number } => ({
    x: x + tile.x,
    y: y + tile.y,
  });
  return {
    text,
    format,
    symbologyIdentifier,
    corners: [
      moved(position.topLeft),
      moved(position.topRight),
      moved(position.bottomRight),
      moved(position.bottomLeft),
    ],
  };
};

const read = async ({ id, frame, pass, tiles }: Extract<ToWorker, { type: "read" }>): Promise<void> => {
  const started = performance.now();
  const reads: Read[] = [];
  try {
    for (const tile of tiles.length === 0 ? [sizeOf(frame)] : tiles) {
      const pixels = "data" in frame ? cut(frame, tile) : drawn(frame, tile);
      const results = await readBarcodes(pixels, OPTIONS[pass]);
      for (const result of results) if (result.isValid) reads.push(toRead(result, tile));
    }
  } finally {
    if ("close" in frame) frame.close();
  }
  say({ type: "read", id, reads, elapsedMs: performance.now() - started });
};

self.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  const work =
    data.type === "load" ? load().then(() => say({ type: "loaded" })) : load().then(() => read(data));
  work.catch((error: unknown) => {
    engine = undefined; // A failed download is tried again with the next frame.
    say({ type: "failed", reason: String(error) });
    if (data.type === "read") say({ type: "read", id: data.id, reads: [], elapsedMs: 0 });
  });
});
