/**
 * A page of the app: the real ledger between ports that can be cut off. A page that is killed stops where it is: what
 * it awaits never answers, what it had not committed is undone, its locks are free, and nothing leaves it any more.
 */
import { type Ledger, openLedger } from "../../src/sync/ledger.ts";
import type { Exclusive, Ports } from "../../src/sync/ports.ts";
import type { TextStore } from "../../src/storage/second-head.ts";
import { abandon, type Ending, guarded, type Guard } from "./disk.ts";
import type { Faults } from "./faults.ts";
import { joinChannel, leaveChannel } from "./channel.ts";
import type { Locks } from "./locks.ts";
import { type Build, repliesTo, requestOf } from "./builds.ts";

/** An answer from outside; null: the network was cut. */
export type Fetched = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
} | null;

/** What a page asks of the network. */
export interface Fetching {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | null;
}

/** What pages of one phone have around them. */
export interface Around {
  readonly disk: () => string;
  readonly local: TextStore;
  readonly session: TextStore;
  readonly locks: Locks;
  readonly wallMs: () => number;
  readonly monoMs: () => number;
  readonly randomBytes: Ports["randomBytes"];
  readonly faults: () => Faults;
  readonly network: (page: Page, fetching: Fetching) => Promise<Fetched>;
  readonly stutters: () => boolean;
  /** The command that is under way asked for it. */
  readonly kill: (page: Page) => void;
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
let pages = 0;

export class Page implements Guard {
  readonly number = (pages += 1);
  readonly name: string;
  readonly build: Build;
  readonly #around: Around;
  #isDead = false;
  #ledger: Ledger | undefined;

  constructor(around: Around, build: Build) {
    this.#around = around;
    this.build = build;
    this.name = guarded(around.disk(), this.number, this);
    joinChannel(this.name);
  }

  /** What the screens have. */
  get ledger(): Ledger {
    if (this.#ledger === undefined) throw new Error("the page is not open");
    return this.#ledger;
  }

  async open(): Promise<void> {
    this.#ledger = await openLedger(this.ports());
    // Its second chunk is there before anybody acts.
    await this.#ledger.evidence("");
  }

  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    abandon(this);
    leaveChannel(this.name);
    this.#around.locks.release(this);
  }

  readonly isDead = (): boolean => this.#isDead;
  readonly stutters = (): boolean => this.#around.stutters();
  readonly onPut = (): boolean => this.#around.faults().put();
  readonly onCommit = (): Ending => (this.#dies() ? "die" : this.#around.faults().commit());
  readonly onCommitted = (): boolean => this.#dies();

  /** An interruption point: true when the page is dead, of this one or already. */
  #dies(): boolean {
    if (!this.#isDead && this.#around.faults().point()) this.#around.kill(this);
    return this.#isDead;
  }

  ports(): Ports {
    const { wallMs, monoMs, randomBytes, locks, local, session } = this.#around;
    const exclusive: Exclusive = (name, work) => (this.#isDead ? never() : locks.request(this, name, work));
    return {
      databaseName: this.name,
      wallMs,
      monoMs,
      randomBytes,
      fetch: (url, init) => this.#fetch(url, init),
      exclusive,
      local: this.#text(local),
      session: this.#text(session),
      pinIterations: 10,
      isAutomatic: false,
      origin: "",
    };
  }

  #text(store: TextStore): TextStore {
    return {
      getItem: (name) => store.getItem(name),
      setItem: (name, value) => {
        if (this.#dies()) return;
        if (this.#around.faults().isFull()) throw new DOMException("no space", "QuotaExceededError");
        store.setItem(name, value);
        this.#dies();
      },
    };
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    if (this.#dies()) return never();
    const isSync = url.endsWith("/api/v1/sync");
    const given = (init.body ?? null) as Uint8Array<ArrayBuffer> | null;
    const answer = await this.#around.network(this, {
      method: init.method ?? "GET",
      url,
      headers: init.headers as Record<string, string>,
      body: isSync && given !== null ? requestOf(this.build, given) : given,
    });
    if (this.#dies()) return never();
    if (answer === null) throw new TypeError("cut");
    const isRows = isSync && answer.status === 200;
    return responseOf(isRows ? { ...answer, body: repliesTo(this.build, answer.body) } : answer);
  }
}

/** As much of a `Response` as the app asks for, without its streams. */
const responseOf = ({ status, headers, body }: NonNullable<Fetched>): Response => {
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const text = async (): Promise<string> => new TextDecoder().decode(body);
  return {
    status,
    ok: status >= 200 && status < 300,
    headers: { get: (name: string) => byName.get(name.toLowerCase()) ?? null },
    arrayBuffer: async () => new Uint8Array(body).buffer,
    text,
    json: async (): Promise<unknown> => JSON.parse(await text()),
  } as unknown as Response;
};
