/** The line that is being entered, as a label began it. Pure. */
import type { GoodsReading } from "../../app/reading.ts";
import { type DraftLine, EMPTY_LINE, type LotDates } from "../lines/draft.ts";

export interface Editing {
  readonly line: DraftLine;
  readonly dates: LotDates;
  readonly expected?: { readonly qty: number; readonly weight: number | null };
}

export const fromReading = (reading: GoodsReading, isMass: boolean, to: string): Editing => ({
  line: {
    ...EMPTY_LINE,
    item: reading.item,
    lot: reading.lot ?? "",
    to,
    // A printed count or weight is of this very piece; without one the quantity starts at zero and is typed.
    qty: isMass
      ? (reading.weightG ?? 0)
      : (reading.count ?? (reading.weightG === null ? 0 : 1)) * reading.factor,
    weight: isMass ? null : reading.weightG,
  },
  dates: {
    expiresOn: reading.expiresOn ?? "",
    producedOn: reading.producedOn ?? "",
    harvestedOn: reading.harvestedOn ?? "",
  },
});
