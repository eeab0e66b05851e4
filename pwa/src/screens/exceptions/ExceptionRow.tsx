import type { VNode } from "preact";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { formatAge } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import { TaskCard } from "../../ui/Card.tsx";
import { Chip, type Tint } from "../../ui/Chip.tsx";
import { go } from "../../ui/router.ts";
import { exceptionWord, happened } from "./facts.ts";
import { type Exception, ITSELF } from "./inbox.ts";

const HOUR_MS = 3_600_000;

/** Past its deadline, within its last hours, or in time. */
export const urgency = (exception: Exception, nowMs: number): Tint => {
  if (exception.state !== "open") return "plain";
  const left = exception.deadlineMs - nowMs;
  return left < 0 ? "bad" : left < 4 * HOUR_MS ? "warn" : "info";
};

export const DeadlineChip = ({ exception }: { readonly exception: Exception }): VNode => {
  const { nowMs } = useLedger();
  const tint = urgency(exception, nowMs());
  if (exception.closedBy === ITSELF) return <Chip tint="ok" label={t("exceptions.closedItself")} />;
  if (exception.state !== "open") return <Chip tint="ok" label={t("exceptions.closed")} />;
  const left = exception.deadlineMs - nowMs();
  return (
    <Chip
      tint={tint}
      icon="clock"
      label={
        left < 0
          ? t("exceptions.overdue", { age: formatAge(-left) })
          : t("exceptions.left", { age: formatAge(left) })
      }
    />
  );
};

/** One exception in a list: its name, what happened, how long there is. */
export const ExceptionRow = ({ exception }: { readonly exception: Exception }): VNode => {
  const ledger = useLedger();
  return (
    <TaskCard
      icon="bell"
      tint={urgency(exception, ledger.nowMs())}
      title={exceptionWord(exception.code)}
      detail={happened(exception, namesFrom(ledger))}
      chips={<DeadlineChip exception={exception} />}
      onPress={() => go(["exceptions", exception.id])}
    />
  );
};
