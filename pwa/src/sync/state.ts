/** How the ledger stands, as signals: who, since when, how far behind, and whether the world can be reached. */
import { computed, type Signal, signal } from "@preact/signals";
import { readWiped } from "../storage/second-head.ts";
import { carriedFor } from "./carried-for.ts";
import type { ClockTrust, LedgerState, SignedWord, SyncStatus } from "./ledger-types.ts";
import { unsentCount } from "./keeper.ts";
import type { Memory } from "./memory.ts";
import { deviceInfo, signedIn } from "./who.ts";
import { allUnsent } from "./phone.ts";
import type { Ports } from "./ports.ts";
import type { Shown } from "./shown.ts";

const OFFLINE = "gobi.offline";

/** What the ledger sets, and the state that follows. */
export interface LiveState {
  readonly state: LedgerState;
  readonly syncing: Signal<boolean>;
  readonly status: Signal<SyncStatus>;
  readonly storage: Signal<"ok" | "full">;
  readonly persisted: Signal<boolean>;
  /** What the browser believes. */
  readonly isNetworkUp: Signal<boolean>;
  readonly isSetOffline: Signal<boolean>;
  /** The instant of which the state speaks: sessions expire without anything else happening. */
  readonly glance: () => void;
}

const trustOf = ({ phone }: Memory): ClockTrust => {
  if (phone === null || !phone.clock.setting.isSet) return "unknown";
  return phone.clock.setting.run === phone.clock.run ? "synced" : "estimated";
};

const signedWordOf = ({ acknowledged }: Memory): SignedWord | null =>
  acknowledged === null ? null : { atMs: acknowledged.value.atMs, bearer: acknowledged.value.bearer };

const sinceOf = ({ phone }: Memory): number | null =>
  phone === null
    ? null
    : allUnsent(phone).reduce<number | null>((least, { op }) => Math.min(least ?? op.at, op.at), null);

const loadedOf = ({ staged, chunks }: Memory): number | null => {
  if (staged.length === 0) return null;
  const total = staged.reduce((sum, { bytes }) => sum + bytes, 0);
  const named = staged.flatMap((snapshot) => snapshot.chunks ?? []);
  const here = named.reduce((sum, { name, bytes }) => sum + (chunks.has(name) ? bytes : 0), 0);
  return total === 0 ? 0 : Math.min(1, here / total);
};

/** Of two equal values the older one, so that a signal of objects does not wake screens for nothing. */
const steady = <T>(read: () => T): (() => T) => {
  let [last, text] = [undefined as T, ""];
  return () => {
    const next = read();
    const said = JSON.stringify(next);
    if (said !== text) [last, text] = [next, said];
    return last;
  };
};

/** Only a clear no counts: outside browsers there is no such word. */
const online = (): boolean =>
  (globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine !== false;

export const openState = (ports: Ports, { memory }: Shown): LiveState => {
  const now = signal(ports.wallMs());
  const syncing = signal(false);
  const status = signal<SyncStatus>({ type: "never" });
  const storage = signal<"ok" | "full">("ok");
  const persisted = signal(false);
  const isNetworkUp = signal(online());
  const isSetOffline = signal(ports.session?.getItem(OFFLINE) === "1");
  const people = (): LedgerState["people"]["value"] =>
    [...memory.value.people.values()].map(({ id, name, lockedUntilMs }) => ({ id, name, lockedUntilMs }));
  const reached = computed(() => ["ok", "no-rows", "refused"].includes(status.value.type));
  return {
    state: {
      device: computed(steady(() => deviceInfo(memory.value))),
      person: computed(steady(() => signedIn(memory.value, now.value))),
      people: computed(steady(people)),
      online: computed(() => reached.value && isNetworkUp.value && !isSetOffline.value),
      syncing,
      syncStatus: status,
      pendingCount: computed(() => unsentCount(memory.value)),
      pendingSinceMs: computed(() => sinceOf(memory.value)),
      lastSyncAt: computed(() => memory.value.pull.lastSyncAt),
      loaded: computed(() => loadedOf(memory.value)),
      copied: computed(() => (memory.value.phone?.clonesFound ?? 0) > 0),
      unjoined: computed(() => status.value.type === "no-rows" && status.value.code === "not-enrolled"),
      restoredMs: computed(() => memory.value.pull.restoredMs ?? null),
      clockTrust: computed(() => trustOf(memory.value)),
      storage,
      wiped: computed(steady(() => (memory.value.device === null ? readWiped(ports.local) : null))),
      persisted,
      relayedCount: computed(() => memory.value.relayed.length),
      carried: computed(steady(() => carriedFor(memory.value.carried))),
      signedWord: computed(steady(() => signedWordOf(memory.value))),
    },
    syncing,
    status,
    storage,
    persisted,
    isNetworkUp,
    isSetOffline,
    glance: () => {
      now.value = ports.wallMs();
    },
  };
};

/** The switch outlives a reload, not the tab. */
export const keepOffline = (ports: Ports, isOffline: boolean): void => {
  try {
    ports.session?.setItem(OFFLINE, isOffline ? "1" : "0");
  } catch {
    // A forbidden store: the switch holds until the reload.
  }
};
