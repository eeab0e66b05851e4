/** Phones and the smallest server, for the laws of the phone alone: what people were told is kept beside. */
import { fromHex } from "../../src/codec/bytes.ts";
import { decodeOp } from "../../src/codec/op.ts";
import { readBody } from "../../src/domain/kinds.ts";
import { SERVER, SmallServer } from "../small-server.ts";
import { beginSimulating } from "./begin.ts";
import { type Chance, seeded } from "./chance.ts";
import { Faults, type FaultPlan } from "./faults.ts";
import type { Fetched, Fetching } from "./page.ts";
import { Phone } from "./phone.ts";
import { carryOut, type Given } from "./verbs.ts";
import { type Held, held, stored } from "./views.ts";

export const START_MS = 1_795_384_200_000;
const STEP_MS = 10_000;

/** How a command ended: with an answer, a fault, or the app's death. */
export type Outcome =
  | { readonly type: "ok"; readonly value: unknown; readonly points: number }
  | { readonly type: "fault"; readonly code: string; readonly points: number }
  | { readonly type: "died"; readonly points: number };

let drawing: Chance = seeded("world");

/** Real time: only a command that waits for nothing that will ever come takes so long. */
const STUCK_MS = Number(process.env["SIM_STUCK_MS"] ?? 20_000);
const watchdog = (message: string) => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const bites = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(message)), STUCK_MS);
  });
  return { bites, stop: () => clearTimeout(timer) };
};

export class SimWorld {
  readonly server = new SmallServer();
  /** Hashes of ops whose `record` resolved: somebody was told that they are safe. */
  readonly told = new Set<string>();
  /** Quantities of picks that were refused: nothing of them may be anywhere. */
  readonly refused = new Set<number>();
  loses: "nothing" | "request" | "reply" = "nothing";
  nowMs = START_MS;
  #picks = 0;

  constructor() {
    beginSimulating(() => drawing);
    this.server.nowMs = () => this.nowMs;
  }

  phone(name: string): Phone {
    return new Phone(name, (_phone, _page, fetching) => this.#carry(fetching));
  }

  /** A phone of a person who is signed in, open in tab 0. */
  async enrolled(name = "p", person = "liu"): Promise<Phone> {
    const phone = this.phone(name);
    await this.run(phone, "open", { seed: 1 });
    await this.must(phone, "enrol", { url: this.server.enrolmentCode(person), name: "PDA", pin: "2468" });
    await this.must(phone, "sign-in", { person, pin: "2468" });
    return phone;
  }

  /** Carries out a command, with what is to go wrong in it. */
  async run(phone: Phone, verb: string, given: Given & FaultPlan & { tab?: number } = {}): Promise<Outcome> {
    this.nowMs += STEP_MS;
    phone.clock = { wallMs: this.nowMs, monoMs: this.nowMs - START_MS };
    const faults = new Faults(given);
    phone.faults = faults;
    drawing = phone.chance;
    const death = new Promise<"died">((resolve) => {
      phone.onKilled = () => resolve("died");
    });
    let outcome: Outcome;
    const watch = watchdog(`${verb} of ${phone.name} never ends`);
    try {
      const done = carryOut(phone, given.tab ?? 0, verb, given);
      const ended = await Promise.race([done.then((value) => ({ value })), death, watch.bites]);
      outcome =
        ended === "died"
          ? { type: "died", points: faults.points }
          : { type: "ok", value: ended.value, points: faults.points };
    } catch (error) {
      const code = (error as { readonly type?: unknown }).type;
      // What is no fault that the ledger tells is a bug, of it or of the test.
      if (typeof code !== "string") throw error;
      outcome = { type: "fault", code, points: faults.points };
    } finally {
      watch.stop();
    }
    phone.faults = new Faults();
    return outcome;
  }

  async must(phone: Phone, verb: string, given: Given & { tab?: number } = {}): Promise<unknown> {
    const outcome = await this.run(phone, verb, given);
    if (outcome.type !== "ok") throw new Error(`${verb}: ${JSON.stringify(outcome)}`);
    return outcome.value;
  }

  /** Picks something; what was told of it is kept. */
  async pick(phone: Phone, given: FaultPlan & { tab?: number } = {}): Promise<Outcome> {
    this.#picks += 1;
    const qty = this.#picks;
    const lines = [{ item: "TOM-5", lot: "1121", from: "R1", to: "T1", qty }];
    const fields = { order: "SO-1", task: null, lines };
    const outcome = await this.run(phone, "record", { ...given, kind: "pick", fields });
    if (outcome.type === "ok") this.told.add((outcome.value as { readonly hash: string }).hash);
    if (outcome.type === "fault") this.refused.add(qty);
    return outcome;
  }

  /** Refused picks that are on a disk or on the server all the same. */
  async ghosts(...phones: readonly Phone[]): Promise<number[]> {
    const kept = (await this.#held(phones)).map(({ op }) => decodeOp(fromHex(op)));
    return [...kept, ...this.server.log.map(({ op }) => op)].flatMap(({ kind, body }) => {
      const read = kind === "pick" ? readBody("pick", body) : null;
      const qty = read?.kind === "pick" ? (read.fields.lines[0]?.qty ?? 0) : 0;
      return this.refused.has(qty) ? [qty] : [];
    });
  }

  /** What is neither on a disk nor on the server, of what somebody was told. */
  async missing(...phones: readonly Phone[]): Promise<string[]> {
    const there = new Set([...this.logged(), ...(await this.#held(phones)).map(({ hash }) => hash)]);
    return [...this.told].filter((hash) => !there.has(hash));
  }

  async #held(phones: readonly Phone[]): Promise<Held[]> {
    return (await Promise.all(phones.map(({ disk }) => held(disk)))).flat();
  }

  logged(): string[] {
    return this.server.log.map(({ hash }) => hash);
  }

  /** Everything is healed: the app is open, and the phone meets the server twice. */
  async settle(phone: Phone): Promise<void> {
    this.loses = "nothing";
    if (!phone.pages.has(0)) await this.must(phone, "open");
    for (let round = 0; round < 2; round += 1) await this.must(phone, "sync");
  }

  /** Dots that two ops of the disks share. */
  async reusedDots(...phones: readonly Phone[]): Promise<string[]> {
    const byDot = new Map<string, string>();
    const logged = this.server.log.map(({ hash, op }) => ({ hash, dot: `${op.epoch}/${op.seq}` }));
    const kept = (await this.#held(phones)).map(({ hash, epoch, seq }) => ({ hash, dot: `${epoch}/${seq}` }));
    return [...logged, ...kept].flatMap(({ hash, dot }) => {
      const other = byDot.get(dot) ?? hash;
      byDot.set(dot, other);
      return other === hash ? [] : [dot];
    });
  }

  /** The rows of the ops in the log, as this phone's disk has them. */
  async rowsOf(phone: Phone): Promise<string[]> {
    const { buckets } = (await stored(phone.disk)) as {
      readonly buckets: Record<string, Record<string, Record<string, string>>>;
    };
    return Object.keys(buckets["org"]?.["op"] ?? {}).sort();
  }

  /** Balances on which somebody is shown work of his own that has no verdict. */
  async pendingBalances(phone: Phone): Promise<string[]> {
    const { balance = {} } = (await this.must(phone, "rows", { table: "balance" })) as {
      readonly balance?: Record<string, { readonly pending: boolean }>;
    };
    return Object.entries(balance).flatMap(([key, { pending }]) => (pending ? [key] : []));
  }

  async #carry({ method, url, headers, body }: Fetching): Promise<Fetched> {
    if (!url.startsWith(SERVER) || this.loses === "request") return null;
    const answer = await this.server.fetch(url, { method, headers, ...(body === null ? {} : { body }) });
    if (this.loses === "reply") return null;
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: new Uint8Array(await answer.arrayBuffer()),
    };
  }
}
