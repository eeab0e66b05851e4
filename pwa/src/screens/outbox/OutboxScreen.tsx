/** Everything recorded on this phone, how far each op is, and whether the phone may be wiped. Open even when nobody is signed in. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { tellFault } from "../../app/act.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { Screen } from "../../app/Screen.tsx";
import { formatAge, formatDateTime } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import type { OutboxItem, WipeSafety } from "../../sync/ledger-types.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { List, ListRow } from "../../ui/Card.tsx";
import { Chip, Notice } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { showToast, signalOutcome } from "../../ui/feedback.tsx";
import { useNav } from "../home/HomeScreen.tsx";
import { OpSheet } from "./OpSheet.tsx";
import { detailOf, explain, kindWord, stageOf, voidedOf } from "./words.ts";

const SHOWN_MAX = 100;

const save = (name: string, bytes: Uint8Array<ArrayBuffer>): void => {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
};

const Safety = (): VNode | null => {
  const ledger = useLedger();
  const [safety, setSafety] = useState<WipeSafety | null>(null);
  const pending = ledger.state.pendingCount.value;
  const last = ledger.state.lastSyncAt.value;
  useEffect(() => {
    let over = false;
    void ledger.wipeSafe().then((found) => {
      if (!over) setSafety(found);
    });
    return () => {
      over = true;
    };
  }, [pending, last]);
  if (safety === null) return null;
  if (safety.isSafe) return <Notice tint="ok" title={t("wipe.safe")} text={t("wipe.safeHint")} />;
  const parts = [
    safety.unsent === 0 ? "" : t("wipe.unsent", { n: safety.unsent }),
    safety.unsettled === 0 ? "" : t("wipe.unsettled", { n: safety.unsettled }),
    safety.evidence === 0 ? "" : t("wipe.evidence", { n: safety.evidence }),
    safety.relayed === 0 ? "" : t("wipe.relayed", { n: safety.relayed }),
  ].filter((part) => part !== "");
  return (
    <Notice
      tint={safety.unsent > 0 ? "bad" : "warn"}
      title={t("wipe.notSafe")}
      text={parts.join(t("list.and"))}
    />
  );
};

const Carry = (): VNode => {
  const ledger = useLedger();
  const exportIt = async (): Promise<void> => {
    try {
      const { name, bytes } = await ledger.exportOutbox();
      save(name, bytes);
    } catch (error) {
      tellFault(error);
    }
  };
  const importIt = async (file: File): Promise<void> => {
    const frames = await ledger.importBundle(new Uint8Array(await file.arrayBuffer()));
    if (frames === 0) signalOutcome("error", t("outbox.importNone"));
    else signalOutcome("ok", t("outbox.imported", { n: frames }));
  };
  return (
    <div class="action-row">
      <Button label={t("outbox.export")} icon="download" onPress={() => void exportIt()} />
      <label class="button look-secondary file-button">
        {t("outbox.import")}
        <input
          type="file"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file !== undefined) importIt(file).catch(tellFault);
          }}
        />
      </label>
    </div>
  );
};

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
      <Safety />
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
      <Carry />
      <p class="form-hint">{t("sync.exportHint")}</p>
      {state.relayedCount.value === 0 ? null : (
        <Notice
          tint="info"
          title={t("outbox.relayed", { n: state.relayedCount.value })}
          text={t("outbox.relayedHint")}
        />
      )}
      {shown === null ? null : (
        <OpSheet item={shown} isVoided={voided.has(shown.ref.hash)} onClose={() => setShown(null)} />
      )}
    </Screen>
  );
};
