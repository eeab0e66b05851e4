/**
 * What the screens know of the app as something installed: whether a new version waits, whether the browser offers to
 * install it, and whether it may evict what is stored. `service-worker.ts` brings the news.
 */
import { computed, signal } from "@preact/signals";

export type Persistence = "persisted" | "best-effort" | "unknown";

/** Not in the standard types: Chromium only. */
type InstallPrompt = Event & {
  readonly prompt: () => Promise<void>;
  readonly userChoice: Promise<{ readonly outcome: "accepted" | "dismissed" }>;
};

/** The new version that waits, and the ops that it writes. */
export const waiting = signal<{ readonly worker: ServiceWorker; readonly opVersion: number } | undefined>(
  undefined,
);
export const wanted = signal(false);
export const prompt = signal<InstallPrompt | undefined>(undefined);

/** A new version is ready and waits; show the pill. */
export const updateReady = computed(() => waiting.value !== undefined);
/** The person wants it, and something still has to end first. */
export const updateWanted = computed(() => wanted.value);
/** The browser offers to install the app. */
export const installable = computed(() => prompt.value !== undefined);
export const persistence = signal<Persistence>("unknown");

/** From the start: the browser offers once, and waits for nobody to load. */
export const listenForOffer = (): void =>
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    prompt.value = event as InstallPrompt;
  });

/** Let the new version in as soon as the gate allows it. */
export const requestUpdate = (): void => {
  wanted.value = true;
};

export const promptInstall = async (): Promise<boolean> => {
  const offer = prompt.value;
  if (offer === undefined) return false;
  await offer.prompt();
  prompt.value = undefined;
  return (await offer.userChoice).outcome === "accepted";
};

export const readPersistence = async (): Promise<void> => {
  const isPersisted = await navigator.storage?.persisted?.().catch(() => undefined);
  if (isPersisted !== undefined) persistence.value = isPersisted ? "persisted" : "best-effort";
};

/** Ask that what is stored be kept; browsers grant it to installed apps, rarely to others. */
export const requestPersistence = async (): Promise<Persistence> => {
  const isGranted = await navigator.storage?.persist?.().catch(() => undefined);
  if (isGranted !== undefined) persistence.value = isGranted ? "persisted" : "best-effort";
  return persistence.value;
};

export type Surroundings = "installed" | "wechat" | "ios" | "browser";

/** Where the app runs decides what it can promise: WeChat keeps nothing offline. */
export const surroundings = (userAgent: string, isStandalone: boolean): Surroundings => {
  if (/MicroMessenger/i.test(userAgent)) return "wechat";
  if (isStandalone) return "installed";
  return /iPhone|iPad/.test(userAgent) ? "ios" : "browser";
};

export const isStandalone = (): boolean =>
  matchMedia("(display-mode: standalone)").matches ||
  ("standalone" in navigator && navigator.standalone === true);
