/** What an order still wants, and the orders that wait for goods. */
import type { VNode } from "preact";
import { formatQuantity } from "../../app/items.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { type OrderLine, orderLines } from "../../app/orders.ts";
import { formatOn } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import type { Row } from "../../sync/rows.ts";
import { List, ListRow } from "../../ui/Card.tsx";
import { isDay } from "../lines/draft.ts";

export const Ordered = ({
  order,
  onLine,
}: {
  readonly order: Row<"order">;
  readonly onLine: (line: OrderLine) => void;
}): VNode => {
  const names = namesFrom(useLedger());
  return (
    <List label={t("receive.ordered")}>
      {orderLines(order).map((line) => (
        <ListRow
          key={line.item}
          icon="box"
          title={names.item(line.item)}
          detail={t("receive.soFar", { done: formatQuantity(names.facts(line.item), line.done) })}
          value={formatQuantity(names.facts(line.item), line.qty, line.weight)}
          onPress={() => onLine(line)}
        />
      ))}
    </List>
  );
};

/** Orders to receive against; of one partner once it is chosen. */
export const OrderChoice = ({
  orders,
  onChoose,
}: {
  readonly orders: readonly Row<"order">[];
  readonly onChoose: (id: string) => void;
}): VNode => {
  const names = namesFrom(useLedger());
  return (
    <List label={t("receive.againstOrder")}>
      {orders.map(({ id, partner, dueOn }) => (
        <ListRow
          key={id}
          icon="count"
          title={names.partner(partner)}
          detail={isDay(dueOn) ? `${id} · ${formatOn(dueOn)}` : id}
          onPress={() => onChoose(id)}
        />
      ))}
    </List>
  );
};
