/** One lot: where it stands, what is known of it, what holds it; and what may be done to it. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { fromHex } from "../../codec/bytes.ts";
import { recorded } from "../../app/act.ts";
import { formatQuantity } from "../../app/items.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { lotFacts, lotKey, today } from "../../app/lots.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { isManager, mayRelease } from "../../app/roles.ts";
import { Screen } from "../../app/Screen.tsx";
import { formatExpiry, formatOn } from "../../i18n/format.ts";
import { t, tOr } from "../../i18n/i18n.ts";
import { Button } from "../../ui/Button.tsx";
import { Facts, List, ListRow } from "../../ui/Card.tsx";
import { Chip, Notice } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { TextField } from "../../ui/QuantityField.tsx";
import { go } from "../../ui/router.ts";
import { confirmed } from "../../ui/Sheet.tsx";
import { EMPTY_LINE } from "../lines/draft.ts";
import { type StockDeed, CorrectSheet } from "./CorrectSheet.tsx";

/** The leaf hash of the op that holds the lot, by its index: a hold, or a harvest inside the interval. */
const useHoldHash = (source: number): string | null => {
  const ledger = useLedger();
  const rows = [
    "record.hold",
    "record.recall",
    "record.harvest",
    "record.inspect",
    "record.test_result",
  ].flatMap((table) => ledger.untyped(table).value);
  return rows.find(({ value }) => Array.isArray(value) && value[0] === source)?.key ?? null;
};

const HoldNotice = ({
  source,
  state,
  reason,
  place,
  note,
}: {
  readonly source: number;
  readonly state: string;
  readonly reason: string;
  readonly place: string | null;
  readonly note: string;
}): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const hash = useHoldHash(source);
  const lift = async (): Promise<void> => {
    if (hash === null) return;
    const yes = await confirmed({
      title: t("hold.releaseTitle"),
      text: t("hold.releaseText"),
      yes: t("deed.release"),
      look: "warn",
    });
    if (yes) await recorded(ledger, "release", { note }, { names: [fromHex(hash)] });
  };
  return (
    <Notice
      tint="warn"
      title={`${tOr(`hold.${state}`, state)} · ${place === null ? t("hold.everywhere") : names.place(place)}`}
      text={tOr(`hold.reason.${reason}`, reason)}
    >
      {mayRelease(ledger.state.person.value) && hash !== null ? (
        <Button label={t("deed.release")} icon="lock" onPress={() => void lift()} />
      ) : (
        <></>
      )}
    </Notice>
  );
};

export const LotScreen = ({ rest }: ScreenProps): VNode => {
  const [item = "", lot = ""] = rest;
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const person = ledger.state.person.value;
  const facts = names.facts(item);
  const about = lotFacts(ledger, item, lot, facts.lifeDays);
  const rows = ledger
    .rows("balance")
    .value.filter(
      (row) =>
        row.item === item &&
        row.lot === lot &&
        (row.q !== 0 || row.w !== 0) &&
        !/^(virtual|plot):/.test(row.place),
    );
  const ours = rows.filter(({ place }) => !place.includes(":"));
  const causes = ledger.row("hold", lotKey(item, lot)).value?.causes ?? [];
  const [deed, setDeed] = useState<StockDeed | null>(null);
  const [note, setNote] = useState("");
  const known = [
    {
      label: t("word.expiry"),
      value:
        about.expiresOn === null
          ? ""
          : `${formatOn(about.expiresOn)} (${formatExpiry(today(ledger), about.expiresOn)})`,
    },
    { label: t("line.producedOn"), value: about.producedOn === null ? "" : formatOn(about.producedOn) },
    { label: t("lot.harvestedOn"), value: about.harvestedOn === null ? "" : formatOn(about.harvestedOn) },
    { label: t("word.plot"), value: about.plot ?? "" },
    { label: t("word.certificate"), value: about.certificate ?? "" },
  ].filter(({ value }) => value !== "");
  return (
    <Screen
      title={names.item(item)}
      subtitle={lot === "" ? t("lot.none") : `${t("word.lot")} ${lotName(lot)}`}
    >
      {causes.map(([place, state, reason, source]) => (
        <HoldNotice
          key={`${String(source)} ${place ?? ""}`}
          source={source}
          state={state}
          reason={reason}
          place={place}
          note={note}
        />
      ))}
      <List label={t("lot.where")}>
        {rows.map((row) => (
          <ListRow
            key={row.key}
            icon="place"
            title={names.place(row.place)}
            {...(row.estimated ? { detail: t("line.estimated") } : {})}
            value={formatQuantity(facts, row.q, facts.isCatch ? row.w : null)}
            end={row.unconfirmed ? <Chip tint="info" label={t("word.unconfirmed")} /> : null}
          />
        ))}
        {rows.length === 0 ? <EmptyState icon="box" title={t("lot.nowhere")} /> : null}
      </List>
      {known.length === 0 ? null : <Facts facts={known} />}
      {causes.length > 0 && mayRelease(person) ? (
        <TextField label={t("word.note")} value={note} onInput={setNote} />
      ) : null}
      {isManager(person) || mayRelease(person) ? (
        <div class="stack">
          <Button label={t("lot.hold")} icon="lock" onPress={() => setDeed("hold")} />
          <Button
            label={t("kind.dispose")}
            icon="trash"
            disabled={ours.length === 0}
            onPress={() => setDeed("dispose")}
          />
          {isManager(person) ? (
            <Button label={t("kind.adjust")} icon="edit" onPress={() => setDeed("adjust")} />
          ) : null}
          {isManager(person) ? (
            <Button label={t("lot.recall")} icon="alert" look="danger" onPress={() => setDeed("recall")} />
          ) : null}
        </div>
      ) : (
        <Button
          label={t("kind.count")}
          icon="count"
          disabled={ours.length === 0}
          onPress={() => go(["count", "place", ours[0]?.place ?? "", item])}
        />
      )}
      {deed === null ? null : (
        <CorrectSheet
          deed={deed}
          line={{ ...EMPTY_LINE, item, lot }}
          rows={ours}
          onClose={() => setDeed(null)}
        />
      )}
    </Screen>
  );
};
