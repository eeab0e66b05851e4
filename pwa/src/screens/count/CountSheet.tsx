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
import { LotSheet } from "../lines/LotChoice.tsx";

export interface Counted {
  readonly lot: string | null;
  readonly qty: number | null;
  readonly weight: number | null;
}

/** Every lot of the item that stands with us, here or elsewhere: which of them is here is what the count finds out. */
const useLotsOf = (item: string): readonly string[] => {
  const rows = useLedger().rows("balance").value;
  const ours = rows.filter(
    (row) => row.item === item && !row.place.includes(":") && (row.q !== 0 || row.w !== 0),
  );
  return [...new Set(ours.map(({ lot }) => lot))].filter((lot) => lot !== "" && lot !== "?").sort();
};

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
  const known = useLotsOf(item);
  // Undefined: not said yet. Goods without lots need not be asked for one.
  const [lot, setLot] = useState<string | null | undefined>(
    firstLot ?? (known.length === 0 ? "" : undefined),
  );
  const [qty, setQty] = useState<number | null>(null);
  const [weight, setWeight] = useState<number | null>(null);
  const [choosing, setChoosing] = useState(false);
  const lots = [...new Set([...known, ...(typeof lot === "string" && lot !== "" ? [lot] : [])])];
  const lotField = (
    <>
      {known.length === 0 && lot === "" ? null : (
        <>
          <h3 class="list-label">{lot === undefined ? t("count.whichLot") : t("word.lot")}</h3>
          <div class="choices" role="group" aria-label={t("word.lot")}>
            {lots.map((each) => (
              <button
                key={each}
                type="button"
                class="choice"
                aria-pressed={lot === each}
                onClick={() => setLot(each)}
              >
                {lotName(each)}
              </button>
            ))}
            <button type="button" class="choice" onClick={() => setChoosing(true)}>
              {t("count.otherLot")}
            </button>
            <button type="button" class="choice" aria-pressed={lot === null} onClick={() => setLot(null)}>
              {t("count.withoutLot")}
            </button>
          </div>
        </>
      )}
      {choosing ? (
        <LotSheet item={item} place={place} blind onChoose={setLot} onClose={() => setChoosing(false)} />
      ) : null}
    </>
  );
  if (lot === undefined) {
    return (
      <Sheet title={names.item(item)} onClose={onClose}>
        {lotField}
      </Sheet>
    );
  }
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
