/** The demo: two phones, the ledger beside them, and a story that anybody can play in two minutes. */
import { signal } from "@preact/signals";
import { type VNode, render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import "../styles/tokens.css";
import "../styles/base.css";
import "./demo.css";
import { type DemoLedger, readLedger } from "./ledger.ts";
import { LedgerPanel } from "./LedgerPanel.tsx";
import {
  type Who,
  PEOPLE,
  addFrame,
  listenToPhones,
  moveToSite,
  originOf,
  phones,
  setOffline,
} from "./phones.ts";
import { Story } from "./Story.tsx";
import { demoLanguage, say } from "./words.ts";

const POLL_MS = 1_000;

const ledger = signal<DemoLedger | null>(null);
const fault = signal<"unreachable" | "notDemo" | null>(null);

const poll = async (): Promise<void> => {
  try {
    const response = await fetch("/demo/api/ledger", { headers: { Accept: "application/json" } });
    if (response.ok) ledger.value = readLedger(await response.json());
    fault.value = response.ok ? null : response.status === 404 ? "notDemo" : "unreachable";
  } catch {
    fault.value = "unreachable";
  }
  setTimeout(() => void poll(), POLL_MS);
};

const NAMES: Readonly<Record<Who, readonly [zh: string, en: string]>> = {
  liu: ["刘洋 · 拣货", "Liu Yang · picker"],
  zhang: ["张磊 · 拣货", "Zhang Lei · picker"],
};

const Phone = ({ who }: { readonly who: Who }): VNode => {
  const frame = useRef<HTMLIFrameElement>(null);
  const state = phones[who].value;
  const offline = state?.offline === true;
  useEffect(() => {
    if (frame.current !== null) addFrame(who, frame.current);
  }, []);
  return (
    <section class={`demo-phone ${offline ? "is-offline" : ""}`} data-view={who}>
      <header>
        <strong>{NAMES[who][demoLanguage.value === "zh" ? 0 : 1]}</strong>
        {state === null || state.pending === 0 ? null : (
          <span class="demo-pending">
            {state.pending} {say("pending")}
          </span>
        )}
        <button
          type="button"
          role="switch"
          aria-checked={!offline}
          class={`demo-switch ${offline ? "" : "is-on"}`}
          onClick={() => setOffline(who, !offline)}
        >
          <i />
          {offline ? say("offline") : say("online")}
        </button>
      </header>
      <iframe ref={frame} src={`${originOf(who)}/`} title={NAMES[who][0]} allow="camera; screen-wake-lock" />
    </section>
  );
};

const view = signal<Who | "ledger">("liu");

const Views = (): VNode => (
  <nav class="demo-views">
    {([...PEOPLE, "ledger"] as const).map((id) => (
      <button
        key={id}
        type="button"
        aria-pressed={view.value === id}
        onClick={() => {
          view.value = id;
        }}
      >
        {id === "ledger" ? say("ledger") : NAMES[id][demoLanguage.value === "zh" ? 0 : 1]}
      </button>
    ))}
  </nav>
);

const Demo = (): VNode => (
  <div class="demo" data-shown={view.value}>
    <header class="demo-top">
      <img src="/icon.svg" alt="" width="40" height="40" />
      <div>
        <h1>{say("title")}</h1>
        <p>{say("lead")}</p>
      </div>
      <button
        type="button"
        class="demo-language"
        onClick={() => {
          demoLanguage.value = demoLanguage.value === "zh" ? "en" : "zh";
        }}
      >
        {demoLanguage.value === "zh" ? "English" : "中文"}
      </button>
    </header>
    {fault.value === null ? null : (
      <p class="demo-fault" role="alert">
        {say(fault.value)}
      </p>
    )}
    <Story
      ledger={ledger.value}
      onShow={(who) => {
        view.value = who;
      }}
    />
    <Views />
    {PEOPLE.map((who) => (
      <Phone key={who} who={who} />
    ))}
    <LedgerPanel ledger={ledger.value} />
  </div>
);

const root = document.querySelector("#demo");
if (root !== null && !moveToSite()) {
  listenToPhones();
  render(<Demo />, root);
  void poll();
}
