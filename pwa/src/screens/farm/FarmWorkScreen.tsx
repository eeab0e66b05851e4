/** 农事: what was done on which plots, with which inputs, and the interval that starts with it. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { today } from "../../app/lots.ts";
import { Screen } from "../../app/Screen.tsx";
import { type PlainKey, t } from "../../i18n/i18n.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { Card } from "../../ui/Card.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { TextField } from "../../ui/QuantityField.tsx";
import { goBack } from "../../ui/router.ts";
import { DateField } from "../lines/choices.tsx";
import { isDay, replaced } from "../lines/draft.ts";
import { PlotChoice, lightText } from "./IntervalList.tsx";
import { lightOf } from "./plots.ts";
import { type InputDraft, NO_INPUT, type WorkGap, workFields, workGap } from "./work-draft.ts";

const WORKS: readonly { readonly id: string; readonly word: PlainKey }[] = [
  { id: "spray", word: "work.spray" },
  { id: "fertilise", word: "work.fertilise" },
  { id: "irrigate", word: "work.irrigate" },
  { id: "sow", word: "work.sow" },
  { id: "weed", word: "work.weed" },
  { id: "prune", word: "work.prune" },
  { id: "clean", word: "work.clean" },
];

const GAPS = {
  plots: "farm.plotFirst",
  work: "work.gap.work",
  days: "work.gap.days",
  input: "work.gap.input",
} as const satisfies Record<WorkGap, PlainKey>;

const InputForm = ({
  input,
  onChange,
}: {
  readonly input: InputDraft;
  readonly onChange: (input: InputDraft) => void;
}): VNode => (
  <Card title={t("work.input")}>
    <TextField
      label={t("work.trade")}
      value={input.trade}
      onInput={(trade) => onChange({ ...input, trade })}
    />
    <TextField
      label={t("work.generic")}
      value={input.generic}
      onInput={(generic) => onChange({ ...input, generic })}
    />
    <TextField
      label={t("work.registration")}
      value={input.registration}
      onInput={(registration) => onChange({ ...input, registration })}
    />
    <TextField label={t("work.dose")} value={input.dose} onInput={(dose) => onChange({ ...input, dose })} />
    <TextField
      label={t("work.days")}
      hint={t("work.daysHint")}
      mode="numeric"
      value={input.days}
      onInput={(days) => onChange({ ...input, days })}
    />
    {input.days.trim() === "" ? (
      <Notice tint="warn" title={t("work.daysUnknown")} text={t("work.daysUnknownHint")} />
    ) : null}
  </Card>
);

export const FarmWorkScreen = (_props: ScreenProps): VNode => {
  const ledger = useLedger();
  const [plots, setPlots] = useState<readonly string[]>([]);
  const [other, setOther] = useState("");
  const [work, setWork] = useState("");
  const [inputs, setInputs] = useState<readonly InputDraft[]>([]);
  const [startedOn, setStarted] = useState(today(ledger));
  const [stoppedOn, setStopped] = useState(today(ledger));
  const [busy, setBusy] = useState(false);
  const all = other.trim() === "" ? plots : [...plots, other.trim()];
  const draft = { plots: all, work, inputs, startedOn, stoppedOn };
  const gap = workGap(draft);
  const fields = gap === null ? workFields(draft) : null;
  const after =
    fields === null || inputs.length === 0 || !isDay(stoppedOn)
      ? null
      : lightOf(
          all[0] ?? "",
          [
            {
              plots: all,
              work,
              inputs: fields.inputs.map(([trade, generic, , , days]) => ({ name: trade || generic, days })),
              stoppedOn,
            },
          ],
          stoppedOn,
        );
  const save = async (): Promise<void> => {
    if (fields === null) return;
    setBusy(true);
    const ref = await recorded(ledger, "farm_work", fields);
    setBusy(false);
    if (ref !== null) goBack();
  };
  const toggle = (plot: string): void =>
    setPlots(plots.includes(plot) ? plots.filter((each) => each !== plot) : [...plots, plot]);
  return (
    <Screen
      title={t("kind.farm_work")}
      actions={
        <BigButton
          label={t("work.do")}
          icon="check"
          busy={busy}
          disabled={gap !== null}
          {...(gap === null ? {} : { hint: t(GAPS[gap]) })}
          onPress={() => void save()}
        />
      }
    >
      <h2 class="list-label">{t("word.plot")}</h2>
      <PlotChoice chosen={plots} onChoose={toggle} />
      <TextField label={t("farm.otherPlot")} value={other} onInput={setOther} />
      <h2 class="list-label">{t("work.what")}</h2>
      <div class="choices" role="group" aria-label={t("work.what")}>
        {WORKS.map(({ id, word }) => (
          <button
            key={id}
            type="button"
            class="choice"
            aria-pressed={work === id}
            onClick={() => setWork(id)}
          >
            {t(word)}
          </button>
        ))}
      </div>
      {inputs.map((input, index) => (
        <InputForm key={index} input={input} onChange={(next) => setInputs(replaced(inputs, index, next))} />
      ))}
      <Button label={t("work.addInput")} icon="plus" onPress={() => setInputs([...inputs, NO_INPUT])} />
      <div class="field-pair">
        <DateField label={t("work.started")} value={startedOn} onInput={setStarted} />
        <DateField label={t("work.stopped")} value={stoppedOn} onInput={setStopped} />
      </div>
      {after === null || after.light === "clear" ? null : <Notice tint="warn" title={lightText(after)} />}
    </Screen>
  );
};
