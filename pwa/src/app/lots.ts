/** What a lot's register and holds say, for lists and for the choice of a lot. */
import { type ReadonlySignal, computed } from "@preact/signals";
import type { Value } from "../codec/msgpack.ts";
import type { Ledger, OutboxItem } from "../sync/ledger-types.ts";
import type { Body } from "../domain/kinds.ts";
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

type Entries = readonly (readonly [string, Value])[];
type Attributes = Readonly<Record<string, Value>>;

const recordsOf = (body: Body | null): readonly (readonly [string, string, Entries])[] => {
  switch (body?.kind) {
    case "receive":
    case "harvest":
    case "transform":
    case "adjust":
      return body.fields.lots;
    default:
      return [];
  }
};

/** What this phone's own work says of lots, until the ledger says it: the oldest first, so that the newest stands. */
export const pendingLots = (outbox: readonly OutboxItem[]): ReadonlyMap<string, Attributes> => {
  const said = new Map<string, Attributes>();
  for (const { stage, body } of [...outbox].reverse()) {
    if (stage === "settled") continue;
    for (const [item, lot, attributes] of recordsOf(body)) {
      const key = lotKey(item, lot);
      said.set(key, { ...said.get(key), ...Object.fromEntries(attributes) });
    }
  }
  return said;
};

const pendingOf = new WeakMap<Ledger, ReadonlySignal<ReadonlyMap<string, Attributes>>>();

/** What is said of a lot, by the ledger and by this phone's own work that it does not have yet. */
export const lotAttributes = (ledger: Ledger, item: string, lot: string): Attributes => {
  const key = lotKey(item, lot);
  let pending = pendingOf.get(ledger);
  if (pending === undefined) {
    pending = computed(() => pendingLots(ledger.outbox().value));
    pendingOf.set(ledger, pending);
  }
  return { ...ledger.row("lot", key).value?.attributes, ...pending.value.get(key) };
};

export const lotFacts = (ledger: Ledger, item: string, lot: string, lifeDays: number | null): LotFacts => {
  const attributes = lotAttributes(ledger, item, lot);
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
