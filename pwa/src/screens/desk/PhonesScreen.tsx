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
import type { Row } from "../../sync/ledger.ts";
import { ChoiceSheet } from "../lines/choices.tsx";
import { type Contact, type NewCode, readCode, readContacts } from "./answers.ts";
import { RecoveryNotice } from "./RecoveryNotice.tsx";
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

/** Whom a code is for: a person's new phone, or a device that gets a new key. */
interface CodeFor {
  readonly person: string;
  readonly device: string | null;
}

const CodeSheet = ({ person, device, onClose }: CodeFor & { readonly onClose: () => void }): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const [code, setCode] = useState<NewCode | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  useEffect(() => {
    void ledger
      .ask("/api/v1/enrolments", {
        method: "POST",
        body: {
          person: device === null ? person : null,
          name: names.person(person),
          purpose: "phone",
          device,
        },
      })
      .then((answer) => {
        if (answer.ok) setCode(readCode(answer.body));
        else
          setRefusal(
            answer.type === "refused" ? tOr(`code.${answer.code}`, answer.detail) : t("phones.needsNetwork"),
          );
      });
  }, [person, device]);
  const words = device === null ? "phones.scanThis" : "phones.scanSame";
  return (
    <Sheet title={t("phones.codeFor", { name: names.person(person) })} onClose={onClose}>
      {refusal !== null ? (
        <Notice tint="bad" title={refusal} />
      ) : code === null ? (
        <p class="sheet-text">{t("app.loading")}</p>
      ) : (
        <>
          <QrImage content={code.url} label={t(words)} />
          <p class="lead">{t(words)}</p>
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
  const [codeFor, setCodeFor] = useState<CodeFor | null>(null);
  const [rekeying, setRekeying] = useState<Row<"device"> | null>(null);
  const copied = new Set(
    ledger
      .rows("exception")
      .value.filter(({ code, state }) => code === "forked-device" && state === "open")
      .map(({ facts }) => facts[0]),
  );
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
      <RecoveryNotice />
      <List label={t("phones.all")}>
        {devices.map((device) => {
          const { text, tint } = contactText(contacts?.get(device.id), ledger.nowMs());
          return (
            <ListRow
              key={device.id}
              icon="qr"
              tint={copied.has(device.id) ? "bad" : tint}
              onPress={() => setRekeying(device)}
              title={device.name === "" ? device.id.slice(0, 8) : device.name}
              detail={[
                device.person === null ? t("phones.shared") : names.person(device.person),
                contacts === null ? "" : text,
              ]
                .filter((part) => part !== "")
                .join(" · ")}
              end={
                <>
                  {copied.has(device.id) ? <Chip tint="bad" icon="bell" label={t("phones.copied")} /> : null}
                  {contacts?.get(device.id)?.isSafe === true && !copied.has(device.id) ? (
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
          onChoose={(person) => setCodeFor({ person, device: null })}
          onClose={() => setChoosing(false)}
        />
      ) : null}
      {rekeying === null ? null : (
        <Sheet title={rekeying.name} onClose={() => setRekeying(null)}>
          <p class="sheet-text">{t("phones.rekeyText")}</p>
          <BigButton
            label={t("phones.rekey")}
            icon="lock"
            onPress={() => {
              if (!ledger.state.online.value) return signalOutcome("error", t("phones.needsNetwork"));
              setCodeFor({ person: rekeying.person ?? "", device: rekeying.id });
              return setRekeying(null);
            }}
          />
        </Sheet>
      )}
      {codeFor === null ? null : <CodeSheet {...codeFor} onClose={() => setCodeFor(null)} />}
    </Screen>
  );
};
