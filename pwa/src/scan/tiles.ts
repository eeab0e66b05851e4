/**
 * The slow, thorough pass never looks at a whole frame: an empty noisy one costs 50 ms on a desktop and 170 on a
 * phone. It looks at one tile at a time, where the person aims every second time, and elsewhere in turn.
 */

export type Tile = {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};

/** Time between two thorough passes; less would starve the fast ones on a slow phone. */
export const HARD_PASS_MS = 220;

const box = (
  left: number,
  top: number,
  right: number,
  bottom: number,
): readonly [number, number, number, number] => [left, top, right, bottom];

/** The aim, as shares of the frame: wide, because a 1D code is. */
const AIM = box(0.1, 0.3, 0.9, 0.7);

/** Everything, in overlapping parts that each hold a code whole. */
const AROUND = [box(0, 0, 1, 0.4), box(0, 0.6, 1, 1), box(0, 0.2, 0.6, 0.8), box(0.4, 0.2, 1, 0.8)] as const;

const place = (
  [left, top, right, bottom]: readonly [number, number, number, number],
  width: number,
  height: number,
): Tile => {
  const x = Math.floor(left * width);
  const y = Math.floor(top * height);
  return { x, y, width: Math.ceil(right * width) - x, height: Math.ceil(bottom * height) - y };
};

/** The tile of the `turn`-th thorough pass. */
export const tileAt = (turn: number, width: number, height: number): Tile => {
  const around = AROUND[((turn - 1) / 2) % AROUND.length];
  return place(turn % 2 === 0 || around === undefined ? AIM : around, width, height);
};

/** A grid of tiles that overlap by half, for counting identical 1D codes (one row at a time otherwise). */
export const gridOf = (width: number, height: number, columns: number, rows: number): readonly Tile[] => {
  const tileWidth = (2 * width) / (columns + 1);
  const tileHeight = (2 * height) / (rows + 1);
  return Array.from({ length: columns * rows }, (_, index) => {
    const x = Math.floor(((index % columns) * tileWidth) / 2);
    const y = Math.floor((Math.floor(index / columns) * tileHeight) / 2);
    return {
      x,
      y,
      width: Math.min(Math.ceil(tileWidth), width - x),
      height: Math.min(Math.ceil(tileHeight), height - y),
    };
  });
};
