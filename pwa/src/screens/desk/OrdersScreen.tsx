/** Orders of both sides, and a new one. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import { formatQuantity } from "../../app/items.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { today } from "../../app/lots.ts";
import { namesFrom } from "../../app/names.ts";
import { type OrderLine, isOpen, orderLines, shortOf } from "../../app/orders.ts";
import { isManager } from "../../app/roles.ts";
import { Screen } from "../../app/Screen.tsx";
import { formatOn } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import type { Row } from "../../sync/rows.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { Card, List, ListRow } from "../../ui/Card.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ProgressBar } from "../../ui/ProgressBar.tsx";
import { go, replace } from "../../ui/router.ts";
import { Segments, Tabs } from "../../ui/Tabs.tsx";
import { ChoiceField, ChoiceSheet, DateField } from "../lines/choices.tsx";
import { type DraftLine, EMPTY_LINE, addLine, isDay } from "../lines/draft.ts";
import { LineList } from "../lines/LineList.tsx";
import { LineSheet } from "../lines/LineSheet.tsx";

type Side = "sell" | "buy";

/** An id of the organisation's own is at most so long. */
const ID_MAX = 64;

/** What the server set aside for a line, and what it could not find. */
const Promised = ({ line }: { readonly line: OrderLine }): VNode | null => {
  const facts = namesFrom(useLedger()).facts(line.item);
  const short = shortOf(line);
  if (short === 0 && line.reserved === 0) return null;
  return (
    <div class="chips">
      {line.reserved === 0 ? null : (
        <Chip
          tint="ok"
          icon="lock"
          label={t("orders.reserved", { amount: formatQuantity(facts, line.reserved) })}
        />
      )}
      {short === 0 ? null : (
        <Chip tint="warn" label={t("orders.short", { amount: formatQuantity(facts, short) })} />
      )}
    </div>
  );
};

/** Picking for somebody: the server holds the goods for that phone before it goes out of signal. */
const Assign = ({ order }: { readonly order: Row<"order"> }): VNode | null => {
  const ledger = useLedger();
  const [open, setOpen] = useState(false);
  const left = orderLines(order).flatMap(({ item, qty, picked, done }) => {
    const rest = qty - Math.max(picked, done);
    return rest <= 0 ? [] : [{ item, lot: "", from: "", to: "", qty: rest }];
  });
  if (left.length === 0 || !isManager(ledger.state.person.value)) return null;
  const save = async (assignee: string): Promise<void> => {
    await recorded(ledger, "task", {
      task: `pick-${order.id}`.slice(0, ID_MAX),
      work: "pick",
      assignee,
      order: order.id,
      lines: left,
      place: null,
    });
  };
  return (
    <>
      <Button label={t("orders.assign")} icon="person" onPress={() => setOpen(true)} />
      {open ? (
        <ChoiceSheet
          table="person"
          title={t("orders.assign")}
          onChoose={(person) => void save(person)}
          onClose={() => setOpen(false)}
        />
      ) : null}
    </>
  );
};

const OrderCard = ({ order }: { readonly order: Row<"order"> }): VNode => {
  const names = namesFrom(useLedger());
  const open = isOpen(order);
  return (
    <Card tint={open ? "info" : "ok"}>
      <div class="stock-head">
        <h2>{names.partner(order.partner)}</h2>
        <Chip tint={open ? "info" : "ok"} label={open ? t("orders.open") : t("orders.done")} />
      </div>
      <p class="row-detail">
        {order.id}
        {isDay(order.dueOn) ? ` · ${formatOn(order.dueOn)}` : ""}
      </p>
      {orderLines(order).map((line) => (
        <div key={line.item} class="order-line">
          <ListRow
            title={names.item(line.item)}
            detail={
              order.side === "sell"
                ? t("orders.pickedDone", {
                    picked: formatQuantity(names.facts(line.item), line.picked),
                    done: formatQuantity(names.facts(line.item), line.done),
                  })
                : t("receive.soFar", { done: formatQuantity(names.facts(line.item), line.done) })
            }
            value={formatQuantity(names.facts(line.item), line.qty, line.weight)}
          />
          <ProgressBar done={line.done} total={line.qty} label={names.item(line.item)} />
          {order.side === "sell" && open ? <Promised line={line} /> : null}
        </div>
      ))}
      {open ? (
        <div class="action-row">
          {order.side === "sell" ? <Assign order={order} /> : null}
          <Button
            label={order.side === "sell" ? t("orders.pick") : t("kind.receive")}
            icon={order.side === "sell" ? "box" : "download"}
            onPress={() =>
              go(order.side === "sell" ? ["pick", "order", order.id] : ["receive", "order", order.id])
            }
          />
        </div>
      ) : null}
    </Card>
  );
};

const NewOrder = (): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const [side, setSide] = useState<Side>("sell");
  const [partner, setPartner] = useState("");
  const [dueOn, setDueOn] = useState(today(ledger));
  const [lines, setLines] = useState<readonly DraftLine[]>([]);
  const [item, setItem] = useState<string | null>(null);
  const [open, setOpen] = useState<"partner" | "item" | null>(null);
  const [busy, setBusy] = useState(false);
  const ready = partner !== "" && lines.length > 0 && isDay(dueOn);
  const save = async (): Promise<void> => {
    setBusy(true);
    const order = `${side === "sell" ? "SO" : "PO"}-${dueOn.slice(5).replace("-", "")}-${ledger.nowMs().toString(36).slice(-5)}`;
    const fields = {
      order,
      partner,
      side,
      dueOn,
      lines: lines.map(({ item: of, qty, weight }) => [of, qty, weight] as const),
    };
    const ref = await recorded(ledger, "order", fields);
    setBusy(false);
    if (ref !== null) replace(["orders"]);
  };
  return (
    <Screen
      title={t("orders.new")}
      actions={
        <BigButton
          label={t("orders.save")}
          icon="check"
          busy={busy}
          disabled={!ready}
          {...(ready ? {} : { hint: t("orders.gap") })}
          onPress={() => void save()}
        />
      }
    >
      <Segments<Side>
        label={t("word.order")}
        options={[
          { id: "sell", label: t("orders.sell") },
          { id: "buy", label: t("orders.buy") },
        ]}
        chosen={side}
        onChoose={setSide}
      />
      <ChoiceField
        label={t("word.partner")}
        value={partner === "" ? null : names.partner(partner)}
        icon="hand"
        onPress={() => setOpen("partner")}
      />
      <DateField label={t("orders.due")} value={dueOn} onInput={setDueOn} />
      {lines.length === 0 ? null : (
        <LineList
          lines={lines}
          label={t("orders.lines")}
          onRemove={(index) => setLines(lines.filter((_, each) => each !== index))}
        />
      )}
      <Button label={t("orders.addItem")} icon="plus" onPress={() => setOpen("item")} />
      {open === "partner" ? (
        <ChoiceSheet
          table="partner"
          title={t("word.partner")}
          onChoose={setPartner}
          onClose={() => setOpen(null)}
        />
      ) : null}
      {open === "item" ? (
        <ChoiceSheet table="item" title={t("word.item")} onChoose={setItem} onClose={() => setOpen(null)} />
      ) : null}
      {item === null ? null : (
        <LineSheet
          key={item}
          initial={{ ...EMPTY_LINE, item }}
          lotsAt=""
          onClose={() => setItem(null)}
          onDone={(line) => {
            setLines(addLine(lines, { ...line, lot: "" }));
            setItem(null);
          }}
        />
      )}
    </Screen>
  );
};

const Orders = (): VNode => {
  const ledger = useLedger();
  const [view, setView] = useState<"open" | "done">("open");
  const orders = ledger.rows("order").value;
  const shown = orders
    .filter((order) => isOpen(order) === (view === "open"))
    .sort((a, b) => a.dueOn.localeCompare(b.dueOn));
  return (
    <Screen
      title={t("home.orders")}
      wide
      {...(isManager(ledger.state.person.value)
        ? { actions: <BigButton label={t("orders.new")} icon="plus" onPress={() => go(["orders", "new"])} /> }
        : {})}
    >
      <Tabs<"open" | "done">
        label={t("home.orders")}
        tabs={[
          { id: "open", label: t("orders.open"), count: orders.filter(isOpen).length },
          { id: "done", label: t("orders.done") },
        ]}
        chosen={view}
        onChoose={setView}
      />
      {shown.map((order) => (
        <OrderCard key={order.id} order={order} />
      ))}
      {shown.length === 0 ? (
        <List>
          <EmptyState icon="count" title={t("orders.none")} text={t("orders.noneHint")} />
        </List>
      ) : null}
    </Screen>
  );
};

export const OrdersScreen = ({ rest }: ScreenProps): VNode => (rest[0] === "new" ? <NewOrder /> : <Orders />);
