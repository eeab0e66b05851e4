/** Bytes that phones carried here and that the server cannot read: a manager sees them, and may discard them. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { tellFault } from "../../app/act.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { formatDateTime } from "../../i18n/format.ts";
import { t, tOr } from "../../i18n/i18n.ts";
import { List, ListRow } from "../../ui/Card.tsx";
import { signalOutcome } from "../../ui/feedback.tsx";
import { confirmed } from "../../ui/Sheet.tsx";
import { readUnread, type UnreadFrame } from "./answers.ts";

const KB = 1024;

/** Nothing where there is nothing, or where the server cannot be asked. */
export const UnreadList = (): VNode | null => {
  const ledger = useLedger();
  const [frames, setFrames] = useState<readonly UnreadFrame[]>([]);
  const synced = ledger.state.lastSyncAt.value;
  const read = async (): Promise<void> => {
    const answer = await ledger.ask("/api/v1/unread");
    if (answer.ok) setFrames(readUnread(answer.body));
  };
  useEffect(() => void read().catch(() => undefined), [synced]);
  const discard = async ({ hash }: UnreadFrame): Promise<void> => {
    const question = {
      title: t("phones.discard"),
      text: t("phones.discardHint"),
      yes: t("phones.discardYes"),
    };
    if (!(await confirmed({ ...question, look: "danger" }))) return;
    const answer = await ledger.ask("/api/v1/unread/discard", { method: "POST", body: { hashes: [hash] } });
    if (answer.ok) await read();
    else
      signalOutcome(
        "error",
        answer.type === "refused" ? tOr(`code.${answer.code}`, answer.detail) : t("net.offline"),
      );
  };
  if (frames.length === 0) return null;
  return (
    <>
      <List label={t("phones.unread")}>
        {frames.map((frame) => (
          <ListRow
            key={frame.hash}
            icon="alert"
            tint="warn"
            title={
              frame.device === ""
                ? t("phones.unreadNobody")
                : t("phones.unreadOf", { id: frame.device.slice(0, 6) })
            }
            detail={t("phones.unreadBy", {
              name: frame.uploaderName,
              at: formatDateTime(frame.arrivedMs),
              kb: Math.ceil(frame.size / KB),
            })}
            onPress={() => void discard(frame).catch(tellFault)}
          />
        ))}
      </List>
      <p class="form-hint">{t("phones.unreadHint")}</p>
    </>
  );
};
