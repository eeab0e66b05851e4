/** This phone and the person at it: language, gloves, thumb, sound; who else may sign in; whether it may be wiped. */
import type { Signal } from "@preact/signals";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { installable, persistence, promptInstall, requestPersistence } from "../../app/pwa.ts";
import { Screen } from "../../app/Screen.tsx";
import { formatAge, formatTime } from "../../i18n/format.ts";
import { t, tOr } from "../../i18n/i18n.ts";
import { Button } from "../../ui/Button.tsx";
import { Card, Facts } from "../../ui/Card.tsx";
import { signalOutcome } from "../../ui/feedback.tsx";
import { LanguageSwitch } from "../../ui/LanguageSwitch.tsx";
import { PinPad } from "../../ui/PinPad.tsx";
import { type Hand, type Theme, gloves, hand, sound, theme, vibration } from "../../ui/preferences.ts";
import { go, replace } from "../../ui/router.ts";
import { Sheet } from "../../ui/Sheet.tsx";
import { Switch } from "../../ui/Switch.tsx";
import { Segments } from "../../ui/Tabs.tsx";
import { ChoiceSheet } from "../lines/choices.tsx";
import { PasskeyCard } from "./PasskeyCard.tsx";

const OnOff = ({
  label,
  hint,
  state,
}: {
  readonly label: string;
  readonly hint?: string;
  readonly state: Signal<"on" | "off">;
}): VNode => (
  <Switch
    label={label}
    {...(hint === undefined ? {} : { hint })}
    on={state.value === "on"}
    onChange={(on) => {
      state.value = on ? "on" : "off";
    }}
  />
);

const AddPerson = (): VNode => {
  const ledger = useLedger();
  const [choosing, setChoosing] = useState(false);
  const [person, setPerson] = useState<{ readonly id: string; readonly name: string } | null>(null);
  const add = async (pin: string): Promise<void> => {
    if (person === null) return;
    const result = await ledger.addPerson(person.id, person.name, pin);
    setPerson(null);
    if (result.ok) signalOutcome("ok", t("settings.added", { name: person.name }));
    else signalOutcome("error", tOr(`fault.${result.type}`, t("fault.unknown", { detail: result.type })));
  };
  return (
    <>
      <Button label={t("settings.addPerson")} icon="plus" onPress={() => setChoosing(true)} />
      {choosing ? (
        <ChoiceSheet
          table="person"
          title={t("settings.addPerson")}
          onClose={() => setChoosing(false)}
          onChoose={(id) => {
            const name = ledger.row("person", id).value?.attributes["name"];
            setPerson({ id, name: typeof name === "string" ? name : id });
          }}
        />
      ) : null}
      {person === null ? null : (
        <Sheet title={person.name} onClose={() => setPerson(null)}>
          <PinPad
            label={t("settings.newPin", { name: person.name })}
            confirm={t("do.save")}
            onPin={(pin) => void add(pin)}
          />
        </Sheet>
      )}
    </>
  );
};

export const SettingsScreen = (_props: ScreenProps): VNode => {
  const ledger = useLedger();
  const { state } = ledger;
  const person = state.person.value;
  const device = state.device.value;
  const leave = async (): Promise<void> => {
    await ledger.signOut();
    replace([]);
  };
  return (
    <Screen title={t("settings.title")}>
      {person === null ? null : (
        <Card title={person.name}>
          <Facts
            facts={[
              {
                label: t("settings.roles"),
                value: person.roles.map((role) => tOr(`role.${role}`, role)).join(t("list.and")),
              },
              { label: t("settings.until"), value: formatTime(person.expiresMs) },
            ]}
          />
          <Button label={t("settings.switch")} icon="person" onPress={() => void leave()} />
          <AddPerson />
        </Card>
      )}
      {person === null ? null : <PasskeyCard person={person.id} />}
      <Card title={t("prefs.language")}>
        <LanguageSwitch />
      </Card>
      <Card title={t("prefs.theme")}>
        <Segments<Theme>
          label={t("prefs.theme")}
          options={[
            { id: "auto", label: t("prefs.theme.auto") },
            { id: "light", label: t("prefs.theme.light") },
            { id: "dark", label: t("prefs.theme.dark") },
          ]}
          chosen={theme.value}
          onChoose={(id) => {
            theme.value = id;
          }}
        />
        <Segments<Hand>
          label={t("prefs.hand")}
          options={[
            { id: "left", label: t("prefs.hand.left") },
            { id: "right", label: t("prefs.hand.right") },
          ]}
          chosen={hand.value}
          onChoose={(id) => {
            hand.value = id;
          }}
        />
        <OnOff label={t("prefs.gloves")} hint={t("prefs.glovesHint")} state={gloves} />
        <OnOff label={t("prefs.sound")} state={sound} />
        <OnOff label={t("prefs.vibrate")} state={vibration} />
      </Card>
      <Card title={t("settings.phone")}>
        <Facts
          facts={[
            { label: t("settings.name"), value: device?.name ?? "–" },
            { label: t("settings.server"), value: device?.server ?? "–" },
            { label: t("settings.clock"), value: t(`clock.${state.clockTrust.value}`) },
            {
              label: t("settings.lastSync"),
              value:
                state.lastSyncAt.value === null
                  ? t("sync.never")
                  : formatAge(ledger.nowMs() - state.lastSyncAt.value),
            },
            {
              label: t("settings.storage"),
              value: t(
                persistence.value === "persisted"
                  ? "storage.persisted"
                  : persistence.value === "unknown"
                    ? "storage.unknown"
                    : "storage.bestEffort",
              ),
            },
          ]}
        />
        {persistence.value === "persisted" ? null : (
          <Button label={t("storage.protect")} icon="shield" onPress={() => void requestPersistence()} />
        )}
        {installable.value ? (
          <Button
            label={t("install.title")}
            hint={t("install.why")}
            icon="download"
            onPress={() => void promptInstall()}
          />
        ) : null}
        <Button label={t("settings.mayWipe")} icon="trash" look="quiet" onPress={() => go(["outbox"])} />
      </Card>
    </Screen>
  );
};
