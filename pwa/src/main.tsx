/** The app on a phone or a desk: opens the ledger, shows the first screen, then lets the service worker in. */
import { render } from "preact";
import "./styles/index.css";
import { App } from "./app/App.tsx";
import { bootFault } from "./app/boot-fault.ts";
import { startClock } from "./app/clock.ts";
import { listenForOffer } from "./app/pwa.ts";
import type { PwaPorts } from "./app/service-worker.ts";
import { startLanguage, t } from "./i18n/i18n.ts";
import { openLedger } from "./sync/ledger.ts";
import { startPreferences } from "./ui/preferences.ts";
import { startRouter } from "./ui/router.ts";

const showFault = (root: HTMLElement, error: unknown): void => {
  const fault = bootFault(error);
  const box = document.createElement("div");
  box.className = "boot-fault";
  const title = document.createElement("h1");
  title.textContent = fault.title;
  const text = document.createElement("p");
  text.textContent = fault.text;
  const again = document.createElement("button");
  again.className = "button look-primary";
  again.textContent = t("app.reload");
  again.addEventListener("click", () => location.reload());
  box.append(title, text, again);
  root.replaceChildren(box);
  if (fault.needsUpdate) startUpdates({ pending: () => 0, flush: () => undefined });
};

const startUpdates = (ports: PwaPorts): void => {
  import("./app/service-worker.ts").then(({ startPwa }) => startPwa(ports)).catch(() => undefined);
};

/**
 * A browser that was never here will be asked to join: that screen comes beside the ledger and not after it, with what
 * it imports, which the browser would find out only then.
 */
const fetchJoining = (): void => {
  if (navigator.serviceWorker?.controller) return;
  for (const coming of [import("./screens/enrol/EnrolScreen.tsx"), import("./ui/ScanBox.tsx")])
    coming.catch(() => undefined);
};

const start = async (root: HTMLElement): Promise<void> => {
  startPreferences();
  startRouter();
  listenForOffer();
  fetchJoining();
  const [ledger] = await Promise.all([openLedger(), startLanguage()]);
  root.replaceChildren();
  render(<App ledger={ledger} />, root);
  startClock();
  if (window.parent !== window)
    void import("./app/demo-link.ts").then(({ listenToDemo }) => listenToDemo(ledger));
  // After the first paint; without it the app works as a page that needs the network to start.
  setTimeout(() => {
    startUpdates({ pending: () => ledger.state.pendingCount.value, flush: () => void ledger.syncNow() });
  });
};

const root = document.querySelector<HTMLElement>("#app");
if (root !== null) start(root).catch((error: unknown) => showFault(root, error));
