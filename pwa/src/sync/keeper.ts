/**
 * Keeps the ledger's memory and its database one: every change is one transaction, made only from the newest state.
 *
 * Tabs and the service worker share the database. A change is fenced twice: a Web Lock lets one writer work at a
 * time, and each transaction compares the version that it was made from with the stored one. A page that was
 * overtaken reads again and makes its change anew, so two tabs never fork the chain.
 */
import { toHex } from "../codec/bytes.ts";
import {
  type Database,
  type Durability,
  isOutOfSpace,
  openDatabase,
  type Store,
  write,
  type Writing,
} from "../storage/database.ts";
import { readHead, writeHead } from "../storage/second-head.ts";
import { emptyMemory, type Memory, type Meta, readMemory } from "./memory.ts";
import { lastSeq } from "./outbox.ts";
import { allUnsent, currentEpoch, nextSeq, type Phone, withNewEpoch } from "./phone.ts";
import { newEpoch, type Ports } from "./ports.ts";

const WRITER = "gobi-writer";
/** Another writer may overtake a page without Web Locks again and again; this often is a bug. */
const ATTEMPTS_MAX = 20;

/** A change, worked out from the newest memory. */
export interface Change<T> {
  readonly stores: readonly Store[];
  readonly durability: Durability;
  readonly put: (tx: Writing) => Promise<unknown>;
  /** The memory once the transaction is complete. Version and rows version are the keeper's. */
  readonly after: () => Memory;
  readonly changesRows?: boolean;
  /** It stores what can be had again: copies of evidence are given up for it, and never what it goes on from. */
  readonly isCopy?: boolean;
  readonly result: T;
  /** What of it holds without being stored, where there is no space; all of it if this is left out. */
  readonly held?: { readonly after: () => Memory; readonly result: T };
}

export interface Keeper {
  readonly memory: () => Memory;
  /**
   * Makes a change durable and resolves to its result; null of `prepare` changes nothing. Rejects with what the
   * database says when it cannot be stored: then nothing changed.
   */
  readonly commit: <T>(prepare: (memory: Memory) => Promise<Change<T> | null>) => Promise<T | null>;
  /** As `commit`, but keeps the change, or what of it is held, in memory when there is no space for it. */
  readonly commitOrHold: <T>(prepare: (memory: Memory) => Promise<Change<T> | null>) => Promise<T | null>;
  /** Another tab changed the database. */
  readonly refresh: () => Promise<void>;
  readonly database: () => Promise<Database>;
  readonly close: () => Promise<void>;
}

export interface KeeperEvents {
  /** The memory changed: by this page, or read again. `isOwn`: other tabs are to be told. */
  readonly onChange: (isOwn: boolean) => void;
  readonly onSpace: (isFull: boolean) => void;
}

class Stale extends Error {}

/** The place in the chain is taken, though the version does not tell: the database was put back under this page. */
const isTaken = (error: unknown): boolean =>
  error instanceof DOMException && error.name === "ConstraintError";

export const openKeeper = async (ports: Ports, events: KeeperEvents): Promise<Keeper> => {
  let opened: Promise<Database> | undefined;
  let [memory, isFull, isClosed] = [emptyMemory(), false, false];
  let queue: Promise<unknown> = Promise.resolve();

  const database = (): Promise<Database> => {
    if (isClosed) return Promise.reject(new Error("the ledger is closed"));
    opened ??= openDatabase(ports.databaseName, () => {
      opened = undefined;
    });
    return opened;
  };

  const read = async (): Promise<void> => {
    memory = await readMemory(await database(), memory);
    confirmHead(memory, ports);
    events.onChange(false);
  };

  const setFull = (now: boolean): void => {
    if (isFull !== now) events.onSpace((isFull = now));
  };

  const put = async <T>(change: Change<T>): Promise<void> => {
    const { version, rowsVersion } = memory;
    const rows = rowsVersion + (change.changesRows === true ? 1 : 0);
    const stores = [...new Set<Store>([...change.stores, "meta"])];
    await write(await database(), stores, change.durability, async (tx) => {
      const meta = tx.objectStore("meta");
      if (((await meta.get("version")) ?? 0) !== version) throw new Stale();
      await Promise.all([
        meta.put(version + 1, "version"),
        change.changesRows === true ? meta.put(rows, "rows") : undefined,
        change.put(tx),
      ]);
    });
    memory = { ...change.after(), version: version + 1, rowsVersion: rows };
  };

  const attempt = async <T>(
    prepare: (memory: Memory) => Promise<Change<T> | null>,
    holds: boolean,
  ): Promise<T | null> => {
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts += 1) {
      const change = await prepare(memory);
      if (change === null) return null;
      try {
        await put(change);
        setFull(false);
      } catch (error) {
        if (error instanceof Stale || isTaken(error)) {
          await read();
          continue;
        }
        if (isOutOfSpace(error)) {
          if (await freeSpace(await database(), change.isCopy === true)) continue;
          setFull(true);
        }
        if (!holds || !isOutOfSpace(error)) throw error;
        const { after, result } = change.held ?? change;
        memory = { ...after(), version: memory.version, rowsVersion: memory.rowsVersion };
        events.onChange(true);
        return result;
      }
      events.onChange(true);
      return change.result;
    }
    throw new Error("the database changed under every attempt");
  };

  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(() => ports.exclusive(WRITER, work));
    queue = turn.catch(() => undefined);
    return turn;
  };

  await read();
  const keeper: Keeper = {
    memory: () => memory,
    commit: (prepare) => alone(() => attempt(prepare, false)),
    commitOrHold: (prepare) => alone(() => attempt(prepare, true)),
    refresh: () =>
      alone(async () => {
        const version = (await (await database()).get("meta", "version")) ?? 0;
        if (version !== memory.version) await read();
      }),
    database,
    close: async () => {
      await queue;
      const db = await opened?.catch(() => undefined);
      isClosed = true;
      db?.close();
    },
  };
  await keeper.commit((now) => lostTail(now, ports));
  return keeper;
};

/** The `n` of the last op that a confirmed backup holds, as far as this phone has it still; 0: none. */
const coveredTo = async (db: Database): Promise<number> => {
  const [told, pull] = [await db.get("meta", "device"), await db.get("meta", "pull")];
  if (told === undefined || pull === undefined) return 0;
  const device = toHex((told as Meta["device"]).device);
  let to = 0;
  for (const [epoch, last] of (pull as Meta["pull"]).covered ?? []) {
    // What is covered of a forked epoch may be a clone's.
    if ((await db.get("epochs", [device, epoch]))?.forked !== false) continue;
    const ops = IDBKeyRange.bound([device, epoch, 0], [device, epoch, last]);
    to = Math.max(to, (await db.getAllKeysFromIndex("ops", "dot", ops)).at(-1) ?? 0);
  }
  return to;
};

/** Copies of evidence that a confirmed backup holds: a restored server has them, or can be given them from there. */
const spareEvidence = async (db: Database): Promise<readonly string[]> => {
  const to = await coveredTo(db);
  if (to < 2) return [];
  const resend = new Set((await db.get("meta", "resend")) as Meta["resend"] | undefined);
  const copies = await db.getAllKeysFromIndex("evidence", "uploaded", IDBKeyRange.bound(2, to));
  return copies.filter((sha256) => !resend.has(sha256));
};

/**
 * Gives up what can be had again: copies of evidence that a backup holds, pages of a pull, snapshots half fetched.
 * `isForCopy`: evidence alone. A pull that gave up its own pages would bring them again and again, and never be told.
 */
const freeSpace = async (db: Database, isForCopy: boolean): Promise<boolean> => {
  const used = new Set((await db.getAll("bases")).flatMap(({ names }) => names));
  const [copies, pages, staged, unused] = [
    await spareEvidence(db),
    isForCopy ? 0 : await db.count("pages"),
    isForCopy ? 0 : await db.count("staged"),
    isForCopy ? 0 : (await db.getAllKeys("snapshotChunks")).filter((name) => !used.has(name)).length,
  ];
  if (copies.length + pages + staged + unused === 0) return false;
  try {
    const stores = ["evidence", "pages", "meta", "staged", "bases", "snapshotChunks"] as const;
    await write(db, stores, "relaxed", async (tx) => {
      await Promise.all(copies.map((key) => tx.objectStore("evidence").delete(key)));
      const meta = tx.objectStore("meta");
      // Whoever holds the page in memory reads again, and asks for the pull from its beginning.
      await meta.put((((await meta.get("version")) as number | undefined) ?? 0) + 1, "version");
      if (isForCopy) return;
      await tx.objectStore("pages").clear();
      await tx.objectStore("staged").clear();
      const chunks = tx.objectStore("snapshotChunks");
      const standing = new Set((await tx.objectStore("bases").getAll()).flatMap(({ names }) => names));
      const gone = (await chunks.getAllKeys()).filter((name) => !standing.has(name));
      await Promise.all(gone.map((name) => chunks.delete(name)));
      const pull = (await meta.get("pull")) as Meta["pull"] | undefined;
      if (pull !== undefined) await meta.put({ ...pull, page: null } satisfies Meta["pull"], "pull");
    });
    return true;
  } catch {
    return false;
  }
};

/** At the start: an op that was complete is gone. Its dot may be on the server; no other op may take it. */
const lostTail = async (memory: Memory, ports: Ports): Promise<Change<null> | null> => {
  const { phone } = memory;
  const head = readHead(ports.local);
  if (phone === null || head === null || head.device !== toHex(phone.identity.device)) return null;
  const epoch = phone.epochs.find(({ number }) => number === head.epoch);
  // The epoch itself may be what was lost: the ops after its loss would be of another one.
  if (epoch !== undefined && lastSeq(epoch) >= head.seq) return null;
  if (epoch !== undefined && epoch !== currentEpoch(phone)) return null;
  const next = withNewEpoch(phone, newEpoch(ports), phone.prev);
  return {
    stores: ["epochs", "meta"],
    durability: "strict",
    put: (tx) => putPhone(tx, next, phone),
    after: () => ({ ...memory, phone: next }),
    result: null,
  };
};

/**
 * An op on the disk of which the second head knows nothing: whoever recorded it was killed in between. It may go up any
 * time from now on, so the head must know it first.
 */
const confirmHead = ({ phone }: Memory, { local }: Ports): void => {
  if (phone === null) return;
  const [device, epoch, seq, head] = [
    toHex(phone.identity.device),
    currentEpoch(phone).number,
    nextSeq(phone) - 1,
    readHead(local),
  ];
  const isOurs = head !== null && head.device === device;
  // A head of an epoch that is not here is ahead of the disk: `lostTail` has a word on it.
  const isAhead = isOurs && !phone.epochs.some(({ number }) => number === head.epoch);
  const isBehind = !isOurs || head.epoch !== epoch || head.seq < seq;
  if (seq > 0 && isBehind && !isAhead) writeHead(local, { device, epoch, seq });
};

/** What of the phone changed since `before`; null: all of it. */
export const putPhone = async (tx: Writing, phone: Phone, before: Phone | null): Promise<void> => {
  const device = toHex(phone.identity.device);
  const [meta, epochs] = [tx.objectStore("meta"), tx.objectStore("epochs")];
  const { prev, clonesFound, clock, runs } = phone;
  const work: Promise<unknown>[] = [
    meta.put({ prev, clonesFound } satisfies Meta["chain"], "chain"),
    meta.put({ setting: clock.setting, runs } satisfies Meta["clock"], "clock"),
  ];
  phone.epochs.forEach((epoch, order) => {
    const known = before?.epochs[order];
    const { number, ackedTo, settled, forked } = epoch;
    const isKnown =
      known?.number === number &&
      known.ackedTo === ackedTo &&
      known.settled === settled &&
      known.forked === forked;
    if (!isKnown) work.push(epochs.put({ device, epoch: number, order, ackedTo, settled, forked }));
  });
  await Promise.all(work);
};

/** Ops that exist on this phone alone. */
export const unsentCount = ({ phone }: Memory): number => (phone === null ? 0 : allUnsent(phone).length);
