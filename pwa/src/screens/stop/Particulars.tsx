/** What belongs to a hand-over besides its lines: crates, the receiver's name, a photo, a payment. */
import type { VNode } from "preact";
import { formatMoney } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import { TextField } from "../../ui/QuantityField.tsx";
import { Stepper } from "../../ui/Stepper.tsx";
import { MoneyField } from "./MoneyField.tsx";
import { PhotoField } from "./PhotoField.tsx";

export interface More {
  /** Crates left with the receiver, and empty ones taken back. */
  readonly out: number;
  readonly back: number;
  readonly name: string;
  readonly photo: Blob | null;
  readonly paidFen: number;
}

export const NOTHING_MORE: More = { out: 0, back: 0, name: "", photo: null, paidFen: 0 };

export const Particulars = ({
  value,
  hasCrates,
  onChange,
}: {
  readonly value: More;
  readonly hasCrates: boolean;
  /** Takes a step from whatever stands by then: a photo is ready later than it was asked for. */
  readonly onChange: (step: (before: More) => More) => void;
}): VNode => {
  const set = (part: Partial<More>): void => onChange((before) => ({ ...before, ...part }));
  const { out, back, name, photo, paidFen } = value;
  return (
    <>
      {hasCrates ? (
        <>
          <div class="field-row">
            <span class="field-label">{t("stop.cratesOut")}</span>
            <Stepper label={t("stop.cratesOut")} value={out} onChange={(count) => set({ out: count })} />
          </div>
          <div class="field-row">
            <span class="field-label">{t("stop.cratesBack")}</span>
            <Stepper label={t("stop.cratesBack")} value={back} onChange={(count) => set({ back: count })} />
          </div>
        </>
      ) : null}
      <TextField
        label={t("stop.receiver")}
        hint={t("stop.receiverHint")}
        value={name}
        onInput={(text) => set({ name: text })}
      />
      <PhotoField label={t("stop.photo")} photo={photo} onPhoto={(taken) => set({ photo: taken })} />
      <MoneyField label={t("stop.paid")} fen={paidFen} onChange={(fen) => set({ paidFen: fen })} />
      {paidFen === 0 ? null : <p class="form-hint">{t("stop.paidHint", { amount: formatMoney(paidFen) })}</p>}
    </>
  );
};
