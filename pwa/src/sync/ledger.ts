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
import type * as Deeds from "./deeds.ts";
import { batch } from "@preact/signals";
import type { Core } from "./core.ts";
import { type Keeper, openKeeper, unsentCount } from "./keeper.ts";
import type { Ledger, SyncStatus, Taken } from "./ledger-types.ts";
import { type Ended, openPace, type Pace } from "./pace.ts";
import { serverMs, standsUntil, tick } from "./phone-clock.ts";
import { browserPorts, type Ports } from "./ports.ts";
import { storageFault } from "./record-fault.ts";
import { openShown, type Shown } from "./shown.ts";
import { keepOffline, type LiveState, openState } from "./state.ts";
import { openTabs } from "./tabs.ts";
import type { Triggers } from "./triggers.ts";

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
  const open: { keeper?: Keeper } = {};
  const show = (isOwn: boolean): void => {
    if (open.keeper === undefined) return;
    const memory = open.keeper.memory();
    batch(() => {
      live.glance();
      shown.show(memory);
    });
    if (isOwn) {
      tabs.tell();
      onOwnChange();
    }
  };
  const keeper = await openKeeper(ports, {
    onChange: show,
    onSpace: (isFull) => {
      live.storage.value = isFull ? "full" : "ok";
    },
  });
  open.keeper = keeper;
  show(false);
  tabs.listen(() => void keeper.refresh());

  const acting = actingLater(ports, keeper, () => live.isSetOffline.value);
  const pace = openPace(meeting(acting, live), {
    isAutomatic: ports.isAutomatic,
    chance: () => (ports.randomBytes(1)[0] ?? 0) / 256,
  });
  const parts: Parts = { ports, keeper, acting, shown, live, pace };
  const ends = [pace.stop, tabs.close, automatic(parts, (then) => (onOwnChange = then))];
  void readPersistence(live);
  return ledgerOf(parts, () => {
    for (const end of ends) end();
    void keeper.close();
  });
};

/** What acts on the ledger, as against what shows it. */
interface Acting {
  readonly core: Core;
  readonly deeds: typeof Deeds;
}

interface Parts {
  readonly ports: Ports;
  readonly keeper: Keeper;
  readonly acting: () => Promise<Acting>;
  readonly shown: Shown;
  readonly live: LiveState;
  readonly pace: Pace;
}

/** Its chunk comes when it is first asked for, which is right after the first screen; a load that failed is tried again. */
const actingLater = (ports: Ports, keeper: Keeper, isOffline: () => boolean): (() => Promise<Acting>) => {
  let acting: Promise<Acting> | undefined;
  const load = async (): Promise<Acting> => {
    const deeds = await import("./deeds.ts");
    return { core: await deeds.openCore(ports, keeper, isOffline), deeds };
  };
  return () =>
    (acting ??= load().catch((error: unknown) => {
      acting = undefined;
      throw error;
    }));
};

/** There was no space for what the server has: until there is, asking for it costs the line and brings nothing. */
const isFull = (status: SyncStatus): boolean => status.type === "no-rows" && status.code === "storage-full";

/** One meeting, with what it says of the world around it. */
const meeting = (acting: Parts["acting"], live: LiveState) => async (): Promise<Ended> => {
  live.syncing.value = true;
  try {
    const { core, deeds } = await acting();
    const { status, retryAfterMs } = await core.meet();
    live.status.value = status;
    const isReached = status.type === "ok" || status.type === "no-rows";
    if (isReached) {
      await deeds.uploadEvidence(core);
      await deeds.fetchAcknowledgements(core);
    }
    return { ok: (isReached && !isFull(status)) || status.type === "never", retryAfterMs };
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
  { ports, keeper, acting, live, pace }: Parts,
  onOwnChange: (then: () => void) => void,
): (() => void) => {
  if (!ports.isAutomatic) return () => undefined;
  let [triggers, isEnded] = [undefined as Triggers | undefined, false];
  const reconnect = (): void => triggers?.reconnect();
  const openTriggers = async (): Promise<void> => {
    const { core, deeds } = await acting();
    if (isEnded) return;
    triggers = deeds.openTriggers(core, pace, {
      isOffline: () => live.isSetOffline.value,
      isFull: () => isFull(live.status.value),
      onNetwork: (isUp) => {
        live.isNetworkUp.value = isUp;
      },
    });
    reconnect();
  };
  let [unsent, server] = [unsentCount(keeper.memory()), keeper.memory().device?.server];
  onOwnChange(() => {
    const memory = keeper.memory();
    const grew = unsentCount(memory) > unsent;
    unsent = unsentCount(memory);
    if (grew) pace.soon();
    if (memory.device?.server !== server) {
      server = memory.device?.server;
      reconnect();
    }
  });
  const stopSwitch = live.isSetOffline.subscribe(reconnect);
  const stopStatus = live.status.subscribe(({ type }) => {
    if (type === "ok" || type === "no-rows") reconnect();
  });
  const timer = setInterval(live.glance, GLANCE_MS);
  // Nothing of it may hold up the first screen, which is drawn when this page's turn ends.
  const later = setTimeout(() => void openTriggers().catch(() => undefined));
  pace.soon();
  return () => {
    isEnded = true;
    clearTimeout(later);
    clearInterval(timer);
    stopSwitch();
    stopStatus();
    triggers?.stop();
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

const ledgerOf = ({ ports, keeper, acting, shown, live, pace }: Parts, close: () => void): Ledger => {
  const memory = keeper.memory;
  const nowMs = (): number => {
    const { phone } = memory();
    return phone === null ? ports.wallMs() : serverMs(phone.clock, ports.wallMs());
  };
  const syncNow = async (): Promise<SyncStatus> => {
    await pace.now();
    return live.status.value;
  };
  const taking = async (take: (acting: Acting) => Promise<Taken>): Promise<Taken> => {
    const taken = await acting()
      .then(take)
      .catch((error: unknown) => {
        throw storageFault(error);
      });
    if (taken.ok && taken.frames > 0) pace.soon();
    return taken;
  };
  return {
    state: live.state,
    record: async (kind, fields, options) => {
      const { core } = await acting().catch((error: unknown) => {
        throw storageFault(error);
      });
      return core.record(kind, fields, options);
    },
    outbox: () => shown.outbox,
    rows: shown.rows,
    row: shown.row,
    untyped: shown.untyped,
    enrol: async (url, options) => {
      // Once in the life of a phone, and with a network: not part of what every start loads.
      const loaded = await Promise.all([acting(), import("./enrolment.ts")]).catch(() => null);
      if (loaded === null) return { ok: false, type: "offline" };
      const [{ core }, { enrol }] = loaded;
      const result = await enrol(core, url, options);
      if (result.ok) void askPersistence(live);
      return result;
    },
    signIn: async (person, pin) => {
      const { core, deeds } = await acting();
      const result = await deeds.signIn(core, person, pin);
      if (result.ok && !live.persisted.value) void askPersistence(live);
      return result;
    },
    signOut: async () => {
      const { core, deeds } = await acting();
      await deeds.signOut(core);
    },
    passkeys: async () => {
      const [{ core }, { openPasskeys }] = await Promise.all([acting(), import("./passkeys.ts")]);
      return openPasskeys(core);
    },
    addPerson: async (person, name, pin) => {
      const { core, deeds } = await acting();
      return deeds.addPerson(core, person, name, pin);
    },
    syncNow,
    setOffline: (isOffline) => {
      keepOffline(ports, isOffline);
      live.isSetOffline.value = isOffline;
      void keeper.database().then((db) => db.put("meta", isOffline, "offline"));
      if (!isOffline) pace.soon();
    },
    isSetOffline: live.isSetOffline,
    ask: async (path, options) => {
      const loaded = await acting().catch(() => null);
      return loaded === null ? { ok: false, type: "offline" } : loaded.deeds.ask(loaded.core, path, options);
    },
    nowMs,
    standsUntil: (untilMs) => {
      const { phone } = memory();
      if (phone === null) return false;
      const now = { wallMs: ports.wallMs(), monoMs: ports.monoMs() };
      return standsUntil(tick(phone.clock, now, phone.runs + 1), now, untilMs);
    },
    exportOutbox: async () => {
      const name = (memory().device?.name ?? "phone").replaceAll(/[^\p{L}\p{N}-]+/gu, "-");
      const day = new Date(nowMs()).toISOString().slice(0, 10);
      const { core, deeds } = await acting();
      return { name: `gobi-${name}-${day}.gobi`, bytes: await deeds.exportFrames(core) };
    },
    importBundle: (bytes) => taking(({ core, deeds }) => deeds.takeBundle(core, bytes)),
    importPackage: (given) => taking(({ core, deeds }) => deeds.takePackage(core, given)),
    outboxAsPackage: async () => {
      const { core, deeds } = await acting();
      return deeds.framesAsPackage(core);
    },
    signedAsPackage: async (device) => {
      const { acknowledged, carried } = memory();
      const signed =
        device === null
          ? acknowledged?.bytes
          : carried.find((each) => each.device === device)?.acknowledgement;
      return signed === undefined || signed === null ? null : (await acting()).deeds.signedAsPackage(signed);
    },
    dropCarried: async (device) => {
      const { core, deeds } = await acting();
      await deeds.dropCarried(core, device);
    },
    askAcknowledgement: async () => {
      const { core, deeds } = await acting();
      return (await deeds.askAcknowledgement(core))?.ok === true;
    },
    sendAgain: async () => {
      const { core, deeds } = await acting();
      await deeds.sendAgain(core);
      pace.soon();
    },
    attach: async (of, bytes, mediaType, role = "photo") => {
      const { core, deeds } = await acting();
      return deeds.attachEvidence(core, of, { bytes, mediaType }, role);
    },
    evidence: async (sha256) => {
      const { core, deeds } = await acting();
      return deeds.findEvidence(core, sha256);
    },
    wipeSafe: async () => {
      await keeper.refresh();
      return (await acting()).deeds.wipeSafetyOf(memory());
    },
    close,
  };
};
