/** A hand-over as it is answered line by line, and the ops that it becomes: pure. */
import type { OrderLine } from "../../app/orders.ts";
import { ESTIMATED, type Draft, type LineDraft } from "../../domain/kinds.ts";
import { inProportion } from "../../fold/balance.ts";

/** Something aboard that is meant for this stop. */
export interface Aboard {
  readonly item: string;
  readonly lot: string;
  readonly place: string;
  readonly qty: number;
  /** Null: the item has one measure. */
  readonly weight: number | null;
}

export interface Answer {
  readonly refused: number;
  readonly reason: string;
  readonly missing: number;
}

export interface StopLine extends Aboard {
  /** Null: nobody has said anything yet. What was offered and is neither refused nor missing is taken. */
  readonly answer: Answer | null;
}

export const ALL_TAKEN: Answer = { refused: 0, reason: "", missing: 0 };

/** What is aboard for an order: of each item no more than is still owed, the lots in the order in which they stand. */
export const aboardFor = (order: readonly OrderLine[], held: readonly Aboard[]): readonly Aboard[] =>
  order.flatMap(({ item, qty, picked, done }) => {
    let left = Math.max(qty, picked) - done;
    return held
      .filter((each) => each.item === item && each.qty > 0)
      .flatMap((each) => {
        const part = Math.min(left, each.qty);
        left -= part;
        if (part <= 0) return [];
        const weight =
          each.weight === null
            ? null
            : part === each.qty
              ? each.weight
              : inProportion(each.weight, part, each.qty);
        return [{ ...each, qty: part, weight }];
      });
  });

export const takenOf = ({ qty, answer }: StopLine): number =>
  answer === null ? 0 : Math.max(0, qty - answer.refused - answer.missing);

/** The grams of a part; the whole keeps what was weighed. */
const weightOf = (line: Aboard, part: number): number | null =>
  line.weight === null ? null : part === line.qty ? line.weight : inProportion(line.weight, part, line.qty);

export type StopGap = "nothing" | "unanswered" | "reason" | "signature";

export interface HandOver {
  readonly partner: string;
  readonly order: string | null;
  readonly lines: readonly StopLine[];
  readonly crates: { readonly item: string; readonly from: string; readonly out: number };
  readonly isSigned: boolean;
}

export const stopGap = ({ lines, crates, isSigned }: HandOver): StopGap | null => {
  if (lines.length === 0 && crates.out === 0) return "nothing";
  if (lines.some(({ answer }) => answer === null)) return "unanswered";
  if (lines.some(({ answer }) => answer !== null && answer.refused > 0 && answer.reason === ""))
    return "reason";
  return isSigned ? null : "signature";
};

const partLine = (line: StopLine, qty: number): LineDraft => ({
  item: line.item,
  lot: line.lot,
  from: line.place,
  to: "",
  qty,
  weight: weightOf(line, qty),
  flags: line.weight !== null && qty !== line.qty ? ESTIMATED : 0,
});

type Unmoved = NonNullable<Draft<"deliver">["refused"]>[number];

const unmoved = (line: StopLine, qty: number, reason: string): Unmoved => ({
  item: line.item,
  lot: line.lot,
  place: line.place,
  qty,
  weight: weightOf(line, qty),
  reason,
});

/** Only what is taken moves; refused stays aboard, missing is somebody's to explain. */
export const deliverFields = (
  { partner, order, lines, crates }: HandOver,
  receiver: Draft<"deliver">["receiver"],
): Draft<"deliver"> => ({
  partner,
  order,
  receiver,
  lines: [
    ...lines.filter((line) => takenOf(line) > 0).map((line) => partLine(line, takenOf(line))),
    ...(crates.out === 0 ? [] : [{ item: crates.item, lot: "", from: crates.from, to: "", qty: crates.out }]),
  ],
  refused: lines.flatMap((line) =>
    line.answer !== null && line.answer.refused > 0
      ? [unmoved(line, line.answer.refused, line.answer.reason)]
      : [],
  ),
  missing: lines.flatMap((line) =>
    line.answer !== null && line.answer.missing > 0 ? [unmoved(line, line.answer.missing, "")] : [],
  ),
});

export const cratesBackFields = (
  partner: string,
  order: string | null,
  crates: { readonly item: string; readonly to: string; readonly back: number },
  reason: string,
): Draft<"return"> => ({
  partner,
  order,
  reason,
  lines: [{ item: crates.item, lot: "", from: "", to: crates.to, qty: crates.back }],
});
