/** One line of a count: which lot, if it can be told, and how much is there. Zero is an answer; nothing typed is none. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useLedger } from "../../app/ledger-context.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { t } from "../../i18n/i18n.ts";
import { BigButton } from "../../ui/Button.tsx";
import { NumberPad } from "../../ui/NumberPad.tsx";
import { GRAM, KILOGRAM } from "../../ui/quantity.ts";
import { QuantityField } from "../../ui/QuantityField.tsx";
import { Sheet } from "../../ui/Sheet.tsx";
import { Switch } from "../../ui/Switch.tsx";
import { ChoiceField } from "../lines/choices.tsx";
import { LotSheet } from "../lines/LotChoice.tsx";

export interface Counted {
  readonly lot: string | null;
  readonly qty: number | null;
  readonly weight: number | null;
}

export const CountSheet = ({
  item,
  lot: firstLot,
  place,
  onDone,
  onClose,
}: {
  readonly item: string;
  readonly lot: string | null;
  readonly place: string;
  readonly onDone: (counted: Counted) => void;
  readonly onClose: () => void;
}): VNode => {
  const names = namesFrom(useLedger());
  const facts = names.facts(item);
  const [lot, setLot] = useState(firstLot);
  const [qty, setQty] = useState<number | null>(null);
  const [weight, setWeight] = useState<number | null>(null);
  const [choosing, setChoosing] = useState(false);
  const lotField = (
    <>
      <Switch
        label={t("count.withoutLot")}
        hint={t("count.withoutLotHint")}
        on={lot === null}
        onChange={(on) => setLot(on ? null : (firstLot ?? ""))}
      />
      {lot === null ? null : (
        <ChoiceField
          label={t("word.lot")}
          value={lotName(lot)}
          icon="flag"
          onPress={() => setChoosing(true)}
        />
      )}
      {choosing ? (
        <LotSheet item={item} place={place} blind onChoose={setLot} onClose={() => setChoosing(false)} />
      ) : null}
    </>
  );
  if (!facts.isCatch) {
    return (
      <Sheet title={names.item(item)} onClose={onClose}>
        {lotField}
        <NumberPad
          units={facts.units}
          base={facts.base}
          confirm={t("count.addLine")}
          onConfirm={(amount) => onDone({ lot, qty: amount, weight: null })}
        />
      </Sheet>
    );
  }
  return (
    <Sheet
      title={names.item(item)}
      onClose={onClose}
      actions={
        <BigButton
          label={t("count.addLine")}
          icon="check"
          disabled={qty === null && weight === null}
          onPress={() => onDone({ lot, qty, weight })}
        />
      }
    >
      {lotField}
      <QuantityField
        label={t("line.quantity")}
        units={facts.units}
        base={facts.base}
        {...(qty === null ? {} : { typed: { text: String(qty), unit: facts.base } })}
        onConfirm={setQty}
      />
      <QuantityField
        label={t("line.weight")}
        units={[KILOGRAM]}
        base={GRAM}
        {...(weight === null ? {} : { typed: { text: String(weight / 1000), unit: KILOGRAM } })}
        onConfirm={setWeight}
      />
      <p class="form-hint">{t("count.oneMeasure")}</p>
    </Sheet>
  );
};
