/**
 * The state machine of a hardware scanner that types ("wedge"): keystrokes in, whole codes out. It has no
 * clock and no page; `wedge-input.ts` feeds it.
 *
 * - Enter or Tab ends a code. Once a scanner has shown that it ends its codes, only that ends them: a slow
 *   Bluetooth link may pause in the middle of a long GS1 code, and a pause must not cut it in two.
 * - Until then a burst (gaps under 35 ms) that falls silent is a code, for scanners without a suffix.
 * - Text that an input method is still composing is not text yet. What it commits counts if it is plain
 *   ASCII; a commit with anything else garbled the code, which is refused whole and never guessed at.
 */

/** Scanners type 1–20 ms apart, the fastest hands 60. */
export const BURST_GAP_MS_MAX = 35;

/** Silence that ends the code of a scanner without a suffix. */
export const SILENCE_MS = 120;

/** Characters older than this and without an end are a bumped key, not the start of the next code. */
export const STALE_MS = 1_500;

/** Shorter bursts without a suffix are two keys hit at once. */
const LENGTH_MIN = 4;

export type WedgeState = {
  readonly text: string;
  readonly last: number;
  readonly gapMax: number;
  readonly garbled: boolean;
  readonly composing: boolean;
  /** An input method took part: it may have swallowed the Enter that ended the code. */
  readonly composed: boolean;
  readonly endsCodes: boolean;
};

export type WedgeEvent =
  | { readonly type: "text"; readonly text: string; readonly at: number }
  | { readonly type: "end"; readonly at: number }
  | { readonly type: "compose" }
  | { readonly type: "commit"; readonly text: string; readonly at: number }
  | { readonly type: "silence"; readonly at: number };

export type WedgeOutput =
  | { readonly type: "code"; readonly text: string; readonly burst: boolean }
  | { readonly type: "garbled" };

export const IDLE: WedgeState = {
  text: "",
  last: 0,
  gapMax: 0,
  garbled: false,
  composing: false,
  composed: false,
  endsCodes: false,
};

type Step = readonly [next: WedgeState, outputs: readonly WedgeOutput[]];

const emptied = (state: WedgeState): WedgeState => ({
  ...IDLE,
  composing: state.composing,
  endsCodes: state.endsCodes,
});

const isBurst = (state: WedgeState): boolean => state.gapMax <= BURST_GAP_MS_MAX;

const finished = (state: WedgeState): readonly WedgeOutput[] => {
  if (state.garbled) return [{ type: "garbled" }];
  return state.text === "" ? [] : [{ type: "code", text: state.text, burst: isBurst(state) }];
};

/** Whether what was typed so far is a whole code although nothing ended it. */
const isWholeWithoutEnd = (state: WedgeState): boolean =>
  (!state.endsCodes || state.composed) && isBurst(state) && state.text.length >= LENGTH_MIN;

const typed = (state: WedgeState, text: string, at: number): Step => {
  const gap = state.text === "" ? 0 : at - state.last;
  if (gap > STALE_MS || (gap > SILENCE_MS && isWholeWithoutEnd(state))) {
    const outputs = state.garbled || isWholeWithoutEnd(state) ? finished(state) : [];
    return [{ ...emptied(state), text, last: at }, outputs];
  }
  return [{ ...state, text: state.text + text, last: at, gapMax: Math.max(state.gapMax, gap) }, []];
};

const committed = (state: WedgeState, text: string, at: number): Step => {
  const calm = { ...state, composing: false, composed: true };
  // Widened ASCII is undone later without loss; Han letters and 。 are not.
  if (/[^\t\n\r\u001d\u0020-\u007e\uff01-\uff5e]/.test(text))
    return [{ ...calm, garbled: true, last: at }, []];
  if (text === "") return [calm, []];
  const [next, outputs] = typed(calm, text, at);
  return [{ ...next, composed: true }, outputs];
};

export const step = (state: WedgeState, event: WedgeEvent): Step => {
  switch (event.type) {
    case "text":
      return state.composing ? [state, []] : typed(state, event.text, event.at);
    case "compose":
      return [{ ...state, composing: true }, []];
    case "commit":
      return committed(state, event.text, event.at);
    case "end":
      if (state.composing) return [state, []];
      return [
        { ...emptied(state), endsCodes: state.endsCodes || (state.text !== "" && isBurst(state)) },
        finished(state),
      ];
    case "silence": {
      if (state.composing || event.at - state.last < SILENCE_MS) return [state, []];
      if (isWholeWithoutEnd(state) && !state.garbled) return [emptied(state), finished(state)];
      if (event.at - state.last < STALE_MS) return [state, []];
      // A scanner that used to end its codes was swapped for one that does not: nothing it typed is thrown away.
      const kept = isBurst(state) && state.text.length >= LENGTH_MIN;
      return [{ ...IDLE }, kept || state.garbled ? finished(state) : []];
    }
  }
};
