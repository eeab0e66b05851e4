/** Where the lots of an item stand, with what decides the order in which they go. */
import { lotFacts } from "../../app/lots.ts";
import { namesFrom } from "../../app/names.ts";
import type { Ledger } from "../../sync/ledger-types.ts";
import { ANY_PURPOSE, type Purpose, promisesOf } from "../../app/promises.ts";
import type { Standing } from "../pick/draft.ts";

/** All places of ours that hold the item; vehicles and farms too, unless `isSource` says otherwise. */
export const standingOf = (
  ledger: Ledger,
  item: string,
  isSource: (place: string) => boolean = () => true,
  purpose: Purpose = ANY_PURPOSE,
): readonly Standing[] => {
  const { lifeDays } = namesFrom(ledger).facts(item);
  const { others, mine } = promisesOf(ledger).value;
  return ledger
    .rows("balance")
    .value.filter(
      (row) => row.item === item && row.lot !== "?" && !row.place.includes(":") && isSource(row.place),
    )
    .map(({ lot, place, q, w, held }) => ({
      item,
      lot,
      place,
      q,
      w,
      held,
      others: others({ item, lot, place }, purpose),
      mine: mine({ item, lot, place }, purpose),
      expiresOn: lotFacts(ledger, item, lot, lifeDays).expiresOn,
    }));
};

const kindOf = (ledger: Ledger, place: string): string => {
  const kind = ledger.row("place", place).value?.attributes["kind"];
  return typeof kind === "string" ? kind : "";
};

/** Stock to pick from: what is already on a vehicle, set aside, or still at a farm is not. */
export const isPickPlace = (ledger: Ledger) => {
  return (place: string): boolean => !["vehicle", "zone", "hold", "farm"].includes(kindOf(ledger, place));
};

export const isVehiclePlace = (ledger: Ledger) => {
  return (place: string): boolean => ["vehicle", "zone"].includes(kindOf(ledger, place));
};
