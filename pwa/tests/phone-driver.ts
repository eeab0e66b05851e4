/**
 * Phones as a process: one command a line in JSON on stdin, one answer a line on stdout. The Python tests drive the
 * app's own ledger with it against the real server. Disks are fake-indexeddb databases, which outlive what is opened
 * on them; killing the app is opening another one.
 */
import "fake-indexeddb/auto";
import { createInterface } from "node:readline";
import { fromHex, toHex } from "../src/codec/bytes.ts";
import { makeParts, openCollector, type Package } from "../src/codec/parts.ts";
import type { Draft, Kind } from "../src/domain/kinds.ts";
import { type Ledger, openLedger, type OpRef, type Table } from "../src/sync/ledger.ts";
import { dump, restore, TextMap } from "./disks.ts";

interface Command {
  readonly phone: string;
  readonly do: string;
  readonly [argument: string]: unknown;
}

interface Phone {
  readonly local: TextMap;
  readonly session: TextMap;
  ledger: Ledger;
  /** What becomes of the next requests: they are cut before or after they reach the server. */
  loses: "nothing" | "request" | "reply";
  requests: number;
  clockAheadMs: number;
}

const phones = new Map<string, Phone>();

const cut = (): never => {
  throw new TypeError("cut");
};

const open = async (name: string, before?: Phone): Promise<Phone> => {
  const phone: Phone = {
    local: before?.local ?? new TextMap(),
    session: before?.session ?? new TextMap(),
    ledger: undefined as unknown as Ledger,
    loses: "nothing",
    requests: 0,
    clockAheadMs: before?.clockAheadMs ?? 0,
  };
  const born = performance.now();
  phone.ledger = await openLedger({
    databaseName: name,
    local: phone.local,
    session: phone.session,
    wallMs: () => Date.now() + phone.clockAheadMs,
    monoMs: () => Math.round(performance.now() - born),
    pinIterations: 1000,
    isAutomatic: false,
    origin: "",
    fetch: async (url, init) => {
      if (phone.loses === "request") cut();
      phone.requests += 1;
      const answer = await fetch(url, init);
      return phone.loses === "reply" ? cut() : answer;
    },
  });
  phones.set(name, phone);
  return phone;
};

/** Bytes as hex: what Python reads. */
const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
  return value;
};

/** Of the codes that are shown, each third is not read. */
const partsOf = (shown: Package): string[] => {
  const { blocks, part } = makeParts(shown);
  return Array.from({ length: 2 * blocks + 20 }, (_, i) => part(i)).filter((_, i) => i % 3 !== 1);
};

const stateOf = ({ state }: Ledger): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(state).map(([name, signal]) => [name, (signal as { value: unknown }).value]),
  );

const run = async ({ phone: name, do: verb, ...given }: Command): Promise<unknown> => {
  if (verb === "open") return stateOf((await open(name, phones.get(name))).ledger);
  if (verb === "copy") {
    const twin = await open(given["to"] as string);
    twin.ledger.close();
    await restore(given["to"] as string, await dump(name));
    return stateOf((await open(given["to"] as string)).ledger);
  }
  const phone = phones.get(name);
  if (phone === undefined) throw new Error(`no phone ${name}`);
  const { ledger } = phone;
  switch (verb) {
    case "enrol":
      return ledger.enrol(given["url"] as string, { name, pin: given["pin"] as string });
    case "sign-in":
      return ledger.signIn(given["person"] as string, given["pin"] as string);
    case "record": {
      const names = ((given["names"] as string[] | undefined) ?? []).map(fromHex);
      return ledger.record(given["kind"] as Kind, given["fields"] as Draft<Kind>, { names });
    }
    case "record-many": {
      const drafts = given["ops"] as readonly { readonly kind: Kind; readonly fields: Draft<Kind> }[];
      const begun = performance.now();
      for (const { kind, fields } of drafts) await ledger.record(kind, fields);
      return performance.now() - begun;
    }
    case "record-and-die":
      void ledger.record(given["kind"] as Kind, given["fields"] as Draft<Kind>).catch(() => undefined);
      return stateOf((await open(name, phone)).ledger);
    case "attach":
      return ledger.attach(given["of"] as OpRef, fromHex(given["hex"] as string), "image/jpeg");
    case "evidence":
      return ledger.evidence(given["sha256"] as string);
    case "sync":
      return ledger.syncNow();
    case "rows":
      return ledger.rows(given["table"] as Table).value;
    case "untyped":
      return ledger.untyped(given["table"] as string).value;
    case "outbox":
      return ledger.outbox().value;
    case "state":
      return stateOf(ledger);
    case "safe":
      return ledger.wipeSafe();
    case "ask":
      return ledger.ask(given["path"] as string, given["options"] as Parameters<Ledger["ask"]>[1]);
    case "export":
      return (await ledger.exportOutbox()).bytes;
    case "acknowledged":
      return ledger.askAcknowledgement();
    case "show": {
      const shown = await (given["device"] === undefined
        ? ledger.outboxAsPackage()
        : ledger.signedAsPackage(given["device"] as string | null));
      return shown && { records: shown.records, left: shown.left, parts: partsOf(shown.package) };
    }
    case "read": {
      const collector = openCollector();
      const found = (given["parts"] as string[]).map(collector.take).find(({ type }) => type === "whole");
      return found?.type === "whole" ? ledger.importPackage(found.package) : null;
    }
    case "carried":
      return ledger.state.carried.value;
    case "import":
      return ledger.importBundle(fromHex(given["hex"] as string));
    case "lose":
      phone.loses = given["what"] as Phone["loses"];
      return null;
    case "requests":
      return phone.requests;
    case "clock":
      phone.clockAheadMs = given["aheadMs"] as number;
      return null;
    default:
      throw new Error(`no such command: ${verb}`);
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer: Record<string, unknown>;
  try {
    answer = { ok: plain(await run(JSON.parse(line) as Command)) };
  } catch (error) {
    answer = { error: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
