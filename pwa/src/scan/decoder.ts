/** The page's side of the decoding worker: one frame under way at a time, so that a slow phone skips frames instead of queueing them. */
import { allowOwnScripts } from "../app/own-scripts.ts";
import type { FromWorker, Pass, Pixels, Read, ToWorker } from "./protocol.ts";
import type { Tile } from "./tiles.ts";

export type Decoded = { readonly reads: readonly Read[]; readonly elapsedMs: number };

export type Decoder = {
  /** Resolves when the engine is ready; rejects when it cannot be loaded. */
  readonly ready: Promise<void>;
  readonly isBusy: () => boolean;
  /** Takes over `frame`. Nobody may call it while it is busy. */
  readonly read: (
    frame: ImageBitmap | VideoFrame | Pixels,
    pass: Pass,
    tiles?: readonly Tile[],
  ) => Promise<Decoded>;
  readonly stop: () => void;
};

export const startDecoder = (): Decoder => {
  allowOwnScripts();
  const worker = new Worker(new URL("./decode.worker.ts", import.meta.url), {
    type: "module",
    name: "gobi-decode",
  });
  const say = (message: ToWorker, transfer: Transferable[] = []): void =>
    worker.postMessage(message, transfer);
  let pending: { readonly id: number; readonly resolve: (decoded: Decoded) => void } | undefined;
  let lastId = 0;
  let settleReady: { readonly resolve: () => void; readonly reject: (reason: Error) => void } | undefined;
  const ready = new Promise<void>((resolve, reject) => {
    settleReady = { resolve, reject };
  });

  // Whoever starts the camera awaits it; when the camera was closed meanwhile, nobody does.
  ready.catch(() => undefined);

  const finish = (decoded: Decoded): void => {
    const resolve = pending?.resolve;
    pending = undefined;
    resolve?.(decoded);
  };

  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    if (data.type === "loaded") settleReady?.resolve();
    else if (data.type === "failed") settleReady?.reject(new Error(data.reason));
    else if (data.id === pending?.id) finish({ reads: data.reads, elapsedMs: data.elapsedMs });
  });
  worker.addEventListener("error", (event) => {
    settleReady?.reject(new Error(event.message));
    finish({ reads: [], elapsedMs: 0 });
  });
  say({ type: "load" });

  return {
    ready,
    isBusy: () => pending !== undefined,
    read: (frame, pass, tiles = []) =>
      new Promise((resolve) => {
        lastId += 1;
        pending = { id: lastId, resolve };
        say({ type: "read", id: lastId, frame, pass, tiles }, ["data" in frame ? frame.data : frame]);
      }),
    stop: () => {
      worker.terminate();
      finish({ reads: [], elapsedMs: 0 });
    },
  };
};
