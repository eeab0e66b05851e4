/** To the manager of a restored server: what is missing, what is back, and whose phone has not called yet. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useLedger } from "../../app/ledger-context.ts";
import { t } from "../../i18n/i18n.ts";
import { Notice } from "../../ui/Chip.tsx";
import { readRecovery, type Recovery } from "./answers.ts";

export const RecoveryNotice = (): VNode | null => {
  const ledger = useLedger();
  const [recovery, setRecovery] = useState<Recovery | null>(null);
  const [synced, restored] = [ledger.state.lastSyncAt.value, ledger.state.restoredMs.value];
  useEffect(() => {
    let over = false;
    if (restored === null) setRecovery(null);
    else
      ledger.ask("/api/v1/recovery").then(
        (answer) => {
          if (!over && answer.ok) setRecovery(readRecovery(answer.body));
        },
        () => undefined,
      );
    return () => {
      over = true;
    };
  }, [synced, restored]);
  if (recovery === null) return null;
  const { missing, back, silent } = recovery;
  const silence =
    silent.length === 0 ? t("recovery.allCalled") : t("recovery.silent", { names: silent.join("、") });
  return (
    <Notice
      tint="warn"
      title={missing === 0 ? t("recovery.unknown") : t("recovery.missing", { n: missing })}
      text={`${t("recovery.back", { n: back })} ${silence}`}
    />
  );
};
