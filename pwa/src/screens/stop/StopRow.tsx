/** One line of a stop: what is aboard, and what the receiver said of it. */
import type { VNode } from "preact";
import { formatQuantity } from "../../app/items.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { t } from "../../i18n/i18n.ts";
import { ListRow } from "../../ui/Card.tsx";
import { type StopLine, takenOf } from "./draft.ts";

export const StopRow = ({
  line,
  onPress,
}: {
  readonly line: StopLine;
  readonly onPress: () => void;
}): VNode => {
  const names = namesFrom(useLedger());
  const facts = names.facts(line.item);
  const { answer } = line;
  const said =
    answer === null
      ? t("stop.ask")
      : [
          t("stop.takenN", { taken: formatQuantity(facts, takenOf(line)) }),
          answer.refused === 0
            ? ""
            : `${t("stop.refused")} ${formatQuantity(facts, answer.refused)} (${answer.reason})`,
          answer.missing === 0 ? "" : `${t("stop.missing")} ${formatQuantity(facts, answer.missing)}`,
        ]
          .filter((part) => part !== "")
          .join(" · ");
  const clean = answer !== null && answer.refused + answer.missing === 0;
  return (
    <ListRow
      icon={answer === null ? "box" : clean ? "check" : "alert"}
      tint={answer === null ? "plain" : clean ? "ok" : "warn"}
      title={names.item(line.item)}
      detail={[line.lot === "" ? "" : `${t("word.lot")} ${lotName(line.lot)}`, said]
        .filter((part) => part !== "")
        .join(" · ")}
      value={formatQuantity(facts, line.qty, line.weight)}
      onPress={onPress}
    />
  );
};
