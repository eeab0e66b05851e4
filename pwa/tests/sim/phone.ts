/**
 * A phone: a disk and a text store that survive the app, clocks that somebody sets, chance by seed, and any number of
 * pages of the real app. `views.ts` reads its disk, `verbs.ts` says what can be done with it.
 */
import { TextMap } from "../disks.ts";
import { bytesOf, type Chance, seeded } from "./chance.ts";
import type { Build } from "./builds.ts";
import { copyDisk } from "./copies.ts";
import { takeBack } from "./disk.ts";
import { Faults } from "./faults.ts";
import { Locks } from "./locks.ts";
import { type Around, type Fetched, type Fetching, Page } from "./page.ts";

/** localStorage, which goes to disk by another way than IndexedDB: it remembers what it said before. */
export class Local extends TextMap {
  readonly #before: (readonly [name: string, value: string | null])[] = [];
  override readonly setItem = (name: string, value: string): void => {
    this.#before.push([name, this.getItem(name)]);
    this.items.set(name, value);
  };

  /** Takes back the last writes. */
  takeBack(writes: number): void {
    for (const [name, value] of this.#before.splice(Math.max(0, this.#before.length - writes)).reverse()) {
      if (value === null) this.items.delete(name);
      else this.items.set(name, value);
    }
  }
}

export type Network = (phone: Phone, page: Page, fetching: Fetching) => Promise<Fetched>;

interface Kept {
  readonly disk: string;
  readonly local: ReadonlyMap<string, string>;
}

export class Phone {
  readonly name: string;
  readonly pages = new Map<number, Page>();
  readonly #sessions = new Map<number, TextMap>();
  readonly #snapshots = new Map<string, Kept>();
  readonly #network: Network;
  local = new Local();
  locks = new Locks();
  clock = { wallMs: 0, monoMs: 0 };
  faults = new Faults();
  chance: Chance;
  /** Percent of database requests that wait a turn. */
  stutter = 0;
  #stuttering: Chance;
  /** Called when a fault killed the app, or a page of it. */
  onKilled: () => void = () => undefined;
  #disks = 0;
  #seed = 0;
  #opens = 0;

  constructor(name: string, network: Network) {
    this.name = name;
    this.#network = network;
    this.chance = seeded(name);
    this.#stuttering = seeded(name, "stutter");
  }

  /** Its database, which no other disk of this process was ever called. */
  get disk(): string {
    return `${this.name}/${this.#disks}`;
  }

  /** The page of a tab. Throws when it is not open. */
  page(tab = 0): Page {
    const page = this.pages.get(tab);
    if (page === undefined) throw new Error(`${this.name}: tab ${tab} is not open`);
    return page;
  }

  /** Opens the app in a tab; what was open there is killed first. Chance begins anew, as that of a real page does. */
  async open(tab: number, build: Build, seed?: number): Promise<Page> {
    this.kill(tab);
    this.#seed = seed ?? this.#seed;
    this.#opens += 1;
    this.chance = seeded(this.name, this.#seed, this.#opens);
    this.#stuttering = seeded(this.name, this.#seed, this.#opens, "stutter");
    const page = new Page(this.#around(tab), build);
    this.pages.set(tab, page);
    await page.open();
    return page;
  }

  /** The page of a tab, or all of them, stop where they are. */
  kill(tab?: number): void {
    for (const [number, page] of this.pages) {
      if (tab !== undefined && tab !== number) continue;
      this.pages.delete(number);
      page.kill();
    }
  }

  /** The power goes: relaxed transactions may be lost, and writes of the text store. */
  losePower(most: number, localWrites = 0): number {
    this.kill();
    this.local.takeBack(localWrites);
    return takeBack(this.disk, most, false);
  }

  /** The disk turns out to have lost what it called durable. */
  tear(most: number): number {
    this.kill();
    return takeBack(this.disk, most, true);
  }

  /** The browser's data of this origin, or part of it, is wiped. */
  evict(what: readonly string[]): void {
    this.kill();
    if (what.includes("idb")) this.#disks += 1;
    if (what.includes("local")) this.local = new Local();
    if (what.includes("session")) this.#sessions.clear();
  }

  /** Keeps a copy of the disk as it is now. Pages may be open. */
  async snapshot(as: string): Promise<void> {
    const disk = `${this.disk}/${as}`;
    await copyDisk(this.disk, disk);
    this.#snapshots.set(as, { disk, local: new Map(this.local.items) });
  }

  /** Makes the disk what it was: a restored backup. */
  async restore(from: string, what: readonly string[]): Promise<void> {
    const kept = this.#snapshots.get(from);
    if (kept === undefined) throw new Error(`${this.name}: no snapshot ${from}`);
    this.kill();
    if (what.includes("idb")) {
      this.#disks += 1;
      await copyDisk(kept.disk, this.disk);
    }
    if (what.includes("local")) this.#setLocal(kept.local);
  }

  /** A copy of this phone under another name, keys and all; it is not opened. */
  async clone(to: string): Promise<Phone> {
    const twin = new Phone(to, this.#network);
    twin.#seed = this.#seed;
    twin.#opens = this.#opens;
    twin.clock = { ...this.clock };
    twin.#setLocal(this.local.items);
    await copyDisk(this.disk, twin.disk);
    return twin;
  }

  #setLocal(items: ReadonlyMap<string, string>): void {
    this.local = new Local();
    for (const [name, value] of items) this.local.items.set(name, value);
  }

  #around(tab: number): Around {
    const session = this.#sessions.get(tab) ?? new TextMap();
    this.#sessions.set(tab, session);
    return {
      disk: () => this.disk,
      local: this.local,
      session,
      locks: this.locks,
      wallMs: () => this.clock.wallMs,
      monoMs: () => this.clock.monoMs,
      randomBytes: (size) => bytesOf(this.chance, size),
      faults: () => this.faults,
      network: (page, fetching) => this.#network(this, page, fetching),
      stutters: () => this.stutter > 0 && this.#stuttering() % 100 < this.stutter,
      kill: (page) => {
        if (this.faults.plan.dieTab !== true) this.kill();
        // Beside the tabs there may be a worker.
        page.kill();
        for (const [number, other] of this.pages) if (other === page) this.pages.delete(number);
        this.onKilled();
      },
    };
  }

  /** Another page beside the tabs: a service worker. */
  worker(): Page {
    return new Page(this.#around(-1), "now");
  }
}
