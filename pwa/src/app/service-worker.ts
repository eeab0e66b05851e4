/**
 * The app as something installed: registers the service worker, lets a new version in when the gate says so, and asks
 * to be woken when the network is back. Loaded when the first screen stands.
 */
import { effect } from "@preact/signals";
import {
  type FromServiceWorker,
  KILL_URL,
  OP_VERSION,
  SYNC_TAG,
  type ToServiceWorker,
  isKilled,
} from "../sw/protocol.ts";
import { businesses } from "./busy.ts";
import { allowOwnScripts } from "./own-scripts.ts";
import { prompt, readPersistence, waiting, wanted } from "./pwa.ts";
import { gateAnswer } from "./update-gate.ts";

export type PwaPorts = {
  /** Ops that are not yet on the server; reads a signal. */
  readonly pending: () => number;
  /** Bring up the outbox now; called when the service worker learns that the network is back. */
  readonly flush: () => void;
};

type SyncRegistration = ServiceWorkerRegistration & {
  readonly sync?: { readonly register: (tag: string) => Promise<void> };
};

const UPDATE_CHECK_MS = 30 * 60 * 1000;
const RELOADED_AS = "gobi.updated";

const say = (worker: ServiceWorker, message: ToServiceWorker): void => worker.postMessage(message);

const VERSION_MS_MAX = 2_000;

type Version = { readonly build: string; readonly opVersion: number };

/** A build that does not answer is taken to write other ops. */
const SILENT: Version = { build: "", opVersion: -1 };

const askVersion = (worker: ServiceWorker): Promise<Version> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const timer = setTimeout(() => resolve(SILENT), VERSION_MS_MAX);
    port1.addEventListener("message", ({ data }: MessageEvent<FromServiceWorker>) => {
      clearTimeout(timer);
      resolve(data.type === "gobi/version" ? data : SILENT);
    });
    port1.start();
    const question: ToServiceWorker = { type: "gobi/version" };
    worker.postMessage(question, [port2]);
  });

/** A version that the server has withdrawn takes its caches with it, never the outbox. */
const obeyKill = async (registration: ServiceWorkerRegistration): Promise<void> => {
  if (registration.active === null) return;
  try {
    const response = await fetch(KILL_URL, { cache: "no-store" });
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    if (
      !response.ok ||
      !isJson ||
      !isKilled(await response.json(), (await askVersion(registration.active)).build)
    )
      return;
    await registration.unregister();
    for (const name of await caches.keys()) await caches.delete(name);
  } catch {
    // No network, no verdict.
  }
};

const checkForUpdate = async (registration: ServiceWorkerRegistration): Promise<void> => {
  try {
    await registration.update();
  } catch {
    // Offline: the next check comes.
  }
  await obeyKill(registration);
};

/** Reload once when a new version has taken over: the page's own code is the old one's. */
const reloadWhenTakenOver = (hadController: boolean): void => {
  let reloading = !hadController; // The very first worker takes over a page that is already new.
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (reloading) {
      reloading = false;
      return;
    }
    reloading = true;
    // Another tab may have let the new version in: work that is open in this one is finished first.
    effect(() => {
      if (businesses.value.length > 0) return;
      sessionStorage.setItem(RELOADED_AS, "1");
      location.reload();
    });
  });
};

const watchUpdates = (registration: ServiceWorkerRegistration): void => {
  const found = async (worker: ServiceWorker): Promise<void> => {
    const { opVersion } = await askVersion(worker);
    waiting.value = { worker, opVersion };
  };
  const follow = (worker: ServiceWorker | null): void => {
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed" && navigator.serviceWorker.controller !== null) void found(worker);
    });
  };
  if (registration.waiting !== null && navigator.serviceWorker.controller !== null)
    void found(registration.waiting);
  follow(registration.installing);
  registration.addEventListener("updatefound", () => follow(registration.installing));
};

const runGate = (ports: PwaPorts): void => {
  effect(() => {
    const next = waiting.value;
    if (next === undefined) return;
    const answer = gateAnswer({
      coldStart: false,
      businesses: businesses.value,
      pending: ports.pending(),
      opVersionChanges: next.opVersion !== OP_VERSION,
      wanted: wanted.value,
    });
    if (answer === "activate") say(next.worker, { type: "gobi/skip-waiting" });
  });
};

/** At a cold start a version that waited takes over before anything is shown. True: the page is about to reload. */
const activateAtColdStart = (registration: ServiceWorkerRegistration): boolean => {
  if (registration.waiting === null || sessionStorage.getItem(RELOADED_AS) !== null) return false;
  say(registration.waiting, { type: "gobi/skip-waiting" });
  return true;
};

const whenIdle = (run: () => void): void => {
  if (typeof requestIdleCallback === "function") requestIdleCallback(run, { timeout: 10_000 });
  else setTimeout(run, 3_000);
};

const register = async (ports: PwaPorts): Promise<void> => {
  const { serviceWorker } = navigator;
  reloadWhenTakenOver(serviceWorker.controller !== null);
  serviceWorker.addEventListener("message", ({ data }: MessageEvent<FromServiceWorker>) => {
    if (data.type === "gobi/flush") ports.flush();
  });
  const known = await serviceWorker.getRegistration();
  if (known !== undefined && activateAtColdStart(known)) return;
  sessionStorage.removeItem(RELOADED_AS);
  allowOwnScripts();
  const registration = await serviceWorker.register("/sw.js", { updateViaCache: "none" });
  watchUpdates(registration);
  runGate(ports);
  const check = (): void => {
    if (document.visibilityState === "visible") void checkForUpdate(registration);
  };
  document.addEventListener("visibilitychange", check);
  setInterval(check, UPDATE_CHECK_MS);
  await serviceWorker.ready;
  whenIdle(() => {
    if (registration.active !== null) say(registration.active, { type: "gobi/warm" });
    void obeyKill(registration);
  });
};

/** Call once, after the first screen stands. Never throws: an app without a service worker still works online. */
export const startPwa = (ports: PwaPorts): void => {
  addEventListener("appinstalled", () => {
    prompt.value = undefined;
    void readPersistence();
  });
  void readPersistence();
  effect(() => {
    if (ports.pending() > 0) void requestBackgroundSync();
  });
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  register(ports).catch(() => undefined);
};

/** Ask the browser to wake the worker when the network is back, even with no page open. Not everywhere: an optimisation. */
export const requestBackgroundSync = async (): Promise<void> => {
  try {
    const registration: SyncRegistration | undefined = await navigator.serviceWorker?.getRegistration();
    await registration?.sync?.register(SYNC_TAG);
  } catch {
    // Not permitted here; the page's own triggers remain.
  }
};
