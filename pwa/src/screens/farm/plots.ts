/** Plots as the ledger and this phone know them: what was done on each and from which day harvest is clear. */
import type { Value } from "../../codec/msgpack.ts";
import { type PlotInterval, plotInterval } from "../../domain/interval.ts";
import type { Ledger } from "../../sync/ledger-types.ts";

export interface Work {
  readonly plots: readonly string[];
  readonly work: string;
  /** Trade name and interval in days; null: nobody knows the interval. */
  readonly inputs: readonly { readonly name: string; readonly days: number | null }[];
  readonly stoppedOn: string;
}

/** May the plot be harvested on a day? The rule is `domain/interval.ts`; unknown counts as red. */
export const lightOf = (plot: string, works: readonly Work[], day: string): PlotInterval =>
  plotInterval(
    works
      .filter(({ plots }) => plots.includes(plot))
      .flatMap(({ inputs, stoppedOn }) =>
        inputs.map(({ name, days }) => ({ name, stoppedOn, intervalDays: days })),
      ),
    day,
  );

const list = (value: Value | undefined): readonly Value[] => (Array.isArray(value) ? value : []);
const word = (value: Value | undefined): string => (typeof value === "string" ? value : "");

const readInput = (value: Value): Work["inputs"][number] => {
  const fields = list(value);
  return { name: word(fields[0]) || word(fields[1]), days: typeof fields[4] === "number" ? fields[4] : null };
};

/** A row of `record.farm_work`: index, o, then the fields of the op. */
export const readWork = (value: Value): Work => {
  const fields = list(value);
  return {
    plots: list(fields[2]).map(word),
    work: word(fields[3]),
    inputs: list(fields[4]).map(readInput),
    stoppedOn: word(fields[6]),
  };
};

/** Works of the ledger and those recorded here that it has not taken yet. */
export const worksOf = (ledger: Ledger): readonly Work[] => {
  const pending = ledger.outbox().value.flatMap(({ body, stage }) => {
    if (stage === "settled" || body?.kind !== "farm_work") return [];
    const { plots, work, inputs, stoppedOn } = body.fields;
    return [
      {
        plots,
        work,
        inputs: inputs.map(([trade, generic, , , days]) => ({ name: trade || generic, days })),
        stoppedOn,
      },
    ];
  });
  return [...ledger.untyped("record.farm_work").value.map(({ value }) => readWork(value)), ...pending];
};

/** Every plot that somebody worked on, harvested, or registered, in the order of their names. */
export const plotsOf = (ledger: Ledger): readonly string[] => {
  const plots = new Set(worksOf(ledger).flatMap((work) => work.plots));
  for (const { value } of ledger.untyped("record.harvest").value) {
    const plot = word(list(value)[2]);
    if (plot !== "") plots.add(plot);
  }
  for (const { attributes } of ledger.rows("lot").value) {
    const { plot } = attributes;
    if (typeof plot === "string" && plot !== "") plots.add(plot);
  }
  for (const { id, attributes } of ledger.rows("place").value)
    if (attributes["kind"] === "plot") plots.add(id);
  return [...plots].filter((plot) => plot !== "").sort();
};
