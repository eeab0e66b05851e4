/** What the person sees, hears and feels after an act: a flash over the whole screen, a tone, a line of text. */
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { onAnswer } from "../scan/scan.ts";
import { Icon, type IconName } from "./Icon.tsx";
import { type Tone, signalTone, unlockSound } from "./sound.ts";

type Flash = { readonly id: number; readonly tone: Tone; readonly text: string };

export type Toast = {
  readonly id: number;
  readonly tone: Tone | "info";
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
};

const FLASH_MS = 450;
/** A flash is seen; what went wrong must also be read. */
const ERROR_FLASH_MS = 700;
const TOAST_MS = 5_000;

const flash = signal<Flash | undefined>(undefined);
const toasts = signal<readonly Toast[]>([]);
let lastId = 0;

const dismiss = (id: number): void => {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
};

/** A line above the buttons. With an action it is the way to undo: it stays five seconds, no longer. */
export const showToast = (toast: Omit<Toast, "id">): void => {
  lastId += 1;
  const id = lastId;
  toasts.value = [...toasts.value.slice(-1), { ...toast, id }];
  setTimeout(() => dismiss(id), TOAST_MS);
};

/** Colour, tone and vibration at once, well under 100 ms after the act; `text` is for the eyes and for a screen reader. An error stays to be read. */
export const signalOutcome = (tone: Tone, text: string, semitones = 0): void => {
  lastId += 1;
  flash.value = { id: lastId, tone, text };
  signalTone(tone, semitones);
  // The newest act is the one that is looked at: what was wrong with the one before is no longer news.
  toasts.value = toasts.value.filter((toast) => toast.tone !== "error");
  if (tone === "error") showToast({ tone, text });
};

const ICONS: Readonly<Record<Tone | "info", IconName>> = {
  ok: "check",
  duplicate: "repeat",
  error: "cross",
  info: "info",
};

const spoken = (tone: Tone): string => {
  if (tone === "ok") return t("scan.ok");
  return tone === "duplicate" ? t("scan.duplicate") : t("scan.unknown");
};

const FlashLayer = (): VNode | null => {
  const layer = useRef<HTMLDivElement>(null);
  const shown = flash.value;
  useEffect(() => {
    const element = layer.current;
    if (shown === undefined || element === null) return;
    // A popover lies above open dialogs too.
    element.showPopover?.();
    const timer = setTimeout(
      () => {
        if (flash.value === shown) flash.value = undefined;
      },
      shown.tone === "error" ? ERROR_FLASH_MS : FLASH_MS,
    );
    return () => clearTimeout(timer);
  }, [shown]);
  if (shown === undefined) return null;
  return (
    <div ref={layer} key={shown.id} class={`flash flash-${shown.tone}`} popover="manual" role="status">
      <Icon name={ICONS[shown.tone]} />
      <strong>{shown.text}</strong>
    </div>
  );
};

const ToastLine = ({ toast }: { readonly toast: Toast }): VNode => (
  <div class={`toast toast-${toast.tone}`} role="status">
    <Icon name={ICONS[toast.tone]} />
    <span>{toast.text}</span>
    {toast.action === undefined ? null : (
      <button
        type="button"
        onClick={() => {
          dismiss(toast.id);
          toast.action?.run();
        }}
      >
        {toast.action.label}
      </button>
    )}
  </div>
);

const ToastLayer = (): VNode | null => {
  const layer = useRef<HTMLDivElement>(null);
  const shown = toasts.value;
  useEffect(() => {
    const element = layer.current;
    if (element === null || element.showPopover === undefined) return;
    // Shown anew each time: only so does it lie above a dialog that was opened since.
    if (element.matches(":popover-open")) element.hidePopover();
    element.showPopover();
  }, [shown]);
  if (shown.length === 0) return null;
  return (
    <div ref={layer} class="toasts" popover="manual">
      {shown.map((toast) => (
        <ToastLine key={toast.id} toast={toast} />
      ))}
    </div>
  );
};

/** Mount once, at the root: shows flashes and toasts, and answers every scan of every source. */
export const FeedbackLayer = (): VNode => {
  useEffect(
    () => onAnswer((_scan, { verdict, text }) => signalOutcome(verdict, text ?? spoken(verdict))),
    [],
  );
  useEffect(() => {
    document.addEventListener("pointerdown", unlockSound, { capture: true });
    return () => document.removeEventListener("pointerdown", unlockSound, { capture: true });
  }, []);
  return (
    <>
      <FlashLayer />
      <ToastLayer />
    </>
  );
};
