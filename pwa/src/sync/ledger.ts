/**
 * The ledger on this phone: what screens use, and all that they use.
 *
 *     const ledger = await openLedger();
 *     await ledger.enrol(scannedText, { name: "PDA 3", pin });       // once
 *     await ledger.signIn("liu", pin);                               // offline too
 *     const ref = await ledger.record("pick", { order, task, lines: [{ item, lot, from, to, qty }] });
 *     ledger.rows("balance").value                                   // with own pending work on top
 *     ledger.outbox().value                                          // recorded → acked → settled
 *
 * `record` resolves when the op is on disk; the network never holds it up. Everything shown is a signal:
 * read `.value` in a component and it renders anew. One ledger per page; `close` ends its timers.
 */
import { batch } from "@preact/signals";
import { ask } from "./ask.ts";
import { exportFrames, importFrames } from "./bundle.ts";
import { type Core, openCore } from "./core.ts";
import { attachEvidence, findEvidence, uploadEvidence } from "./evidence.ts";
import { unsentCount } from "./keeper.ts";
import type { Ledger, SyncStatus, WipeSafety } from "./ledger-types.ts";
import type { Memory } from "./memory.ts";
import { isSettled } from "./outbox.ts";
import { type Ended, openPace, type Pace } from "./pace.ts";
import { addPerson, signIn, signOut } from "./people.ts";
import { serverMs } from "./phone-clock.ts";
import { browserPorts, type Ports } from "./ports.ts";
import { openShown, type Shown } from "./shown.ts";
import { keepOffline, type LiveState, openState } from "./state.ts";
import { openTabs } from "./tabs.ts";
import { openTriggers } from "./triggers.ts";

export type * from "./ledger-types.ts";
export type { Balance, Register, Row, Table } from "./rows.ts";

/** How often the state is looked at without a cause: sessions expire and delays end by themselves. */
const GLANCE_MS = 15_000;

/** `given` replaces parts of the surroundings: tests bring their own clocks, network and stores. */
export const openLedger = async (given: Partial<Ports> = {}): Promise<Ledger> => {
  const ports: Ports = { ...browserPorts(), ...given };
  const shown = openShown();
  const live = openState(ports, shown);
  const tabs = openTabs(ports.databaseName);

  let onOwnChange = (): void => undefined;
  const open: { core?: Core } = {};
  const show = (isOwn: boolean): void => {
    if (open.core === undefined) return;
    const memory = open.core.keeper.memory();
    batch(() => {
      live.glance();
      shown.show(memory);
    });
    if (isOwn) {
      tabs.tell();
      onOwnChange();
    }
  };
  const core = await openCore(
    ports,
    {
      onChange: show,
      onSpace: (isFull) => {
        live.storage.value = isFull ? "full" : "ok";
      },
    },
    () => live.isSetOffline.value,
  );
  open.core = core;
  show(false);
  tabs.listen(() => void core.keeper.refresh());

  const pace = openPace(meeting(core, live), {
    isAutomatic: ports.isAutomatic,
    chance: () => (ports.randomBytes(1)[0] ?? 0) / 256,
  });
  const ends = [pace.stop, tabs.close, automatic(core, live, pace, (then) => (onOwnChange = then))];
  void readPersistence(live);
  return ledgerOf(core, shown, live, pace, () => {
    for (const end of ends) end();
    void core.keeper.close();
  });
};

/** One meeting, with what it says of the world around it. */
const meeting = (core: Core, live: LiveState) => async (): Promise<Ended> => {
  live.syncing.value = true;
  try {
    const { status, retryAfterMs } = await core.meet();
    live.status.value = status;
    const isReached = status.type === "ok" || status.type === "no-rows";
    if (isReached) await uploadEvidence(core);
    return { ok: isReached || status.type === "never", retryAfterMs };
  } catch (error) {
    live.status.value = { type: "refused", status: 0, code: "storage-failed" };
    if (typeof reportError === "function") reportError(error);
    return { ok: false, retryAfterMs: null };
  } finally {
    live.syncing.value = false;
    live.glance();
  }
};

/** Timers, pokes and browser events; returns what ends them. */
const automatic = (
  core: Core,
  live: LiveState,
  pace: Pace,
  onOwnChange: (then: () => void) => void,
): (() => void) => {
  if (!core.ports.isAutomatic) return () => undefined;
  const triggers = openTriggers(core, pace, {
    isOffline: () => live.isSetOffline.value,
    onNetwork: (isUp) => {
      live.isNetworkUp.value = isUp;
    },
  });
  let [unsent, server] = [unsentCount(core.keeper.memory()), core.keeper.memory().device?.server];
  onOwnChange(() => {
    const memory = core.keeper.memory();
    const grew = unsentCount(memory) > unsent;
    unsent = unsentCount(memory);
    if (grew) pace.soon();
    if (memory.device?.server !== server) {
      server = memory.device?.server;
      triggers.reconnect();
    }
  });
  const stopSwitch = live.isSetOffline.subscribe(triggers.reconnect);
  const stopStatus = live.status.subscribe(({ type }) => {
    if (type === "ok" || type === "no-rows") triggers.reconnect();
  });
  const timer = setInterval(live.glance, GLANCE_MS);
  pace.soon();
  return () => {
    clearInterval(timer);
    stopSwitch();
    stopStatus();
    triggers.stop();
  };
};

/** Missing outside secure contexts and outside browsers. */
const storageManager = (): StorageManager | undefined =>
  (globalThis as { navigator?: { storage?: StorageManager } }).navigator?.storage;

const readPersistence = async (live: LiveState): Promise<void> => {
  live.persisted.value =
    (await storageManager()
      ?.persisted()
      .catch(() => false)) ?? false;
};

/** Asked for when there is something to lose; browsers grant it to installed apps, rarely to others. */
const askPersistence = async (live: LiveState): Promise<void> => {
  live.persisted.value =
    (await storageManager()
      ?.persist()
      .catch(() => false)) ?? false;
};

const wipeSafetyOf = ({ phone, evidence, relayed }: Memory): WipeSafety => {
  const [unsent, unsettled] = (phone?.epochs ?? []).reduce(
    ([unsent, unsettled], epoch) => {
      const open = epoch.entries.slice(0, epoch.ackedTo).filter(({ op }) => !isSettled(epoch, op.seq));
      return [
        unsent + epoch.entries.length - Math.min(epoch.ackedTo, epoch.entries.length),
        unsettled + open.length,
      ];
    },
    [0, 0],
  );
  const isSafe = unsent + evidence.length + relayed.length === 0;
  return { isSafe, unsent, unsettled, evidence: evidence.length, relayed: relayed.length };
};

const ledgerOf = (core: Core, shown: Shown, live: LiveState, pace: Pace, close: () => void): Ledger => {
  const { keeper, ports } = core;
  const memory = keeper.memory;
  const nowMs = (): number => {
    const { phone } = memory();
    return phone === null ? ports.wallMs() : serverMs(phone.clock, ports.wallMs());
  };
  const syncNow = async (): Promise<SyncStatus> => {
    await pace.now();
    return live.status.value;
  };
  return {
    state: live.state,
    record: (kind, fields, options) => core.record(kind, fields, options),
    outbox: () => shown.outbox,
    rows: shown.rows,
    row: shown.row,
    untyped: shown.untyped,
    enrol: async (url, options) => {
      // Once in the life of a phone, and with a network: not part of what every start loads.
      const module = await import("./enrolment.ts").catch(() => null);
      if (module === null) return { ok: false, type: "offline" };
      const result = await module.enrol(core, url, options);
      if (result.ok) void askPersistence(live);
      return result;
    },
    signIn: async (person, pin) => {
      const result = await signIn(core, person, pin);
      if (result.ok && !live.persisted.value) void askPersistence(live);
      return result;
    },
    signOut: () => signOut(core),
    addPerson: (person, name, pin) => addPerson(core, person, name, pin),
    syncNow,
    setOffline: (isOffline) => {
      keepOffline(ports, isOffline);
      live.isSetOffline.value = isOffline;
      void keeper.database().then((db) => db.put("meta", isOffline, "offline"));
      if (!isOffline) pace.soon();
    },
    isSetOffline: live.isSetOffline,
    ask: (path, options) => ask(core, path, options),
    nowMs,
    exportOutbox: async () => {
      const name = (memory().device?.name ?? "phone").replaceAll(/[^\p{L}\p{N}-]+/gu, "-");
      const day = new Date(nowMs()).toISOString().slice(0, 10);
      return { name: `gobi-${name}-${day}.gobi`, bytes: await exportFrames(core) };
    },
    importBundle: async (bytes) => {
      const frames = await importFrames(core, bytes);
      if (frames > 0) pace.soon();
      return frames;
    },
    attach: (of, bytes, mediaType, role = "photo") => attachEvidence(core, of, { bytes, mediaType }, role),
    evidence: (sha256) => findEvidence(core, sha256),
    wipeSafe: async () => {
      await keeper.refresh();
      return wipeSafetyOf(memory());
    },
    close,
  };
};
