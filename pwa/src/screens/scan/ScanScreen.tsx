/** Scan anything and be told what it is, with the acts that make sense for it. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { formatQuantity, kilograms } from "../../app/items.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { type Reading, useReading } from "../../app/reading.ts";
import { Screen } from "../../app/Screen.tsx";
import { PART_PREFIX } from "../../codec/parts.ts";
import { formatOn } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import { onScan } from "../../scan/scan.ts";
import { Button } from "../../ui/Button.tsx";
import { Card, Facts, List, ListRow } from "../../ui/Card.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { go } from "../../ui/router.ts";
import { ScanBox } from "../../ui/ScanBox.tsx";
import { useNav } from "../home/HomeScreen.tsx";

const Goods = ({ reading }: { readonly reading: Extract<Reading, { type: "goods" }> }): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const facts = names.facts(reading.item);
  const rows = ledger
    .rows("balance")
    .value.filter(
      ({ item, lot, place, q, w }) =>
        item === reading.item &&
        (reading.lot === null || lot === reading.lot) &&
        !place.includes(":") &&
        (q !== 0 || w !== 0),
    );
  const told = [
    { label: t("word.lot"), value: reading.lot ?? "" },
    { label: t("word.expiry"), value: reading.expiresOn === null ? "" : formatOn(reading.expiresOn) },
    { label: t("line.weight"), value: reading.weightG === null ? "" : kilograms(reading.weightG) },
    { label: t("word.serial"), value: reading.serial ?? "" },
    { label: t("scan.packOf"), value: reading.factor > 1 ? formatQuantity(facts, reading.factor) : "" },
  ].filter(({ value }) => value !== "");
  return (
    <>
      <Card title={names.item(reading.item)} tint="ok">
        {told.length === 0 ? <p>{t("scan.itemOnly")}</p> : <Facts facts={told} />}
      </Card>
      <List label={t("lot.where")}>
        {rows.map((row) => (
          <ListRow
            key={row.key}
            icon="place"
            title={names.place(row.place)}
            detail={lotName(row.lot)}
            value={formatQuantity(facts, row.q, facts.isCatch ? row.w : null)}
            end={row.held === null ? null : <Chip tint="warn" label={t("word.hold")} />}
            onPress={() => go(["lot", row.item, row.lot])}
          />
        ))}
        {rows.length === 0 ? <EmptyState icon="box" title={t("lot.nowhere")} /> : null}
      </List>
    </>
  );
};

const Place = ({ place }: { readonly place: string }): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const rows = ledger
    .rows("balance")
    .value.filter((row) => row.place === place && (row.q !== 0 || row.w !== 0));
  return (
    <>
      <Card title={names.place(place)} tint="ok">
        <div class="action-row">
          <Button label={t("kind.count")} icon="count" onPress={() => go(["count", "place", place])} />
          <Button label={t("kind.move")} icon="repeat" onPress={() => go(["move"])} />
        </div>
      </Card>
      <List label={t("move.standsThere")}>
        {rows.map((row) => (
          <ListRow
            key={row.key}
            icon="box"
            title={names.item(row.item)}
            detail={lotName(row.lot)}
            value={formatQuantity(names.facts(row.item), row.q, row.w)}
            onPress={() => go(["lot", row.item, row.lot])}
          />
        ))}
        {rows.length === 0 ? <EmptyState icon="box" title={t("move.nothingThere")} /> : null}
      </List>
    </>
  );
};

export const ScanScreen = (_props: ScreenProps): VNode => {
  const names = namesFrom(useLedger());
  const [reading, setReading] = useState<Reading | null>(null);
  const nav = useNav();
  useEffect(
    () =>
      onScan(({ text }) => {
        if (!text.startsWith(PART_PREFIX)) return "pass";
        go(["carry"]);
        return { verdict: "ok", text: t("relay.readTitle") };
      }),
    [],
  );
  useReading((next) => {
    if (next.type === "enrol") {
      go(["enrol"], { u: next.url });
      return "ok";
    }
    setReading(next);
    return {
      verdict: "ok",
      text:
        next.type === "goods"
          ? names.item(next.item)
          : next.type === "place"
            ? names.place(next.place)
            : t("scan.ok"),
    };
  });
  return (
    <Screen title={t("do.scan")} onBack={null} nav={nav} navChosen="scan">
      <ScanBox />
      {reading === null ? (
        <EmptyState icon="scan" title={t("scan.anything")} text={t("scan.anythingHint")} />
      ) : reading.type === "goods" ? (
        <Goods reading={reading} />
      ) : reading.type === "place" ? (
        <Place place={reading.place} />
      ) : reading.type === "lpn" ? (
        <Place place={`lpn:${reading.lpn}`} />
      ) : null}
    </Screen>
  );
};
