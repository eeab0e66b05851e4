/** What the receiver said of one line: taken, refused and why, missing. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { formatQuantity } from "../../app/items.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { type PlainKey, t } from "../../i18n/i18n.ts";
import { BigButton } from "../../ui/Button.tsx";
import { Facts } from "../../ui/Card.tsx";
import { Stepper } from "../../ui/Stepper.tsx";
import { QuantityField, TextField } from "../../ui/QuantityField.tsx";
import { Sheet } from "../../ui/Sheet.tsx";
import { ALL_TAKEN, type Answer, type StopLine, takenOf } from "./draft.ts";

export const REFUSAL_REASONS: readonly PlainKey[] = [
  "refuse.crushed",
  "refuse.warm",
  "refuse.expired",
  "refuse.quality",
  "refuse.wrong",
  "refuse.tooMuch",
];

/** Above this nobody presses plus and minus. */
const STEPS_MAX = 50;

export const AnswerSheet = ({
  line,
  onDone,
  onClose,
}: {
  readonly line: StopLine;
  readonly onDone: (answer: Answer) => void;
  readonly onClose: () => void;
}): VNode => {
  const names = namesFrom(useLedger());
  const facts = names.facts(line.item);
  const [answer, setAnswer] = useState(line.answer ?? ALL_TAKEN);
  const taken = takenOf({ ...line, answer });
  const amount = (label: string, value: number, max: number, onChange: (value: number) => void): VNode =>
    line.qty <= STEPS_MAX ? (
      <div class="field-row">
        <span class="field-label">{label}</span>
        <Stepper label={label} value={value} max={max} onChange={onChange} />
      </div>
    ) : (
      <QuantityField
        label={label}
        units={facts.units}
        base={facts.base}
        {...(value === 0
          ? {}
          : { typed: { text: formatQuantity(facts, value).split(" ")[0] ?? "", unit: facts.units[0] } })}
        onConfirm={(typed) => onChange(Math.min(max, typed))}
      />
    );
  return (
    <Sheet
      title={names.item(line.item)}
      onClose={onClose}
      actions={
        <BigButton
          label={t("stop.answer", { taken: formatQuantity(facts, taken) })}
          icon="check"
          disabled={answer.refused > 0 && answer.reason === ""}
          {...(answer.refused > 0 && answer.reason === "" ? { hint: t("stop.reasonFirst") } : {})}
          onPress={() => onDone(answer)}
        />
      }
    >
      <Facts facts={[{ label: t("stop.offered"), value: formatQuantity(facts, line.qty, line.weight) }]} />
      {amount(t("stop.refused"), answer.refused, line.qty - answer.missing, (refused) =>
        setAnswer({ ...answer, refused }),
      )}
      {answer.refused === 0 ? null : (
        <>
          <div class="choices" role="group" aria-label={t("word.reason")}>
            {REFUSAL_REASONS.map((key) => (
              <button
                key={key}
                type="button"
                class="choice"
                aria-pressed={answer.reason === t(key)}
                onClick={() => setAnswer({ ...answer, reason: t(key) })}
              >
                {t(key)}
              </button>
            ))}
          </div>
          <TextField
            label={t("word.reason")}
            value={answer.reason}
            onInput={(reason) => setAnswer({ ...answer, reason })}
          />
        </>
      )}
      {amount(t("stop.missing"), answer.missing, line.qty - answer.refused, (missing) =>
        setAnswer({ ...answer, missing }),
      )}
    </Sheet>
  );
};
