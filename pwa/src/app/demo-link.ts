/**
 * The demo page beside this phone: it may cut the network and nothing else. It is obeyed only when its origin is this
 * server's demo page and the server itself says that it is a demo.
 */
import type { Ledger, SyncStatus } from "../sync/ledger-types.ts";

type DemoMessage =
  | { readonly type: "gobi/demo-offline"; readonly offline: boolean }
  | { readonly type: "gobi/demo-open"; readonly hash: string }
  | { readonly type: "gobi/demo-wipe" };

/** `liu.localhost:8000` is shown beside `localhost:8000`. */
export const isDemoOrigin = (origin: string, own: string): boolean => {
  try {
    const [page, phone] = [new URL(origin), new URL(own)];
    return (
      page.protocol === phone.protocol &&
      page.port === phone.port &&
      phone.hostname.endsWith(`.${page.hostname}`)
    );
  } catch {
    return false;
  }
};

let known: Promise<boolean> | undefined;

/** Whether the server was started as a demo; asked once, and asked again only when there was no answer. */
export const isDemoServer = (): Promise<boolean> => {
  known ??= fetch("/demo/api/ledger", { headers: { Accept: "application/json" } })
    .then((response) => response.ok && response.headers.get("content-type")?.includes("json") === true)
    .catch(() => {
      known = undefined;
      return false;
    });
  return known;
};

const readMessage = (data: unknown): DemoMessage | null => {
  if (typeof data !== "object" || data === null || !("type" in data)) return null;
  if (data.type === "gobi/demo-offline" && "offline" in data && typeof data.offline === "boolean") {
    return { type: data.type, offline: data.offline };
  }
  if (data.type === "gobi/demo-open" && "hash" in data && typeof data.hash === "string") {
    return { type: data.type, hash: data.hash };
  }
  return data.type === "gobi/demo-wipe" ? { type: data.type } : null;
};

/** The demo began anew: its ledger knows this phone no more. */
const wipe = async (ledger: Ledger): Promise<void> => {
  ledger.close();
  for (const { name } of await indexedDB.databases()) if (name !== undefined) indexedDB.deleteDatabase(name);
  localStorage.clear();
  sessionStorage.clear();
  location.hash = "";
  location.reload();
};

/** The server answers, and does not know this phone. */
const isStranger = (status: SyncStatus): boolean =>
  (status.type === "no-rows" || status.type === "refused") &&
  ["not-enrolled", "unknown-device"].includes(status.code);

const obey = (ledger: Ledger, message: DemoMessage): void => {
  switch (message.type) {
    case "gobi/demo-offline":
      ledger.setOffline(message.offline);
      if (!message.offline) void ledger.syncNow();
      return;
    case "gobi/demo-open":
      if (message.hash.startsWith("#/")) location.hash = message.hash;
      return;
    case "gobi/demo-wipe":
      void wipe(ledger);
  }
};

export const listenToDemo = (ledger: Ledger): void => {
  if (window.parent === window) return;
  addEventListener("message", (event: MessageEvent<unknown>) => {
    if (event.source !== window.parent || !isDemoOrigin(event.origin, location.origin)) return;
    const message = readMessage(event.data);
    if (message === null) return;
    void isDemoServer().then((isDemo) => {
      if (isDemo) obey(ledger, message);
    });
  });
  const tell = (): void => {
    const state = {
      type: "gobi/demo-state",
      enrolled: ledger.state.device.value !== null,
      signedIn: ledger.state.person.value?.id ?? null,
      pending: ledger.state.pendingCount.value,
      offline: ledger.isSetOffline.value,
      stranger: isStranger(ledger.state.syncStatus.value),
    };
    // Nothing secret: whoever frames the phone sees as much.
    window.parent.postMessage(state, "*");
  };
  const { device, person, pendingCount, syncStatus } = ledger.state;
  for (const signal of [device, person, pendingCount, syncStatus, ledger.isSetOffline])
    signal.subscribe(tell);
};
