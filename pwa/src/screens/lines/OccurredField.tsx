/** «Written on paper earlier»: only for those whose word the server takes for it. */
import type { VNode } from "preact";
import { useLedger } from "../../app/ledger-context.ts";
import { mayBackDate } from "../../app/roles.ts";
import { t } from "../../i18n/i18n.ts";
import { Button } from "../../ui/Button.tsx";
import { DateField } from "./choices.tsx";
import { occurredAt } from "./draft.ts";

/** `value` is a local date and time as the field writes it; null: it happens now. */
export const OccurredField = ({
  value,
  onChange,
}: {
  readonly value: string | null;
  readonly onChange: (value: string | null) => void;
}): VNode | null => {
  const ledger = useLedger();
  if (!mayBackDate(ledger.state.person.value)) return null;
  const offset = ledger.state.device.value?.utcOffsetMinutes ?? 480;
  if (value === null) {
    const now = new Date(ledger.nowMs() + offset * 60_000).toISOString().slice(0, 16);
    return <Button label={t("occurred.add")} icon="clock" look="quiet" onPress={() => onChange(now)} />;
  }
  const claim = occurredAt(value, offset, ledger.nowMs());
  return (
    <div class="stack">
      <DateField label={t("occurred.when")} value={value} withTime onInput={onChange} />
      {claim === null ? (
        <p class="form-hint">{t("occurred.notEarlier")}</p>
      ) : (
        <p class="form-hint">{t("occurred.hint")}</p>
      )}
      <Button label={t("occurred.remove")} icon="cross" look="quiet" onPress={() => onChange(null)} />
    </div>
  );
};
