/** A harvest: which plot, what, how much, where it stands now. Red light or not, what was cut is recorded. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import { formatQuantity } from "../../app/items.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { today } from "../../app/lots.ts";
import { namesFrom } from "../../app/names.ts";
import { useReading } from "../../app/reading.ts";
import { Screen } from "../../app/Screen.tsx";
import { t } from "../../i18n/i18n.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/QuantityField.tsx";
import { goBack } from "../../ui/router.ts";
import { ChoiceSheet } from "../lines/choices.tsx";
import {
  type DraftLine,
  EMPTY_LINE,
  NO_DATES,
  addLine,
  lotRecord,
  occurredAt,
  toLine,
} from "../lines/draft.ts";
import { LineList } from "../lines/LineList.tsx";
import { LineSheet } from "../lines/LineSheet.tsx";
import { OccurredField } from "../lines/OccurredField.tsx";
import { LightNotice, PlotChoice } from "./IntervalList.tsx";
import { plotsOf } from "./plots.ts";

/** Month, day and plot: what people write on the crate. */
const lotOf = (day: string, plot: string): string => `${day.slice(5, 7)}${day.slice(8, 10)}-${plot}`;

export const HarvestScreen = ({ rest }: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const [plot, setPlot] = useState(rest[0] ?? "");
  const [lines, setLines] = useState<readonly DraftLine[]>([]);
  const [editing, setEditing] = useState<DraftLine | null>(null);
  const [choosing, setChoosing] = useState(false);
  const [occurred, setOccurred] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const offset = ledger.state.device.value?.utcOffsetMinutes ?? 480;
  const claim = occurred === null ? null : occurredAt(occurred, offset, ledger.nowMs());
  const day = claim === null ? today(ledger) : (occurred ?? "").slice(0, 10);
  const edit = (item: string): void => setEditing({ ...EMPTY_LINE, item, lot: lotOf(day, plot) });
  useReading((reading) => {
    if (reading.type !== "goods") return { verdict: "error", text: t("scan.unhandled") };
    if (plot === "") return { verdict: "error", text: t("farm.plotFirst") };
    edit(reading.item);
    return { verdict: "ok", text: names.item(reading.item) };
  });
  const save = async (): Promise<void> => {
    setBusy(true);
    const lots = lines.flatMap((line) => {
      const record = lotRecord(line.item, line.lot, { ...NO_DATES, harvestedOn: day }, { plot });
      return record === null ? [] : [record];
    });
    const fields = { plot, lines: lines.map(toLine), lots };
    const ref = await recorded(ledger, "harvest", fields, claim === null ? {} : { occurred: claim });
    setBusy(false);
    if (ref !== null) goBack();
  };
  const total = lines
    .map((line) => formatQuantity(names.facts(line.item), line.qty, line.weight))
    .join(t("list.and"));
  return (
    <Screen
      title={t("kind.harvest")}
      actions={
        <BigButton
          label={t("harvest.do")}
          icon="check"
          busy={busy}
          disabled={lines.length === 0}
          hint={plot === "" ? t("farm.plotFirst") : lines.length === 0 ? t("pad.empty") : total}
          onPress={() => void save()}
        />
      }
    >
      <PlotChoice chosen={[plot]} onChoose={setPlot} />
      <TextField
        label={t("farm.otherPlot")}
        value={plotsOf(ledger).includes(plot) ? "" : plot}
        onInput={(text) => setPlot(text.trim())}
      />
      {plot === "" ? null : <LightNotice plot={plot} />}
      {lines.length === 0 ? null : (
        <LineList
          lines={lines}
          label={t("harvest.lines")}
          onRemove={(index) => setLines(lines.filter((_, each) => each !== index))}
        />
      )}
      <Button
        label={t("harvest.addItem")}
        icon="plus"
        disabled={plot === ""}
        onPress={() => setChoosing(true)}
      />
      <OccurredField value={occurred} onChange={setOccurred} />
      {choosing ? (
        <ChoiceSheet table="item" title={t("word.item")} onChoose={edit} onClose={() => setChoosing(false)} />
      ) : null}
      {editing === null ? null : (
        <LineSheet
          key={editing.item}
          initial={editing}
          lotsAt=""
          canWeigh
          placeEnd="to"
          onClose={() => setEditing(null)}
          onDone={(line) => {
            setLines(addLine(lines, line));
            setEditing(null);
          }}
        />
      )}
    </Screen>
  );
};
