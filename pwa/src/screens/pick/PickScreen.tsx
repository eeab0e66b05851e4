/** Picking: for an order, for a task, or freely. One line at a time, the lot that expires first suggested. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import { keepBusy } from "../../app/busy.ts";
import { minuteHand } from "../../app/clock.ts";
import { formatQuantity } from "../../app/items.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { today } from "../../app/lots.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { orderLines } from "../../app/orders.ts";
import { isFor, ownState, promisesOf } from "../../app/promises.ts";
import { useReading } from "../../app/reading.ts";
import { Screen } from "../../app/Screen.tsx";
import { t } from "../../i18n/i18n.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { goBack, replace } from "../../ui/router.ts";
import { ScanBox } from "../../ui/ScanBox.tsx";
import { confirmed } from "../../ui/Sheet.tsx";
import { PickerWork } from "../home/FloorWork.tsx";
import { ChoiceField, ChoiceSheet, isStandingPlace } from "../lines/choices.tsx";
import { type DraftLine, addLine, estimate } from "../lines/draft.ts";
import { LineList } from "../lines/LineList.tsx";
import { LineSheet } from "../lines/LineSheet.tsx";
import { isPickPlace, standingOf } from "../lines/standing.ts";
import {
  type Wanted,
  afterTaking,
  emptied,
  emptyCount,
  leftOf,
  pickFields,
  wantedOfOrder,
  wantedOfTask,
} from "./draft.ts";
import { type Editing, type Seen, begun, relocated } from "./editing.ts";
import { isMeant } from "./questions.ts";
import { WantedRow } from "./WantedRow.tsx";

/** What was chosen last: the next line usually goes to the same truck. */
let lastTo = "";

export const PickScreen = ({ rest }: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const [what = "", id = ""] = rest;
  const order = what === "order" ? (ledger.rows("order").value.find((row) => row.id === id) ?? null) : null;
  const task = what === "task" ? (ledger.rows("task").value.find((row) => row.id === id) ?? null) : null;
  const [lines, setLines] = useState<readonly DraftLine[]>([]);
  const [to, setTo] = useState(lastTo);
  const [editing, setEditing] = useState<Editing | null>(null);
  const [open, setOpen] = useState<"to" | "item" | null>(null);
  const [busy, setBusy] = useState(false);
  const now = today(ledger);
  useEffect(() => (lines.length > 0 ? keepBusy("form") : undefined), [lines.length > 0]);

  const wanted: readonly Wanted[] =
    order !== null ? wantedOfOrder(orderLines(order), lines) : task !== null ? wantedOfTask(task, lines) : [];
  const sources = isPickPlace(ledger);
  const purpose = { task: task?.id ?? null, order: order?.id ?? task?.order ?? null };
  void minuteHand.value; // what is held for this phone ends by the clock
  const held = promisesOf(ledger).value.own.filter(
    (lease) =>
      isFor(lease, purpose) && lease.qty > lease.used && wanted.some(({ item }) => item === lease.item),
  );
  const states = new Set(held.map((lease) => ownState(ledger, lease)));

  const edit = (item: string, seen: Seen): void => {
    const line = wanted.find((each) => each.item === item) ?? null;
    const standing = afterTaking(standingOf(ledger, item, sources, purpose), lines);
    setEditing(begun(names.facts(item), line, seen, { standing, today: now, to }));
  };

  useReading((reading) => {
    if (reading.type === "place") {
      setTo(reading.place);
      lastTo = reading.place;
      return { verdict: "ok", text: t("pick.goesTo", { place: names.place(reading.place) }) };
    }
    if (reading.type !== "goods") return { verdict: "error", text: t("scan.unhandled") };
    if (wanted.length > 0 && !wanted.some(({ item }) => item === reading.item)) {
      return { verdict: "error", text: t("pick.notOnList", { item: names.item(reading.item) }) };
    }
    edit(reading.item, { lot: reading.lot, weightG: reading.weightG, qty: reading.weightG === null ? 0 : 1 });
    return { verdict: "ok", text: names.item(reading.item) };
  });

  const accept = async (line: DraftLine): Promise<void> => {
    const standing = afterTaking(standingOf(ledger, line.item, sources), lines);
    if (!(await isMeant(line.lot, standing, now))) return;
    const facts = names.facts(line.item);
    const held = standing.find((each) => each.lot === line.lot && each.place === line.from);
    const unweighed = facts.isCatch && line.weight === null && held !== undefined;
    setLines(
      addLine(lines, unweighed ? { ...line, weight: estimate(line.qty, held), estimated: true } : line),
    );
    setTo(line.to);
    lastTo = line.to;
    setEditing(null);
  };

  const save = async (): Promise<void> => {
    const short = wanted.filter((each) => leftOf(each) > 0);
    if (short.length > 0) {
      const text = short
        .map((each) => `${names.item(each.item)} ${formatQuantity(names.facts(each.item), leftOf(each))}`)
        .join(t("list.and"));
      if (!(await confirmed({ title: t("pick.short"), text, yes: t("pick.shortYes"), look: "warn" }))) return;
    }
    setBusy(true);
    const items = [...new Set(lines.map(({ item }) => item))];
    const empty = emptied(
      lines,
      items.flatMap((item) => standingOf(ledger, item, sources)),
    );
    const ref = await recorded(
      ledger,
      "pick",
      pickFields(order?.id ?? task?.order ?? null, task?.id ?? null, lines),
    );
    setBusy(false);
    if (ref === null) return;
    for (const key of empty) {
      const title = t("pick.zeroCheck", {
        place: names.place(key.place),
        item: names.item(key.item),
        lot: lotName(key.lot),
      });
      if (
        await confirmed({
          title,
          text: t("pick.zeroCheckHint"),
          yes: t("pick.isEmpty"),
          no: t("pick.notEmpty"),
        })
      ) {
        await recorded(ledger, "count", emptyCount(key));
      } else {
        replace(["count", "place", key.place, key.item]);
        return;
      }
    }
    goBack();
  };

  if (what === "" && lines.length === 0 && editing === null) {
    return (
      <Screen title={t("kind.pick")}>
        <PickerWork />
        <Button label={t("pick.free")} icon="plus" onPress={() => replace(["pick", "free"])} />
      </Screen>
    );
  }
  if ((what === "order" && order === null) || (what === "task" && task === null)) {
    return (
      <Screen title={t("kind.pick")}>
        <EmptyState icon="search" title={t("pick.gone")} text={t("pick.goneHint")} />
      </Screen>
    );
  }
  return (
    <Screen
      title={order !== null ? names.partner(order.partner) : t("kind.pick")}
      {...(id === "" ? {} : { subtitle: id })}
      actions={
        <BigButton
          label={t("pick.do")}
          icon="check"
          busy={busy}
          disabled={lines.length === 0}
          {...(lines.length === 0 ? { hint: t("pick.nothingYet") } : {})}
          onPress={() => void save()}
        />
      }
    >
      <ScanBox prompt={t("pick.scan")} />
      <ChoiceField
        label={t("pick.to")}
        value={to === "" ? null : names.place(to)}
        icon="truck"
        onPress={() => setOpen("to")}
      />
      {states.has("lapsed") ? (
        <Notice tint="warn" title={t("pick.lapsedTitle")} text={t("pick.heldLapsedHint")} />
      ) : states.has("recalled") ? (
        <Notice tint="warn" title={t("pick.recalledTitle")} text={t("pick.heldRecalledHint")} />
      ) : null}
      {wanted.length === 0 ? (
        <Button label={t("line.byHand")} icon="plus" onPress={() => setOpen("item")} />
      ) : (
        <div class="stack">
          {wanted.map((each) => (
            <WantedRow
              key={`${each.item} ${each.lot}`}
              wanted={each}
              standing={afterTaking(standingOf(ledger, each.item, sources, purpose), lines)}
              leases={held.filter((lease) => lease.item === each.item)}
              onPress={() => edit(each.item, { lot: null, weightG: null, qty: 0 })}
            />
          ))}
        </div>
      )}
      {lines.length === 0 ? null : (
        <LineList
          lines={lines}
          label={t("pick.lines")}
          onRemove={(index) => setLines(lines.filter((_, each) => each !== index))}
        />
      )}
      {editing === null ? null : (
        <LineSheet
          key={`${editing.line.item} ${editing.line.lot}`}
          knownLots
          initial={editing.line}
          lotsAt=""
          placeEnd={editing.line.from === "" ? "from" : "to"}
          {...(editing.expected === null ? {} : { expected: editing.expected })}
          confirm={t("pick.take")}
          onClose={() => setEditing(null)}
          onDone={(line) =>
            void accept(relocated(line, editing.line, standingOf(ledger, line.item, sources)))
          }
        />
      )}
      {open === "to" ? (
        <ChoiceSheet
          table="place"
          title={t("pick.to")}
          only={isStandingPlace(ledger.rows("place").value)}
          onChoose={(place) => {
            setTo(place);
            lastTo = place;
          }}
          onClose={() => setOpen(null)}
        />
      ) : null}
      {open === "item" ? (
        <ChoiceSheet
          table="item"
          title={t("word.item")}
          onChoose={(item) => edit(item, { lot: null, weightG: null, qty: 0 })}
          onClose={() => setOpen(null)}
        />
      ) : null}
    </Screen>
  );
};
