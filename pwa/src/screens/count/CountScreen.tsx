/** A blind count: the place, what is counted, line by line. The expected stock is never shown, not even afterwards. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import { keepBusy } from "../../app/busy.ts";
import { formatQuantity, kilograms } from "../../app/items.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { useReading } from "../../app/reading.ts";
import { Screen } from "../../app/Screen.tsx";
import { formatTime } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { List, ListRow } from "../../ui/Card.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { signalOutcome } from "../../ui/feedback.tsx";
import { goBack } from "../../ui/router.ts";
import { ScanBox } from "../../ui/ScanBox.tsx";
import { confirmed } from "../../ui/Sheet.tsx";
import { Switch } from "../../ui/Switch.tsx";
import { keepAwake } from "../../ui/wake-lock.ts";
import { ChoiceField, ChoiceSheet, isStandingPlace } from "../lines/choices.tsx";
import { type CountForm, type CountedLine, addCounted, countFields, countGap, mixedItems } from "./draft.ts";
import { type Counted, CountSheet } from "./CountSheet.tsx";

const useTask = (id: string | null): { readonly place: string; readonly items: readonly string[] | null } => {
  const task = useLedger()
    .rows("task")
    .value.find((row) => row.id === id);
  if (task === undefined) return { place: "", items: null };
  const items = [...new Set(task.lines.map(([item]) => item))];
  return { place: task.place ?? task.lines[0]?.[2] ?? "", items: items.length === 0 ? null : items };
};

const lineQuantity = (line: CountedLine, text: (qty: number, weight: number | null) => string): string =>
  line.qty === null ? kilograms(line.weight ?? 0) : text(line.qty, line.weight);

export const CountScreen = ({ rest }: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const task = rest[0] === "task" ? (rest[1] ?? null) : null;
  const wanted = useTask(task);
  const [place, setPlace] = useState(rest[0] === "place" ? (rest[1] ?? "") : wanted.place);
  const [lines, setLines] = useState<readonly CountedLine[]>([]);
  const [complete, setComplete] = useState(false);
  const [editing, setEditing] = useState<{ readonly item: string; readonly lot: string | null } | null>(
    rest[2] === undefined ? null : { item: rest[2], lot: rest[3] ?? null },
  );
  const [open, setOpen] = useState<"place" | "item" | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => keepAwake(), []);
  useEffect(() => (lines.length > 0 ? keepBusy("count") : undefined), [lines.length > 0]);

  const form: CountForm = { place, items: wanted.items, complete, lines, task };
  const gap = countGap(form);
  const mixed = mixedItems(lines);

  useReading((reading) => {
    if (reading.type === "place") {
      if (place !== "" && place !== reading.place && lines.length > 0) {
        return { verdict: "error", text: t("count.otherPlace", { place: names.place(place) }) };
      }
      setPlace(reading.place);
      return { verdict: "ok", text: names.place(reading.place) };
    }
    if (reading.type !== "goods") return { verdict: "error", text: t("scan.unhandled") };
    if (place === "") return { verdict: "error", text: t("count.placeFirst") };
    if (wanted.items !== null && !wanted.items.includes(reading.item)) {
      return { verdict: "error", text: t("count.notInScope", { item: names.item(reading.item) }) };
    }
    setEditing({ item: reading.item, lot: reading.lot });
    return { verdict: "ok", text: names.item(reading.item) };
  });

  const add = async (item: string, counted: Counted): Promise<void> => {
    setEditing(null);
    const line = { item, ...counted, atMs: ledger.nowMs() };
    const again = lines.some((each) => each.item === item && each.lot === counted.lot);
    const replaces =
      again &&
      !(await confirmed({
        title: t("count.again", { item: names.item(item) }),
        text: t("count.againHint"),
        yes: t("count.addOn"),
        no: t("count.replace"),
      }));
    setLines((before) => addCounted(before, line, replaces ? "replace" : "add"));
    signalOutcome("ok", formatQuantity(names.facts(item), counted.qty ?? 0, counted.weight));
  };

  const save = async (): Promise<void> => {
    if (complete) {
      const title = t("count.completeTitle", { place: names.place(place) });
      if (
        !(await confirmed({
          title,
          text: t("count.completeText"),
          yes: t("count.completeYes"),
          look: "warn",
        }))
      )
        return;
    }
    setBusy(true);
    const ref = await recorded(ledger, "count", countFields(form, ledger.nowMs()));
    setBusy(false);
    if (ref !== null) goBack();
  };

  const hint = gap === "place" ? t("count.placeFirst") : gap === "lines" ? t("count.nothingYet") : undefined;
  return (
    <Screen
      title={t("kind.count")}
      {...(place === "" ? {} : { subtitle: names.place(place) })}
      actions={
        <BigButton
          label={t("count.do")}
          icon="check"
          busy={busy}
          disabled={gap !== null || mixed.length > 0}
          {...(hint === undefined ? {} : { hint })}
          onPress={() => void save()}
        />
      }
    >
      <ChoiceField
        label={t("word.place")}
        value={place === "" ? null : names.place(place)}
        icon="place"
        onPress={() => {
          if (lines.length === 0) setOpen("place");
          else signalOutcome("error", t("count.otherPlace", { place: names.place(place) }));
        }}
      />
      <ScanBox prompt={place === "" ? t("count.scanPlace") : t("count.scanGoods")} />
      {wanted.items === null ? null : (
        <List label={t("count.scope")}>
          {wanted.items.map((item) => (
            <ListRow
              key={item}
              icon={lines.some((line) => line.item === item) ? "check" : "count"}
              title={names.item(item)}
              onPress={() => setEditing({ item, lot: null })}
            />
          ))}
        </List>
      )}
      {lines.length === 0 ? null : (
        <List label={t("count.lines")}>
          {lines.map((line, index) => (
            <ListRow
              key={`${line.item} ${line.lot ?? "*"}`}
              title={names.item(line.item)}
              detail={`${line.lot === null ? t("count.withoutLot") : lotName(line.lot)} · ${formatTime(line.atMs)}`}
              value={lineQuantity(line, (qty, weight) => formatQuantity(names.facts(line.item), qty, weight))}
              onPress={() => {
                void confirmed({
                  title: t("line.removeTitle", { item: names.item(line.item) }),
                  yes: t("do.delete"),
                  look: "danger",
                }).then((yes) => {
                  if (yes) setLines((before) => before.filter((_, each) => each !== index));
                });
              }}
            />
          ))}
        </List>
      )}
      {mixed.map((item) => (
        <Notice
          key={item}
          tint="bad"
          title={t("count.mixed", { item: names.item(item) })}
          text={t("count.mixedHint")}
        />
      ))}
      <Button label={t("line.byHand")} icon="plus" disabled={place === ""} onPress={() => setOpen("item")} />
      <Switch
        label={t("count.complete")}
        hint={t("count.completeHint")}
        on={complete}
        onChange={setComplete}
      />
      {editing === null || place === "" ? null : (
        <CountSheet
          key={editing.item}
          item={editing.item}
          lot={editing.lot}
          place={place}
          onClose={() => setEditing(null)}
          onDone={(counted) => void add(editing.item, counted)}
        />
      )}
      {open === "place" ? (
        <ChoiceSheet
          table="place"
          title={t("word.place")}
          only={isStandingPlace(ledger.rows("place").value)}
          onChoose={setPlace}
          onClose={() => setOpen(null)}
        />
      ) : null}
      {open === "item" ? (
        <ChoiceSheet
          table="item"
          title={t("word.item")}
          onChoose={(item) => setEditing({ item, lot: null })}
          onClose={() => setOpen(null)}
        />
      ) : null}
    </Screen>
  );
};
