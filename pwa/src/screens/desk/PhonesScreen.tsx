/** Every device of the organisation: when it last called, what it still holds, how far its clock is off; and a new one. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { Screen } from "../../app/Screen.tsx";
import { formatAge, formatTime } from "../../i18n/format.ts";
import { t, tOr } from "../../i18n/i18n.ts";
import { BigButton } from "../../ui/Button.tsx";
import { List, ListRow } from "../../ui/Card.tsx";
import { Chip, Notice, type Tint } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { signalOutcome } from "../../ui/feedback.tsx";
import { QrImage } from "../../ui/QrImage.tsx";
import { Sheet } from "../../ui/Sheet.tsx";
import { ChoiceSheet } from "../lines/choices.tsx";
import { type Contact, type NewCode, readCode, readContacts } from "./answers.ts";
import { UnreadList } from "./UnreadList.tsx";

const SILENT_MS = 24 * 3_600_000;
const CLOCK_OFF_MS = 60_000;

const useContacts = (): ReadonlyMap<string, Contact> | null => {
  const ledger = useLedger();
  const [contacts, setContacts] = useState<ReadonlyMap<string, Contact> | null>(null);
  const synced = ledger.state.lastSyncAt.value;
  useEffect(() => {
    let over = false;
    ledger.ask("/api/v1/devices").then(
      (answer) => {
        if (!over && answer.ok) setContacts(readContacts(answer.body));
      },
      () => undefined,
    );
    return () => {
      over = true;
    };
  }, [synced]);
  return contacts;
};

const contactText = (
  contact: Contact | undefined,
  nowMs: number,
): { readonly text: string; readonly tint: Tint } => {
  if (contact === undefined || contact.lastMs === null) return { text: t("phones.neverSeen"), tint: "plain" };
  const silent = nowMs - contact.lastMs;
  const parts = [
    silent < 60_000 ? t("phones.seenNow") : t("phones.seen", { age: formatAge(silent) }),
    contact.pending === null || contact.pending === 0 ? "" : t("phones.pending", { n: contact.pending }),
    contact.waiting === 0 ? "" : t("phones.waiting", { n: contact.waiting }),
    contact.missing === 0 ? "" : t("phones.missing", { n: contact.missing }),
    contact.clockOffMs === null || Math.abs(contact.clockOffMs) < CLOCK_OFF_MS
      ? ""
      : t("phones.clockOff", { age: formatAge(Math.abs(contact.clockOffMs)) }),
  ].filter((part) => part !== "");
  return {
    text: parts.join(" · "),
    tint: silent > SILENT_MS ? "bad" : (contact.pending ?? 0) > 0 ? "warn" : "ok",
  };
};

const CodeSheet = ({ person, onClose }: { readonly person: string; readonly onClose: () => void }): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const [code, setCode] = useState<NewCode | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  useEffect(() => {
    void ledger
      .ask("/api/v1/enrolments", {
        method: "POST",
        body: { person, name: names.person(person), purpose: "phone" },
      })
      .then((answer) => {
        if (answer.ok) setCode(readCode(answer.body));
        else
          setRefusal(
            answer.type === "refused" ? tOr(`code.${answer.code}`, answer.detail) : t("phones.needsNetwork"),
          );
      });
  }, [person]);
  return (
    <Sheet title={t("phones.codeFor", { name: names.person(person) })} onClose={onClose}>
      {refusal !== null ? (
        <Notice tint="bad" title={refusal} />
      ) : code === null ? (
        <p class="sheet-text">{t("app.loading")}</p>
      ) : (
        <>
          <QrImage content={code.url} label={t("phones.scanThis")} />
          <p class="lead">{t("phones.scanThis")}</p>
          <code class="enrol-code">{code.url}</code>
          {code.expiresMs === 0 ? null : (
            <p class="form-hint">{t("phones.codeUntil", { time: formatTime(code.expiresMs) })}</p>
          )}
        </>
      )}
    </Sheet>
  );
};

export const PhonesScreen = (_props: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const contacts = useContacts();
  const devices = ledger.rows("device").value.filter(({ purpose }) => purpose !== "server");
  const [choosing, setChoosing] = useState(false);
  const [person, setPerson] = useState<string | null>(null);
  const add = (): void => {
    if (ledger.state.online.value) setChoosing(true);
    else signalOutcome("error", t("phones.needsNetwork"));
  };
  return (
    <Screen
      title={t("home.phones")}
      wide
      actions={<BigButton label={t("phones.add")} icon="plus" onPress={add} />}
    >
      {contacts === null ? (
        <Notice tint="info" title={t("phones.askServer")} text={t("phones.askServerHint")} />
      ) : null}
      <List label={t("phones.all")}>
        {devices.map((device) => {
          const { text, tint } = contactText(contacts?.get(device.id), ledger.nowMs());
          return (
            <ListRow
              key={device.id}
              icon="qr"
              tint={tint}
              title={device.name === "" ? device.id.slice(0, 8) : device.name}
              detail={[
                device.person === null ? t("phones.shared") : names.person(device.person),
                contacts === null ? "" : text,
              ]
                .filter((part) => part !== "")
                .join(" · ")}
              end={
                <>
                  {contacts?.get(device.id)?.isSafe === true ? (
                    <Chip tint="ok" icon="shield" label={t("phones.safe")} />
                  ) : null}
                  {device.id === ledger.state.device.value?.id ? (
                    <Chip tint="info" label={t("phones.thisOne")} />
                  ) : null}
                </>
              }
            />
          );
        })}
        {devices.length === 0 ? (
          <EmptyState icon="qr" title={t("phones.none")} text={t("phones.noneHint")} />
        ) : null}
      </List>
      <UnreadList />
      {choosing ? (
        <ChoiceSheet
          table="person"
          title={t("phones.whose")}
          onChoose={setPerson}
          onClose={() => setChoosing(false)}
        />
      ) : null}
      {person === null ? null : <CodeSheet person={person} onClose={() => setPerson(null)} />}
    </Screen>
  );
};
