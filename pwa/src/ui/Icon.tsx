/** One stroke weight, one 24-unit grid, no font and no download: paths beside their names. */
import type { VNode } from "preact";

const PATHS = {
  alert: "M12 3 22 20H2L12 3ZM12 10v4M12 17v.2",
  arrowDown: "M12 4v16M5 13l7 7 7-7",
  arrowUp: "M12 20V4M5 11l7-7 7 7",
  back: "M15 4 7 12l8 8",
  backspace: "M9 5h12v14H9l-6-7 6-7ZM12 9l6 6M18 9l-6 6",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l2 2H4l2-2ZM10 22h4",
  box: "M3 8l9-5 9 5v9l-9 5-9-5V8ZM3 8l9 5 9-5M12 13v9",
  camera: "M3 8h4l2-3h6l2 3h4v11H3V8ZM12 17a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z",
  chart: "M4 20V10M10 20V4M16 20v-7M22 20H2",
  check: "M4 13l5 5L20 6",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l4 2",
  cloudOff: "M7 19a5 5 0 0 1-1-9.9M10 5.3A6 6 0 0 1 17.6 10 4.5 4.5 0 0 1 20 18M3 3l18 18",
  count: "M5 4h14v17H5V4ZM9 2h6v4H9V2ZM8 11h2M13 11h3M8 16h2M13 16h3",
  cross: "M5 5l14 14M19 5 5 19",
  download: "M12 3v12M6 10l6 6 6-6M4 21h16",
  edit: "M4 20l1-5L16 4l4 4L9 19l-5 1ZM13 7l4 4",
  flag: "M5 22V3h14l-3 5 3 5H5",
  forward: "M9 4l8 8-8 8",
  hand: "M7 13V5a1.7 1.7 0 0 1 3.4 0v6M10.4 10V3.6a1.7 1.7 0 0 1 3.4 0V11M13.8 11V5a1.7 1.7 0 0 1 3.4 0v9c0 5-3 8-6.6 8C7 22 5.6 19 3.5 15.5c-1-1.8 1-3 2.4-1.5L7 15",
  home: "M3 11l9-8 9 8M5 9.5V21h5v-6h4v6h5V9.5",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v6M12 7.3v.2",
  keyboard: "M2 6h20v12H2V6ZM6 10h.1M10 10h.1M14 10h.1M18 10h.1M6 14h.1M18 14h.1M9 14h6",
  leaf: "M5 19C4 9 10 4 20 4c1 10-4 16-13 15M5 21c1-5 4-8 8-10",
  lens: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  lock: "M5 11h14v10H5V11ZM8 11V7a4 4 0 0 1 8 0v4",
  minus: "M4 12h16",
  more: "M5 12h.1M12 12h.1M19 12h.1",
  person: "M12 12a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM3.5 21c1-4 4.5-6 8.5-6s7.5 2 8.5 6",
  place: "M12 22c5-6 8-9.5 8-13A8 8 0 0 0 4 9c0 3.5 3 7 8 13ZM12 12a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  plus: "M12 4v16M4 12h16",
  qr: "M3 3h7v7H3V3ZM14 3h7v7h-7V3ZM3 14h7v7H3v-7ZM14 14h3v3M21 14v7h-4M14 21v-1",
  repeat: "M4 11V9a3 3 0 0 1 3-3h13M16 2l4 4-4 4M20 13v2a3 3 0 0 1-3 3H4M8 22l-4-4 4-4",
  scale: "M12 4v16M6 20h12M4 7h16M4 7l-2 7h6L6 7M18 7l-2 7h6l-2-7",
  scan: "M3 8V3h5M21 8V3h-5M3 16v5h5M21 16v5h-5M7 8v8M11 8v8M14 8v8M17 8v8",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 21 21",
  settings:
    "M4 7h9M19 7h1M4 17h1M11 17h9M16 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 20a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  shield: "M12 2l8 3v6c0 5-3.5 9-8 11-4.5-2-8-6-8-11V5l8-3ZM8 12l3 3 5-6",
  sign: "M3 17c3 0 5-12 8-12s-3 12 0 12 3-5 5-5 0 4 2 4 2-1 3-1M3 21h18",
  snow: "M12 2v20M3.5 7l17 10M20.5 7l-17 10M9 4l3 3 3-3M9 20l3-3 3 3",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5 19 19M19 5l-1.5 1.5M6.5 17.5 5 19",
  sync: "M20 5v5h-5M4 19v-5h5M19.5 10A8 8 0 0 0 5 8M4.5 14A8 8 0 0 0 19 16",
  thermometer: "M10 14V5a2 2 0 0 1 4 0v9a4 4 0 1 1-4 0ZM12 9v8",
  torch: "M6 3h12v5l-3 4v9H9v-9L6 8V3ZM6 8h12M12 14v2",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14M10 11v6M14 11v6",
  truck:
    "M2 6h12v11H2V6ZM14 10h4l4 4v3h-8v-7ZM7 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM18 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  undo: "M9 5 4 10l5 5M4 10h10a6 6 0 0 1 0 12h-2",
  upload: "M12 16V4M6 9l6-6 6 6M4 21h16",
  voice:
    "M12 15a3.5 3.5 0 0 0 3.5-3.5v-5a3.5 3.5 0 0 0-7 0v5A3.5 3.5 0 0 0 12 15ZM5 11.5a7 7 0 0 0 14 0M12 18.5V22",
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration beside a word: hidden from screen readers, which read the word. */
export const Icon = ({ name, size = 24 }: { readonly name: IconName; readonly size?: number }): VNode => (
  <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);
