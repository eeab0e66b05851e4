/**
 * Where the chain ends, written down a second time outside IndexedDB: localStorage goes to disk by another way.
 *
 * Browsers may report a transaction complete and lose it with the power. An op that was lost that way may have been
 * sent already, so its dot must never name another one: a phone that finds its tail gone begins a new epoch.
 */

/** The two methods of a `Storage` that this needs. */
export interface TextStore {
  readonly getItem: (name: string) => string | null;
  readonly setItem: (name: string, value: string) => void;
}

/** The last op of a device. */
export interface Head {
  readonly device: string;
  readonly epoch: number;
  readonly seq: number;
}

const NAME = "gobi.head";

/** Written after the op is complete: an op that is only here was acknowledged to somebody. */
export const writeHead = (store: TextStore | undefined, { device, epoch, seq }: Head): void => {
  try {
    store?.setItem(NAME, JSON.stringify([device, epoch, seq]));
  } catch {
    // A full or forbidden store: the check is lost, the op is not.
  }
};

export const readHead = (store: TextStore | undefined): Head | null => {
  try {
    const [device, epoch, seq] = JSON.parse(store?.getItem(NAME) ?? "[]") as unknown[];
    if (typeof device !== "string" || typeof epoch !== "number" || typeof seq !== "number") return null;
    return { device, epoch, seq };
  } catch {
    return null;
  }
};
