/** One line: which lot, how much, how it was weighed, where to. Opens at zero; what is not entered is not recorded. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useLedger } from "../../app/ledger-context.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { t } from "../../i18n/i18n.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { GRAM, KILOGRAM, type Typed } from "../../ui/quantity.ts";
import { QuantityField } from "../../ui/QuantityField.tsx";
import { Sheet } from "../../ui/Sheet.tsx";
import { ChoiceField, ChoiceSheet, DateField, isStandingPlace } from "./choices.tsx";
import {
  type DraftLine,
  type LotDates,
  NO_DATES,
  type Weighing,
  isEmpty,
  netOf,
  typedOf,
  weighed,
} from "./draft.ts";
import { LotSheet } from "./LotChoice.tsx";
import { WeighingForm, useCrates } from "./WeighingForm.tsx";

export interface LineSheetProps {
  readonly initial: DraftLine;
  readonly title?: string;
  /** Lots are offered from here; empty: anywhere of ours. */
  readonly lotsAt: string;
  /** What comes in may be of a lot that nobody knows yet: its dates are asked for. */
  readonly newLots?: boolean;
  /** What goes out must be of a lot that stands somewhere: another one is told, never forbidden. */
  readonly knownLots?: boolean;
  readonly dates?: LotDates;
  readonly canWeigh?: boolean;
  readonly expected?: { readonly qty: number; readonly weight: number | null };
  /** Which end of the line is chosen here, if any. */
  readonly placeEnd?: "from" | "to";
  readonly confirm?: string;
  readonly onDone: (line: DraftLine, dates: LotDates) => void;
  readonly onClose: () => void;
}

export const LineSheet = (props: LineSheetProps): VNode => {
  const { initial, lotsAt, newLots = false, canWeigh = false, expected, placeEnd, onDone, onClose } = props;
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const facts = names.facts(initial.item);
  const crate = useCrates();
  const [line, setLine] = useState(initial);
  const [typed, setTyped] = useState<Typed | undefined>();
  const [weight, setWeight] = useState<Typed | undefined>();
  const [dates, setDates] = useState(props.dates ?? NO_DATES);
  const [open, setOpen] = useState<"lot" | "place" | null>(null);
  const place = placeEnd === undefined ? "" : line[placeEnd];
  const weigh = (weighing: Weighing): void =>
    setLine((before) => ({ ...weighed(before, facts, weighing), weighing }));
  const startWeighing = (): void =>
    weigh({ grossG: 0, crateItem: crate?.item ?? "", crates: 0, tareG: crate?.tareG ?? 0 });
  const tareTooHeavy = line.weighing !== null && netOf(line.weighing) === null;
  const isStrange =
    props.knownLots === true &&
    line.lot !== "" &&
    !ledger.rows("balance").value.some(({ item, lot }) => item === line.item && lot === line.lot);
  const ready = !isEmpty(line) && !tareTooHeavy && (placeEnd === undefined || place !== "");
  return (
    <Sheet
      title={props.title ?? names.item(line.item)}
      onClose={onClose}
      actions={
        <BigButton
          label={props.confirm ?? t("line.add")}
          icon="check"
          disabled={!ready}
          {...(ready ? {} : { hint: isEmpty(line) ? t("pad.empty") : t("line.choosePlace") })}
          onPress={() => onDone({ ...line, typed: line.weighing === null ? typedOf(typed) : null }, dates)}
        />
      }
    >
      <ChoiceField
        label={t("word.lot")}
        value={lotName(line.lot)}
        icon="flag"
        onPress={() => setOpen("lot")}
      />
      {isStrange ? (
        <Notice
          tint="warn"
          title={t("lot.strange", { item: names.item(line.item), lot: line.lot })}
          text={t("lot.strangeHint")}
        />
      ) : null}
      {line.weighing !== null && facts.isMass ? null : (
        <QuantityField
          label={t("line.quantity")}
          units={facts.units}
          base={facts.base}
          {...(typed === undefined ? {} : { typed })}
          {...(typed === undefined && line.qty > 0 && !facts.isMass
            ? { typed: { text: String(line.qty), unit: facts.base } }
            : {})}
          {...(expected === undefined ? {} : { expected: expected.qty })}
          onConfirm={(qty, entered) => {
            setTyped(entered);
            setLine({ ...line, qty, weighing: facts.isMass ? null : line.weighing });
          }}
        />
      )}
      {facts.isCatch && line.weighing === null ? (
        <QuantityField
          label={t("line.weight")}
          units={[KILOGRAM]}
          base={GRAM}
          {...(weight === undefined ? {} : { typed: weight })}
          {...(expected?.weight === undefined || expected.weight === null
            ? {}
            : { expected: expected.weight })}
          onConfirm={(grams, entered) => {
            setWeight(entered);
            setLine({ ...line, weight: grams, estimated: false });
          }}
        />
      ) : null}
      {line.weighing === null ? null : <WeighingForm value={line.weighing} onChange={weigh} />}
      {canWeigh && line.weighing === null && (facts.isMass || facts.isCatch) ? (
        <Button label={t("weigh.withCrates")} icon="scale" onPress={startWeighing} />
      ) : null}
      {newLots && line.lot !== "" ? (
        <div class="field-pair">
          <DateField
            label={t("line.expiresOn")}
            value={dates.expiresOn}
            onInput={(expiresOn) => setDates({ ...dates, expiresOn })}
          />
          <DateField
            label={t("line.producedOn")}
            value={dates.producedOn}
            onInput={(producedOn) => setDates({ ...dates, producedOn })}
          />
        </div>
      ) : null}
      {placeEnd === undefined ? null : (
        <ChoiceField
          label={placeEnd === "to" ? t("line.to") : t("line.from")}
          value={place === "" ? null : names.place(place)}
          icon="place"
          onPress={() => setOpen("place")}
        />
      )}
      {open === "lot" ? (
        <LotSheet
          item={line.item}
          place={lotsAt}
          onChoose={(lot) => setLine({ ...line, lot })}
          onClose={() => setOpen(null)}
        />
      ) : null}
      {open === "place" && placeEnd !== undefined ? (
        <ChoiceSheet
          table="place"
          title={t("word.place")}
          only={isStandingPlace(ledger.rows("place").value)}
          onChoose={(id) => setLine({ ...line, [placeEnd]: id })}
          onClose={() => setOpen(null)}
        />
      ) : null}
    </Sheet>
  );
};
