/** Signing on glass. Gives strokes (compact, exact) and a PNG of them; updates wait while it is open. */
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { keepBusy } from "../app/busy.ts";
import { t } from "../i18n/i18n.ts";
import { BigButton, Button } from "./Button.tsx";
import {
  type Stroke,
  type StrokePoint,
  STROKE_UNITS,
  compactStroke,
  isSignature,
  strokePoints,
} from "./strokes.ts";

export type Signature = {
  readonly strokes: readonly Stroke[];
  /** Height of the pad in stroke units; its width is 1,000. */
  readonly height: number;
  readonly png: Blob;
};

/** Wide enough to print, small enough to send: about 6 KB. */
const PNG_WIDTH = 600;
const PEN = 3.2;

const draw = (canvas: HTMLCanvasElement, strokes: readonly Stroke[], width: number, height: number): void => {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (context === null) return;
  // A signature is dark on white in every theme: it is evidence, and it is printed.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.strokeStyle = "#0a1a3a";
  context.lineCap = "round";
  context.lineJoin = "round";
  context.lineWidth = PEN * (width / PNG_WIDTH) * 1.4;
  const scale = width / STROKE_UNITS;
  for (const stroke of strokes) {
    context.beginPath();
    const points = strokePoints(stroke);
    for (const [index, { x, y }] of points.entries()) {
      if (index === 0) context.moveTo(x * scale, y * scale);
      context.lineTo(x * scale, y * scale);
    }
    context.stroke();
  }
};

const pngOf = (strokes: readonly Stroke[], height: number): Promise<Blob> => {
  const canvas = document.createElement("canvas");
  draw(canvas, strokes, PNG_WIDTH, Math.round((height * PNG_WIDTH) / STROKE_UNITS));
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error("the canvas gave no picture"));
      else resolve(blob);
    }, "image/png");
  });
};

export const SignaturePad = ({ onSign }: { readonly onSign: (signature: Signature) => void }): VNode => {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [strokes, setStrokes] = useState<readonly Stroke[]>([]);
  const points = useRef<StrokePoint[] | undefined>(undefined);

  useEffect(() => keepBusy("sign"), []);

  const redraw = (extra: readonly Stroke[]): void => {
    const element = canvas.current;
    if (element === null) return;
    const { width, height } = element.getBoundingClientRect();
    draw(
      element,
      [...strokes, ...extra],
      Math.round(width * devicePixelRatio),
      Math.round(height * devicePixelRatio),
    );
  };
  useEffect(() => redraw([]), [strokes]);

  const pointOf = (event: PointerEvent): StrokePoint => {
    const { left, top } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const current = (): Stroke =>
    compactStroke(points.current ?? [], canvas.current?.getBoundingClientRect().width ?? 1);

  const finish = (): void => {
    if (points.current === undefined) return;
    const stroke = current();
    points.current = undefined;
    setStrokes((before) => [...before, stroke]);
  };

  const confirm = async (): Promise<void> => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined) return;
    const height = Math.round((box.height * STROKE_UNITS) / box.width);
    onSign({ strokes, height, png: await pngOf(strokes, height) });
  };

  return (
    <div class="sign">
      <div class="sign-pad">
        <canvas
          ref={canvas}
          aria-label={t("sign.here")}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            points.current = [pointOf(event)];
          }}
          onPointerMove={(event) => {
            if (points.current === undefined) return;
            points.current.push(pointOf(event));
            redraw([current()]);
          }}
          onPointerUp={finish}
          onPointerCancel={finish}
        />
        {strokes.length === 0 ? <span class="sign-hint">{t("sign.here")}</span> : null}
      </div>
      <Button
        label={t("do.redo")}
        icon="undo"
        disabled={strokes.length === 0}
        onPress={() => setStrokes([])}
      />
      <BigButton
        label={t("do.sign")}
        icon="sign"
        disabled={!isSignature(strokes)}
        {...(strokes.length > 0 ? {} : { hint: t("sign.empty") })}
        onPress={() => void confirm()}
      />
    </div>
  );
};
