/** What the server signed about devices: asked for, checked, and acted on. docs/protocol/relay.md §5. */
import { type Acknowledgement, NAMED_MAX, openAcknowledgement } from "../codec/acknowledgement.ts";
import type { Delivered } from "./courier.ts";
import { type Bytes, fromBase64, isEqual, toHex } from "../codec/bytes.ts";
import { KEY_BYTES } from "../codec/seal.ts";
import { wantsAcknowledgement } from "./carrying.ts";
import type { Core } from "./core.ts";
import { putPhone } from "./keeper.ts";
import type { Acknowledged, Carried, Memory } from "./memory.ts";
import { type Epoch, entryAt } from "./outbox.ts";
import { allUnsent, type Phone } from "./phone.ts";
import { headsOf } from "./wipe.ts";

/** What became of signed bytes about this device. */
export type Heard =
  | { readonly ok: true; readonly value: Acknowledgement; readonly records: number }
  | {
      readonly ok: false;
      /** `lost-log`: it was signed before the server was restored. `no-server-key`: this phone never met its server, and can believe nobody who speaks for it. */
      readonly code:
        | "malformed-acknowledgement"
        | "false-acknowledgement"
        | "other-device"
        | "no-server-key"
        | "lost-log";
    };

/** The key that came with the enrolment; a phone enrolled by an older server asks its server once, and keeps it. */
const serverKeyOf = async ({ keeper, courier, ports }: Core): Promise<Bytes | null> => {
  const { device } = keeper.memory();
  if (device === null) return null;
  if (device.serverKey !== undefined) return device.serverKey;
  const db = await keeper.database();
  const kept = (await db.get("meta", "serverKey")) as Bytes | undefined;
  if (kept !== undefined) return kept;
  const answer = await courier.send(device, {
    method: "GET",
    path: "/api/v1/server-key",
    proves: false,
    nowMs: ports.wallMs(),
  });
  if (!answer.ok) return null;
  const told = (await answer.value.json().catch(() => null)) as { server_key?: unknown } | null;
  const key = typeof told?.server_key === "string" ? fromBase64(told.server_key) : null;
  if (key === null || key.length !== KEY_BYTES) return null;
  await db.put("meta", key, "serverKey");
  return key;
};

/** The ops of an epoch up to the end of it that the log holds with this very hash. */
const reachedBy = (epoch: Epoch, { ends }: Acknowledgement): number =>
  ends.reduce((reach, end) => {
    if (end.epoch !== epoch.number || end.seq <= reach) return reach;
    const entry = entryAt(epoch, end.seq);
    return entry !== undefined && isEqual(entry.hash, end.hash) ? end.seq : reach;
  }, epoch.ackedTo);

const withAcknowledged = (phone: Phone, acknowledgement: Acknowledgement): Phone => ({
  ...phone,
  epochs: phone.epochs.map((epoch) => ({ ...epoch, ackedTo: reachedBy(epoch, acknowledgement) })),
});

/** One log has one root of a size: two of them are two logs, and one of them is a lie. */
const contradicts = ({ phone }: Memory, { logSize, root }: Acknowledgement): boolean =>
  phone !== null && phone.seen[0] === logSize && !isEqual(phone.seen[1], root.slice(0, 16));

/** Believes what the server signed about this device, and lets its ops be on the server. */
export const hearAcknowledgement = async (core: Core, data: Bytes): Promise<Heard> => {
  const { device } = core.keeper.memory();
  const key = await serverKeyOf(core);
  if (device === null || key === null) return { ok: false, code: "no-server-key" };
  const opened = await openAcknowledgement(data, key, device.org);
  if (!opened.ok) return opened;
  const { value } = opened;
  if (!isEqual(value.device, device.device)) return { ok: false, code: "other-device" };
  if (contradicts(core.keeper.memory(), value)) return { ok: false, code: "false-acknowledgement" };
  let isLost = false;
  const records = await core.keeper.commit(async (memory) => {
    isLost = value.atMs < (memory.pull.believedFromMs ?? 0);
    if (isLost) return null;
    if (memory.phone === null || memory.device === null) return null;
    if (!isEqual(memory.device.device, value.device)) return null;
    const phone = withAcknowledged(memory.phone, value);
    // An older word stays true of what it names, but tells less.
    const isNews = value.atMs >= (memory.acknowledged?.value.atMs ?? 0);
    const told: Acknowledged = { bytes: data, value };
    const acknowledged = isNews ? told : memory.acknowledged;
    return {
      stores: ["epochs"],
      durability: "relaxed",
      put: (tx) =>
        Promise.all([
          putPhone(tx, phone, memory.phone),
          isNews ? tx.objectStore("meta").put(told, "acknowledged") : undefined,
        ]),
      after: () => ({ ...memory, phone, acknowledged }),
      result: allUnsent(memory.phone).length - allUnsent(phone).length,
    };
  });
  return isLost ? { ok: false, code: "lost-log" } : { ok: true, value, records: records ?? 0 };
};

const OFFLINE = { ok: false, type: "offline" } as const;

const fetchFor = async (
  core: Core,
  device: string,
  named: readonly Uint8Array[],
): Promise<Delivered<Bytes>> => {
  const { keeper, courier, ports } = core;
  const asker = keeper.memory().device;
  if (asker === null) return OFFLINE;
  const query = named.length === 0 ? "" : `?ops=${named.slice(-NAMED_MAX).map(toHex).join(".")}`;
  const answer = await courier.send(asker, {
    method: "GET",
    path: `/api/v1/devices/${device}/acknowledgement${query}`,
    proves: true,
    nowMs: ports.wallMs(),
  });
  if (!answer.ok) return answer;
  const body = await answer.value.arrayBuffer().catch(() => null);
  return body === null ? OFFLINE : { ok: true, value: new Uint8Array(body) };
};

/** Asks the server for its word about this phone; null when it cannot be asked. */
export const askAcknowledgement = async (core: Core): Promise<Heard | null> => {
  const { device, phone } = core.keeper.memory();
  if (device === null || phone === null) return null;
  const named = headsOf(phone).map(({ hash }) => hash);
  const told = await fetchFor(core, toHex(device.device), named);
  return told.ok ? hearAcknowledgement(core, told.value) : null;
};

/** Brings home the server's word for those whose work went up through this phone; what fails is asked for again. */
export const fetchAcknowledgements = async (core: Core): Promise<void> => {
  for (const { device } of core.keeper.memory().carried.filter(wantsAcknowledgement)) {
    const told = await fetchFor(core, device, []);
    if (!told.ok && told.type === "offline") return;
    // A server that does not know one device has words for others.
    if (!told.ok) continue;
    const data = told.value;
    const key = await serverKeyOf(core);
    const org = core.keeper.memory().device?.org;
    const opened = key === null || org === undefined ? null : await openAcknowledgement(data, key, org);
    if (opened?.ok !== true) continue;
    await core.keeper.commitOrHold(async (memory) => {
      const carried = memory.carried.map((each) =>
        each.device === device && wantsAcknowledgement(each)
          ? { ...each, acknowledgement: data, isInLog: isInLog(opened.value, each.ops) }
          : each,
      );
      return {
        stores: [],
        durability: "relaxed",
        put: (tx) => tx.objectStore("meta").put(carried, "carried"),
        after: () => ({ ...memory, carried }),
        result: null,
      };
    });
  }
};

/** Whether the log held all of this when the server signed; a carrier knows no hashes, only how many there were. */
const isInLog = ({ ends }: Acknowledgement, ops: Carried["ops"]): boolean =>
  ops.every(([epoch, , last]) => ends.some((end) => end.epoch === epoch && end.seq >= last));
