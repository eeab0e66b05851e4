/** Holding, writing off, correcting, recalling a lot: always with a reason, always at a place, never without a question. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import { formatQuantity } from "../../app/items.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { type PlainKey, t } from "../../i18n/i18n.ts";
import type { OpRef } from "../../sync/ledger-types.ts";
import type { Balance } from "../../sync/rows.ts";
import { BigButton } from "../../ui/Button.tsx";
import { GRAM, KILOGRAM } from "../../ui/quantity.ts";
import { QuantityField, TextField } from "../../ui/QuantityField.tsx";
import { Sheet } from "../../ui/Sheet.tsx";
import { Segments } from "../../ui/Tabs.tsx";
import { type DraftLine, isEmpty, toLine } from "../lines/draft.ts";

export type StockDeed = "hold" | "dispose" | "adjust" | "recall";

const TITLES = {
  hold: "lot.hold",
  dispose: "kind.dispose",
  adjust: "kind.adjust",
  recall: "lot.recall",
} as const satisfies Record<StockDeed, PlainKey>;

const REASONS: Readonly<Record<StockDeed, readonly PlainKey[]>> = {
  hold: ["reason.suspect", "reason.waitsForTest", "reason.damaged"],
  dispose: ["reason.expired", "reason.damaged", "reason.spoiled", "reason.sample"],
  adjust: ["reason.found", "reason.lost", "reason.wrongEntry"],
  recall: ["reason.testFailed", "reason.complaint", "reason.authority"],
};

type Direction = "more" | "less";

export const CorrectSheet = ({
  deed,
  line,
  rows,
  onClose,
}: {
  readonly deed: StockDeed;
  readonly line: DraftLine;
  /** Where the lot stands with us. */
  readonly rows: readonly Balance[];
  readonly onClose: () => void;
}): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const facts = names.facts(line.item);
  const [place, setPlace] = useState(rows[0]?.place ?? "");
  const [qty, setQty] = useState(0);
  const [weight, setWeight] = useState<number | null>(null);
  const [direction, setDirection] = useState<Direction>("less");
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const row = rows.find((each) => each.place === place);
  const measured = deed === "dispose" || deed === "adjust";
  const filled = { ...line, qty, weight: facts.isCatch ? weight : null };
  const ready = reason.trim() !== "" && (!measured || (place !== "" && !isEmpty(filled)));

  const run = (): Promise<OpRef | null> => {
    const { item, lot } = line;
    switch (deed) {
      case "hold":
        return recorded(ledger, "hold", { item, lot, place: null, state: "hold", reason });
      case "recall":
        return recorded(ledger, "recall", { lots: [[item, lot]], reason });
      case "dispose":
        return recorded(ledger, "dispose", { reason, lines: [toLine({ ...filled, from: place })] });
      case "adjust": {
        const ends = direction === "more" ? { from: "", to: place } : { from: place, to: "" };
        return recorded(ledger, "adjust", { reason, lines: [toLine({ ...filled, ...ends })] });
      }
    }
  };
  const save = async (): Promise<void> => {
    setBusy(true);
    const ref = await run();
    setBusy(false);
    if (ref !== null) onClose();
  };
  return (
    <Sheet
      title={t(TITLES[deed])}
      onClose={onClose}
      actions={
        <BigButton
          label={t(TITLES[deed])}
          icon="check"
          look={deed === "adjust" ? "primary" : "danger"}
          busy={busy}
          disabled={!ready}
          {...(ready ? {} : { hint: t("correct.gap") })}
          onPress={() => void save()}
        />
      }
    >
      {deed !== "adjust" ? null : (
        <Segments<Direction>
          label={t("correct.direction")}
          options={[
            { id: "less", label: t("correct.less") },
            { id: "more", label: t("correct.more") },
          ]}
          chosen={direction}
          onChoose={setDirection}
        />
      )}
      {measured ? (
        <>
          <div class="choices" role="group" aria-label={t("word.place")}>
            {rows.map((each) => (
              <button
                key={each.place}
                type="button"
                class="choice"
                aria-pressed={each.place === place}
                onClick={() => setPlace(each.place)}
              >
                {names.place(each.place)} · {formatQuantity(facts, each.q, facts.isCatch ? each.w : null)}
              </button>
            ))}
          </div>
          <QuantityField
            label={t("line.quantity")}
            units={facts.units}
            base={facts.base}
            {...(qty === 0 || facts.isMass ? {} : { typed: { text: String(qty), unit: facts.base } })}
            {...(qty === 0 || !facts.isMass ? {} : { typed: { text: String(qty / 1000), unit: KILOGRAM } })}
            {...(row === undefined || deed === "adjust" ? {} : { expected: row.q })}
            onConfirm={setQty}
          />
          {facts.isCatch ? (
            <QuantityField
              label={t("line.weight")}
              units={[KILOGRAM]}
              base={GRAM}
              {...(weight === null ? {} : { typed: { text: String(weight / 1000), unit: KILOGRAM } })}
              onConfirm={setWeight}
            />
          ) : null}
        </>
      ) : (
        <p class="sheet-text">{deed === "hold" ? t("hold.text") : t("recall.text")}</p>
      )}
      <div class="choices" role="group" aria-label={t("word.reason")}>
        {REASONS[deed].map((key) => (
          <button
            key={key}
            type="button"
            class="choice"
            aria-pressed={reason === t(key)}
            onClick={() => setReason(t(key))}
          >
            {t(key)}
          </button>
        ))}
      </div>
      <TextField label={t("word.reason")} value={reason} onInput={setReason} />
    </Sheet>
  );
};
