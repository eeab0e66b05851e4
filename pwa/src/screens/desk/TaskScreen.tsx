/** Work that somebody is to do: the open tasks, and a new one: count, or move. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { Screen } from "../../app/Screen.tsx";
import { t } from "../../i18n/i18n.ts";
import { BigButton } from "../../ui/Button.tsx";
import { List, ListRow } from "../../ui/Card.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { go, replace } from "../../ui/router.ts";
import { ChoiceField, ChoiceSheet, isStandingPlace } from "../lines/choices.tsx";

const NewTask = (): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const [place, setPlace] = useState("");
  const [items, setItems] = useState<readonly string[]>([]);
  const [assignee, setAssignee] = useState<string | null>(null);
  const [open, setOpen] = useState<"place" | "item" | "person" | null>(null);
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    const ref = await recorded(ledger, "task", {
      task: `count-${place}-${ledger.nowMs().toString(36)}`,
      work: "count",
      assignee,
      order: null,
      lines: items.map((item) => ({ item, lot: "", from: place, to: "", qty: 0 })),
      place,
    });
    setBusy(false);
    if (ref !== null) replace(["tasks"]);
  };
  return (
    <Screen
      title={t("tasks.newCount")}
      actions={
        <BigButton
          label={t("tasks.save")}
          icon="check"
          busy={busy}
          disabled={place === ""}
          onPress={() => void save()}
        />
      }
    >
      <ChoiceField
        label={t("word.place")}
        value={place === "" ? null : names.place(place)}
        icon="place"
        onPress={() => setOpen("place")}
      />
      <ChoiceField
        label={t("tasks.items")}
        value={items.length === 0 ? t("tasks.everything") : items.map(names.item).join(t("list.and"))}
        icon="box"
        onPress={() => setOpen("item")}
      />
      <ChoiceField
        label={t("tasks.who")}
        value={assignee === null ? t("tasks.anybody") : names.person(assignee)}
        icon="person"
        onPress={() => setOpen("person")}
      />
      {open === "place" ? (
        <ChoiceSheet
          table="place"
          title={t("word.place")}
          only={isStandingPlace(ledger.rows("place").value)}
          onChoose={setPlace}
          onClose={() => setOpen(null)}
        />
      ) : open === "item" ? (
        <ChoiceSheet
          table="item"
          title={t("word.item")}
          onChoose={(item) => setItems([...items.filter((each) => each !== item), item])}
          onClose={() => setOpen(null)}
        />
      ) : open === "person" ? (
        <ChoiceSheet
          table="person"
          title={t("tasks.who")}
          onChoose={setAssignee}
          onClose={() => setOpen(null)}
        />
      ) : null}
    </Screen>
  );
};

const TasksList = (): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const tasks = [...ledger.rows("task").value].sort(
    (a, b) => Number(a.state !== "open") - Number(b.state !== "open"),
  );
  return (
    <Screen
      title={t("home.tasks")}
      actions={<BigButton label={t("tasks.newCount")} icon="plus" onPress={() => go(["tasks", "new"])} />}
    >
      <List label={t("home.tasks")}>
        {tasks.map((task) => (
          <ListRow
            key={task.id}
            icon={task.work === "count" ? "count" : "box"}
            title={t(`task.${task.work as "pick" | "count" | "move" | "receive"}`)}
            detail={[
              task.place === null ? "" : names.place(task.place),
              [...new Set(task.lines.map(([item]) => names.item(item)))].join(t("list.and")),
              task.assignee === null ? t("tasks.anybody") : names.person(task.assignee),
            ]
              .filter((part) => part !== "")
              .join(" · ")}
            end={
              <Chip
                tint={task.state === "open" ? "warn" : "ok"}
                label={task.state === "open" ? t("state.todo") : t("state.done")}
              />
            }
          />
        ))}
        {tasks.length === 0 ? (
          <EmptyState icon="flag" title={t("tasks.none")} text={t("tasks.noneHint")} />
        ) : null}
      </List>
    </Screen>
  );
};

export const TaskScreen = ({ rest }: ScreenProps): VNode => (rest[0] === "new" ? <NewTask /> : <TasksList />);
