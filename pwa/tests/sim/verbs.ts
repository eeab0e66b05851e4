/** What can be done with a phone, by word: what the simulator says and what the laws say. */
import { fromHex } from "../../src/codec/bytes.ts";
import type { Draft, Kind, Occurred } from "../../src/domain/kinds.ts";
import { flushFromWorker } from "../../src/sync/flush.ts";
import { openKeeper } from "../../src/sync/keeper.ts";
import type { OpRef } from "../../src/sync/ledger.ts";
import { openAppending } from "../../src/sync/recording.ts";
import { openTabs } from "../../src/sync/tabs.ts";
import { type Plain, unplain } from "../vectors.ts";
import type { Build } from "./builds.ts";
import { disconnect } from "./disk.ts";
import type { Phone } from "./phone.ts";
import { carried, held, plain, shownRows, stateOf, stored } from "./views.ts";

export type Given = Readonly<Record<string, unknown>>;
type Verb = (phone: Phone, tab: number, given: Given) => unknown;

/** Names are hex of a leaf hash, or what `record` answered. */
const namesOf = (given: Given): (Uint8Array<ArrayBuffer> | OpRef)[] =>
  ((given["names"] ?? []) as (string | OpRef)[]).map((name) =>
    typeof name === "string" ? fromHex(name) : name,
  );

/** In fields a byte string stands as `{"bin": hex}`. */
const fieldsOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(fieldsOf);
  if (value === null || typeof value !== "object") return value;
  const { bin } = value as { readonly bin?: unknown };
  if (typeof bin === "string") return fromHex(bin);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fieldsOf(one)]));
};

const optionsOf = (given: Given) => {
  const { occurred, erasable, note } = given as {
    readonly occurred?: Occurred | null;
    readonly erasable?: readonly string[] | null;
    readonly note?: Plain;
  };
  return {
    names: namesOf(given),
    ...(occurred ? { occurred } : {}),
    ...(erasable ? { erasable } : {}),
    ...(note === undefined ? {} : { note: unplain(note) }),
  };
};

/** A kind of the future, recorded by what keeps the chain: as another page of the app would. */
const recordRaw: Verb = async (phone, _tab, given) => {
  const page = phone.worker();
  const ports = page.ports();
  const tabs = openTabs(ports.databaseName);
  const keeper = await openKeeper(ports, {
    onChange: (isOwn) => {
      if (isOwn) tabs.tell();
    },
    onSpace: () => undefined,
  });
  const names = namesOf(given).map((name) => (name instanceof Uint8Array ? name : fromHex(name.hash)));
  const body = [null, names, ...(given["body"] as Plain[]).map(unplain)];
  const ref = await openAppending(ports, keeper)({ kind: given["kind"] as string, body });
  await keeper.close();
  page.kill();
  return ref;
};

const flush: Verb = async (phone) => {
  const page = phone.worker();
  await flushFromWorker(page.ports());
  page.kill();
  return null;
};

export const VERBS: Readonly<Record<string, Verb>> = {
  open: async (phone, tab, given) => {
    phone.stutter = (given["stutter"] as number | undefined) ?? 0;
    const build = (given["version"] as Build | undefined) ?? "now";
    return stateOf((await phone.open(tab, build, given["seed"] as number | undefined)).ledger);
  },
  close: (phone, tab) => {
    phone.page(tab).ledger.close();
    return null;
  },
  kill: (phone, _tab, given) => {
    phone.kill(given["only"] as number | undefined);
    return null;
  },
  power: (phone, _tab, given) => ({
    lost: phone.losePower(given["lose"] as number, given["loseLocal"] as number | undefined),
  }),
  tear: (phone, _tab, given) => ({ lost: phone.tear(given["back"] as number) }),
  evict: (phone, _tab, given) => {
    phone.evict(given["what"] as string[]);
    return null;
  },
  snapshot: async (phone, _tab, given) => {
    await phone.snapshot(given["as"] as string);
    return null;
  },
  restore: async (phone, _tab, given) => {
    await phone.restore(given["from"] as string, (given["what"] as string[] | undefined) ?? ["idb", "local"]);
    return null;
  },
  enrol: async (phone, tab, given) => {
    const { ledger } = phone.page(tab);
    const options = { name: given["name"] as string, pin: given["pin"] as string };
    const result = await ledger.enrol(given["url"] as string, options);
    return { ...result, device: ledger.state.device.value?.id ?? null };
  },
  "sign-in": (phone, tab, given) =>
    phone.page(tab).ledger.signIn(given["person"] as string, given["pin"] as string),
  "sign-out": async (phone, tab) => {
    await phone.page(tab).ledger.signOut();
    return null;
  },
  "add-person": (phone, tab, given) =>
    phone
      .page(tab)
      .ledger.addPerson(given["person"] as string, given["name"] as string, given["pin"] as string),
  record: (phone, tab, given) =>
    phone
      .page(tab)
      .ledger.record(given["kind"] as Kind, fieldsOf(given["fields"]) as Draft<Kind>, optionsOf(given)),
  "record-raw": recordRaw,
  attach: (phone, tab, given) =>
    phone
      .page(tab)
      .ledger.attach(given["of"] as OpRef, fromHex(given["hex"] as string), given["mediaType"] as string),
  sync: (phone, tab) => phone.page(tab).ledger.syncNow(),
  flush,
  disconnect: (phone, tab) => {
    disconnect(phone.page(tab));
    return null;
  },
  export: async (phone, tab) => (await phone.page(tab).ledger.exportOutbox()).bytes,
  import: async (phone, tab, given) => {
    const taken = await phone.page(tab).ledger.importBundle(fromHex(given["hex"] as string));
    return taken.ok ? taken.frames : 0;
  },
  "set-offline": (phone, tab, given) => {
    phone.page(tab).ledger.setOffline(given["offline"] === true);
    return null;
  },
  state: (phone, tab) => stateOf(phone.page(tab).ledger),
  rows: (phone, tab, given) => shownRows(phone.page(tab).ledger, given["table"] as string | undefined),
  outbox: (phone, tab) => phone.page(tab).ledger.outbox().value,
  safe: (phone, tab) => phone.page(tab).ledger.wipeSafe(),
  held: (phone) => held(phone.disk),
  stored: (phone) => stored(phone.disk),
  carried: (phone) => carried(phone.disk),
};

/** Carries out one command, and says what came of it as JSON can. Throws what the ledger throws. */
export const carryOut = async (phone: Phone, tab: number, verb: string, given: Given): Promise<unknown> => {
  const act = VERBS[verb];
  if (act === undefined) throw new Error(`no such command: ${verb}`);
  return plain(await act(phone, tab, given));
};
