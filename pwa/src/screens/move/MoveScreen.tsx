/** Put-away and transfer: scan where from, the goods, where to. Loading and unloading a vehicle are transfers too. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import { keepBusy } from "../../app/busy.ts";
import { formatQuantity } from "../../app/items.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { useReading } from "../../app/reading.ts";
import { Screen } from "../../app/Screen.tsx";
import { t } from "../../i18n/i18n.ts";
import type { Balance, Register } from "../../sync/rows.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { List, ListRow } from "../../ui/Card.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { goBack } from "../../ui/router.ts";
import { ScanBox } from "../../ui/ScanBox.tsx";
import { ChoiceField, ChoiceSheet, isStandingPlace } from "../lines/choices.tsx";
import { type DraftLine, EMPTY_LINE, addLine } from "../lines/draft.ts";
import { LineList } from "../lines/LineList.tsx";
import { LineSheet } from "../lines/LineSheet.tsx";
import { isVehiclePlace } from "../lines/standing.ts";
import { moveFields, moveGap } from "./draft.ts";

type Open = "from" | "to" | "item";

const Contents = ({
  rows,
  lines,
  onLine,
}: {
  readonly rows: readonly Balance[];
  readonly lines: readonly DraftLine[];
  readonly onLine: (row: Balance) => void;
}): VNode => {
  const names = namesFrom(useLedger());
  return (
    <List label={t("move.standsThere")}>
      {rows.map((row) => (
        <ListRow
          key={`${row.item} ${row.lot} ${row.place}`}
          icon={
            lines.some(({ item, lot, from }) => item === row.item && lot === row.lot && from === row.place)
              ? "check"
              : "box"
          }
          title={names.item(row.item)}
          detail={`${row.lot === "" ? "" : `${lotName(row.lot)} · `}${names.place(row.place)}`}
          value={formatQuantity(names.facts(row.item), row.q, row.w)}
          end={row.held === null ? null : <Chip tint="warn" label={t("word.hold")} />}
          onPress={() => onLine(row)}
        />
      ))}
      {rows.length === 0 ? (
        <EmptyState icon="box" title={t("move.nothingThere")} text={t("move.nothingThereHint")} />
      ) : null}
    </List>
  );
};

const TITLES = { free: "kind.move", load: "home.load", unload: "home.unload" } as const;
const DO = { free: "move.do", load: "move.doLoad", unload: "move.doUnload" } as const;

export const MoveScreen = ({ rest }: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const mode = rest[0] === "load" || rest[0] === "unload" ? rest[0] : "free";
  const taskId = rest[0] === "task" ? (rest[1] ?? null) : null;
  const task = ledger.rows("task").value.find(({ id }) => id === taskId);
  const onVehicle = isVehiclePlace(ledger);
  const [from, setFrom] = useState(task?.lines[0]?.[2] ?? "");
  const [to, setTo] = useState(task?.lines[0]?.[3] ?? "");
  const [lines, setLines] = useState<readonly DraftLine[]>([]);
  const [editing, setEditing] = useState<DraftLine | null>(null);
  const [expected, setExpected] = useState<{ readonly qty: number; readonly weight: number | null } | null>(
    null,
  );
  const [open, setOpen] = useState<Open | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => (lines.length > 0 ? keepBusy("form") : undefined), [lines.length > 0]);

  const standing = isStandingPlace(ledger.rows("place").value);
  const isEnd =
    (end: "from" | "to") =>
    (place: Register): boolean =>
      standing(place) && (mode === "free" || onVehicle(place.id) === ((mode === "load") === (end === "to")));
  const there = ledger
    .rows("balance")
    .value.filter(
      (row) =>
        (row.q > 0 || row.w > 0) &&
        (from === "" ? mode === "unload" && onVehicle(row.place) : row.place === from),
    );

  useReading((reading) => {
    if (reading.type === "place") {
      const isSource = from === "";
      if (isSource) setFrom(reading.place);
      else setTo(reading.place);
      return {
        verdict: "ok",
        text: isSource
          ? t("move.fromIs", { place: names.place(reading.place) })
          : t("move.toIs", { place: names.place(reading.place) }),
      };
    }
    if (reading.type !== "goods") return { verdict: "error", text: t("scan.unhandled") };
    const facts = names.facts(reading.item);
    const known = there.find(
      ({ item, lot }) => item === reading.item && (reading.lot === null || lot === reading.lot),
    );
    setExpected(known === undefined ? null : { qty: known.q, weight: facts.isCatch ? known.w : null });
    setEditing({
      ...EMPTY_LINE,
      item: reading.item,
      lot: reading.lot ?? known?.lot ?? "",
      from: known?.place ?? from,
      to,
      qty: facts.isMass ? (reading.weightG ?? 0) : 0,
      weight: facts.isCatch ? reading.weightG : null,
    });
    return { verdict: "ok", text: names.item(reading.item) };
  });

  const gap = moveGap(lines);
  const save = async (): Promise<void> => {
    setBusy(true);
    const ref = await recorded(ledger, "move", moveFields(taskId, lines));
    setBusy(false);
    if (ref !== null) goBack();
  };
  return (
    <Screen
      title={t(TITLES[mode])}
      actions={
        <BigButton
          label={t(DO[mode])}
          icon="check"
          busy={busy}
          disabled={gap !== null}
          {...(gap === null ? {} : { hint: gap === "lines" ? t("move.nothingYet") : t("move.endsMissing") })}
          onPress={() => void save()}
        />
      }
    >
      <div class="field-pair">
        <ChoiceField
          label={t("line.from")}
          value={from === "" ? null : names.place(from)}
          icon="place"
          onPress={() => setOpen("from")}
        />
        <ChoiceField
          label={t("line.to")}
          value={to === "" ? null : names.place(to)}
          icon="place"
          onPress={() => setOpen("to")}
        />
      </div>
      <ScanBox prompt={from === "" ? t("move.scanFrom") : t("move.scanGoods")} />
      {lines.length === 0 ? null : (
        <LineList
          lines={lines}
          label={t("move.lines")}
          onRemove={(index) => setLines(lines.filter((_, each) => each !== index))}
        />
      )}
      {from === "" && mode !== "unload" ? null : (
        <Contents
          rows={there}
          lines={lines}
          onLine={(row) => {
            const { isCatch } = names.facts(row.item);
            setExpected({ qty: row.q, weight: isCatch ? row.w : null });
            setEditing({ ...EMPTY_LINE, item: row.item, lot: row.lot, from: row.place, to });
          }}
        />
      )}
      <Button label={t("line.byHand")} icon="plus" onPress={() => setOpen("item")} />
      {editing === null ? null : (
        <LineSheet
          key={`${editing.item} ${editing.lot} ${editing.from}`}
          knownLots
          initial={editing}
          lotsAt={editing.from}
          placeEnd={editing.from === "" ? "from" : "to"}
          {...(expected === null ? {} : { expected })}
          onClose={() => setEditing(null)}
          onDone={(line) => {
            setLines(addLine(lines, { ...line, to: line.to === "" ? to : line.to }));
            if (to === "") setTo(line.to);
            setEditing(null);
          }}
        />
      )}
      {open === "item" ? (
        <ChoiceSheet
          table="item"
          title={t("word.item")}
          onChoose={(item) => {
            setExpected(null);
            setEditing({ ...EMPTY_LINE, item, from, to });
          }}
          onClose={() => setOpen(null)}
        />
      ) : open === null ? null : (
        <ChoiceSheet
          table="place"
          title={open === "from" ? t("line.from") : t("line.to")}
          only={isEnd(open)}
          onChoose={open === "from" ? setFrom : setTo}
          onClose={() => setOpen(null)}
        />
      )}
    </Screen>
  );
};
