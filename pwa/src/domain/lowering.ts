/**
 * What an op does to stock: double-entry movements and observations. Pure; the table of operations.md §4.
 *
 * Registers, holds, money and identity read the typed bodies themselves; only what moves or observes
 * quantities is lowered here. Twin: `domain/lowering.py`; corpus: `tests/vectors/fold/`.
 */
import { type Body, type CountLine, ESTIMATED, type Line } from "./kinds.ts";

export const LOSS = "virtual:loss";
export const TRANSFORM = "virtual:transform";
export const OPENING = "virtual:opening";

/** Where a count without lots leaves its difference until a count by lot absorbs it. */
export const RESIDUAL_LOT = "?";

/** The account of a partner: what we delivered to it less what came back. */
export const partnerPlace = (partner: string): string => `partner:${partner}`;
/** The account of a plot: what was harvested from it, negative. */
export const plotPlace = (plot: string): string => `plot:${plot}`;
/** A logistic unit as a place: its contents are balances. */
export const lpnPlace = (lpn: string): string => `lpn:${lpn}`;

/** Whether goods can stand there: our own places and logistic units, not accounts. */
export const isPhysical = (place: string): boolean => !place.includes(":") || place.startsWith("lpn:");

/** Quantities of one item and lot leave one place and reach another; `line` orders them within the op. */
export interface Movement {
  readonly line: number;
  readonly item: string;
  readonly lot: string;
  readonly from: string;
  readonly to: string;
  readonly qty: number;
  readonly weight: number;
  readonly estimated: boolean;
  /** A person chose this lot here: FEFO and expiry are judged. */
  readonly picked: boolean;
  readonly serials: readonly string[] | null;
}

/** What a count says: its scope, and its lines each at its own instant before the close. */
export interface Observation {
  readonly place: string;
  /** Null: every item at the place. */
  readonly items: readonly string[] | null;
  readonly complete: boolean;
  readonly lines: readonly CountLine[];
}

/** The lot is finished here: the balance at that instant goes to shrinkage. */
export interface Residue {
  readonly item: string;
  readonly lot: string;
  readonly place: string;
}

/** All that one op does to stock. */
export interface Lowered {
  readonly movements: readonly Movement[];
  readonly observation: Observation | null;
  readonly residue: Residue | null;
}

interface Defaults {
  readonly from?: string;
  readonly to?: string;
  readonly first?: number;
  readonly picked?: boolean;
}

const movements = (
  lines: readonly Line[],
  { from = "", to = "", first = 0, picked = false }: Defaults = {},
): Movement[] =>
  lines.flatMap((line, i) => {
    // The record that nothing moved.
    if (line.qty === 0 && (line.weight ?? 0) === 0) return [];
    return {
      line: first + i,
      item: line.item,
      lot: line.lot,
      from: line.from || from,
      to: line.to || to,
      qty: line.qty,
      weight: line.weight ?? 0,
      estimated: (line.flags & ESTIMATED) !== 0,
      picked,
      serials: line.serials,
    };
  });

const moving = (lines: readonly Line[], defaults?: Defaults): Lowered => ({
  movements: movements(lines, defaults),
  observation: null,
  residue: null,
});

const NOTHING: Lowered = { movements: [], observation: null, residue: null };

const rule = (body: Body): Lowered => {
  switch (body.kind) {
    case "move":
    case "ship":
    case "take":
      return moving(body.fields.lines);
    case "pick":
      return moving(body.fields.lines, { picked: true });
    case "receive":
    case "return":
      return moving(body.fields.lines, { from: partnerPlace(body.fields.partner) });
    case "deliver":
      return moving(body.fields.lines, { to: partnerPlace(body.fields.partner) });
    case "adjust":
      return moving(body.fields.lines, { from: LOSS, to: LOSS });
    case "dispose":
      return moving(body.fields.lines, { to: LOSS });
    case "pack":
      return moving(body.fields.lines, { to: lpnPlace(body.fields.lpn) });
    case "unpack":
      return moving(body.fields.lines, { from: lpnPlace(body.fields.lpn) });
    case "harvest":
      return moving(body.fields.lines, { from: plotPlace(body.fields.plot) });
    case "transform": {
      const { inputs, outputs, waste } = body.fields;
      const out = inputs.length;
      return {
        ...NOTHING,
        movements: [
          ...movements(inputs, { to: TRANSFORM }),
          ...movements(outputs, { from: TRANSFORM, first: out }),
          ...movements(waste, { from: TRANSFORM, to: LOSS, first: out + outputs.length }),
        ],
      };
    }
    case "finish":
      return { ...NOTHING, residue: body.fields };
    case "count":
      return { ...NOTHING, observation: body.fields };
    default:
      return NOTHING;
  }
};

/**
 * What the op does to stock. `weights` are the true grams that `weigh` ops gave for lines of this op, by line
 * number: they replace what the line said, from the op's own instant, because that is when the goods moved.
 */
export const lower = (body: Body, weights?: ReadonlyMap<number, number>): Lowered => {
  const lowered = rule(body);
  if (weights === undefined || weights.size === 0) return lowered;
  return {
    ...lowered,
    movements: lowered.movements.map((movement) => {
      const grams = weights.get(movement.line);
      return grams === undefined ? movement : { ...movement, weight: grams, estimated: false };
    }),
  };
};
