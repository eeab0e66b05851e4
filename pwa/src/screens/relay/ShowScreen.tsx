/** Codes for another phone's camera: this phone's work, or the server's signed word for the phone that it carried for. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { tellFault } from "../../app/act.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { Screen } from "../../app/Screen.tsx";
import { t } from "../../i18n/i18n.ts";
import type { ShownPackage } from "../../sync/ledger-types.ts";
import { BigButton } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { go } from "../../ui/router.ts";
import { deviceName } from "./words.ts";
import { PartsView } from "./PartsView.tsx";

/** `#/relay/word`: the server's word for this phone itself; `#/relay/<device>`: for another one; `#/relay`: records. */
export const OWN_WORD = "word";

export const ShowScreen = ({ rest: [of] }: ScreenProps): VNode => {
  const ledger = useLedger();
  const [shown, setShown] = useState<ShownPackage | null | undefined>(undefined);
  const pending = ledger.state.pendingCount.value;
  useEffect(() => {
    let over = false;
    const made =
      of === undefined ? ledger.outboxAsPackage() : ledger.signedAsPackage(of === OWN_WORD ? null : of);
    made.then(
      (found) => {
        if (!over) setShown(found);
      },
      (error: unknown) => tellFault(error),
    );
    return () => {
      over = true;
    };
  }, [of, pending]);
  const isWord = of !== undefined;
  const title = isWord
    ? t("relay.wordTitle", { name: of === OWN_WORD ? t("relay.thisPhone") : deviceName(ledger, of) })
    : t("relay.showTitle");
  return (
    <Screen
      title={title}
      actions={
        isWord || shown === null || shown === undefined ? undefined : (
          <BigButton
            label={t("relay.readWord")}
            hint={t("relay.readWordHint")}
            icon="camera"
            onPress={() => go(["carry"])}
          />
        )
      }
    >
      {shown === undefined ? (
        <p class="lead">{t("app.loading")}</p>
      ) : shown === null ? (
        <Nothing isWord={isWord} pending={pending} />
      ) : (
        <>
          {isWord ? (
            <Notice tint="info" title={of === OWN_WORD ? t("relay.wordOwn") : t("relay.wordFor")} />
          ) : (
            <Notice
              tint="info"
              title={t("relay.shows", { n: shown.records })}
              text={shown.left === 0 ? t("relay.showHow") : t("relay.left", { n: shown.left })}
            />
          )}
          <PartsView shown={shown.package} label={title} />
        </>
      )}
    </Screen>
  );
};

const Nothing = ({ isWord, pending }: { readonly isWord: boolean; readonly pending: number }): VNode => {
  if (isWord) return <EmptyState icon="shield" title={t("relay.noWord")} text={t("relay.noWordHint")} />;
  return pending === 0 ? (
    <EmptyState icon="check" title={t("relay.nothing")} text={t("relay.nothingHint")} />
  ) : (
    <EmptyState icon="download" title={t("relay.tooMuch")} text={t("relay.tooMuchHint")} />
  );
};
