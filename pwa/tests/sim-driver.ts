/**
 * Phones as a process, for the simulator (api/simulation): JSON lines on stdin, events and a `rest` on stdout after
 * each. Time, chance, the network and what fails come from outside; nothing runs here between two lines, so that a
 * run can be had again. docs/simulator.md says what is simulated.
 */
import { readSync, writeSync } from "node:fs";
import { Faults, type FaultPlan } from "./sim/faults.ts";
import { type Folding, folded } from "./sim/fold.ts";
import type { Fetched, Fetching, Page } from "./sim/page.ts";
import { Phone } from "./sim/phone.ts";
import { seeded } from "./sim/chance.ts";
import { beginSimulating } from "./sim/begin.ts";
import { rest } from "./sim/turns.ts";
import { carryOut, type Given } from "./sim/verbs.ts";

interface Instant {
  readonly phone?: string;
  readonly wallMs?: number;
  readonly monoMs?: number;
}
interface Command extends Instant, FaultPlan {
  readonly id: number;
  readonly tab?: number;
  readonly do: string;
}
interface Answer extends Instant {
  readonly fetched: number;
  readonly cut?: boolean;
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}
/** A command that has not ended. */
interface Open {
  readonly id: number;
  readonly phone: Phone;
  readonly page: Page | undefined;
  readonly faults: Faults;
}
interface Asked {
  readonly phone: Phone;
  readonly page: Page;
  readonly faults: Faults;
  readonly answer: (fetched: Fetched) => void;
}

let phones = new Map<string, Phone>();
let open = new Set<Open>();
let asked = new Map<number, Asked>();
let fetches = 0;
let events: string[] = [];
/** Whose keys are drawn. */
let acting: Phone | undefined;
const nobody = seeded("nobody");

const say = (event: unknown): void => void events.push(JSON.stringify(event));

const network = (phone: Phone, page: Page, fetching: Fetching): Promise<Fetched> =>
  new Promise((answer) => {
    fetches += 1;
    asked.set(fetches, { phone, page, faults: phone.faults, answer });
    const tab = [...phone.pages].find(([, other]) => other === page)?.[0] ?? -1;
    const body = fetching.body === null ? null : Buffer.from(fetching.body).toString("base64");
    say({ fetch: fetches, phone: phone.name, tab, ...fetching, body });
  });

const setClock = (phone: Phone, { wallMs, monoMs }: Instant): void => {
  phone.clock = { wallMs: wallMs ?? phone.clock.wallMs, monoMs: monoMs ?? phone.clock.monoMs };
  acting = phone;
};

const errorOf = (error: unknown): unknown => {
  if (!(error instanceof Error)) return { name: "", message: String(error), type: null, stack: "" };
  const { type = null } = error as { type?: unknown };
  return { name: error.name, message: error.message, type, stack: error.stack ?? "" };
};

/** The command that died is told so; whatever else was open on a dead page is forgotten. */
const buryDead = (): void => {
  for (const one of open) {
    const isDead = one.page?.isDead() ?? one.faults.plan.die === one.faults.points;
    if (!isDead) continue;
    open.delete(one);
    if (one.faults.plan.die === one.faults.points) say({ id: one.id, died: true, steps: one.faults.points });
  }
  for (const [number, { page }] of asked) if (page.isDead()) asked.delete(number);
};

const begin = (command: Command): void => {
  const { id, phone: name = "", tab = 0, do: verb } = command;
  if (verb === "reset") {
    for (const phone of phones.values()) phone.kill();
    [phones, open, asked] = [new Map(), new Set(), new Map()];
    beginSimulating(() => acting?.chance ?? nobody);
    say({ id, ok: null });
    return;
  }
  if (verb === "fold") {
    say({ id, ok: folded(command as unknown as Folding) });
    return;
  }
  const phone = phones.get(name) ?? new Phone(name, network);
  phones.set(name, phone);
  setClock(phone, command);
  phone.faults = new Faults(command);
  const one: Open = { id, phone, page: pageOf(phone, tab, verb), faults: phone.faults };
  open.add(one);
  void carry(one, tab, verb, command as unknown as Given);
};

/** The page that the command is of, if it is there before the command. */
const pageOf = (phone: Phone, tab: number, verb: string): Page | undefined =>
  PAGELESS.has(verb) ? undefined : phone.pages.get(tab);
const PAGELESS = new Set([
  "open",
  "kill",
  "power",
  "tear",
  "evict",
  "restore",
  "snapshot",
  "clone",
  "flush",
  "record-raw",
  "held",
  "stored",
  "carried",
]);

const carry = async (one: Open, tab: number, verb: string, given: Given): Promise<void> => {
  let answer: Record<string, unknown>;
  try {
    if (verb === "clone") {
      const to = given["to"] as string;
      phones.set(to, await one.phone.clone(to));
      answer = { ok: null };
    } else answer = { ok: await carryOut(one.phone, tab, verb, given) };
  } catch (error) {
    answer = { error: errorOf(error) };
  }
  buryDead();
  if (!open.delete(one)) return;
  say({ id: one.id, ...answer, steps: one.faults.points });
};

const hear = (given: Answer): void => {
  const one = asked.get(given.fetched);
  if (one === undefined) return;
  asked.delete(given.fetched);
  setClock(one.phone, given);
  one.phone.faults = one.faults;
  one.answer(
    given.cut === true
      ? null
      : {
          status: given.status ?? 200,
          headers: given.headers ?? {},
          body: new Uint8Array(Buffer.from(given.body ?? "", "base64")),
        },
  );
};

const CHUNK_BYTES = 1 << 16;
let unread = "";
const decoder = new TextDecoder();
const chunk = new Uint8Array(CHUNK_BYTES);

/** The next line; null at the end. Waits with the whole process, for nothing may run meanwhile. */
const nextLine = (): string | null => {
  for (;;) {
    const end = unread.indexOf("\n");
    if (end >= 0) {
      const line = unread.slice(0, end);
      unread = unread.slice(end + 1);
      return line;
    }
    const size = readSync(0, chunk);
    if (size === 0) return null;
    unread += decoder.decode(chunk.subarray(0, size), { stream: true });
  }
};

const tell = (): void => {
  let bytes = Buffer.from(`${[...events, '{"rest":true}'].join("\n")}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(writeSync(1, bytes));
  events = [];
};

process.on("unhandledRejection", (error) => {
  process.stderr.write(
    `unhandled: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
});
beginSimulating(() => acting?.chance ?? nobody);
for (let line = nextLine(); line !== null; line = nextLine()) {
  if (line.trim() === "") continue;
  const given = JSON.parse(line) as Command | Answer;
  if ("fetched" in given) hear(given);
  else begin(given);
  await rest();
  buryDead();
  tell();
}
process.exit(0);
