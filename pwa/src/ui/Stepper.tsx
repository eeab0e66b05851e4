/** One more, one less, for pieces counted by eye; the number itself opens the keys, for thirty crates at once. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { IconButton } from "./Button.tsx";
import { NumberPad } from "./NumberPad.tsx";
import { EACH } from "./quantity.ts";
import { Sheet } from "./Sheet.tsx";

export const Stepper = ({
  label,
  value,
  onChange,
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
}: {
  readonly label: string;
  readonly value: number;
  readonly onChange: (value: number) => void;
  readonly min?: number;
  readonly max?: number;
}): VNode => {
  const [typing, setTyping] = useState(false);
  const within = (wanted: number): number => Math.min(max, Math.max(min, wanted));
  return (
    <div class="stepper" role="group" aria-label={label}>
      <IconButton label={t("pad.minus")} icon="minus" onPress={() => onChange(within(value - 1))} />
      <button type="button" class="stepper-value" aria-live="polite" onClick={() => setTyping(true)}>
        {value}
      </button>
      <IconButton label={t("pad.plus")} icon="plus" onPress={() => onChange(within(value + 1))} />
      {typing ? (
        <Sheet title={label} onClose={() => setTyping(false)}>
          <NumberPad
            units={[EACH]}
            base={EACH}
            onConfirm={(wanted) => {
              setTyping(false);
              onChange(within(wanted));
            }}
          />
        </Sheet>
      ) : null}
    </div>
  );
};
