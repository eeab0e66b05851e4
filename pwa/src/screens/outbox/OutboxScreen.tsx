/** Everything recorded on this phone, how far each op is, and whether the phone may be wiped. Open even when nobody is signed in. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { Screen } from "../../app/Screen.tsx";
import { formatAge, formatDateTime } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import type { OutboxItem } from "../../sync/ledger-types.ts";
import { BigButton } from "../../ui/Button.tsx";
import { List, ListRow } from "../../ui/Card.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { showToast, signalOutcome } from "../../ui/feedback.tsx";
import { useNav } from "../home/HomeScreen.tsx";
import { CarriedList, Carry } from "./Carry.tsx";
import { OpSheet } from "./OpSheet.tsx";
import { Brought, Safety } from "./Safety.tsx";
import { detailOf, explain, kindWord, stageOf, voidedOf } from "./words.ts";

const SHOWN_MAX = 100;

export const OutboxScreen = (_props: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const { state } = ledger;
  // Signing in is an op too, but nothing that a person did with goods; it is told only when it went wrong.
  const items = ledger
    .outbox()
    .value.filter((item) => item.kind !== "session" || stageOf(item).tint === "bad");
  const [shown, setShown] = useState<OutboxItem | null>(null);
  const voided = voidedOf(items);
  const last = state.lastSyncAt.value;
  // Who has work and no network looks for the way out first.
  const isStranded = state.pendingCount.value > 0 && !state.online.value;
  const nav = useNav();
  const syncNow = async (): Promise<void> => {
    const status = await ledger.syncNow();
    if (status.type === "offline") showToast({ tone: "info", text: t("net.offline") });
    if (status.type === "refused") signalOutcome("error", t("sync.refused"));
  };
  return (
    <Screen
      title={t("outbox.title")}
      subtitle={last === null ? t("sync.never") : t("sync.last", { age: formatAge(ledger.nowMs() - last) })}
      {...(state.person.value === null ? {} : { onBack: null, nav, navChosen: "outbox" })}
      actions={
        <BigButton
          label={t("outbox.sync")}
          icon="sync"
          busy={state.syncing.value}
          onPress={() => void syncNow()}
        />
      }
    >
      <Brought />
      <Safety />
      <CarriedList />
      {isStranded ? <Carry /> : null}
      <List label={t("outbox.mine")}>
        {items.slice(0, SHOWN_MAX).map((item) => {
          const stage = stageOf(item);
          const code = item.problem?.code ?? item.verdict?.code ?? "";
          const wrong = stage.tint === "bad" && code !== "";
          return (
            <ListRow
              key={item.ref.hash}
              icon={stage.icon}
              tint={stage.tint}
              title={`${kindWord(item.kind)} · ${formatDateTime(item.at)}`}
              detail={wrong ? explain(code).what : detailOf(item.body, names)}
              end={
                <>
                  {voided.has(item.ref.hash) ? <Chip tint="bad" label={t("void.done")} /> : null}
                  <Chip tint={stage.tint} icon={undefined} label={stage.word} />
                </>
              }
              onPress={() => setShown(item)}
            />
          );
        })}
        {items.length === 0 ? (
          <EmptyState icon="upload" title={t("outbox.empty")} text={t("outbox.emptyHint")} />
        ) : null}
      </List>
      {isStranded ? null : <Carry />}
      {shown === null ? null : (
        <OpSheet item={shown} isVoided={voided.has(shown.ref.hash)} onClose={() => setShown(null)} />
      )}
    </Screen>
  );
};
