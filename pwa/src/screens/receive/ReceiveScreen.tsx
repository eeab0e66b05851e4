/** Goods come in: from whom, against which order or blind, what and how much, where to. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import { keepBusy } from "../../app/busy.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { ordersToReceive } from "../../app/orders.ts";
import { useReading } from "../../app/reading.ts";
import { Screen } from "../../app/Screen.tsx";
import { t } from "../../i18n/i18n.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { goBack } from "../../ui/router.ts";
import { ScanBox } from "../../ui/ScanBox.tsx";
import { Switch } from "../../ui/Switch.tsx";
import { ChoiceField, ChoiceSheet, isStandingPlace } from "../lines/choices.tsx";
import {
  type DraftLine,
  EMPTY_LINE,
  type LotRecord,
  NO_DATES,
  addLine,
  addRecord,
  lotRecord,
  occurredAt,
} from "../lines/draft.ts";
import { LineList } from "../lines/LineList.tsx";
import { LineSheet } from "../lines/LineSheet.tsx";
import { OccurredField } from "../lines/OccurredField.tsx";
import { CratesIn } from "./CratesIn.tsx";
import { type Receipt, type ReceiptGap, cratesWeighed, receiptFields, receiptGap } from "./draft.ts";
import { type Editing, fromReading } from "./editing.ts";
import { OrderChoice, Ordered } from "./Ordered.tsx";

const GAPS: Readonly<Record<ReceiptGap, "receive.gap.partner" | "receive.gap.lines" | "receive.gap.place">> =
  {
    partner: "receive.gap.partner",
    lines: "receive.gap.lines",
    place: "receive.gap.place",
  };

export const ReceiveScreen = ({ rest, query }: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const orders = ordersToReceive(ledger.rows("order").value);
  const crateItem = ledger.rows("item").value.find(({ id }) => names.facts(id).isReturnable)?.id ?? "";
  const [orderId, setOrder] = useState<string | null>(rest[0] === "order" ? (rest[1] ?? null) : null);
  const order = ledger.rows("order").value.find(({ id }) => id === orderId) ?? null;
  const [chosenPartner, setPartner] = useState(query.get("partner") ?? "");
  const [to, setTo] = useState("");
  const [lines, setLines] = useState<readonly DraftLine[]>([]);
  const [lots, setLots] = useState<readonly LotRecord[]>([]);
  const [crates, setCrates] = useState<number | null>(null);
  const [cratesTo, setCratesTo] = useState("");
  const [complete, setComplete] = useState(false);
  const [occurred, setOccurred] = useState<string | null>(null);
  const [editing, setEditing] = useState<Editing | null>(null);
  const [open, setOpen] = useState<"partner" | "place" | "crates" | "item" | null>(null);
  const [busy, setBusy] = useState(false);

  const partner = order?.partner ?? chosenPartner;
  const crateCount = crates ?? cratesWeighed(lines);
  const receipt: Receipt = {
    partner,
    order: order?.id ?? null,
    lines,
    lots,
    complete,
    crates:
      crateItem === "" ? null : { item: crateItem, count: crateCount, to: cratesTo === "" ? to : cratesTo },
  };
  const gap = receiptGap(receipt);
  useEffect(() => (lines.length > 0 ? keepBusy("form") : undefined), [lines.length > 0]);

  useReading((reading) => {
    if (reading.type === "place") {
      setTo(reading.place);
      return { verdict: "ok", text: names.place(reading.place) };
    }
    if (reading.type !== "goods") return { verdict: "error", text: t("scan.unhandled") };
    setEditing(fromReading(reading, names.facts(reading.item).isMass, to));
    return { verdict: "ok", text: names.item(reading.item) };
  });

  const save = async (): Promise<void> => {
    setBusy(true);
    const offset = ledger.state.device.value?.utcOffsetMinutes ?? 480;
    const claim = occurred === null ? null : occurredAt(occurred, offset, ledger.nowMs());
    const ref = await recorded(
      ledger,
      "receive",
      receiptFields(receipt),
      claim === null ? {} : { occurred: claim },
    );
    setBusy(false);
    if (ref !== null) goBack();
  };

  return (
    <Screen
      title={t("kind.receive")}
      {...(partner === "" ? {} : { subtitle: names.partner(partner) })}
      actions={
        <BigButton
          label={t("receive.do")}
          icon="check"
          busy={busy}
          disabled={gap !== null}
          {...(gap === null ? {} : { hint: t(GAPS[gap]) })}
          onPress={() => void save()}
        />
      }
    >
      {order !== null ? null : (
        <ChoiceField
          label={t("receive.from")}
          value={partner === "" ? null : names.partner(partner)}
          icon="hand"
          onPress={() => setOpen("partner")}
        />
      )}
      {order === null && lines.length === 0 && orders.length > 0 ? (
        <OrderChoice
          orders={orders.filter(({ partner: of }) => partner === "" || of === partner)}
          onChoose={setOrder}
        />
      ) : null}
      <ChoiceField
        label={t("line.to")}
        value={to === "" ? null : names.place(to)}
        icon="place"
        onPress={() => setOpen("place")}
      />
      <ScanBox prompt={t("receive.scan")} />
      {order === null ? null : (
        <Ordered
          order={order}
          onLine={({ item, qty, weight, done }) =>
            setEditing({
              line: { ...EMPTY_LINE, item, to },
              dates: NO_DATES,
              expected: { qty: Math.max(0, qty - done), weight },
            })
          }
        />
      )}
      {lines.length === 0 ? null : (
        <LineList
          lines={lines}
          label={t("receive.lines")}
          onRemove={(index) => setLines(lines.filter((_, each) => each !== index))}
        />
      )}
      <Button label={t("line.byHand")} icon="plus" onPress={() => setOpen("item")} />
      {crateItem === "" ? null : (
        <CratesIn
          item={crateItem}
          count={crateCount}
          to={cratesTo === "" ? to : cratesTo}
          onCount={setCrates}
          onPlace={() => setOpen("crates")}
        />
      )}
      {order === null ? null : (
        <Switch
          label={t("receive.complete")}
          hint={t("receive.completeHint")}
          on={complete}
          onChange={setComplete}
        />
      )}
      <OccurredField value={occurred} onChange={setOccurred} />
      {editing === null ? null : (
        <LineSheet
          key={editing.line.item}
          initial={editing.line}
          dates={editing.dates}
          lotsAt=""
          newLots
          canWeigh
          placeEnd="to"
          {...(editing.expected === undefined ? {} : { expected: editing.expected })}
          onClose={() => setEditing(null)}
          onDone={(line, dates) => {
            setLines(addLine(lines, line));
            setLots(addRecord(lots, lotRecord(line.item, line.lot, dates, { supplier: partner })));
            if (to === "") setTo(line.to);
            setEditing(null);
          }}
        />
      )}
      {open === "partner" ? (
        <ChoiceSheet
          table="partner"
          title={t("receive.from")}
          onChoose={setPartner}
          onClose={() => setOpen(null)}
        />
      ) : null}
      {open === "item" ? (
        <ChoiceSheet
          table="item"
          title={t("word.item")}
          onChoose={(item) => setEditing({ line: { ...EMPTY_LINE, item, to }, dates: NO_DATES })}
          onClose={() => setOpen(null)}
        />
      ) : null}
      {open === "place" || open === "crates" ? (
        <ChoiceSheet
          table="place"
          title={t("line.to")}
          only={isStandingPlace(ledger.rows("place").value)}
          onChoose={open === "place" ? setTo : setCratesTo}
          onClose={() => setOpen(null)}
        />
      ) : null}
    </Screen>
  );
};
