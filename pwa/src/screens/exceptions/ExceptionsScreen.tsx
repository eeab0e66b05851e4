/** The inbox of what must be looked at; a worker sees only what concerns this phone. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { atDesk } from "../../app/roles.ts";
import { Screen } from "../../app/Screen.tsx";
import { t, tOr } from "../../i18n/i18n.ts";
import type { Ledger } from "../../sync/ledger-types.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { List } from "../../ui/Card.tsx";
import { Tabs } from "../../ui/Tabs.tsx";
import { useNav } from "../home/HomeScreen.tsx";
import { ExceptionDetail } from "./ExceptionDetail.tsx";
import { ExceptionRow } from "./ExceptionRow.tsx";
import { type Exception, openFirst, withPast } from "./inbox.ts";

type View = "open" | "closed";

const CLOSED_MAX = 50;

const exceptionsOf = (ledger: Ledger): readonly Exception[] =>
  withPast(ledger.rows("exception").value, ledger.rows("past_exception").value);

const Inbox = (): VNode => {
  const ledger = useLedger();
  const desk = atDesk(ledger.state.person.value);
  const [view, setView] = useState<View>("open");
  const all = openFirst(exceptionsOf(ledger));
  const open = all.filter(({ state }) => state === "open");
  const shown = view === "open" ? open : all.filter(({ state }) => state !== "open").slice(0, CLOSED_MAX);
  const owners = [...new Set(shown.map(({ owner }) => owner))];
  const nav = useNav();
  return (
    <Screen
      title={desk ? t("home.exceptions") : t("exceptions.mine")}
      onBack={null}
      nav={nav}
      navChosen="exceptions"
      wide={desk}
    >
      <Tabs<View>
        label={t("home.exceptions")}
        tabs={[
          { id: "open", label: t("exceptions.open"), count: open.length },
          { id: "closed", label: t("exceptions.closed") },
        ]}
        chosen={view}
        onChoose={setView}
      />
      {owners.map((owner) => (
        <List key={owner} label={t("exceptions.ownedBy", { role: tOr(`role.${owner}`, owner) })}>
          {shown
            .filter((exception) => exception.owner === owner)
            .map((exception) => (
              <ExceptionRow key={exception.id} exception={exception} />
            ))}
        </List>
      ))}
      {shown.length === 0 ? (
        <EmptyState icon="check" title={t("exceptions.none")} text={t("exceptions.noneHint")} />
      ) : null}
    </Screen>
  );
};

export const ExceptionsScreen = ({ rest }: ScreenProps): VNode => {
  const ledger = useLedger();
  const exception = rest[0] === undefined ? undefined : exceptionsOf(ledger).find(({ id }) => id === rest[0]);
  return exception === undefined ? <Inbox /> : <ExceptionDetail key={exception.id} exception={exception} />;
};
