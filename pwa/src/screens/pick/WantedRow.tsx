/** One item of a pick list: how much is left, and which lot to take first. */
import type { VNode } from "preact";
import { formatQuantity } from "../../app/items.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { today } from "../../app/lots.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { type OwnState, ownState } from "../../app/promises.ts";
import { formatExpiry, formatInstant } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import type { Row } from "../../sync/rows.ts";
import { TaskCard } from "../../ui/Card.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { type Standing, type Wanted, leftOf, promisedAway, suggest } from "./draft.ts";

/** What is promised to this phone for this item: until when, and whether that still holds. */
const HeldChips = ({ leases }: { readonly leases: readonly Row<"lease">[] }): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const { item = "" } = leases[0] ?? {};
  const sumOf = (state: OwnState): string | null => {
    const found = leases.filter((lease) => ownState(ledger, lease) === state);
    const left = found.reduce((sum, lease) => sum + lease.qty - lease.used, 0);
    return left === 0 ? null : formatQuantity(names.facts(item), left);
  };
  const [stands, recalled, lapsed] = [sumOf("stands"), sumOf("recalled"), sumOf("lapsed")];
  const ends = leases.filter((lease) => ownState(ledger, lease) === "stands").map(({ untilMs }) => untilMs);
  const until = ends.length === 0 ? "" : formatInstant(Math.min(...ends), ledger.nowMs());
  return (
    <>
      {stands === null ? null : (
        <Chip tint="ok" icon="lock" label={t("pick.held", { amount: stands, until })} />
      )}
      {recalled === null ? null : <Chip tint="warn" label={t("pick.heldRecalled", { amount: recalled })} />}
      {lapsed === null ? null : <Chip tint="bad" label={t("pick.heldLapsed", { amount: lapsed })} />}
    </>
  );
};

export const WantedRow = ({
  wanted,
  standing,
  leases,
  onPress,
}: {
  readonly wanted: Wanted;
  readonly standing: readonly Standing[];
  /** This phone's own, for this item and this work. */
  readonly leases: readonly Row<"lease">[];
  readonly onPress: () => void;
}): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const facts = names.facts(wanted.item);
  const left = leftOf(wanted);
  const now = today(ledger);
  const found = suggest(left, standing, now);
  const away = promisedAway(standing);
  const enough = found.reduce((sum, { qty }) => sum + qty, 0) >= left;
  const expiry = (lot: string): string => {
    const expiresOn = standing.find((each) => each.lot === lot)?.expiresOn ?? null;
    return expiresOn === null ? "" : ` · ${formatExpiry(now, expiresOn)}`;
  };
  return (
    <TaskCard
      icon={left === 0 ? "check" : "box"}
      tint={left === 0 ? "ok" : "plain"}
      title={names.item(wanted.item)}
      detail={left === 0 ? t("pick.done") : t("pick.left", { left: formatQuantity(facts, left) })}
      chips={
        left === 0 ? undefined : (
          <>
            {found.map(({ lot, place, qty }) => (
              <Chip
                key={`${lot} ${place}`}
                icon="place"
                label={`${names.place(place)} · ${lotName(lot)} × ${formatQuantity(facts, qty)}${expiry(lot)}`}
              />
            ))}
            <HeldChips leases={leases} />
            {enough ? null : away > 0 ? (
              <Chip tint="warn" label={t("pick.promisedAway", { amount: formatQuantity(facts, away) })} />
            ) : (
              <Chip tint="warn" label={t("pick.notEnough")} />
            )}
          </>
        )
      }
      done={Math.min(wanted.qty, wanted.before + wanted.drafted)}
      total={wanted.qty}
      onPress={onPress}
    />
  );
};
