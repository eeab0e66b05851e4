/** One item of a pick list: how much is left, and which lot to take first. */
import type { VNode } from "preact";
import { formatQuantity } from "../../app/items.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { today } from "../../app/lots.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { formatExpiry } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import { TaskCard } from "../../ui/Card.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { type Standing, type Wanted, leftOf, suggest } from "./draft.ts";

export const WantedRow = ({
  wanted,
  standing,
  onPress,
}: {
  readonly wanted: Wanted;
  readonly standing: readonly Standing[];
  readonly onPress: () => void;
}): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const facts = names.facts(wanted.item);
  const left = leftOf(wanted);
  const now = today(ledger);
  const found = suggest(left, standing, now);
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
            {enough ? null : <Chip tint="warn" label={t("pick.notEnough")} />}
          </>
        )
      }
      done={Math.min(wanted.qty, wanted.before + wanted.drafted)}
      total={wanted.qty}
      onPress={onPress}
    />
  );
};
