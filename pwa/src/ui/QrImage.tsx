import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { type QrLevel, makeQr, qrPath } from "./qr-code.ts";

/** Scanners need four light modules around the code (ISO/IEC 18004, 5.3.8). */
const QUIET = 4;

/** A QR code to be scanned off this screen: black on white in every theme. Nothing when the content is too long. */
export const QrImage = ({
  content,
  label,
  level = "M",
}: {
  readonly content: string | Uint8Array;
  readonly label: string;
  readonly level?: QrLevel;
}): VNode | null => {
  const code = useMemo(() => makeQr(content, level), [content, level]);
  if (code === undefined) return null;
  const side = code.size + 2 * QUIET;
  return (
    <svg
      class="qr"
      viewBox={`${-QUIET} ${-QUIET} ${side} ${side}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <rect x={-QUIET} y={-QUIET} width={side} height={side} fill="#fff" />
      <path d={qrPath(code)} fill="#000" />
    </svg>
  );
};
