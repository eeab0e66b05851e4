/** A stop of the tour: what is aboard for it, what the receiver takes, crates, a signature on this glass, a payment. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { keepBusy } from "../../app/busy.ts";
import { formatQuantity } from "../../app/items.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { orderLines } from "../../app/orders.ts";
import { useReading } from "../../app/reading.ts";
import { Screen } from "../../app/Screen.tsx";
import { t } from "../../i18n/i18n.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { List } from "../../ui/Card.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { replace } from "../../ui/router.ts";
import { ScanBox } from "../../ui/ScanBox.tsx";
import { Sheet } from "../../ui/Sheet.tsx";
import { type Signature, SignaturePad } from "../../ui/SignaturePad.tsx";
import { DriverWork } from "../home/FloorWork.tsx";
import { isVehiclePlace } from "../lines/standing.ts";
import { AnswerSheet } from "./AnswerSheet.tsx";
import {
  ALL_TAKEN,
  type Answer,
  type HandOver,
  type StopGap,
  type StopLine,
  aboardFor,
  stopGap,
} from "./draft.ts";
import { NOTHING_MORE, Particulars } from "./Particulars.tsx";
import { saveHandOver } from "./save.ts";
import { StopRow } from "./StopRow.tsx";

const GAPS = {
  nothing: "stop.gap.nothing",
  unanswered: "stop.gap.unanswered",
  reason: "stop.gap.reason",
  signature: "stop.gap.signature",
} as const satisfies Record<StopGap, string>;

const answerKey = ({
  item,
  lot,
  place,
}: {
  readonly item: string;
  readonly lot: string;
  readonly place: string;
}): string => [item, lot, place].join("|");

const Stop = ({ id }: { readonly id: string }): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const order = ledger.rows("order").value.find((row) => row.id === id);
  const onVehicle = isVehiclePlace(ledger);
  const balances = ledger.rows("balance").value.filter(({ place }) => onVehicle(place));
  const crateItem =
    ledger.rows("item").value.find(({ id: item }) => names.facts(item).isReturnable)?.id ?? "";
  const crateRow = balances.find(({ item, q }) => item === crateItem && q > 0);
  const [answers, setAnswers] = useState<ReadonlyMap<string, Answer>>(new Map());
  const [editing, setEditing] = useState<StopLine | null>(null);
  const [more, setMore] = useState(NOTHING_MORE);
  const [signature, setSignature] = useState<Signature | null>(null);
  const [signing, setSigning] = useState(false);
  const [busy, setBusy] = useState(false);
  useEffect(() => (answers.size > 0 ? keepBusy("form") : undefined), [answers.size > 0]);

  const held = balances.map(({ item, lot, place, q, w }) => ({
    item,
    lot,
    place,
    qty: q,
    weight: names.facts(item).isCatch ? w : null,
  }));
  const lines: readonly StopLine[] =
    order === undefined
      ? []
      : aboardFor(orderLines(order), held).map((each) => ({
          ...each,
          answer: answers.get(answerKey(each)) ?? null,
        }));
  const answer = (line: StopLine, said: Answer): void =>
    setAnswers((before) => new Map(before).set(answerKey(line), said));

  useReading((reading) => {
    if (reading.type !== "goods") return { verdict: "error", text: t("scan.unhandled") };
    const line = lines.find(
      (each) =>
        each.item === reading.item &&
        (reading.lot === null || each.lot === reading.lot) &&
        each.answer === null,
    );
    if (line !== undefined) {
      answer(line, ALL_TAKEN);
      return {
        verdict: "ok",
        text: t("stop.takenN", { taken: formatQuantity(names.facts(line.item), line.qty) }),
      };
    }
    const known = lines.some((each) => each.item === reading.item);
    return known
      ? { verdict: "duplicate", text: t("scan.duplicate") }
      : { verdict: "error", text: t("stop.notForHere", { item: names.item(reading.item) }) };
  });

  if (order === undefined)
    return <EmptyState icon="search" title={t("pick.gone")} text={t("pick.goneHint")} />;
  const handOver: HandOver = {
    partner: order.partner,
    order: order.id,
    lines,
    crates: { item: crateItem, from: crateRow?.place ?? lines[0]?.place ?? "", out: more.out },
    isSigned: signature !== null,
  };
  const gap = stopGap(handOver);
  const save = async (): Promise<void> => {
    if (signature === null) return;
    setBusy(true);
    const saved = await saveHandOver(
      ledger,
      handOver,
      { name: more.name, signature, photo: more.photo },
      { back: more.back, paidFen: more.paidFen, method: t("pay.cash") },
    );
    setBusy(false);
    if (saved) replace([]);
  };
  return (
    <Screen
      title={names.partner(order.partner)}
      subtitle={order.id}
      actions={
        gap === "signature" ? (
          <BigButton label={t("stop.sign")} icon="sign" onPress={() => setSigning(true)} />
        ) : (
          <BigButton
            label={t("stop.do")}
            icon="check"
            busy={busy}
            disabled={gap !== null}
            {...(gap === null ? {} : { hint: t(GAPS[gap]) })}
            onPress={() => void save()}
          />
        )
      }
    >
      <ScanBox prompt={t("stop.scan")} />
      <List label={t("stop.lines")}>
        {lines.map((line) => (
          <StopRow key={answerKey(line)} line={line} onPress={() => setEditing(line)} />
        ))}
        {lines.length === 0 ? (
          <EmptyState icon="truck" title={t("stop.nothing")} text={t("stop.nothingHint")} />
        ) : null}
      </List>
      {lines.some((line) => line.answer === null) ? (
        <Button
          label={t("stop.allTaken")}
          icon="check"
          onPress={() => {
            for (const line of lines) if (line.answer === null) answer(line, ALL_TAKEN);
          }}
        />
      ) : null}
      <Particulars value={more} hasCrates={crateItem !== ""} onChange={setMore} />
      {signature === null ? null : (
        <Button label={t("stop.signed")} icon="sign" onPress={() => setSigning(true)} />
      )}
      {editing === null ? null : (
        <AnswerSheet
          line={editing}
          onClose={() => setEditing(null)}
          onDone={(said) => {
            answer(editing, said);
            setEditing(null);
          }}
        />
      )}
      {signing ? (
        <Sheet title={t("stop.sign")} onClose={() => setSigning(false)}>
          <p class="sheet-text">{t("stop.signText", { partner: names.partner(order.partner) })}</p>
          <SignaturePad
            onSign={(signed) => {
              setSignature(signed);
              setSigning(false);
            }}
          />
        </Sheet>
      ) : null}
    </Screen>
  );
};

export const StopScreen = ({ rest }: ScreenProps): VNode =>
  rest[0] === undefined ? (
    <Screen title={t("home.deliver")}>
      <DriverWork />
    </Screen>
  ) : (
    <Stop id={rest[0]} />
  );
