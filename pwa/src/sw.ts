/**
 * The service worker: the app starts without network, updates only when it disturbs nobody, and brings up the
 * outbox when the network returns while no page is open. It holds no state of its own.
 */
import { flushFromWorker } from "./sync/flush.ts";
import { answerFile, dropOtherBuilds, installShell, warm } from "./sw/precache.ts";
import { type FromServiceWorker, OP_VERSION, SYNC_TAG, type ToServiceWorker } from "./sw/protocol.ts";
import { answerOf } from "./sw/routes.ts";

declare const self: ServiceWorkerGlobalScope;

/** Background Sync: Chromium only, and not in the standard types. */
type SyncEvent = Event & { readonly tag: string; readonly waitUntil: (work: Promise<unknown>) => void };

const HASHES = new Map(__PRECACHE__);
const FILES = new Set(HASHES.keys());

self.addEventListener("install", (event) => {
  event.waitUntil(installShell(__BUILD__, __PRECACHE__));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOtherBuilds(__BUILD__).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const asked = { method: request.method, url, isNavigation: request.mode === "navigate" };
  const answer = answerOf(asked, self.location.origin, FILES);
  if (answer === "network") return;
  const path = answer === "shell" ? "/" : url.pathname;
  event.respondWith(answerFile(__BUILD__, request, path, HASHES.get(path)));
});

self.addEventListener("message", (event) => {
  const message = event.data as ToServiceWorker;
  switch (message.type) {
    case "gobi/version": {
      const version: FromServiceWorker = { type: "gobi/version", build: __BUILD__, opVersion: OP_VERSION };
      event.ports[0]?.postMessage(version);
      break;
    }
    case "gobi/skip-waiting":
      event.waitUntil(self.skipWaiting());
      break;
    case "gobi/warm":
      event.waitUntil(warm(__BUILD__, __PRECACHE__));
      break;
    default:
    // A page of another build may say what this one does not know.
  }
});

/** Pages flush by themselves; the worker does it where there is none, or beside them: one lock serialises both. */
const flush = async (): Promise<void> => {
  const message: FromServiceWorker = { type: "gobi/flush" };
  for (const client of await self.clients.matchAll({ type: "window" })) client.postMessage(message);
  await flushFromWorker();
};

const onSync = (event: Event): void => {
  const sync = event as SyncEvent;
  // A rejected flush makes the browser try again later, with growing pauses.
  if (sync.tag === SYNC_TAG) sync.waitUntil(flush());
};

self.addEventListener("sync", onSync);
self.addEventListener("periodicsync", onSync);
