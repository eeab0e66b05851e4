/** 承诺达标合格证: which lots, on what basis, who promises. Why it would be refused is told before it is asked for. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import { formatQuantity } from "../../app/items.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { lotFacts, lotKey, today } from "../../app/lots.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { Screen } from "../../app/Screen.tsx";
import { type PlainKey, t } from "../../i18n/i18n.ts";
import type { Row } from "../../sync/rows.ts";
import { BigButton } from "../../ui/Button.tsx";
import { List, ListRow } from "../../ui/Card.tsx";
import { Chip, Notice } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { TextField } from "../../ui/QuantityField.tsx";
import { replace } from "../../ui/router.ts";
import { lightText } from "./IntervalList.tsx";
import { lightOf, worksOf } from "./plots.ts";

const BASES: readonly PlainKey[] = [
  "certificate.basis.control",
  "certificate.basis.own",
  "certificate.basis.commissioned",
];

/** Own produce that stands somewhere of ours: a certificate is for goods, not for numbers. */
const useCandidates = (): readonly Row<"balance">[] => {
  const ledger = useLedger();
  return ledger.rows("balance").value.filter(({ item, lot, place, q, w }) => {
    if (lot === "" || lot === "?" || place.includes(":") || (q <= 0 && w <= 0)) return false;
    const facts = lotFacts(ledger, item, lot, null);
    return facts.harvestedOn !== null || facts.plot !== null;
  });
};

export const CertificateScreen = (_props: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const candidates = useCandidates();
  const [chosen, setChosen] = useState<Row<"balance"> | null>(null);
  const [basis, setBasis] = useState<string>(t("certificate.basis.control"));
  const [busy, setBusy] = useState(false);
  const person = ledger.state.person.value;
  const [promiser, setPromiser] = useState(person?.name ?? "");
  const facts = chosen === null ? null : names.facts(chosen.item);
  const lot = chosen === null ? null : lotFacts(ledger, chosen.item, chosen.lot, null);
  const day = today(ledger);
  const light =
    lot === null || lot.plot === null ? null : lightOf(lot.plot, worksOf(ledger), lot.harvestedOn ?? day);
  const held =
    chosen !== null && (ledger.row("hold", lotKey(chosen.item, chosen.lot)).value?.causes.length ?? 0) > 0;
  const refusal =
    light !== null && light.light !== "clear" ? lightText(light) : held ? t("certificate.held") : null;
  const save = async (): Promise<void> => {
    if (chosen === null || facts === null) return;
    setBusy(true);
    const ref = await recorded(ledger, "certificate", {
      number: `CERT-${chosen.lot}-${day.replaceAll("-", "")}`.slice(0, 64),
      lots: [[chosen.item, chosen.lot]],
      product: names.item(chosen.item),
      qty: chosen.q,
      weight: facts.isCatch ? chosen.w : null,
      basis,
      promiser: promiser.trim(),
    });
    setBusy(false);
    // Whether it stands is the ledger's word: the outbox tells it.
    if (ref !== null) replace(["outbox"]);
  };
  return (
    <Screen
      title={t("word.certificate")}
      actions={
        <BigButton
          label={refusal === null ? t("certificate.do") : t("certificate.doAnyway")}
          icon="shield"
          look={refusal === null ? "primary" : "warn"}
          busy={busy}
          disabled={chosen === null || promiser.trim() === ""}
          {...(chosen === null ? { hint: t("certificate.chooseLot") } : {})}
          onPress={() => void save()}
        />
      }
    >
      <List label={t("certificate.lots")}>
        {candidates.map((row) => (
          <ListRow
            key={row.key}
            icon="leaf"
            title={names.item(row.item)}
            detail={`${t("word.lot")} ${lotName(row.lot)} · ${names.place(row.place)}`}
            value={formatQuantity(names.facts(row.item), row.q, row.w)}
            end={row.held === null ? null : <Chip tint="warn" label={t("word.hold")} />}
            selected={chosen?.key === row.key}
            onPress={() => setChosen(row)}
          />
        ))}
        {candidates.length === 0 ? (
          <EmptyState icon="leaf" title={t("certificate.noLots")} text={t("certificate.noLotsHint")} />
        ) : null}
      </List>
      {refusal === null ? null : <Notice tint="bad" title={t("certificate.wouldRefuse")} text={refusal} />}
      <h2 class="list-label">{t("certificate.basis")}</h2>
      <div class="choices" role="group" aria-label={t("certificate.basis")}>
        {BASES.map((key) => (
          <button
            key={key}
            type="button"
            class="choice"
            aria-pressed={basis === t(key)}
            onClick={() => setBasis(t(key))}
          >
            {t(key)}
          </button>
        ))}
      </div>
      <TextField label={t("certificate.promiser")} value={promiser} onInput={setPromiser} />
      <p class="form-hint">{t("certificate.promise")}</p>
    </Screen>
  );
};
