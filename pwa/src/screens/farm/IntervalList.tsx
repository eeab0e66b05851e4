/** Each plot with its traffic light: may I harvest today? */
import type { VNode } from "preact";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { today } from "../../app/lots.ts";
import type { Light, PlotInterval } from "../../domain/interval.ts";
import { formatOn } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import { List, ListRow } from "../../ui/Card.tsx";
import { Chip, Notice, type Tint } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { go } from "../../ui/router.ts";
import { lightOf, plotsOf, worksOf } from "./plots.ts";

const TINTS: Readonly<Record<Light, Tint>> = { clear: "ok", running: "bad", unknown: "bad" };

export const lightText = ({ light, name, stoppedOn, clearOn }: PlotInterval): string => {
  const stopped = stoppedOn === null ? "" : formatOn(stoppedOn);
  switch (light) {
    case "clear":
      return t("interval.clear");
    case "running":
      return t("interval.running", {
        input: name,
        stopped,
        clear: clearOn === null ? "" : formatOn(clearOn),
      });
    case "unknown":
      return t("interval.unknown", { input: name, stopped });
  }
};

/** Told before the harvest is typed: a red harvest is recorded all the same, and held. */
export const LightNotice = ({ plot }: { readonly plot: string }): VNode => {
  const ledger = useLedger();
  const light = lightOf(plot, worksOf(ledger), today(ledger));
  return light.light === "clear" ? (
    <Notice tint="ok" title={lightText(light)} />
  ) : (
    <Notice tint="bad" title={lightText(light)} text={t("interval.heldHint")} />
  );
};

export const IntervalList = (): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const plots = plotsOf(ledger);
  const works = worksOf(ledger);
  const day = today(ledger);
  return (
    <List label={t("farm.plots")}>
      {plots.map((plot) => {
        const light = lightOf(plot, works, day);
        return (
          <ListRow
            key={plot}
            icon="leaf"
            tint={TINTS[light.light]}
            title={names.place(`plot:${plot}`)}
            detail={lightText(light)}
            end={
              <Chip
                tint={TINTS[light.light]}
                label={light.light === "clear" ? t("interval.go") : t("interval.stop")}
              />
            }
            onPress={() => go(["harvest", plot])}
          />
        );
      })}
      {plots.length === 0 ? (
        <EmptyState icon="leaf" title={t("farm.noPlots")} text={t("farm.noPlotsHint")} />
      ) : null}
    </List>
  );
};

export const PlotChoice = ({
  chosen,
  onChoose,
}: {
  readonly chosen: readonly string[];
  readonly onChoose: (plot: string) => void;
}): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const plots = plotsOf(ledger);
  return (
    <div class="choices" role="group" aria-label={t("word.plot")}>
      {[...new Set([...plots, ...chosen])]
        .filter((plot) => plot !== "")
        .map((plot) => (
          <button
            key={plot}
            type="button"
            class="choice"
            aria-pressed={chosen.includes(plot)}
            onClick={() => onChoose(plot)}
          >
            {names.place(`plot:${plot}`)}
          </button>
        ))}
    </div>
  );
};
