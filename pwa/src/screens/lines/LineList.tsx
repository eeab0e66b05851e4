/** The lines entered so far; a press opens one to be mended or taken out. */
import type { VNode } from "preact";
import { formatQuantity, kilograms } from "../../app/items.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { t } from "../../i18n/i18n.ts";
import { List, ListRow } from "../../ui/Card.tsx";
import { confirmed } from "../../ui/Sheet.tsx";
import { type DraftLine, tareOf } from "./draft.ts";

const detailOf = (line: DraftLine, place: (id: string) => string): string =>
  [
    line.lot === "" ? "" : `${t("word.lot")} ${lotName(line.lot)}`,
    line.from === "" ? "" : place(line.from),
    line.to === "" ? "" : `→ ${place(line.to)}`,
    line.weighing === null
      ? ""
      : `${t("word.gross")} ${kilograms(line.weighing.grossG)} − ${t("word.tare")} ${kilograms(tareOf(line.weighing))}`,
    line.estimated ? t("line.estimated") : "",
  ]
    .filter((part) => part !== "")
    .join(" · ");

export const LineList = ({
  lines,
  label,
  onRemove,
}: {
  readonly lines: readonly DraftLine[];
  readonly label: string;
  readonly onRemove: (index: number) => void;
}): VNode => {
  const names = namesFrom(useLedger());
  const ask = async (index: number, title: string): Promise<void> => {
    if (
      await confirmed({ title: t("line.removeTitle", { item: title }), yes: t("do.delete"), look: "danger" })
    )
      onRemove(index);
  };
  return (
    <List label={label}>
      {lines.map((line, index) => {
        const facts = names.facts(line.item);
        return (
          <ListRow
            key={`${line.item} ${line.lot} ${line.from} ${line.to} ${String(index)}`}
            icon="box"
            title={names.item(line.item)}
            detail={detailOf(line, names.place)}
            value={formatQuantity(
              facts,
              line.qty,
              facts.isCatch || line.weight !== null ? line.weight : null,
            )}
            onPress={() => void ask(index, names.item(line.item))}
          />
        );
      })}
    </List>
  );
};
