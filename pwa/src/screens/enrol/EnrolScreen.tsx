/** A new phone joins: the code, its name, a PIN typed twice. */
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { isDemoServer } from "../../app/demo-link.ts";
import { installable, isStandalone, promptInstall, requestPersistence, surroundings } from "../../app/pwa.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { t } from "../../i18n/i18n.ts";
import { onScan } from "../../scan/scan.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { signalOutcome } from "../../ui/feedback.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { LanguageSwitch } from "../../ui/LanguageSwitch.tsx";
import { PIN_MIN, PinPad } from "../../ui/PinPad.tsx";
import { TextField } from "../../ui/QuantityField.tsx";
import { replace } from "../../ui/router.ts";
import { ScanBox } from "../../ui/ScanBox.tsx";
import { ENROL_REFUSALS, type EnrolmentCode, enrolmentOf, readEnrolment } from "./draft.ts";

type Step = "code" | "name" | "pin" | "again";

const Surroundings = (): VNode | null => {
  switch (surroundings(navigator.userAgent, isStandalone())) {
    case "wechat":
      return <Notice tint="warn" title={t("install.title")} text={t("install.wechat")} />;
    case "ios":
      return <Notice tint="info" title={t("install.title")} text={t("install.ios")} />;
    case "installed":
      return null;
    case "browser":
      return installable.value ? (
        <Notice tint="info" title={t("install.why")}>
          <Button label={t("install.do")} icon="download" onPress={() => void promptInstall()} />
        </Notice>
      ) : null;
  }
};

const CodeStep = ({ onCode }: { readonly onCode: (code: EnrolmentCode) => void }): VNode => {
  useEffect(
    () =>
      onScan((scan) => {
        const code = enrolmentOf(scan.text, location.origin);
        if (code === null) return { verdict: "error", text: t("enrol.notACode") };
        onCode(code);
        return { verdict: "ok" };
      }),
    [],
  );
  return (
    <>
      <p class="lead">{t("enrol.lead")}</p>
      <ScanBox prompt={t("enrol.scan")} />
      <Surroundings />
    </>
  );
};

/** The browser wiped a phone that had been in use: its person is told at once what that costs. */
const WipedNotice = ({ unsent }: { readonly unsent: number | null }): VNode => (
  <Notice
    tint={unsent === 0 ? "warn" : "bad"}
    title={t("wiped.title")}
    text={
      unsent === null
        ? t("wiped.unknown")
        : unsent === 0
          ? t("wiped.nothingLost")
          : t("wiped.lost", { n: unsent })
    }
  />
);

export const EnrolScreen = ({ query }: ScreenProps): VNode => {
  const ledger = useLedger();
  const linked = query.get("u");
  const [code, setCode] = useState<EnrolmentCode | null>(linked === null ? null : readEnrolment(linked));
  const [step, setStep] = useState<Step>(code === null ? "code" : "name");
  const [name, setName] = useState("");
  const [pin, setPin] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const started = useRef(false);

  const enrol = async (chosen: EnrolmentCode, device: string, secret: string): Promise<void> => {
    setBusy(true);
    setRefusal(null);
    const result = await ledger.enrol(chosen.url, { name: device, pin: secret });
    setBusy(false);
    if (!result.ok) {
      setRefusal(t(ENROL_REFUSALS[result.type]));
      setPin("");
      setStep(result.type === "offline" ? "pin" : "code");
      signalOutcome("error", t(ENROL_REFUSALS[result.type]));
      return;
    }
    void requestPersistence();
    const signed = await ledger.signIn(result.person, secret);
    if (signed.ok) void ledger.syncNow();
    replace([]);
  };

  // The demo page opens phones by itself; a real server never says that it is a demo.
  useEffect(() => {
    const secret = query.get("pin");
    if (secret === null || query.get("auto") !== "1" || started.current) return;
    started.current = true;
    void isDemoServer().then((isDemo) => {
      if (!isDemo) return;
      const known = ledger.state.people.value[0];
      if (ledger.state.device.value !== null) {
        if (known !== undefined) void ledger.signIn(known.id, secret).then(() => replace([]));
      } else if (code !== null) void enrol(code, query.get("name") ?? t("enrol.demoPhone"), secret);
    });
  }, [code]);

  const wiped = ledger.state.wiped.value;
  const known = ledger.state.device.value;
  // A copied phone gets a new key by a code, and one that a restored server lost its place: both stay what they are.
  const mayJoinAgain = ledger.state.copied.value || ledger.state.unjoined.value;
  if (known !== null && !busy && !mayJoinAgain) {
    return (
      <div class="shell shell-center welcome">
        <Notice tint="info" title={t("enrol.already", { name: known.name })} text={t("enrol.alreadyHint")} />
        <BigButton label={t("do.continue")} icon="forward" onPress={() => replace([])} />
      </div>
    );
  }
  return (
    <div class="shell shell-center welcome">
      <header class="welcome-head">
        <Icon name="shield" size={44} />
        <h1>{t("enrol.title")}</h1>
        <LanguageSwitch />
      </header>
      {wiped === null ? null : <WipedNotice unsent={wiped.unsent} />}
      {refusal === null ? null : <Notice tint="bad" title={refusal} />}
      {step === "code" || code === null ? (
        <CodeStep
          onCode={(next) => {
            setCode(next);
            setStep("name");
          }}
        />
      ) : step === "name" ? (
        <>
          <Notice tint="ok" title={t("enrol.codeRead")} text={code.server} />
          <TextField
            label={t("enrol.name")}
            hint={t("enrol.nameHint")}
            value={name}
            onInput={setName}
            autofocus
          />
          <BigButton
            label={t("do.continue")}
            icon="forward"
            disabled={name.trim() === ""}
            onPress={() => setStep("pin")}
          />
        </>
      ) : step === "pin" ? (
        <PinPad
          key="pin"
          label={t("enrol.pin", { n: PIN_MIN })}
          confirm={t("do.continue")}
          onPin={(typed) => {
            setPin(typed);
            setRefusal(null);
            setStep("again");
          }}
        />
      ) : (
        <PinPad
          key="again"
          label={t("enrol.pinAgain")}
          confirm={t("enrol.do")}
          busy={busy}
          onPin={(typed) => {
            if (typed === pin) void enrol(code, name.trim(), pin);
            else {
              setRefusal(t("enrol.pinDiffers"));
              signalOutcome("error", t("enrol.pinDiffers"));
              setStep("pin");
            }
          }}
        />
      )}
    </div>
  );
};
