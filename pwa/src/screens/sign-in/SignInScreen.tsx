/** Who works with this phone now. Works without a network; a lock after wrong PINs is told in words. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { lazyBeside, type ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { formatTime } from "../../i18n/format.ts";
import { t, wholeCatalogue } from "../../i18n/i18n.ts";
import type { SignInResult } from "../../sync/ledger-types.ts";
import { Button } from "../../ui/Button.tsx";
import { List, ListRow } from "../../ui/Card.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { signalOutcome } from "../../ui/feedback.tsx";
import { LanguageSwitch } from "../../ui/LanguageSwitch.tsx";
import { PinPad } from "../../ui/PinPad.tsx";
import { go } from "../../ui/router.ts";

const PasskeyButton = lazyBeside<{ readonly person: string }>(async () => {
  const [{ PasskeyButton: button }] = await Promise.all([import("./PasskeyButton.tsx"), wholeCatalogue()]);
  return button;
});

const refusalText = (result: Extract<SignInResult, { ok: false }>): string => {
  switch (result.type) {
    case "wrong-pin":
      return result.triesLeft > 0 ? t("signIn.wrong", { n: result.triesLeft }) : t("signIn.lockedForGood");
    case "locked":
      return result.triesLeft === 0
        ? t("signIn.lockedForGood")
        : t("signIn.lockedUntil", { time: formatTime(result.retryAtMs) });
    case "unknown-person":
      return t("signIn.unknown");
    case "not-enrolled":
      return t("fault.not-enrolled");
  }
};

/** Seconds until an instant; counts down by itself. */
const useSecondsUntil = (untilMs: number): number => {
  const left = (): number => Math.max(0, Math.ceil((untilMs - Date.now()) / 1000));
  const [seconds, setSeconds] = useState(left());
  useEffect(() => {
    setSeconds(left());
    const timer = setInterval(() => setSeconds(left()), 1000);
    return () => clearInterval(timer);
  }, [untilMs]);
  return seconds;
};

const Pin = ({
  person,
  onOther,
}: {
  readonly person: string;
  readonly onOther: (() => void) | null;
}): VNode => {
  const ledger = useLedger();
  const known = ledger.state.people.value.find(({ id }) => id === person);
  const wait = useSecondsUntil(known?.lockedUntilMs ?? 0);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const signIn = async (pin: string): Promise<void> => {
    setBusy(true);
    const result = await ledger.signIn(person, pin);
    setBusy(false);
    if (result.ok) {
      void ledger.syncNow();
      return;
    }
    setRefusal(refusalText(result));
    signalOutcome("error", refusalText(result));
  };
  return (
    <>
      {wait > 0 ? (
        <Notice tint="warn" title={t("signIn.wait", { n: wait })} text={t("signIn.waitHint")} />
      ) : refusal === null ? null : (
        <Notice tint="bad" title={refusal} />
      )}
      <PasskeyButton person={person} />
      <PinPad
        label={t("signIn.pinOf", { name: known?.name ?? person })}
        confirm={t("signIn.do")}
        disabled={wait > 0}
        busy={busy}
        onPin={(pin) => void signIn(pin)}
      />
      {onOther === null ? null : (
        <Button label={t("signIn.other")} icon="person" look="quiet" onPress={onOther} />
      )}
    </>
  );
};

export const SignInScreen = (_props: ScreenProps): VNode => {
  const { state } = useLedger();
  const people = state.people.value;
  const [chosen, setChosen] = useState<string | null>(null);
  const person = chosen ?? (people.length === 1 ? (people[0]?.id ?? null) : null);
  const pending = state.pendingCount.value;
  return (
    <div class="shell shell-center welcome">
      <header class="welcome-head">
        <h1>{t("signIn.title")}</h1>
        <p>{state.device.value?.name}</p>
        <LanguageSwitch />
      </header>
      {pending === 0 ? null : (
        <Notice tint="info" title={t("sync.pending", { n: pending })} text={t("signIn.pendingSafe")} />
      )}
      {person !== null ? (
        <Pin key={person} person={person} onOther={people.length > 1 ? () => setChosen(null) : null} />
      ) : people.length === 0 ? (
        <EmptyState icon="person" title={t("signIn.nobody")} text={t("signIn.nobodyHint")} />
      ) : (
        <List label={t("signIn.who")}>
          {people.map(({ id, name }) => (
            <ListRow key={id} icon="person" title={name} onPress={() => setChosen(id)} />
          ))}
        </List>
      )}
      <Button label={t("outbox.title")} icon="upload" look="quiet" onPress={() => go(["outbox"])} />
    </div>
  );
};
