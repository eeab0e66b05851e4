/** Small pictures of numbers for the manager: a line over time, bars side by side. Words beside them carry the facts. */
import type { VNode } from "preact";
import type { Tint } from "./Chip.tsx";

const WIDTH = 300;
const HEIGHT = 72;
const MARGIN = 4;

export type Band = { readonly low: number; readonly high: number };

/** Points of a line in a box; a null is a gap, never a zero. */
export const linePaths = (
  values: readonly (number | null)[],
  range: Band,
  width: number,
  height: number,
): readonly string[] => {
  const span = range.high - range.low || 1;
  const stepX = values.length > 1 ? width / (values.length - 1) : 0;
  const paths: string[] = [];
  let path = "";
  for (const [index, value] of values.entries()) {
    if (value === null) {
      if (path !== "") paths.push(path);
      path = "";
      continue;
    }
    const x = (index * stepX).toFixed(1);
    const y = (height - ((value - range.low) / span) * height).toFixed(1);
    path += `${path === "" ? "M" : "L"}${x} ${y}`;
  }
  if (path !== "") paths.push(path);
  return paths;
};

/** A line over equal steps of time, with the band that is allowed. */
export const Sparkline = ({
  values,
  label,
  band,
  tint = "info",
}: {
  readonly values: readonly (number | null)[];
  readonly label: string;
  readonly band?: Band;
  readonly tint?: Tint;
}): VNode => {
  const known = values.filter((value) => value !== null);
  const low = Math.min(...known, band?.low ?? Number.POSITIVE_INFINITY);
  const high = Math.max(...known, band?.high ?? Number.NEGATIVE_INFINITY);
  const range = known.length === 0 && band === undefined ? { low: 0, high: 1 } : { low, high };
  const span = range.high - range.low || 1;
  const yOf = (value: number): number => HEIGHT - ((value - range.low) / span) * HEIGHT;
  return (
    <svg
      class={`chart chart-${tint}`}
      viewBox={`${-MARGIN} ${-MARGIN} ${WIDTH + 2 * MARGIN} ${HEIGHT + 2 * MARGIN}`}
      role="img"
      aria-label={label}
      preserveAspectRatio="none"
    >
      {band === undefined ? null : (
        <rect
          class="chart-band"
          x="0"
          width={WIDTH}
          y={yOf(band.high)}
          height={Math.max(1, yOf(band.low) - yOf(band.high))}
        />
      )}
      {linePaths(values, range, WIDTH, HEIGHT).map((path) => (
        <path key={path} d={path} />
      ))}
    </svg>
  );
};

export type Bar = {
  readonly label: string;
  readonly value: number;
  /** As shown; the bar itself is only a comparison. */
  readonly text: string;
  readonly tint?: Tint;
};

export const BarChart = ({
  bars,
  label,
}: {
  readonly bars: readonly Bar[];
  readonly label: string;
}): VNode => {
  const most = Math.max(1, ...bars.map(({ value }) => Math.abs(value)));
  return (
    <div class="bars" role="list" aria-label={label}>
      {bars.map(({ label: name, value, text, tint = "info" }) => (
        <div key={name} class="bar" role="listitem">
          <span>{name}</span>
          <span class="bar-track">
            <span class={`bar-fill chart-${tint}`} style={{ width: `${(Math.abs(value) / most) * 100}%` }} />
          </span>
          <strong>{text}</strong>
        </div>
      ))}
    </div>
  );
};
