/** The passkeys of who is signed in: what there is, another one, one less. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useLedger } from "../../app/ledger-context.ts";
import { t, tOr } from "../../i18n/i18n.ts";
import type { AddPasskeyResult, Passkeys } from "../../sync/ledger-types.ts";
import { Button } from "../../ui/Button.tsx";
import { Card, List, ListRow } from "../../ui/Card.tsx";
import { signalOutcome } from "../../ui/feedback.tsx";
import { Sheet } from "../../ui/Sheet.tsx";

const wordsFor = (result: Extract<AddPasskeyResult, { ok: false }>): string => {
  switch (result.type) {
    case "refused":
      return tOr(`code.${result.code}`, t("passkey.failed"));
    case "offline":
      return t("passkey.needsNetwork");
    case "already-there":
      return t("code.passkey-there");
    case "cancelled":
      return t("passkey.cancelled");
    case "unsupported":
      return t("passkey.unsupported");
    default:
      return t("passkey.failed");
  }
};

interface Shown {
  readonly id: string;
  readonly name: string;
}

export const PasskeyCard = ({ person }: { readonly person: string }): VNode | null => {
  const ledger = useLedger();
  const [passkeys, setPasskeys] = useState<Passkeys | null>(null);
  const [busy, setBusy] = useState(false);
  const [chosen, setChosen] = useState<Shown | null>(null);
  // Read anew with every change of the rows that they stand in.
  void ledger.untyped("passkey").value;
  void ledger.untyped("revoke").value;
  useEffect(() => {
    ledger.passkeys().then(setPasskeys, () => undefined);
  }, []);
  if (passkeys === null) return null;
  if (!passkeys.has())
    return (
      <Card title={t("passkey.title")}>
        <p>{t("passkey.unsupported")}</p>
      </Card>
    );
  const act = async (work: Promise<AddPasskeyResult>, done: string): Promise<void> => {
    setBusy(true);
    const result = await work;
    if (result.ok) await ledger.syncNow();
    setBusy(false);
    if (result.ok) signalOutcome("ok", done);
    else signalOutcome("error", wordsFor(result));
  };
  const known = passkeys.of(person);
  const labelOf = ({ name }: Shown): string => (name === "" ? t("passkey.one") : name);
  return (
    <Card title={t("passkey.title")}>
      <p>{t("passkey.why")}</p>
      {known.length === 0 ? null : (
        <List label={t("passkey.title")}>
          {known.map((one) => (
            <ListRow key={one.id} icon="shield" title={labelOf(one)} onPress={() => setChosen(one)} />
          ))}
        </List>
      )}
      <Button
        label={t("passkey.add")}
        icon="plus"
        busy={busy}
        onPress={() => void act(passkeys.add(ledger.state.device.value?.name ?? ""), t("passkey.added"))}
      />
      {chosen === null ? null : (
        <Sheet title={labelOf(chosen)} onClose={() => setChosen(null)}>
          <p>{t("passkey.removeWhy")}</p>
          <Button
            label={t("passkey.remove")}
            icon="trash"
            onPress={() => {
              setChosen(null);
              void act(passkeys.remove(chosen.id), t("passkey.removed"));
            }}
          />
        </Sheet>
      )}
    </Card>
  );
};
