/** What a lot's register and holds say, for lists and for the choice of a lot. */
import type { Ledger } from "../sync/ledger-types.ts";
import { dayOf, expiresOn, parseDay } from "../domain/expiry.ts";
import { SEPARATOR } from "../sync/rows.ts";

export interface LotFacts {
  /** `YYYY-MM-DD`, or null: nobody said. */
  readonly expiresOn: string | null;
  readonly producedOn: string | null;
  readonly harvestedOn: string | null;
  readonly certificate: string | null;
  readonly plot: string | null;
}

export const lotKey = (item: string, lot: string): string => `${item}${SEPARATOR}${lot}`;

const textOf = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

export const lotFacts = (ledger: Ledger, item: string, lot: string, lifeDays: number | null): LotFacts => {
  const attributes = ledger.row("lot", lotKey(item, lot)).value?.attributes ?? {};
  const expires = parseDay(attributes["expires_on"]);
  const produced = parseDay(attributes["produced_on"]);
  const harvested = parseDay(attributes["harvested_on"]);
  return {
    expiresOn: expiresOn({ expires, produced, harvested, lifeDays }),
    producedOn: produced,
    harvestedOn: harvested,
    certificate: textOf(attributes["certificate"]),
    plot: textOf(attributes["plot"]),
  };
};

/** Today where the organisation keeps its books, by the server time as this phone estimates it. */
export const today = (ledger: Ledger): string =>
  dayOf(ledger.nowMs(), ledger.state.device.value?.utcOffsetMinutes ?? 480);
