/** Settling a receipt or a delivery: price, deduction with its reason, small change off. Stock is not touched. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import { formatQuantity, kilograms } from "../../app/items.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { Screen } from "../../app/Screen.tsx";
import { fromHex } from "../../codec/bytes.ts";
import { formatDateTime, formatMoney, formatPrice } from "../../i18n/format.ts";
import { t, tOr } from "../../i18n/i18n.ts";
import { BigButton } from "../../ui/Button.tsx";
import { Card, Facts, List, ListRow } from "../../ui/Card.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { GRAM, KILOGRAM } from "../../ui/quantity.ts";
import { QuantityField, TextField } from "../../ui/QuantityField.tsx";
import { replace } from "../../ui/router.ts";
import { Switch } from "../../ui/Switch.tsx";
import { replaced } from "../lines/draft.ts";
import {
  type PricedDraft,
  type Settleable,
  isUnsettled,
  pricedLines,
  readSettleable,
  settleFields,
  totalOf,
} from "./settle-draft.ts";

const useSettleables = (): readonly Settleable[] => {
  const ledger = useLedger();
  const receipts = ledger
    .untyped("record.receive")
    .value.map(({ key, value }) => readSettleable(key, value, "buy"));
  const deliveries = ledger
    .untyped("record.deliver")
    .value.map(({ key, value }) => readSettleable(key, value, "sell"));
  const settled = ledger.rows("statement").value;
  const prices = ledger.rows("price").value;
  const linesOf = (of: string): readonly (readonly unknown[])[] =>
    settled.find(({ partner }) => partner === of)?.lines ?? [];
  return [...receipts, ...deliveries]
    .filter((each) => {
      const priced = pricedLines(each, prices);
      return priced.length > 0 && isUnsettled(each, priced, linesOf(each.partner));
    })
    .sort((a, b) => b.o - a.o);
};

const PriceLine = ({
  line,
  onChange,
}: {
  readonly line: PricedDraft;
  readonly onChange: (line: PricedDraft) => void;
}): VNode => {
  const names = namesFrom(useLedger());
  const facts = names.facts(line.item);
  const weighs = facts.isMass || line.weight !== null;
  return (
    <Card title={`${names.item(line.item)} ${line.lot === "" ? "" : lotName(line.lot)}`}>
      <Facts
        facts={[
          { label: t("line.quantity"), value: formatQuantity(facts, line.qty, line.weight) },
          {
            label: t("word.price"),
            value: `${formatPrice(line.unitPrice)} / ${tOr(`unit.${line.unit}`, line.unit)}`,
          },
          ...(weighs
            ? [
                {
                  label: t("word.payable"),
                  value: kilograms(Math.max(0, (line.weight ?? line.qty) - line.deductionG)),
                },
              ]
            : []),
        ]}
      />
      {weighs ? (
        <QuantityField
          label={t("word.deduction")}
          units={[KILOGRAM]}
          base={GRAM}
          {...(line.deductionG === 0
            ? {}
            : { typed: { text: String(line.deductionG / 1000), unit: KILOGRAM } })}
          onConfirm={(deductionG) =>
            onChange({ ...line, deductionG: Math.min(deductionG, line.weight ?? line.qty) })
          }
        />
      ) : null}
      {line.deductionG === 0 ? null : (
        <TextField
          label={t("word.reason")}
          hint={t("settle.deductionWhy")}
          value={line.reason}
          onInput={(reason) => onChange({ ...line, reason })}
        />
      )}
    </Card>
  );
};

const Settle = ({ of }: { readonly of: Settleable }): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const [lines, setLines] = useState(pricedLines(of, ledger.rows("price").value));
  const [isRounded, setRounded] = useState(false);
  const [busy, setBusy] = useState(false);
  const total = totalOf(lines, isRounded);
  const unexplained = lines.some(({ deductionG, reason }) => deductionG > 0 && reason.trim() === "");
  const save = async (): Promise<void> => {
    if (total === null) return;
    setBusy(true);
    const ref = await recorded(ledger, "settle", settleFields(of, lines, total.roundingFen), {
      names: [fromHex(of.hash)],
    });
    setBusy(false);
    if (ref !== null) replace(["statements", of.partner]);
  };
  return (
    <Screen
      title={names.partner(of.partner)}
      subtitle={of.side === "buy" ? t("settle.buy") : t("settle.sell")}
      actions={
        <BigButton
          label={total === null ? t("settle.do") : `${t("settle.do")} ${formatMoney(total.dueFen)}`}
          icon="check"
          busy={busy}
          disabled={total === null || unexplained}
          {...(unexplained ? { hint: t("settle.deductionWhy") } : {})}
          onPress={() => void save()}
        />
      }
    >
      {lines.map((line, index) => (
        <PriceLine
          key={`${line.item} ${line.lot}`}
          line={line}
          onChange={(next) => setLines(replaced(lines, index, next))}
        />
      ))}
      <Switch
        label={t("settle.round")}
        {...(total === null ? {} : { hint: formatMoney(total.roundingFen) })}
        on={isRounded}
        onChange={setRounded}
      />
    </Screen>
  );
};

export const SettleScreen = ({ rest }: ScreenProps): VNode => {
  const names = namesFrom(useLedger());
  const open = useSettleables();
  const chosen = open.find(({ hash }) => hash === rest[0]);
  if (chosen !== undefined) return <Settle key={chosen.hash} of={chosen} />;
  return (
    <Screen title={t("settle.title")} wide>
      <List label={t("settle.open")}>
        {open.map((each) => (
          <ListRow
            key={each.hash}
            icon={each.side === "buy" ? "download" : "truck"}
            title={names.partner(each.partner)}
            detail={`${each.side === "buy" ? t("settle.buy") : t("settle.sell")} · ${formatDateTime(each.o)}`}
            onPress={() => replace(["settle", each.hash])}
          />
        ))}
        {open.length === 0 ? (
          <EmptyState icon="scale" title={t("settle.none")} text={t("settle.noneHint")} />
        ) : null}
      </List>
    </Screen>
  );
};
