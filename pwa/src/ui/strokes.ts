/** A signature as data: small enough to travel with a delivery over 2G, exact enough to draw again at any size. */

export type StrokePoint = { readonly x: number; readonly y: number };

/** The width of the pad in stroke units; the height follows from its shape. */
export const STROKE_UNITS = 1_000;

/** Points nearer than this to the one before add bytes and no shape. */
const STEP_MIN = 4;

/** One stroke: x, y of its first point, then dx, dy to each next one. */
export type Stroke = readonly number[];

export const compactStroke = (points: readonly StrokePoint[], padWidth: number): Stroke => {
  const numbers: number[] = [];
  let lastX = 0;
  let lastY = 0;
  for (const [index, { x, y }] of points.entries()) {
    const atX = Math.round((x * STROKE_UNITS) / padWidth);
    const atY = Math.round((y * STROKE_UNITS) / padWidth);
    const near = Math.abs(atX - lastX) < STEP_MIN && Math.abs(atY - lastY) < STEP_MIN;
    if (index > 0 && index < points.length - 1 && near) continue;
    numbers.push(atX - lastX, atY - lastY);
    lastX = atX;
    lastY = atY;
  }
  return numbers;
};

/** The points of a stroke, in stroke units. */
export const strokePoints = (stroke: Stroke): readonly StrokePoint[] => {
  const points: StrokePoint[] = [];
  let x = 0;
  let y = 0;
  for (let index = 0; index + 1 < stroke.length; index += 2) {
    x += stroke[index] ?? 0;
    y += stroke[index + 1] ?? 0;
    points.push({ x, y });
  }
  return points;
};

/** A tap or a dot is no signature. */
const LENGTH_MIN = 150;

export const isSignature = (strokes: readonly Stroke[]): boolean => {
  let length = 0;
  for (const stroke of strokes) {
    for (let index = 2; index + 1 < stroke.length; index += 2) {
      length += Math.hypot(stroke[index] ?? 0, stroke[index + 1] ?? 0);
    }
  }
  return length >= LENGTH_MIN;
};
