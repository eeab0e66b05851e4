/** The first screen of a role: what waits, and the acts that the role is for. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { type ScreenProps, lazyScreen } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { nameOf } from "../../app/names.ts";
import { type HomeRole, homeRoles } from "../../app/roles.ts";
import { Screen } from "../../app/Screen.tsx";
import { formatAge, formatTime } from "../../i18n/format.ts";
import { type PlainKey, t } from "../../i18n/i18n.ts";
import type { NavItem } from "../../ui/AppShell.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { go } from "../../ui/router.ts";
import { Tabs } from "../../ui/Tabs.tsx";
import { type Tile, Tiles } from "../../ui/Tiles.tsx";
import { DriverWork, PickerWork } from "./FloorWork.tsx";

const ROLE_WORDS: Readonly<Record<HomeRole, PlainKey>> = {
  picker: "role.picker",
  driver: "role.driver",
  farmer: "role.farmer",
  manager: "role.manager",
  qa: "role.qa",
};

type Act = Pick<Tile, "icon"> & { readonly word: PlainKey; readonly path: readonly string[] };

const ACTS: Readonly<Record<HomeRole, readonly Act[]>> = {
  picker: [
    { word: "kind.pick", icon: "box", path: ["pick"] },
    { word: "kind.count", icon: "count", path: ["count"] },
    { word: "kind.move", icon: "repeat", path: ["move"] },
    { word: "kind.receive", icon: "download", path: ["receive"] },
    { word: "kind.transform", icon: "scale", path: ["transform"] },
    { word: "home.stock", icon: "box", path: ["stock"] },
  ],
  driver: [
    { word: "home.load", icon: "upload", path: ["move", "load"] },
    { word: "home.deliver", icon: "sign", path: ["stop"] },
    { word: "home.cratesBack", icon: "repeat", path: ["return"] },
    { word: "home.collect", icon: "scale", path: ["payment"] },
    { word: "home.unload", icon: "download", path: ["move", "unload"] },
    { word: "kind.count", icon: "count", path: ["count"] },
  ],
  farmer: [
    { word: "kind.harvest", icon: "leaf", path: ["harvest"] },
    { word: "kind.farm_work", icon: "sun", path: ["work"] },
    { word: "kind.certificate", icon: "shield", path: ["certificate"] },
    { word: "home.myLots", icon: "box", path: ["stock"] },
  ],
  manager: [
    { word: "home.stock", icon: "box", path: ["stock"] },
    { word: "home.exceptions", icon: "bell", path: ["exceptions"] },
    { word: "home.orders", icon: "count", path: ["orders"] },
    { word: "kind.receive", icon: "download", path: ["receive"] },
    { word: "home.phones", icon: "qr", path: ["phones"] },
    { word: "home.statements", icon: "scale", path: ["statements"] },
    { word: "home.tasks", icon: "flag", path: ["tasks"] },
    { word: "home.promises", icon: "lock", path: ["promises"] },
    { word: "home.asOf", icon: "clock", path: ["as-of"] },
    { word: "kind.transform", icon: "repeat", path: ["transform"] },
    { word: "kind.harvest", icon: "leaf", path: ["harvest"] },
  ],
  qa: [
    { word: "home.exceptions", icon: "bell", path: ["exceptions"] },
    { word: "home.holds", icon: "lock", path: ["stock", "held"] },
    { word: "home.stock", icon: "box", path: ["stock"] },
    { word: "kind.certificate", icon: "shield", path: ["certificate"] },
    { word: "kind.count", icon: "count", path: ["count"] },
    { word: "kind.move", icon: "repeat", path: ["move"] },
  ],
};

/** The places of the home screen, the same for everybody: where people look without thinking. */
export const useNav = (): readonly NavItem[] => {
  const ledger = useLedger();
  const { state } = ledger;
  const open = ledger.rows("exception").value.filter((exception) => exception.state === "open").length;
  return [
    { id: "home", label: t("nav.home"), icon: "home", onPress: () => go([]) },
    { id: "scan", label: t("do.scan"), icon: "scan", onPress: () => go(["scan"]) },
    { id: "stock", label: t("home.stock"), icon: "box", onPress: () => go(["stock"]) },
    {
      id: "exceptions",
      label: t("word.exception"),
      icon: "bell",
      count: open,
      onPress: () => go(["exceptions"]),
    },
    {
      id: "outbox",
      label: t("outbox.short"),
      icon: "upload",
      count: state.pendingCount.value,
      onPress: () => go(["outbox"]),
    },
  ];
};

const Waiting = (): VNode | null => {
  const { state, nowMs } = useLedger();
  if (state.storage.value === "full")
    return <Notice tint="bad" title={t("storage.full")} text={t("storage.fullHint")} />;
  const restored = state.restoredMs.value;
  if (restored !== null)
    return (
      <Notice
        tint="warn"
        title={t("restored.title", { time: formatTime(restored) })}
        text={t("restored.text")}
      />
    );
  if (state.unjoined.value)
    return <Notice tint="bad" title={t("unjoined.title")} text={t("unjoined.text")} />;
  if (state.copied.value) return <Notice tint="warn" title={t("copied.title")} text={t("copied.text")} />;
  if (state.syncStatus.value.type === "no-rows") {
    return <Notice tint="warn" title={t("sync.noRows")} text={t("sync.noRowsHint")} />;
  }
  const status = state.syncStatus.value;
  if (status.type === "refused" && status.code === "wrong-blob")
    return <Notice tint="warn" title={t("load.wrong")} text={t("load.wrongHint")} />;
  if (state.syncStatus.value.type === "refused") {
    return <Notice tint="bad" title={t("sync.refused")} text={t("sync.refusedHint")} />;
  }
  const loaded = state.loaded.value;
  if (loaded !== null) {
    const percent = Math.floor(loaded * 100);
    const hint = t(state.online.value ? "load.hint" : "load.offlineHint");
    return <Notice tint="info" title={t("load.title", { percent })} text={hint} />;
  }
  const last = state.lastSyncAt.value;
  if (last === null) return <Notice tint="info" title={t("sync.never")} text={t("sync.keepsAll")} />;
  if (!state.online.value) {
    return (
      <Notice
        tint="info"
        title={t("sync.last", { age: formatAge(nowMs() - last) })}
        text={t("sync.keepsAll")}
      />
    );
  }
  return null;
};

const FarmerWork = lazyScreen(async () => (await import("./DeskWork.tsx")).FarmerWork);
const ManagerWork = lazyScreen(async () => (await import("./DeskWork.tsx")).ManagerWork);
const QaWork = lazyScreen(async () => (await import("./DeskWork.tsx")).QaWork);

const Work = ({ role, ...props }: ScreenProps & { readonly role: HomeRole }): VNode => {
  switch (role) {
    case "picker":
      return <PickerWork />;
    case "driver":
      return <DriverWork />;
    case "farmer":
      return <FarmerWork {...props} />;
    case "manager":
      return <ManagerWork {...props} />;
    case "qa":
      return <QaWork {...props} />;
  }
};

export const HomeScreen = (props: ScreenProps): VNode => {
  const ledger = useLedger();
  const { state } = ledger;
  const person = state.person.value;
  const roles = homeRoles(person);
  const chosen = useSignal<HomeRole | null>(null);
  const role = chosen.value !== null && roles.includes(chosen.value) ? chosen.value : (roles[0] ?? "picker");
  const tiles = ACTS[role].map(({ word, icon, path }) => ({
    id: path.join("-"),
    label: t(word),
    icon,
    onPress: () => go(path),
  }));
  const nav = useNav();
  return (
    <Screen
      title={person === null ? "" : nameOf(ledger.row("person", person.id).value, person.name)}
      subtitle={`${t(ROLE_WORDS[role])} · ${state.device.value?.name ?? ""}`}
      onBack={null}
      nav={nav}
      navChosen="home"
      wide={role === "manager" || role === "qa"}
    >
      {roles.length < 2 ? null : (
        <Tabs
          label={t("home.roles")}
          tabs={roles.map((id) => ({ id, label: t(ROLE_WORDS[id]) }))}
          chosen={role}
          onChoose={(id) => {
            chosen.value = id;
          }}
        />
      )}
      <Waiting />
      <Tiles label={t("home.acts")} tiles={tiles} />
      <Work role={role} {...props} />
    </Screen>
  );
};
