/** Reads another phone's codes, in whatever order the camera catches them, until they are whole. */
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { tellFault } from "../../app/act.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { Screen } from "../../app/Screen.tsx";
import { openCollector, type Package } from "../../codec/parts.ts";
import { t } from "../../i18n/i18n.ts";
import { onScan } from "../../scan/scan.ts";
import type { Taken } from "../../sync/ledger-types.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { signalOutcome } from "../../ui/feedback.tsx";
import { ProgressBar } from "../../ui/ProgressBar.tsx";
import { go } from "../../ui/router.ts";
import { ScanBox } from "../../ui/ScanBox.tsx";
import { keepAwake } from "../../ui/wake-lock.ts";
import { outcomeOf } from "./words.ts";

interface Progress {
  readonly have: number;
  readonly of: number;
}

const useCodes = (onWhole: (found: Package) => void): Progress | null => {
  const [progress, setProgress] = useState<Progress | null>(null);
  const latest = useRef(onWhole);
  latest.current = onWhole;
  useEffect(() => {
    const collector = openCollector();
    return onScan(({ text }) => {
      const found = collector.take(text);
      switch (found.type) {
        case "other":
          return { verdict: "error", text: t("relay.otherCode") };
        case "damaged":
          setProgress(null);
          return { verdict: "error", text: t("relay.damaged") };
        case "some":
          // Many a second: the bar moves, and nothing beeps.
          setProgress({ have: found.have, of: found.of });
          return undefined;
        case "whole":
          setProgress(null);
          latest.current(found.package);
          return undefined;
      }
    });
  }, []);
  return progress;
};

const Result = ({ taken, onAgain }: { readonly taken: Taken; readonly onAgain: () => void }): VNode => {
  const ledger = useLedger();
  const outcomes = outcomeOf(ledger, taken);
  return (
    <div class="stack">
      {outcomes.map(({ tint, title, text }) => (
        <Notice key={title} tint={tint} title={title} {...(text === undefined ? {} : { text })} />
      ))}
      <Button label={t("relay.readMore")} icon="camera" onPress={onAgain} />
    </div>
  );
};

export const ReadScreen = (_props: ScreenProps): VNode => {
  const ledger = useLedger();
  const [taken, setTaken] = useState<Taken | null>(null);
  useEffect(keepAwake, []);
  const take = async (found: Package): Promise<void> => {
    const done = await ledger.importPackage(found);
    setTaken(done);
    const [first] = outcomeOf(ledger, done);
    if (first !== undefined) signalOutcome(first.tint === "bad" ? "error" : "ok", first.title);
  };
  const progress = useCodes((found) => void take(found).catch(tellFault));
  return (
    <Screen
      title={t("relay.readTitle")}
      actions={
        taken === null ? undefined : (
          <BigButton label={t("relay.toOutbox")} icon="upload" onPress={() => go(["outbox"])} />
        )
      }
    >
      {taken === null ? (
        <>
          <div class="read-codes">
            <ScanBox camera prompt={t("relay.readPrompt")} />
          </div>
          {progress === null ? (
            <Notice tint="info" title={t("relay.aim")} text={t("relay.aimHint")} />
          ) : (
            <div class="stack">
              <p class="lead">{t("relay.reading")}</p>
              <ProgressBar done={progress.have} total={progress.of} label={t("relay.codes")} />
              <p class="form-hint">{t("relay.missing", { n: progress.of - progress.have })}</p>
            </div>
          )}
        </>
      ) : (
        <Result taken={taken} onAgain={() => setTaken(null)} />
      )}
    </Screen>
  );
};
