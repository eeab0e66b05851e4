/** What stands where, live: by item, opened to lots and places. Search, and a chart of the places. */
import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { codesOf, formatQuantity } from "../../app/items.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { lotFacts, today } from "../../app/lots.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { promisesOf } from "../../app/promises.ts";
import { atDesk } from "../../app/roles.ts";
import { Screen } from "../../app/Screen.tsx";
import { daysAfter } from "../../domain/expiry.ts";
import { formatExpiry } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import { Card, ListRow } from "../../ui/Card.tsx";
import { BarChart } from "../../ui/Charts.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { go } from "../../ui/router.ts";
import { SearchList } from "../../ui/SearchList.tsx";
import { Tabs } from "../../ui/Tabs.tsx";
import { useNav } from "../home/HomeScreen.tsx";
import { type ItemStock, type LotStock, expiresBy, stockOf } from "./group.ts";

type View = "all" | "soon" | "held";

const SOON_DAYS = 3;

const LotLine = ({ item, lot }: { readonly item: string; readonly lot: LotStock }): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const facts = names.facts(item);
  const now = today(ledger);
  const { expiresOn } = lotFacts(ledger, item, lot.lot, facts.lifeDays);
  const promises = promisesOf(ledger).value;
  const keys = lot.places.filter(({ place }) => !place.includes(":"));
  const promised = keys.some(({ place }) => promises.isPromised({ item, lot: lot.lot, place }));
  const free = keys.reduce((sum, { place, q, held }) => {
    return sum + (held === null ? promises.free({ item, lot: lot.lot, place }, q) : 0);
  }, 0);
  const unconfirmed = lot.places.some((row) => row.unconfirmed);
  return (
    <ListRow
      title={lotName(lot.lot)}
      detail={[
        ...lot.places.map(({ place, q, w }) =>
          lot.places.length === 1
            ? names.place(place)
            : `${names.place(place)} ${formatQuantity(facts, q, w)}`,
        ),
        expiresOn === null ? "" : formatExpiry(now, expiresOn),
        promised ? `${t("word.atp")} ${formatQuantity(facts, Math.max(0, free))}` : "",
      ]
        .filter((part) => part !== "")
        .join(" · ")}
      value={formatQuantity(facts, lot.q, lot.w)}
      end={
        lot.held ? (
          <Chip tint="warn" label={t("word.hold")} icon="lock" />
        ) : lot.q < 0 || lot.w < 0 ? (
          <Chip tint="bad" label={t("stock.negative")} />
        ) : unconfirmed ? (
          <Chip tint="info" label={t("word.unconfirmed")} />
        ) : null
      }
      onPress={() => go(["lot", item, lot.lot])}
    />
  );
};

const ItemCard = ({ stock }: { readonly stock: ItemStock }): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const facts = names.facts(stock.item);
  const places = new Map<string, number>();
  for (const lot of stock.lots) {
    for (const row of lot.places)
      places.set(row.place, (places.get(row.place) ?? 0) + (facts.isCatch ? row.w : row.q));
  }
  return (
    <Card tint={stock.negative ? "bad" : stock.held ? "warn" : "plain"}>
      <div class="stock-head">
        <h2>{names.item(stock.item)}</h2>
        <strong>{formatQuantity(facts, stock.q, facts.isCatch ? stock.w : null)}</strong>
      </div>
      {places.size < 2 ? null : (
        <BarChart
          label={t("stock.byPlace")}
          bars={[...places].map(([place, amount]) => ({
            label: names.place(place),
            value: amount,
            text: facts.isCatch
              ? formatQuantity({ ...facts, isMass: true }, amount)
              : formatQuantity(facts, amount),
            tint: amount < 0 ? ("bad" as const) : ("ok" as const),
          }))}
        />
      )}
      <div class="list-rows">
        {stock.lots.map((lot) => (
          <LotLine key={lot.lot} item={stock.item} lot={lot} />
        ))}
      </div>
    </Card>
  );
};

export const StockScreen = ({ rest }: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const [view, setView] = useState<View>(rest[0] === "held" ? "held" : "all");
  const balances = ledger.rows("balance").value;
  const stock = useMemo(() => stockOf(balances), [balances]);
  const until = daysAfter(today(ledger), SOON_DAYS);
  const isSoon = ({ item, lots }: ItemStock): boolean => {
    const { lifeDays } = names.facts(item);
    return lots.some(({ lot }) => expiresBy(lotFacts(ledger, item, lot, lifeDays).expiresOn, until));
  };
  const held = stock.filter((each) => each.held);
  const soon = stock.filter(isSoon);
  const shown = { all: stock, held, soon }[view];
  const nav = useNav();
  return (
    <Screen
      title={t("home.stock")}
      onBack={null}
      nav={nav}
      navChosen="stock"
      wide={atDesk(ledger.state.person.value)}
    >
      <Tabs<View>
        label={t("home.stock")}
        tabs={[
          { id: "all", label: t("stock.all") },
          { id: "soon", label: t("stock.soon"), count: soon.length },
          { id: "held", label: t("stock.held"), count: held.length },
        ]}
        chosen={view}
        onChoose={setView}
      />
      {shown.length === 0 ? (
        <EmptyState icon="box" title={t("stock.none")} text={t("stock.noneHint")} />
      ) : (
        <SearchList
          rows={shown}
          idOf={({ item }) => item}
          keysOf={({ item, lots }) => {
            const attributes = ledger.row("item", item).value?.attributes ?? {};
            return [item, names.item(item), ...codesOf(attributes), ...lots.map(({ lot }) => lot)].map(
              (key) => key.toLowerCase(),
            );
          }}
          label={t("stock.search")}
          hint={t("stock.search")}
          plain
          render={(each) => <ItemCard stock={each} />}
        />
      )}
    </Screen>
  );
};
