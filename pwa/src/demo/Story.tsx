/** The five steps: the one that is due is lit and has its button; those that are done have a tick. */
import type { VNode } from "preact";
import { type DemoLedger, type Step, stepNow } from "./ledger.ts";
import { type Who, open, phones, setOffline, wipeAll } from "./phones.ts";
import { type DemoWord, say } from "./words.ts";

interface Act {
  readonly step: Step;
  readonly text: DemoWord;
  readonly label: DemoWord;
  readonly who: Who | "ledger";
  readonly run: () => void;
}

const ACTS: readonly Act[] = [
  {
    step: 1,
    text: "step1",
    label: "step1do",
    who: "liu",
    run: () => {
      setOffline("liu", true);
      setOffline("zhang", true);
    },
  },
  { step: 2, text: "step2", label: "step2do", who: "liu", run: () => open("liu", "#/pick/order/SO-1123-1") },
  {
    step: 3,
    text: "step3",
    label: "step3do",
    who: "zhang",
    run: () => open("zhang", "#/count/place/R1/TOM-5/1123"),
  },
  { step: 4, text: "step4", label: "step4do", who: "ledger", run: () => setOffline("zhang", false) },
  { step: 5, text: "step5", label: "step5do", who: "ledger", run: () => setOffline("liu", false) },
];

const post = (path: string): Promise<Response> => fetch(path, { method: "POST" });

const reset = async (): Promise<void> => {
  await post("/demo/api/reset");
  wipeAll();
};

export const Story = ({
  ledger,
  onShow,
}: {
  readonly ledger: DemoLedger | null;
  readonly onShow: (who: Who | "ledger") => void;
}): VNode => {
  const now: Step = ledger === null ? 1 : stepNow(ledger, phones.liu.value, phones.zhang.value);
  return (
    <section class="demo-story" aria-label={say("story")}>
      <ol>
        {ACTS.map(({ step, text, label, who, run }) => (
          <li key={step} class={step < now ? "is-done" : step === now ? "is-now" : ""}>
            <span class="demo-number">{step < now ? "✓" : step}</span>
            <span>{say(text)}</span>
            {step === now ? (
              <button
                type="button"
                onClick={() => {
                  run();
                  onShow(who);
                }}
              >
                {say(label)}
              </button>
            ) : null}
          </li>
        ))}
      </ol>
      <footer>
        <small>{say("pin")}</small>
        {ledger?.isPlaying === true && now === 6 ? (
          <button type="button" class="is-lit" onClick={() => void post("/demo/api/rest")}>
            {say("rest")}
          </button>
        ) : null}
        <button type="button" onClick={() => void reset()}>
          {say("reset")}
        </button>
      </footer>
    </section>
  );
};
