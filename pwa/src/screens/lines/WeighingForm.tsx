/** A weighing: gross on the scale, less its crates. Stock takes the net. */
import type { VNode } from "preact";
import { kilograms } from "../../app/items.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { t } from "../../i18n/i18n.ts";
import { Facts } from "../../ui/Card.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { GRAM, KILOGRAM } from "../../ui/quantity.ts";
import { QuantityField } from "../../ui/QuantityField.tsx";
import { Stepper } from "../../ui/Stepper.tsx";
import { type Weighing, netOf, tareOf } from "./draft.ts";

/** The crate that goods are weighed in: the first returnable item whose tare is known. */
export const useCrates = (): { readonly item: string; readonly tareG: number } | null => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const crate = ledger.rows("item").value.find(({ id }) => {
    const facts = names.facts(id);
    return facts.isReturnable && facts.tareG !== null;
  });
  return crate === undefined ? null : { item: crate.id, tareG: names.facts(crate.id).tareG ?? 0 };
};

export const WeighingForm = ({
  value,
  onChange,
}: {
  readonly value: Weighing;
  readonly onChange: (value: Weighing) => void;
}): VNode => {
  const names = namesFrom(useLedger());
  const net = netOf(value);
  return (
    <>
      <QuantityField
        label={t("word.gross")}
        units={[KILOGRAM]}
        base={GRAM}
        {...(value.grossG === 0 ? {} : { typed: { text: String(value.grossG / 1000), unit: KILOGRAM } })}
        onConfirm={(grossG) => onChange({ ...value, grossG })}
      />
      {value.crateItem === "" ? null : (
        <div class="field-row">
          <span class="field-label">
            {names.item(value.crateItem)}
            <small>{t("weigh.each", { weight: kilograms(value.tareG) })}</small>
          </span>
          <Stepper
            label={names.item(value.crateItem)}
            value={value.crates}
            onChange={(crates) => onChange({ ...value, crates })}
          />
        </div>
      )}
      <Facts
        facts={[
          { label: t("word.tare"), value: kilograms(tareOf(value)) },
          { label: t("word.net"), value: <strong>{net === null ? "–" : kilograms(net)}</strong> },
        ]}
      />
      {net === null && value.grossG > 0 ? <Notice tint="bad" title={t("weigh.tareTooHeavy")} /> : null}
    </>
  );
};
