/** A stop of the tour: what is aboard for it, what the receiver takes, crates, a signature on this glass, a payment. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { keepBusy } from "../../app/busy.ts";
import { formatQuantity } from "../../app/items.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { orderLines } from "../../app/orders.ts";
import { useReading } from "../../app/reading.ts";
import { Screen } from "../../app/Screen.tsx";
import { formatMoney } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { List, ListRow } from "../../ui/Card.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Stepper } from "../../ui/Stepper.tsx";
import { TextField } from "../../ui/QuantityField.tsx";
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
  takenOf,
} from "./draft.ts";
import { MoneyField } from "./MoneyField.tsx";
import { PhotoField } from "./PhotoField.tsx";
import { saveHandOver } from "./save.ts";

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

const StopRow = ({ line, onPress }: { readonly line: StopLine; readonly onPress: () => void }): VNode => {
  const names = namesFrom(useLedger());
  const facts = names.facts(line.item);
  const { answer } = line;
  const said =
    answer === null
      ? t("stop.ask")
      : [
          t("stop.takenN", { taken: formatQuantity(facts, takenOf(line)) }),
          answer.refused === 0
            ? ""
            : `${t("stop.refused")} ${formatQuantity(facts, answer.refused)} (${answer.reason})`,
          answer.missing === 0 ? "" : `${t("stop.missing")} ${formatQuantity(facts, answer.missing)}`,
        ]
          .filter((part) => part !== "")
          .join(" · ");
  const clean = answer !== null && answer.refused + answer.missing === 0;
  return (
    <ListRow
      icon={answer === null ? "box" : clean ? "check" : "alert"}
      tint={answer === null ? "plain" : clean ? "ok" : "warn"}
      title={names.item(line.item)}
      detail={[line.lot === "" ? "" : `${t("word.lot")} ${lotName(line.lot)}`, said]
        .filter((part) => part !== "")
        .join(" · ")}
      value={formatQuantity(facts, line.qty, line.weight)}
      onPress={onPress}
    />
  );
};

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
  const [out, setOut] = useState(0);
  const [back, setBack] = useState(0);
  const [name, setName] = useState("");
  const [signature, setSignature] = useState<Signature | null>(null);
  const [signing, setSigning] = useState(false);
  const [photo, setPhoto] = useState<Blob | null>(null);
  const [paidFen, setPaid] = useState(0);
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
    crates: { item: crateItem, from: crateRow?.place ?? lines[0]?.place ?? "", out },
    isSigned: signature !== null,
  };
  const gap = stopGap(handOver);
  const save = async (): Promise<void> => {
    if (signature === null) return;
    setBusy(true);
    const saved = await saveHandOver(
      ledger,
      handOver,
      { name, signature, photo },
      { back, paidFen, method: t("pay.cash") },
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
      {crateItem === "" ? null : (
        <>
          <div class="field-row">
            <span class="field-label">{t("stop.cratesOut")}</span>
            <Stepper label={t("stop.cratesOut")} value={out} onChange={setOut} />
          </div>
          <div class="field-row">
            <span class="field-label">{t("stop.cratesBack")}</span>
            <Stepper label={t("stop.cratesBack")} value={back} onChange={setBack} />
          </div>
        </>
      )}
      <TextField label={t("stop.receiver")} hint={t("stop.receiverHint")} value={name} onInput={setName} />
      <PhotoField label={t("stop.photo")} photo={photo} onPhoto={setPhoto} />
      <MoneyField label={t("stop.paid")} fen={paidFen} onChange={setPaid} />
      {signature === null ? null : (
        <Button label={t("stop.signed")} icon="sign" onPress={() => setSigning(true)} />
      )}
      {paidFen === 0 ? null : <p class="form-hint">{t("stop.paidHint", { amount: formatMoney(paidFen) })}</p>}
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
