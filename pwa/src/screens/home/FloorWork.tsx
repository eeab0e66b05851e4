/** What waits for those who carry: orders to pick, tasks, stops. */
import type { VNode } from "preact";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { formatQuantity } from "../../app/items.ts";
import {
  type OrderLine,
  orderLines,
  ordersToPick,
  pickProgress,
  stopsOf,
  tasksFor,
} from "../../app/orders.ts";
import { today } from "../../app/lots.ts";
import { formatExpiry } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import type { Row } from "../../sync/rows.ts";
import { TaskCard } from "../../ui/Card.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import type { IconName } from "../../ui/Icon.tsx";
import { go } from "../../ui/router.ts";

const DueChip = ({ dueOn }: { readonly dueOn: string }): VNode | null => {
  const ledger = useLedger();
  const now = today(ledger);
  if (dueOn === "") return null;
  if (dueOn === now) return <Chip tint="warn" label={t("home.dueToday")} icon="clock" />;
  return dueOn < now ? (
    <Chip tint="bad" label={t("home.overdue")} icon="clock" />
  ) : (
    <Chip label={formatExpiry(now, dueOn)} icon="clock" />
  );
};

const LinesText = ({ lines }: { readonly lines: readonly OrderLine[] }): string => {
  const names = namesFrom(useLedger());
  return lines
    .slice(0, 3)
    .map(({ item, qty, weight }) => `${names.item(item)} ${formatQuantity(names.facts(item), qty, weight)}`)
    .join(t("list.and"));
};

const TASK_ICONS: Readonly<Record<string, IconName>> = {
  pick: "box",
  count: "count",
  move: "repeat",
  receive: "download",
};

export const taskPath = (task: Row<"task">): readonly string[] => [task.work, "task", task.id];

const Task = ({ task }: { readonly task: Row<"task"> }): VNode => {
  const names = namesFrom(useLedger());
  const what = task.lines.map(([item]) => names.item(item));
  const place = task.place ?? task.lines[0]?.[2] ?? "";
  return (
    <TaskCard
      icon={TASK_ICONS[task.work] ?? "flag"}
      title={t(`task.${task.work as "pick" | "count" | "move" | "receive"}`)}
      detail={[place === "" ? "" : names.place(place), [...new Set(what)].slice(0, 3).join(t("list.and"))]
        .filter((part) => part !== "")
        .join(" · ")}
      chips={
        task.assignee === null ? undefined : (
          <Chip tint="info" label={names.person(task.assignee)} icon="person" />
        )
      }
      tint="info"
      onPress={() => go(taskPath(task))}
    />
  );
};

export const PickerWork = (): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const orders = ordersToPick(ledger.rows("order").value);
  const tasks = tasksFor(ledger.rows("task").value, ledger.state.person.value?.id ?? "");
  return (
    <section class="stack" aria-label={t("home.waiting")}>
      <h2 class="list-label">{t("home.waiting")}</h2>
      {tasks.map((task) => (
        <Task key={task.id} task={task} />
      ))}
      {orders.map((order) => {
        const lines = orderLines(order);
        const { done, total } = pickProgress(lines);
        return (
          <TaskCard
            key={order.id}
            icon="box"
            title={names.partner(order.partner)}
            detail={LinesText({ lines })}
            chips={<DueChip dueOn={order.dueOn} />}
            done={done}
            total={total}
            onPress={() => go(["pick", "order", order.id])}
          />
        );
      })}
      {tasks.length + orders.length > 0 ? null : (
        <EmptyState icon="check" title={t("home.nothing")} text={t("home.nothingHint")} />
      )}
    </section>
  );
};

export const DriverWork = (): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const stops = stopsOf(ledger.rows("order").value);
  return (
    <section class="stack" aria-label={t("home.stops")}>
      <h2 class="list-label">{t("home.stops")}</h2>
      {stops.map((order) => (
        <TaskCard
          key={order.id}
          icon="truck"
          title={names.partner(order.partner)}
          detail={LinesText({
            lines: orderLines(order)
              .map((line) => ({ ...line, qty: line.picked - line.done, weight: null }))
              .filter(({ qty }) => qty > 0),
          })}
          chips={<DueChip dueOn={order.dueOn} />}
          onPress={() => go(["stop", order.id])}
        />
      ))}
      {stops.length > 0 ? null : (
        <EmptyState icon="truck" title={t("home.noStops")} text={t("home.noStopsHint")} />
      )}
    </section>
  );
};
