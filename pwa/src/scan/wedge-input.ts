/**
 * Feeds the wedge machine from the page. Exactly one path per keystroke: what lands in the hidden field
 * comes by `input` events (all that Android gives for an unidentified key 229); keys pressed elsewhere move the
 * focus there first, so that the same path takes them; only where a dialog forbids that are they read directly.
 */
import { type CodeText, GS, parseCodeText } from "./code-text.ts";
import { emitScan } from "./scan.ts";
import {
  IDLE,
  SILENCE_MS,
  STALE_MS,
  type WedgeEvent,
  type WedgeOutput,
  type WedgeState,
  step,
} from "./wedge.ts";

export type WedgePort = {
  /** What is typed so far, for the scan box. */
  readonly onText: (text: string) => void;
  /** An input method destroyed a code. */
  readonly onGarbled: () => void;
};

/** Where a person types words: a scanner that types there is that field's business. */
const isEditable = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !/^(button|checkbox|radio|submit|range|file)$/.test(target.type)));

const isEnd = (event: KeyboardEvent): boolean => event.key === "Enter" || event.key === "Tab";

/** Scanners type ASCII 29 as Ctrl+]. */
const isGs = (event: KeyboardEvent): boolean => event.key === GS || (event.ctrlKey && event.key === "]");

const isBeingComposed = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229;

let field: HTMLInputElement | undefined;

/** Ready the hidden field for the scanner, unless the person is typing elsewhere. */
export const focusWedge = (): void => {
  if (field !== undefined && !isEditable(document.activeElement)) field.focus({ preventScroll: true });
};

export const attachWedge = (input: HTMLInputElement, port: WedgePort): (() => void) => {
  let state: WedgeState = IDLE;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const controller = new AbortController();
  field = input;

  const publish = (output: WedgeOutput): void => {
    if (output.type === "garbled") return port.onGarbled();
    const code: CodeText = parseCodeText(output.text);
    if (code.text !== "") emitScan({ ...code, source: output.burst ? "wedge" : "keyboard", at: Date.now() });
  };

  const feed = (event: WedgeEvent): void => {
    const [next, outputs] = step(state, event);
    state = next;
    for (const output of outputs) publish(output);
    port.onText(state.text);
    listenForSilence();
  };

  // Keystrokes that waited behind a busy main thread come before this check: they are handed over as
  // tasks of their own before a second timeout runs, and they carry the time at which they were typed.
  const listenForSilence = (): void => {
    clearTimeout(timer);
    if (state.text === "" && !state.garbled) return;
    const delay = state.endsCodes && !state.composed ? STALE_MS : SILENCE_MS;
    const check = (): void => feed({ type: "silence", at: performance.now() });
    timer = setTimeout(() => {
      timer = setTimeout(check, 0);
    }, delay);
  };

  const takeValue = (): string => {
    const text = input.value;
    input.value = "";
    return text;
  };

  const onKey = (event: KeyboardEvent): void => {
    if (isBeingComposed(event)) return;
    if (isEnd(event)) {
      if (state.text === "" && !state.garbled) return;
      event.preventDefault();
      event.stopPropagation();
      feed({ type: "end", at: event.timeStamp });
    } else if (isGs(event)) {
      event.preventDefault();
      feed({ type: "text", text: GS, at: event.timeStamp });
    }
  };

  const onKeyElsewhere = (event: KeyboardEvent): void => {
    if (event.target === input) return onKey(event);
    if (isEditable(event.target) || isBeingComposed(event)) return;
    if (isEnd(event) || isGs(event)) return onKey(event);
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
    // A lone space presses the focused button.
    if (event.key === " " && state.text === "") return;
    input.focus({ preventScroll: true });
    if (document.activeElement === input) return;
    event.preventDefault();
    feed({ type: "text", text: event.key, at: event.timeStamp });
  };

  const { signal } = controller;
  document.addEventListener("keydown", onKeyElsewhere, { capture: true, signal });
  input.addEventListener("compositionstart", () => feed({ type: "compose" }), { signal });
  input.addEventListener(
    "compositionend",
    (event) => feed({ type: "commit", text: takeValue(), at: event.timeStamp }),
    { signal },
  );
  input.addEventListener(
    "input",
    (event) => {
      if (event.isComposing) return;
      const text = takeValue();
      if (text !== "") feed({ type: "text", text, at: event.timeStamp });
    },
    { signal },
  );
  // Android keyboards that report no Enter key still ask for a line break.
  input.addEventListener(
    "beforeinput",
    (event) => {
      if (event.inputType === "insertLineBreak") feed({ type: "end", at: event.timeStamp });
    },
    { signal },
  );

  return () => {
    controller.abort();
    clearTimeout(timer);
    if (field === input) field = undefined;
  };
};
