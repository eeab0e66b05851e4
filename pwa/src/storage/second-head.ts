/**
 * Where the chain ends, written down a second time outside IndexedDB: localStorage goes to disk by another way.
 *
 * Browsers may report a transaction complete and lose it with the power. An op that was lost that way may have been
 * sent already, so its dot must never name another one: a phone that finds its tail gone begins a new epoch.
 *
 * Browsers may also wipe the whole database. Then these two lines are all that tells the person what is gone.
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

const HEAD = "gobi.head";
const ACKED = "gobi.acked";

/** Written after the op is complete: an op that is only here was acknowledged to somebody. */
export const writeHead = (store: TextStore | undefined, head: Head): void => write(store, HEAD, head);

export const readHead = (store: TextStore | undefined): Head | null => read(store, HEAD);

/** How much of the chain the server has: `seq` less what was not there at that time. */
export const writeAcked = (store: TextStore | undefined, acked: Head): void => write(store, ACKED, acked);

/** What a wiped phone had been, and how many of its ops the server never said to have; null: nobody knows. */
export interface Wiped {
  readonly device: string;
  readonly unsent: number | null;
}

/** For a phone without a device: null where there never was one. */
export const readWiped = (store: TextStore | undefined): Wiped | null => {
  const [head, acked] = [readHead(store), read(store, ACKED)];
  if (head === null) return null;
  const isKnown = acked?.device === head.device && acked.epoch === head.epoch;
  return { device: head.device, unsent: isKnown ? Math.max(0, head.seq - acked.seq) : null };
};

const write = (store: TextStore | undefined, name: string, { device, epoch, seq }: Head): void => {
  try {
    store?.setItem(name, JSON.stringify([device, epoch, seq]));
  } catch {
    // A full or forbidden store: the check is lost, the op is not.
  }
};

const read = (store: TextStore | undefined, name: string): Head | null => {
  try {
    const [device, epoch, seq] = JSON.parse(store?.getItem(name) ?? "[]") as unknown[];
    if (typeof device !== "string" || typeof epoch !== "number" || typeof seq !== "number") return null;
    return { device, epoch, seq };
  } catch {
    return null;
  }
};
