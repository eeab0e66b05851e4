/** One scan, whatever read it; and the one place where screens listen. */

export type ScanSource = "camera" | "wedge" | "keyboard";

export type Scan = {
  /** The content; GS1 separators are ASCII 29 and a symbology prefix is cut off. */
  readonly text: string;
  /** As zxing names it ("QRCode", "EAN13"); "unknown" where the scanner does not say. */
  readonly format: string;
  /** ISO/IEC 15424, such as "]d2"; empty where the scanner does not say. */
  readonly symbologyIdentifier: string;
  readonly source: ScanSource;
  /** This phone's clock, ms since 1970. */
  readonly at: number;
};

/** What a screen says about a scan; it decides sound, colour and vibration. `pass`: ask the screen below. */
export type Verdict = "ok" | "duplicate" | "error" | "pass";

export type Answer = {
  readonly verdict: Exclude<Verdict, "pass">;
  /** A line for the person, already translated. */
  readonly text?: string;
};

export type Reply = Verdict | Answer | undefined;

/** May take its time; scans that arrive meanwhile wait in order, none is lost. */
export type ScanHandler = (scan: Scan) => Reply | Promise<Reply>;

type Listener = { readonly handle: ScanHandler; tail: Promise<void> | undefined };

const listeners: Listener[] = [];
const watchers = new Set<(scan: Scan, answer: Answer) => void>();

const tell = (scan: Scan, answer: Answer): void => {
  for (const watch of watchers) watch(scan, answer);
};

const answered = (reply: Reply): Answer | "pass" | undefined => {
  if (reply === undefined || reply === "pass") return reply;
  return typeof reply === "string" ? { verdict: reply } : reply;
};

const settle = (scan: Scan, below: readonly Listener[], reply: Reply): void | Promise<void> => {
  const answer = answered(reply);
  if (answer === "pass") return offer(scan, below);
  if (answer !== undefined) tell(scan, answer);
};

const ask = (scan: Scan, listener: Listener, below: readonly Listener[]): void | Promise<void> => {
  const failed = (): void => tell(scan, { verdict: "error" });
  try {
    const reply = listener.handle(scan);
    return reply instanceof Promise
      ? reply.then((late) => settle(scan, below, late)).catch(failed)
      : settle(scan, below, reply);
  } catch (error) {
    failed();
    queueMicrotask(() => {
      throw error;
    });
  }
};

/** Answer at once while the listener is idle; behind a scan that it still ponders, wait in line. */
const offer = (scan: Scan, stack: readonly Listener[]): void | Promise<void> => {
  const listener = stack.at(-1);
  if (listener === undefined) return tell(scan, { verdict: "error" });
  const below = stack.slice(0, -1);
  const running =
    listener.tail === undefined
      ? ask(scan, listener, below)
      : listener.tail.then(() => ask(scan, listener, below));
  if (!(running instanceof Promise)) return;
  const tail = running.then(() => {
    if (listener.tail === tail) listener.tail = undefined;
  });
  listener.tail = tail;
  return tail;
};

/**
 * Hear every scan of every source. The newest listener is asked first, so that an open dialog takes what
 * is meant for it; those below hear only what it passes on. Returns the function that stops it.
 */
export const onScan = (handle: ScanHandler): (() => void) => {
  const listener: Listener = { handle, tail: undefined };
  listeners.push(listener);
  return () => {
    const index = listeners.indexOf(listener);
    if (index >= 0) listeners.splice(index, 1);
  };
};

/** Hand a scan to whoever listens. A scan that nobody wants is answered `error`: silence would look like success. */
export const emitScan = (scan: Scan): void => {
  void offer(scan, listeners.slice());
};

/** Hear each answer, for sound and colour. */
export const onAnswer = (watch: (scan: Scan, answer: Answer) => void): (() => void) => {
  watchers.add(watch);
  return () => watchers.delete(watch);
};

/** A code typed by hand, or chosen from a list in place of a scan. */
export const submitTyped = (text: string, at: number): void => {
  const trimmed = text.trim();
  if (trimmed !== "") {
    emitScan({ text: trimmed, format: "unknown", symbologyIdentifier: "", source: "keyboard", at });
  }
};
