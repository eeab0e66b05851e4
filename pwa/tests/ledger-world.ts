/** Phones on a fake IndexedDB, clocks that the test turns, and databases that can be copied and rolled back. */
import "fake-indexeddb/auto";
import { openLedger } from "../src/sync/ledger.ts";
import type { Ledger } from "../src/sync/ledger.ts";
import type { Ports } from "../src/sync/ports.ts";
import { SmallServer } from "./small-server.ts";

export const START_MS = 1_795_384_200_000;
let databases = 0;

export class TextMap {
  readonly items = new Map<string, string>();
  readonly getItem = (name: string): string | null => this.items.get(name) ?? null;
  readonly setItem = (name: string, value: string): void => void this.items.set(name, value);
}

/** One phone's disk: what survives the app. */
export interface Disk {
  readonly name: string;
  readonly local: TextMap;
  readonly session: TextMap;
}

export class World {
  readonly server = new SmallServer();
  nowMs = START_MS;
  readonly ledgers: Ledger[] = [];

  constructor() {
    this.server.nowMs = () => this.nowMs;
  }

  disk(): Disk {
    databases += 1;
    return { name: `gobi-${databases}`, local: new TextMap(), session: new TextMap() };
  }

  /** Opens the app on a disk; what was open on it before is as good as killed. */
  async open(disk: Disk, given: Partial<Ports> = {}): Promise<Ledger> {
    const born = this.nowMs;
    const ledger = await openLedger({
      databaseName: disk.name,
      local: disk.local,
      session: disk.session,
      wallMs: () => this.nowMs,
      monoMs: () => this.nowMs - born,
      fetch: this.server.fetch,
      pinIterations: 10,
      isAutomatic: false,
      origin: "",
      ...given,
    });
    this.ledgers.push(ledger);
    return ledger;
  }

  /** A phone of a person who is signed in. */
  async phone(
    person = "liu",
    disk = this.disk(),
    given: Partial<Ports> = {},
  ): Promise<{ ledger: Ledger; disk: Disk }> {
    const ledger = await this.open(disk, given);
    const enrolled = await ledger.enrol(this.server.enrolmentCode(person), { name: "PDA", pin: "2468" });
    if (!enrolled.ok) throw new Error(enrolled.type);
    const signed = await ledger.signIn(person, "2468");
    if (!signed.ok) throw new Error(signed.type);
    return { ledger, disk };
  }

  readonly pick = (ledger: Ledger, qty = 40) => {
    this.nowMs += 10_000;
    return ledger.record("pick", {
      order: "SO-1",
      task: null,
      lines: [{ item: "TOM-5", lot: "1121", from: "R1", to: "T1", qty }],
    });
  };

  close(): void {
    for (const ledger of this.ledgers.splice(0)) ledger.close();
  }
}

const opened = (name: string): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error!));
  });

const done = (tx: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    tx.addEventListener("complete", () => resolve());
    tx.addEventListener("abort", () => reject(tx.error!));
  });

/** All that a database holds: store → [key, value]. */
export type Dump = ReadonlyMap<string, readonly (readonly [IDBValidKey, unknown])[]>;

export const dump = async (name: string): Promise<Dump> => {
  const db = await opened(name);
  const stores = [...db.objectStoreNames];
  const tx = db.transaction(stores, "readonly");
  const whole = new Map<string, (readonly [IDBValidKey, unknown])[]>();
  for (const store of stores) {
    const entries: (readonly [IDBValidKey, unknown])[] = [];
    whole.set(store, entries);
    const [keys, values] = [tx.objectStore(store).getAllKeys(), tx.objectStore(store).getAll()];
    values.addEventListener("success", () => {
      values.result.forEach((value, i) => entries.push([keys.result[i]!, value]));
    });
  }
  await done(tx);
  db.close();
  return whole;
};

/** Makes a database what it was: a restored backup, a copied profile, or transactions lost with the power. */
export const restore = async (name: string, whole: Dump): Promise<void> => {
  const db = await opened(name);
  const tx = db.transaction([...db.objectStoreNames], "readwrite");
  for (const [store, entries] of whole) {
    const target = tx.objectStore(store);
    target.clear();
    for (const [key, value] of entries) {
      if (target.keyPath === null) target.put(value, key);
      else target.put(value);
    }
  }
  await done(tx);
  db.close();
};
