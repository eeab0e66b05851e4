/** The lots of an item, the one that expires first on top; or a lot that is not known here yet. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { formatQuantity } from "../../app/items.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { lotFacts, today } from "../../app/lots.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { formatExpiry } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import type { Balance } from "../../sync/rows.ts";
import { BigButton } from "../../ui/Button.tsx";
import { ListRow } from "../../ui/Card.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { TextField } from "../../ui/QuantityField.tsx";
import { Sheet } from "../../ui/Sheet.tsx";

/** Lots of an item that stand at a place (or anywhere of ours), first expired first; unknown expiry last. */
export const useLotsAt = (item: string, place: string): readonly Balance[] => {
  const ledger = useLedger();
  const { lifeDays } = namesFrom(ledger).facts(item);
  const expiry = (lot: string): string => lotFacts(ledger, item, lot, lifeDays).expiresOn ?? "9999";
  return ledger
    .rows("balance")
    .value.filter(
      (row) =>
        row.item === item &&
        row.lot !== "?" &&
        (place === "" ? !row.place.includes(":") : row.place === place) &&
        (row.q > 0 || row.w > 0),
    )
    .sort((a, b) => expiry(a.lot).localeCompare(expiry(b.lot)) || a.lot.localeCompare(b.lot));
};

export const LotSheet = ({
  item,
  place,
  blind = false,
  onChoose,
  onClose,
}: {
  readonly item: string;
  readonly place: string;
  /** Whoever counts must not be told how much is expected. */
  readonly blind?: boolean;
  readonly onChoose: (lot: string) => void;
  readonly onClose: () => void;
}): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const facts = names.facts(item);
  const [typed, setTyped] = useState("");
  const lots = useLotsAt(item, place);
  const now = today(ledger);
  const choose = (lot: string): void => {
    onClose();
    onChoose(lot);
  };
  return (
    <Sheet
      title={t("lot.choose", { item: names.item(item) })}
      onClose={onClose}
      actions={
        <BigButton
          label={t("lot.useTyped")}
          icon="check"
          disabled={typed.trim() === ""}
          onPress={() => choose(typed.trim())}
        />
      }
    >
      <div class="list-rows">
        {lots.map((row) => {
          const { expiresOn } = lotFacts(ledger, item, row.lot, facts.lifeDays);
          return (
            <ListRow
              key={`${row.lot} ${row.place}`}
              title={lotName(row.lot)}
              detail={[
                place === "" ? names.place(row.place) : "",
                expiresOn === null ? "" : formatExpiry(now, expiresOn),
              ]
                .filter((part) => part !== "")
                .join(" · ")}
              {...(blind ? {} : { value: formatQuantity(facts, row.q, facts.isCatch ? row.w : null) })}
              end={row.held === null ? null : <Chip tint="warn" label={t("word.hold")} />}
              onPress={() => choose(row.lot)}
            />
          );
        })}
        <ListRow title={t("lot.none")} detail={t("lot.noneHint")} onPress={() => choose("")} />
      </div>
      <TextField label={t("lot.typed")} value={typed} onInput={setTyped} />
    </Sheet>
  );
};
