/** Whether this phone may be wiped: what the server signed, and what is missing. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useLedger } from "../../app/ledger-context.ts";
import { formatDateTime } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import type { Ledger, WipeSafety } from "../../sync/ledger-types.ts";
import { Button } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { go } from "../../ui/router.ts";
import { OWN_WORD } from "../relay/ShowScreen.tsx";

/** Asks the server to sign when nothing is left here, and what it signed before does not say all. */
const askToSign = async (ledger: Ledger): Promise<void> => {
  const found = await ledger.wipeSafe();
  const isEmpty = found.unsent + found.evidence + found.relayed === 0;
  if (!isEmpty || (found.isSafe && found.isBackedUp) || !ledger.state.online.value) return;
  await ledger.askAcknowledgement();
};

const missingOf = (safety: WipeSafety): readonly string[] => {
  const { unsent, evidence, relayed, missingValues, missingEvidence, isStated } = safety;
  const isEmpty = unsent + evidence + relayed === 0;
  return [
    unsent === 0 ? "" : t("wipe.unsent", { n: unsent }),
    evidence === 0 ? "" : t("wipe.evidence", { n: evidence }),
    relayed === 0 ? "" : t("wipe.relayed", { n: relayed }),
    missingValues === 0 ? "" : t("wipe.missingValues", { n: missingValues }),
    missingEvidence === 0 ? "" : t("wipe.missingEvidence", { n: missingEvidence }),
    isEmpty && !isStated ? t("wipe.notStated") : "",
  ].filter((part) => part !== "");
};

export const Safety = (): VNode | null => {
  const ledger = useLedger();
  const { state } = ledger;
  const [safety, setSafety] = useState<WipeSafety | null>(null);
  const [word, pending] = [state.signedWord.value, state.pendingCount.value];
  const [last, carried] = [state.lastSyncAt.value, state.relayedCount.value];
  // Not with each new word: the word that was asked for must not ask for the next one.
  useEffect(() => {
    void askToSign(ledger);
  }, [pending, last, carried]);
  useEffect(() => {
    let over = false;
    void ledger.wipeSafe().then((found) => {
      if (!over) setSafety(found);
    });
    return () => {
      over = true;
    };
  }, [pending, last, carried, word?.atMs]);
  if (safety === null) return null;
  if (safety.isSafe) {
    const at = formatDateTime(safety.statedMs ?? 0);
    return (
      <Notice tint="ok" title={t("wipe.safe")} text={t("wipe.safeBy", { at })}>
        <p>{safety.isBackedUp ? t("wipe.backedUp") : t("wipe.notBackedUp")}</p>
        <Button label={t("wipe.showWord")} icon="qr" onPress={() => go(["relay", OWN_WORD])} />
      </Notice>
    );
  }
  const isIncomplete = safety.missingValues + safety.missingEvidence > 0;
  return (
    <Notice
      tint={safety.unsent > 0 ? "bad" : "warn"}
      title={t("wipe.notSafe")}
      text={missingOf(safety).join(t("list.and"))}
    >
      {isIncomplete ? (
        <Button label={t("wipe.sendAgain")} icon="sync" onPress={() => void ledger.sendAgain()} />
      ) : (
        []
      )}
    </Notice>
  );
};

/** Shown until the next meeting with the server itself: another phone told that the work arrived. */
export const Brought = (): VNode | null => {
  const { state } = useLedger();
  const word = state.signedWord.value;
  const last = state.lastSyncAt.value;
  if (word === null || word.bearer === "" || (last !== null && last > word.atMs)) return null;
  return (
    <Notice
      tint="ok"
      title={t("relay.brought", { name: word.bearer })}
      text={t("relay.broughtHint", { at: formatDateTime(word.atMs) })}
    />
  );
};
