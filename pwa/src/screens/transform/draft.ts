/** What went in, what came out, what was lost: the op, and whether its mass adds up. Pure. */
import type { ItemFacts } from "../../app/items.ts";
import type { Draft } from "../../domain/kinds.ts";
import type { Value } from "../../codec/msgpack.ts";
import { type DraftLine, type LotRecord, EMPTY_LINE, isEmpty, toLine } from "../lines/draft.ts";

export interface Work {
  readonly process: string;
  readonly inputs: readonly DraftLine[];
  readonly outputs: readonly DraftLine[];
  readonly waste: readonly DraftLine[];
}

/** Grams of one line by the ledger's rule: its weight, else grams as they stand, else what one piece weighs; null: not known. */
export const gramsOf = (line: DraftLine, facts: ItemFacts): number | null => {
  if (line.weight !== null) return line.weight;
  if (facts.isMass) return line.qty;
  return facts.weightG === null ? null : line.qty * facts.weightG;
};

const sum = (lines: readonly DraftLine[], factsOf: (item: string) => ItemFacts): number | null =>
  lines.reduce<number | null>((total, line) => {
    const grams = gramsOf(line, factsOf(line.item));
    return total === null || grams === null ? null : total + grams;
  }, 0);

export interface MassBalance {
  readonly intoG: number;
  readonly outG: number;
  readonly wasteG: number;
  /** What has gone nowhere: above zero something is missing, below it more came out than went in. */
  readonly restG: number;
}

/** Null: of some item nobody knows what a piece weighs, and the ledger does not judge either. */
export const massBalance = (work: Work, factsOf: (item: string) => ItemFacts): MassBalance | null => {
  const intoG = sum(work.inputs, factsOf);
  const outG = sum(work.outputs, factsOf);
  const wasteG = sum(work.waste, factsOf);
  if (intoG === null || outG === null || wasteG === null) return null;
  return { intoG, outG, wasteG, restG: intoG - outG - wasteG };
};

/** What is missing as waste of the first thing that went in; null when that is not told in grams. */
export const restAsWaste = (
  work: Work,
  restG: number,
  factsOf: (item: string) => ItemFacts,
): DraftLine | null => {
  const first = work.inputs.find(({ item }) => factsOf(item).isMass);
  return first === undefined || restG <= 0
    ? null
    : { ...EMPTY_LINE, item: first.item, lot: first.lot, qty: restG };
};

export type WorkGap = "process" | "inputs" | "outputs" | "places";

export const workGap = ({ process, inputs, outputs }: Work): WorkGap | null => {
  const [into, out] = [inputs, outputs].map((lines) => lines.filter((line) => !isEmpty(line)));
  if (process === "") return "process";
  if (into === undefined || into.length === 0) return "inputs";
  if (out === undefined || out.length === 0) return "outputs";
  return into.some(({ from }) => from === "") || out.some(({ to }) => to === "") ? "places" : null;
};

type Attributes = Readonly<Record<string, Value>>;

/** What is true of a lot by where it grew stays true of what is made of it, when all of it comes from one lot. */
const INHERITED: readonly string[] = ["plot", "harvested_on", "certificate"];

/** The records of new lots: what the one lot that went in is known by. */
export const inheritedLots = (
  { inputs, outputs }: Work,
  attributesOf: (item: string, lot: string) => Attributes,
): readonly LotRecord[] => {
  const sources = new Set(inputs.map(({ item, lot }) => `${item}\n${lot}`));
  const [first] = inputs;
  if (sources.size !== 1 || first === undefined) return [];
  const known = attributesOf(first.item, first.lot);
  const kept = INHERITED.flatMap((name) => {
    const value = known[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  if (kept.length === 0) return [];
  const made = new Map(outputs.map(({ item, lot }) => [`${item}\n${lot}`, [item, lot] as const]));
  return [...made.values()]
    .filter(([item, lot]) => lot !== "" && (item !== first.item || lot !== first.lot))
    .map(([item, lot]) => [item, lot, kept] as const);
};

export const transformFields = (
  { process, inputs, outputs, waste }: Work,
  lots: readonly LotRecord[],
): Draft<"transform"> => ({
  process,
  inputs: inputs.filter((line) => !isEmpty(line)).map(toLine),
  outputs: outputs.filter((line) => !isEmpty(line)).map(toLine),
  waste: waste.filter((line) => !isEmpty(line)).map(toLine),
  lots,
});
