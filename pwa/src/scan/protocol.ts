/** What the page and the decoding worker say to each other. */
import type { Tile } from "./tiles.ts";

/** `fast`: 2D codes of the whole frame, every frame. `hard`: everything, thoroughly, tile by tile. */
export type Pass = "fast" | "hard";

export type Point = { readonly x: number; readonly y: number };

/** A code in a frame, its corners in frame coordinates: top left, top right, bottom right, bottom left. */
export type Read = {
  readonly text: string;
  readonly format: string;
  readonly symbologyIdentifier: string;
  readonly corners: readonly [Point, Point, Point, Point];
};

export type Pixels = { readonly data: ArrayBuffer; readonly width: number; readonly height: number };

export type ToWorker =
  | { readonly type: "load" }
  | {
      readonly type: "read";
      readonly id: number;
      /** A frame to draw, or pixels where the worker has no canvas. */
      readonly frame: ImageBitmap | VideoFrame | Pixels;
      readonly pass: Pass;
      /** None: the whole frame. */
      readonly tiles: readonly Tile[];
    };

export type FromWorker =
  | { readonly type: "loaded" }
  | { readonly type: "failed"; readonly reason: string }
  | {
      readonly type: "read";
      readonly id: number;
      readonly reads: readonly Read[];
      readonly elapsedMs: number;
    };
