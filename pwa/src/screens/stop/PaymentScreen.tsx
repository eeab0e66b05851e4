/** Money changes hands: from whom or to whom, how much, how. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { Screen } from "../../app/Screen.tsx";
import { formatMoney } from "../../i18n/format.ts";
import { type PlainKey, t } from "../../i18n/i18n.ts";
import { BigButton } from "../../ui/Button.tsx";
import { goBack } from "../../ui/router.ts";
import { Segments } from "../../ui/Tabs.tsx";
import { ChoiceField, ChoiceSheet } from "../lines/choices.tsx";
import { MoneyField } from "./MoneyField.tsx";

const METHODS: readonly { readonly id: "cash" | "wechat" | "alipay" | "bank"; readonly word: PlainKey }[] = [
  { id: "cash", word: "pay.cash" },
  { id: "wechat", word: "pay.wechat" },
  { id: "alipay", word: "pay.alipay" },
  { id: "bank", word: "pay.bank" },
];

export const PaymentScreen = ({ rest }: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const [partner, setPartner] = useState(rest[0] ?? "");
  const [direction, setDirection] = useState<"in" | "out">("in");
  const [fen, setFen] = useState(0);
  const [method, setMethod] = useState<"cash" | "wechat" | "alipay" | "bank">("cash");
  const [choosing, setChoosing] = useState(false);
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    const word = METHODS.find(({ id }) => id === method)?.word ?? "pay.cash";
    const ref = await recorded(ledger, "payment", { partner, direction, amountFen: fen, method: t(word) });
    setBusy(false);
    if (ref !== null) goBack();
  };
  const ready = partner !== "" && fen > 0;
  return (
    <Screen
      title={t("kind.payment")}
      actions={
        <BigButton
          label={
            fen === 0 ? t("pay.do") : `${direction === "in" ? t("pay.in") : t("pay.out")} ${formatMoney(fen)}`
          }
          icon="check"
          busy={busy}
          disabled={!ready}
          {...(ready ? {} : { hint: t("pay.gap") })}
          onPress={() => void save()}
        />
      }
    >
      <Segments
        label={t("pay.direction")}
        options={[
          { id: "in", label: t("pay.in") },
          { id: "out", label: t("pay.out") },
        ]}
        chosen={direction}
        onChoose={setDirection}
      />
      <ChoiceField
        label={t("word.partner")}
        value={partner === "" ? null : names.partner(partner)}
        icon="hand"
        onPress={() => setChoosing(true)}
      />
      <MoneyField label={t("word.amount")} fen={fen} onChange={setFen} />
      <Segments
        label={t("pay.method")}
        options={METHODS.map(({ id, word }) => ({ id, label: t(word) }))}
        chosen={method}
        onChoose={setMethod}
      />
      {choosing ? (
        <ChoiceSheet
          table="partner"
          title={t("word.partner")}
          onChoose={setPartner}
          onClose={() => setChoosing(false)}
        />
      ) : null}
    </Screen>
  );
};
