/** Packing, grading, mixing: what goes in, what comes out, what is lost, and whether the mass adds up. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import { keepBusy } from "../../app/busy.ts";
import { kilograms } from "../../app/items.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { lotAttributes } from "../../app/lots.ts";
import { namesFrom } from "../../app/names.ts";
import { useReading } from "../../app/reading.ts";
import { Screen } from "../../app/Screen.tsx";
import { type PlainKey, t } from "../../i18n/i18n.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { Card, Facts } from "../../ui/Card.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { goBack } from "../../ui/router.ts";
import { ScanBox } from "../../ui/ScanBox.tsx";
import { ChoiceSheet } from "../lines/choices.tsx";
import { type DraftLine, EMPTY_LINE, addLine } from "../lines/draft.ts";
import { LineList } from "../lines/LineList.tsx";
import { LineSheet } from "../lines/LineSheet.tsx";
import {
  type MassBalance,
  type Work,
  type WorkGap,
  inheritedLots,
  massBalance,
  restAsWaste,
  transformFields,
  workGap,
} from "./draft.ts";

const PROCESSES: readonly { readonly id: string; readonly word: PlainKey }[] = [
  { id: "pack", word: "process.pack" },
  { id: "grade", word: "process.grade" },
  { id: "split", word: "process.split" },
  { id: "mix", word: "process.mix" },
  { id: "process", word: "process.process" },
];

const GAPS = {
  process: "transform.gap.process",
  inputs: "transform.gap.inputs",
  outputs: "transform.gap.outputs",
  places: "receive.gap.place",
} as const satisfies Record<WorkGap, PlainKey>;

type Side = "inputs" | "outputs" | "waste";

const SIDES: readonly { readonly id: Side; readonly word: PlainKey; readonly add: PlainKey }[] = [
  { id: "inputs", word: "transform.inputs", add: "transform.addInput" },
  { id: "outputs", word: "transform.outputs", add: "transform.addOutput" },
  { id: "waste", word: "transform.waste", add: "transform.addWaste" },
];

const Balance = ({
  balance,
  onWaste,
}: {
  readonly balance: MassBalance;
  /** Null: what is missing cannot be called waste. */
  readonly onWaste: (() => void) | null;
}): VNode => {
  const { intoG, outG, wasteG, restG } = balance;
  return (
    <Card title={t("transform.balance")} tint={restG === 0 ? "ok" : "warn"}>
      <Facts
        facts={[
          { label: t("transform.inputs"), value: kilograms(intoG) },
          { label: t("transform.outputs"), value: kilograms(outG) },
          { label: t("transform.waste"), value: kilograms(wasteG) },
        ]}
      />
      {restG === 0 ? (
        <Notice tint="ok" title={t("transform.even")} />
      ) : restG > 0 ? (
        <Notice
          tint="warn"
          title={t("transform.missing", { amount: kilograms(restG) })}
          text={t("transform.unevenHint")}
        />
      ) : (
        <Notice
          tint="bad"
          title={t("transform.tooMuch", { amount: kilograms(-restG) })}
          text={t("transform.unevenHint")}
        />
      )}
      {onWaste === null ? null : <Button label={t("transform.restIsWaste")} icon="trash" onPress={onWaste} />}
    </Card>
  );
};

/** The usual line of each side: what comes out carries the lot of what went in, and stands where that stood. */
const firstLine = (side: Side, item: string, work: Work, lot: string | null): DraftLine => {
  const source = work.inputs[0];
  switch (side) {
    case "inputs":
      return { ...EMPTY_LINE, item, lot: lot ?? "", from: source?.from ?? "" };
    case "outputs":
      return {
        ...EMPTY_LINE,
        item,
        lot: lot ?? source?.lot ?? "",
        to: work.outputs[0]?.to ?? source?.from ?? "",
      };
    case "waste":
      return { ...EMPTY_LINE, item, lot: lot ?? source?.lot ?? "" };
  }
};

interface Editing {
  readonly side: Side;
  readonly line: DraftLine;
}

const NO_WORK: Work = { process: "", inputs: [], outputs: [], waste: [] };

export const TransformScreen = (_props: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const [work, setWork] = useState(NO_WORK);
  const [editing, setEditing] = useState<Editing | null>(null);
  const [choosing, setChoosing] = useState<Side | null>(null);
  const [busy, setBusy] = useState(false);
  const begun = work.inputs.length + work.outputs.length > 0;
  useEffect(() => (begun ? keepBusy("form") : undefined), [begun]);

  const standingAt = (
    item: string,
    lot: string | null,
  ): { readonly lot: string; readonly place: string } | null =>
    ledger
      .rows("balance")
      .value.find(
        (row) =>
          row.item === item && (lot === null || row.lot === lot) && !row.place.includes(":") && row.q > 0,
      ) ?? null;
  const edit = (side: Side, item: string, lot: string | null): void => {
    const line = firstLine(side, item, work, lot);
    if (side !== "inputs") return setEditing({ side, line });
    const there = standingAt(item, lot);
    setEditing({
      side,
      line: there === null ? line : { ...line, lot: lot ?? there.lot, from: there.place },
    });
  };
  useReading((reading) => {
    if (reading.type !== "goods") return { verdict: "error", text: t("scan.unhandled") };
    const side = standingAt(reading.item, reading.lot) === null ? "outputs" : "inputs";
    edit(side, reading.item, reading.lot);
    return { verdict: "ok", text: names.item(reading.item) };
  });

  const balance = begun ? massBalance(work, names.facts) : null;
  const rest = balance === null ? null : restAsWaste(work, balance.restG, names.facts);
  const gap = workGap(work);
  const save = async (): Promise<void> => {
    setBusy(true);
    const lots = inheritedLots(work, (item, lot) => lotAttributes(ledger, item, lot));
    const ref = await recorded(ledger, "transform", transformFields(work, lots));
    setBusy(false);
    if (ref !== null) goBack();
  };
  return (
    <Screen
      title={t("kind.transform")}
      actions={
        <BigButton
          label={t("transform.do")}
          icon="check"
          busy={busy}
          disabled={gap !== null}
          {...(gap === null ? {} : { hint: t(GAPS[gap]) })}
          onPress={() => void save()}
        />
      }
    >
      <div class="choices" role="group" aria-label={t("transform.process")}>
        {PROCESSES.map(({ id, word }) => (
          <button
            key={id}
            type="button"
            class="choice"
            aria-pressed={work.process === id}
            onClick={() => setWork({ ...work, process: id })}
          >
            {t(word)}
          </button>
        ))}
      </div>
      <ScanBox prompt={t("transform.scan")} />
      {SIDES.map(({ id, word, add }) => (
        <section key={id} class="stack">
          {work[id].length === 0 ? null : (
            <LineList
              lines={work[id]}
              label={t(word)}
              onRemove={(index) => setWork({ ...work, [id]: work[id].filter((_, each) => each !== index) })}
            />
          )}
          <Button label={t(add)} icon="plus" onPress={() => setChoosing(id)} />
        </section>
      ))}
      {balance === null ? null : (
        <Balance
          balance={balance}
          onWaste={rest === null ? null : () => setWork({ ...work, waste: addLine(work.waste, rest) })}
        />
      )}
      {choosing === null ? null : (
        <ChoiceSheet
          table="item"
          title={t(SIDES.find(({ id }) => id === choosing)?.add ?? "word.item")}
          onChoose={(item) => edit(choosing, item, null)}
          onClose={() => setChoosing(null)}
        />
      )}
      {editing === null ? null : (
        <LineSheet
          key={`${editing.side} ${editing.line.item}`}
          initial={editing.line}
          lotsAt={editing.line.from}
          {...(editing.side === "waste"
            ? {}
            : { placeEnd: editing.side === "inputs" ? ("from" as const) : ("to" as const) })}
          onClose={() => setEditing(null)}
          onDone={(line) => {
            setWork({ ...work, [editing.side]: addLine(work[editing.side], line) });
            setEditing(null);
          }}
        />
      )}
    </Screen>
  );
};
