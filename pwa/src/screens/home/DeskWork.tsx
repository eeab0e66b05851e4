/** What waits for those who answer for it: exceptions, holds, plots. */
import type { VNode } from "preact";
import { useLedger } from "../../app/ledger-context.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { isManager } from "../../app/roles.ts";
import { t } from "../../i18n/i18n.ts";
import { List, ListRow } from "../../ui/Card.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { go } from "../../ui/router.ts";
import { IntervalList } from "../farm/IntervalList.tsx";
import { ExceptionRow } from "../exceptions/ExceptionRow.tsx";
import { openFirst } from "../exceptions/inbox.ts";

const SHOWN_MAX = 5;

const Inbox = ({ owner }: { readonly owner: string | null }): VNode => {
  const ledger = useLedger();
  const open = openFirst(ledger.rows("exception").value).filter(
    (exception) => exception.state === "open" && (owner === null || exception.owner === owner),
  );
  return (
    <section class="stack">
      <List label={t("home.toDecide")}>
        {open.slice(0, SHOWN_MAX).map((exception) => (
          <ExceptionRow key={exception.id} exception={exception} />
        ))}
        {open.length === 0 ? (
          <EmptyState icon="check" title={t("exceptions.none")} text={t("exceptions.noneHint")} />
        ) : null}
      </List>
    </section>
  );
};

export const ManagerWork = (): VNode => {
  const { state } = useLedger();
  return <Inbox owner={isManager(state.person.value) ? null : "manager"} />;
};

export const QaWork = (): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const held = ledger.rows("hold").value.filter(({ causes }) => causes.length > 0);
  return (
    <>
      <Inbox owner="qa" />
      <List label={t("home.holds")}>
        {held.slice(0, SHOWN_MAX).map(({ key, item, lot, causes }) => (
          <ListRow
            key={key}
            icon="lock"
            tint="warn"
            title={`${names.item(item)} ${lotName(lot)}`}
            detail={causes
              .map(([place]) => (place === null ? t("hold.everywhere") : names.place(place)))
              .join(t("list.and"))}
            end={<Chip tint="warn" label={t("word.hold")} />}
            onPress={() => go(["lot", item, lot])}
          />
        ))}
        {held.length === 0 ? <EmptyState icon="check" title={t("hold.none")} /> : null}
      </List>
    </>
  );
};

export const FarmerWork = (): VNode => <IntervalList />;
