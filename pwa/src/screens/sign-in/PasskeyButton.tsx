/** Signing in with what the phone knows of its person: a finger, a face. Beside the PIN, never instead of a way on. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useLedger } from "../../app/ledger-context.ts";
import { t } from "../../i18n/i18n.ts";
import type { PasskeySignInResult, Passkeys } from "../../sync/ledger-types.ts";
import { BigButton } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { signalOutcome } from "../../ui/feedback.tsx";

const wordsFor = ({ type }: Extract<PasskeySignInResult, { ok: false }>): string => {
  switch (type) {
    case "cancelled":
      return t("passkey.cancelled");
    case "unsupported":
      return t("passkey.unsupported");
    case "not-verified":
      return t("passkey.notVerified");
    default:
      return t("passkey.failed");
  }
};

export const PasskeyButton = ({ person }: { readonly person: string }): VNode | null => {
  const ledger = useLedger();
  const [passkeys, setPasskeys] = useState<Passkeys | null>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  useEffect(() => {
    let over = false;
    ledger.passkeys().then(
      (loaded) => {
        if (!over) setPasskeys(loaded);
      },
      () => undefined,
    );
    return () => {
      over = true;
    };
  }, []);
  if (passkeys === null || !passkeys.has() || passkeys.of(person).length === 0) return null;
  const signIn = async (): Promise<void> => {
    setBusy(true);
    const result = await passkeys.signIn(person);
    setBusy(false);
    if (result.ok) {
      void ledger.syncNow();
      return;
    }
    setRefusal(wordsFor(result));
    signalOutcome("error", wordsFor(result));
  };
  return (
    <>
      {refusal === null ? null : <Notice tint="warn" title={refusal} text={t("passkey.orPin")} />}
      <BigButton label={t("passkey.signIn")} icon="shield" busy={busy} onPress={() => void signIn()} />
    </>
  );
};
