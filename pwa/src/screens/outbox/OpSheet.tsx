/** One op of this phone: what was recorded, how far it is, and for those who may, taking it back. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { isManager } from "../../app/roles.ts";
import { formatDateTime } from "../../i18n/format.ts";
import { type PlainKey, t } from "../../i18n/i18n.ts";
import type { OutboxItem } from "../../sync/ledger-types.ts";
import { Button } from "../../ui/Button.tsx";
import { Facts } from "../../ui/Card.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { TextField } from "../../ui/QuantityField.tsx";
import { Sheet } from "../../ui/Sheet.tsx";
import { whyRefused } from "./refusal.ts";
import { detailOf, explain, isVoidable, kindWord, stageOf } from "./words.ts";

const REASONS: readonly PlainKey[] = ["void.wrong", "void.twice", "void.other"];

/** Nothing is deleted: the op stays in the log, and from its own instant on it has no effect. */
const VoidForm = ({ item, onDone }: { readonly item: OutboxItem; readonly onDone: () => void }): VNode => {
  const ledger = useLedger();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    const ref = await recorded(ledger, "void", { reason: reason.trim() }, { names: [item.ref] });
    setBusy(false);
    if (ref !== null) onDone();
  };
  return (
    <>
      <Notice tint="warn" title={t("void.title")} text={t("void.text")} />
      <div class="choices" role="group" aria-label={t("word.reason")}>
        {REASONS.map((key) => (
          <button
            key={key}
            type="button"
            class="choice"
            aria-pressed={reason === t(key)}
            onClick={() => setReason(t(key))}
          >
            {t(key)}
          </button>
        ))}
      </div>
      <TextField label={t("word.reason")} value={reason} onInput={setReason} />
      <Button
        label={t("void.do")}
        icon="trash"
        look="danger"
        busy={busy}
        disabled={reason.trim() === ""}
        {...(reason.trim() === "" ? { hint: t("void.reasonFirst") } : {})}
        onPress={() => void save()}
      />
    </>
  );
};

export const OpSheet = ({
  item,
  isVoided,
  onClose,
}: {
  readonly item: OutboxItem;
  readonly isVoided: boolean;
  readonly onClose: () => void;
}): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const [voiding, setVoiding] = useState(false);
  const code =
    item.problem?.code ??
    (item.verdict === null || item.verdict.verdict === "accepted" ? null : item.verdict.code);
  const said = code === null || code === undefined ? null : explain(code);
  const mayVoid = isManager(ledger.state.person.value) && isVoidable(item) && !isVoided;
  return (
    <Sheet title={kindWord(item.kind)} onClose={onClose}>
      {said === null ? null : <Notice tint={stageOf(item).tint} title={said.what} text={said.todo} />}
      {whyRefused(item, names, ledger.nowMs()).map((line) => (
        <p key={line} class="sheet-text">
          {line}
        </p>
      ))}
      {isVoided ? <Notice tint="bad" title={t("void.done")} /> : null}
      <p class="sheet-text">{detailOf(item.body, names)}</p>
      <Facts
        facts={[
          { label: t("outbox.stage"), value: stageOf(item).word },
          { label: t("outbox.at"), value: formatDateTime(item.at) },
          { label: t("outbox.number"), value: String(item.ref.seq) },
          { label: t("outbox.hash"), value: <code>{item.ref.hash.slice(0, 16)}</code> },
        ]}
      />
      {voiding ? (
        <VoidForm item={item} onDone={onClose} />
      ) : mayVoid ? (
        <Button label={t("void.do")} icon="undo" onPress={() => setVoiding(true)} />
      ) : null}
    </Sheet>
  );
};
