/** How a phone becomes one of an organisation's: a one-time code, a key of its own, and one transaction. sync.md §1. */
import { type Bytes, fromBase64, fromHex, toBase64Url, toHex } from "../codec/bytes.ts";
import { deviceId } from "../codec/op.ts";
import { makeDeviceKey } from "../codec/seal.ts";
import type { Failure } from "./courier.ts";
import { type Device, emptyMemory, type Joining } from "./memory.ts";
import { carriedFrame } from "./bundle.ts";
import { withFrames } from "./carrying.ts";
import type { Core } from "./core.ts";
import { freshClock, hear, type Instant, tick } from "./phone-clock.ts";
import { putPhone, unsentCount } from "./keeper.ts";
import type { EnrolResult } from "./ledger-types.ts";
import { isLongEnough, personWithPin } from "./pin.ts";
import { freshPhone, type Phone, withNewEpoch } from "./phone.ts";
import { newEpoch } from "./ports.ts";
import type { StoredPerson } from "../storage/database.ts";

export interface EnrolmentCode {
  readonly server: string;
  readonly code: string;
}

const PREFIX = "gobi:enrol:";
const CODE = /^[\w-]{4,128}$/;
const PARAMETERS = ["u", "url", "code"];

/**
 * Reads `gobi:enrol:<server url>#<code>`, the app's own link around it (`…#/enrol?u=…` or `?code=…`), or a bare code
 * of the server that this page came from. Null: it is none of them.
 */
export const readEnrolmentCode = (text: string, origin: string): EnrolmentCode | null => {
  const trimmed = text.trim();
  if (trimmed.toLowerCase().startsWith(PREFIX)) {
    const rest = trimmed.slice(PREFIX.length);
    const hash = rest.lastIndexOf("#");
    const [url, code] = [rest.slice(0, hash), rest.slice(hash + 1)];
    const server = hash < 0 ? null : serverOf(url);
    return server !== null && CODE.test(code) ? { server, code } : null;
  }
  const route = /\/enrol\?(.*)$/s.exec(trimmed);
  if (route !== null) {
    const query = new URLSearchParams(route[1]);
    const given = PARAMETERS.map((name) => query.get(name)).find((value) => value !== null);
    if (given === undefined || given === null) return null;
    const site = serverOf(trimmed.slice(0, route.index).replace(/#?$/, "")) ?? origin;
    return given.includes("/enrol?") ? null : readEnrolmentCode(given, site);
  }
  return CODE.test(trimmed) && origin !== "" ? { server: origin, code: trimmed } : null;
};

/** Without a slash at its end; only what a page can talk to. */
const serverOf = (text: string): string | null => {
  try {
    const url = new URL(text);
    if (url.protocol !== "https:" && url.protocol !== "http:") return null;
    return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
  } catch {
    return null;
  }
};

interface Redeemed {
  readonly org: string;
  readonly device: string;
  readonly secret: string;
  readonly enrol: string;
  readonly person: string | null;
  readonly name: string | null;
  readonly log_key: string;
  readonly time: number;
  readonly utc_offset_minutes: number;
  /** Of a server that signs acknowledgements. */
  readonly server_key?: string;
  /** The device's key that counts now. */
  readonly key?: string;
}

interface Enrolled {
  readonly device: Device;
  readonly person: string;
  readonly name: string;
  readonly serverMs: number;
  readonly sent: Instant;
  readonly received: Instant;
  /** The phone is the device that it was: its chain goes on. */
  readonly isSame: boolean;
}

type Redemption = { readonly ok: true; readonly enrolled: Enrolled } | Failure;

const NAME_MAX = 64;

/** A new key, or the one that asked for this code before: an answer that got lost can be asked for again. */
const keyFor = async ({ keeper }: Core, code: string): Promise<Joining> => {
  const db = await keeper.database();
  const before = (await db.get("meta", "joining")) as Joining | undefined;
  if (before?.code === code) return before;
  const joining: Joining = { code, ...(await makeDeviceKey()) };
  await db.put("meta", joining, "joining");
  return joining;
};

/** Who this phone is. The first key says which device; a later one does not. */
const identityOf = ({ device, publicKey, enrol }: Device): Readonly<Record<string, string>> => ({
  before: toBase64Url(publicKey),
  was: toHex(enrol),
  ...(toHex(deviceId(publicKey)) === toHex(device) ? {} : { device: toHex(device) }),
});

/** Uses the code up. What it resolves to must be stored before anything else happens. */
const redeem = async (core: Core, { server, code }: EnrolmentCode, name: string): Promise<Redemption> => {
  const { ports, courier } = core;
  const { key, publicKey } = await keyFor(core, code);
  const own = core.keeper.memory().device;
  const before = own?.server === server ? own : null;
  const body = new TextEncoder().encode(
    JSON.stringify({
      code,
      key: toBase64Url(publicKey),
      name: name.slice(0, NAME_MAX),
      pin_set: true,
      ...(before === null ? {} : identityOf(before)),
    }),
  );
  const sent = { wallMs: ports.wallMs(), monoMs: ports.monoMs() };
  const answer = await courier.send(before, {
    method: "POST",
    path: "/api/v1/enrolments/redeem",
    server,
    body,
    type: "application/json",
    proves: before !== null,
    nowMs: sent.wallMs,
  });
  const received = { wallMs: ports.wallMs(), monoMs: ports.monoMs() };
  if (!answer.ok) return answer;
  const told = (await answer.value.json().catch(() => null)) as Redeemed | null;
  if (told === null) return { ok: false, type: "offline" };
  // The same device goes on: with a new key, or with its own in a log that had lost it.
  const same = before !== null && told.device === toHex(before.device) ? before : null;
  const hasNewKey = same === null || told.key === toBase64Url(publicKey);
  const id = same?.device ?? deviceId(publicKey);
  if (told.device !== toHex(id)) return { ok: false, type: "offline" };
  const device: Device = {
    org: told.org,
    device: id,
    enrol: fromHex(told.enrol),
    name,
    server,
    utcOffsetMinutes: told.utc_offset_minutes,
    key: hasNewKey ? key : same.key,
    publicKey: hasNewKey ? publicKey : same.publicKey,
    secret: await secretKey(fromBase64(told.secret)),
    logKey: told.log_key,
    ...(told.server_key === undefined ? {} : { serverKey: fromBase64(told.server_key) }),
  };
  const person = told.person ?? "";
  return {
    ok: true,
    enrolled: {
      device,
      person,
      name: told.name ?? person,
      serverMs: told.time,
      sent,
      received,
      isSame: same !== null,
    },
  };
};

/** The device secret as a key that makes nonces and cannot be read again, not even by this app. */
const secretKey = (secret: Bytes): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);

/**
 * Makes this phone the enrolled device, in one transaction. Work of the device that it was before and that is not on
 * the server is kept as frames and carried like another phone's.
 */
const becomeDevice = (core: Core, enrolled: Enrolled, person: StoredPerson | null): Promise<null> =>
  core.keeper.commit(async (memory) => {
    const { device, serverMs, sent, received } = enrolled;
    const isSameOrg = memory.device?.org === device.org;
    const left =
      memory.device === null || memory.phone === null
        ? []
        : await core.sealer.load(memory.device, memory.phone, Infinity);
    const frames = isSameOrg ? await Promise.all(left.map(({ frame }) => carriedFrame(frame))) : [];
    if (left.length > 0 && !isSameOrg)
      throw new Error("work for another organisation is still on this phone");
    const carried = withFrames(isSameOrg ? memory.carried : [], frames, serverMs);
    // A restored server that forgot this phone may have lost its photos, too; another company's are none of its business.
    const db = await core.keeper.database();
    const resend = isSameOrg ? await db.getAllKeys("evidence") : [];
    const evidence = isSameOrg ? resend : await db.getAllKeysFromIndex("evidence", "uploaded", 0);
    const runs = (memory.phone?.runs ?? 0) + 1;
    const clock = hear(tick(freshClock(), sent, runs), serverMs, sent, received);
    const phone = freshPhone(device, clock, newEpoch(core.ports));
    const { pull } = emptyMemory();
    // A shared phone that joins anew is how a forgotten PIN ends: everybody chooses theirs again.
    const keepsPeople = isSameOrg && person !== null;
    const people = new Map(keepsPeople ? memory.people : []);
    if (person !== null) people.set(person.id, person);
    return {
      stores: ["epochs", "rows", "pages", "bases", "staged", "snapshotChunks", "people", "relayed", "seals"],
      durability: "strict",
      changesRows: true,
      put: async (tx) => {
        const meta = tx.objectStore("meta");
        if (!keepsPeople) await tx.objectStore("people").clear();
        await Promise.all([
          meta.put(device, "device"),
          meta.put(null, "session"),
          meta.put(pull, "pull"),
          meta.put([], "problems"),
          putPhone(tx, phone, null),
          tx.objectStore("rows").clear(),
          tx.objectStore("pages").clear(),
          tx.objectStore("bases").clear(),
          tx.objectStore("staged").clear(),
          tx.objectStore("snapshotChunks").clear(),
          tx.objectStore("seals").clear(),
          meta.delete("joining"),
          meta.delete("acknowledged"),
          meta.delete("serverKey"),
          meta.put(carried, "carried"),
          meta.put(resend, "resend"),
          meta.put([], "evidenceProblems"),
          person === null ? undefined : tx.objectStore("people").put(person),
          ...frames.map((frame) => tx.objectStore("relayed").put(frame)),
        ]);
      },
      after: () => ({
        ...emptyMemory(),
        device,
        phone,
        people,
        count: memory.count,
        evidence,
        carried,
        relayed: [...new Set([...memory.relayed, ...frames.map(({ sha256 }) => sha256)])],
      }),
      result: null,
    };
  });

/**
 * The device goes on with the key that counts now: everything recorded stays and goes up. Its next ops are of a new
 * epoch, which no copy of this phone knows.
 */
const goOnAsDevice = (core: Core, device: Device, person: StoredPerson | null): Promise<null> =>
  core.keeper.commit(async (memory) => {
    if (memory.phone === null) return null;
    const begun = withNewEpoch(memory.phone, newEpoch(core.ports), memory.phone.prev);
    const phone: Phone = { ...begun, identity: device, clonesFound: 0 };
    const people = new Map(memory.people);
    if (person !== null) people.set(person.id, person);
    return {
      stores: ["epochs", "seals", "people"],
      durability: "strict",
      put: (tx) => {
        const meta = tx.objectStore("meta");
        return Promise.all([
          meta.put(device, "device"),
          meta.delete("joining"),
          // What was refused to a device that the server did not know may go up at once.
          meta.put([], "evidenceProblems"),
          putPhone(tx, phone, memory.phone),
          tx.objectStore("seals").clear(),
          person === null ? undefined : tx.objectStore("people").put(person),
        ]);
      },
      after: () => ({ ...memory, device, phone, people, evidenceProblems: [] }),
      result: null,
    };
  });

/** Joins the organisation of the code, or says why not; then nothing changed. */
export const enrol = async (
  core: Core,
  text: string,
  { name, pin }: { readonly name: string; readonly pin: string },
): Promise<EnrolResult> => {
  const code = readEnrolmentCode(text, core.ports.origin);
  if (code === null) return { ok: false, type: "not-an-enrolment-code" };
  if (!isLongEnough(pin)) return { ok: false, type: "pin-too-short" };
  const memory = core.keeper.memory();
  // Another server would not take this phone's old work along.
  const strands = memory.device !== null && memory.device.server !== code.server && unsentCount(memory) > 0;
  if (strands) return { ok: false, type: "refused" };
  const redemption = await redeem(core, code, name);
  if (!redemption.ok) {
    const isUnknown = redemption.type === "refused" && redemption.code === "unknown-enrolment-code";
    return { ok: false, type: isUnknown ? "unknown-enrolment-code" : redemption.type };
  }
  const { enrolled } = redemption;
  const { pinIterations, randomBytes } = core.ports;
  const known = { id: enrolled.person, name: enrolled.name, pin };
  // A shared phone is nobody's: whoever is added first is the first to sign in.
  const owner = known.id === "" ? null : await personWithPin(known, pinIterations, randomBytes);
  if (enrolled.isSame) await goOnAsDevice(core, enrolled.device, owner);
  else await becomeDevice(core, enrolled, owner);
  return { ok: true, person: enrolled.person, name: enrolled.name };
};
