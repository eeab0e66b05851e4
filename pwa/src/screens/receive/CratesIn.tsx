/** Crates that came with the goods: how many, and where the empty ones are put. */
import type { VNode } from "preact";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { t } from "../../i18n/i18n.ts";
import { Stepper } from "../../ui/Stepper.tsx";
import { ChoiceField } from "../lines/choices.tsx";

export const CratesIn = ({
  item,
  count,
  to,
  onCount,
  onPlace,
}: {
  readonly item: string;
  readonly count: number;
  readonly to: string;
  readonly onCount: (count: number) => void;
  readonly onPlace: () => void;
}): VNode => {
  const names = namesFrom(useLedger());
  return (
    <>
      <div class="field-row">
        <span class="field-label">{t("receive.crates", { item: names.item(item) })}</span>
        <Stepper label={names.item(item)} value={count} onChange={onCount} />
      </div>
      {count === 0 ? null : (
        <ChoiceField
          label={t("receive.cratesTo")}
          value={to === "" ? null : names.place(to)}
          icon="place"
          onPress={onPlace}
        />
      )}
    </>
  );
};
