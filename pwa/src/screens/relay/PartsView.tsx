/** A package as QR codes, one after another, until the other phone has read enough of them. */
import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { keepBusy } from "../../app/busy.ts";
import { makeParts, type Package, PART_NUMBERS } from "../../codec/parts.ts";
import { t } from "../../i18n/i18n.ts";
import { Button } from "../../ui/Button.tsx";
import { ProgressBar } from "../../ui/ProgressBar.tsx";
import { QrImage } from "../../ui/QrImage.tsx";
import { keepAwake } from "../../ui/wake-lock.ts";

/** Five a second: a camera of 30 pictures takes six of each, and a slow phone still reads most of them. */
const CODE_MS = 200;

export const PartsView = ({ shown, label }: { readonly shown: Package; readonly label: string }): VNode => {
  const parts = useMemo(() => makeParts(shown), [shown]);
  const [number, setNumber] = useState(0);
  const [isPaused, setPaused] = useState(false);
  const isMoving = parts.blocks > 1 && !isPaused;
  useEffect(() => {
    if (!isMoving) return;
    const timer = setInterval(() => setNumber((now) => (now + 1) % PART_NUMBERS), CODE_MS);
    return () => clearInterval(timer);
  }, [isMoving]);
  useEffect(() => {
    const ends = [keepAwake(), keepBusy("relay")];
    return () => {
      for (const end of ends) end();
    };
  }, []);
  return (
    <>
      <div class="parts">
        <QrImage content={parts.part(number)} label={label} level="L" />
      </div>
      <p class="form-hint">{t("relay.hint")}</p>
      {parts.blocks === 1 ? null : (
        <>
          <ProgressBar
            done={Math.min(number + 1, parts.blocks)}
            total={parts.blocks}
            label={t("relay.codes")}
          />
          <p class="form-hint">
            {number < parts.blocks ? t("relay.firstRound") : t("relay.laterRounds", { n: number + 1 })}
          </p>
          <Button
            label={isPaused ? t("relay.resume") : t("relay.pause")}
            onPress={() => setPaused(!isPaused)}
          />
        </>
      )}
    </>
  );
};
