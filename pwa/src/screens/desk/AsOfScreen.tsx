/** What stood where at an instant of the past: as it was, which late records still change, or as it was known then. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { formatQuantity } from "../../app/items.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { Screen } from "../../app/Screen.tsx";
import { t, tOr } from "../../i18n/i18n.ts";
import { BigButton } from "../../ui/Button.tsx";
import { List, ListRow } from "../../ui/Card.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Switch } from "../../ui/Switch.tsx";
import { DateField } from "../lines/choices.tsx";
import { type BalanceThen, readBalances } from "./answers.ts";

const instantOf = (local: string, utcOffsetMinutes: number): number | null => {
  const at = Date.parse(`${local.slice(0, 16)}:00Z`);
  return Number.isNaN(at) ? null : at - utcOffsetMinutes * 60_000;
};

export const AsOfScreen = (_props: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const offset = ledger.state.device.value?.utcOffsetMinutes ?? 480;
  const [when, setWhen] = useState(new Date(ledger.nowMs() + offset * 60_000).toISOString().slice(0, 16));
  const [asKnown, setAsKnown] = useState(false);
  const [found, setFound] = useState<readonly BalanceThen[] | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const at = instantOf(when, offset);
  const ask = async (): Promise<void> => {
    if (at === null) return;
    setBusy(true);
    const known = asKnown ? `&known_at=${String(at)}` : "";
    const answer = await ledger.ask(`/api/v1/balances?as_of=${String(at)}${known}`);
    setBusy(false);
    if (answer.ok) {
      setFound(readBalances(answer.body));
      setRefusal(null);
    } else
      setRefusal(
        answer.type === "refused" ? tOr(`code.${answer.code}`, answer.detail) : t("phones.needsNetwork"),
      );
  };
  const ours = found?.filter(({ place, q, w }) => !place.startsWith("virtual:") && (q !== 0 || w !== 0));
  return (
    <Screen
      title={t("home.asOf")}
      wide
      actions={
        <BigButton
          label={t("asOf.do")}
          icon="clock"
          busy={busy}
          disabled={at === null}
          onPress={() => void ask()}
        />
      }
    >
      <DateField label={t("asOf.when")} value={when} withTime onInput={setWhen} />
      <Switch label={t("asOf.known")} hint={t("asOf.knownHint")} on={asKnown} onChange={setAsKnown} />
      {refusal === null ? null : <Notice tint="bad" title={refusal} />}
      {ours === undefined ? null : (
        <List label={t("home.stock")}>
          {ours.map(({ item, lot, place, q, w }) => (
            <ListRow
              key={[item, lot, place].join("|")}
              title={`${names.item(item)} ${lot === "" ? "" : lotName(lot)}`}
              detail={names.place(place)}
              value={formatQuantity(names.facts(item), q, names.facts(item).isCatch ? w : null)}
            />
          ))}
          {ours.length === 0 ? <EmptyState icon="clock" title={t("asOf.none")} /> : null}
        </List>
      )}
    </Screen>
  );
};
