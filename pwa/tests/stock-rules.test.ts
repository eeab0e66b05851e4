import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dayOf,
  daysAfter,
  endOfDayMs,
  expiresOn,
  isExpired,
  type LifeFacts,
  parseDay,
} from "../src/domain/expiry.ts";
import { allocateFefo, type LotBalance } from "../src/domain/fefo.ts";
import { type HoldState, lotHealth } from "../src/domain/health.ts";
import { plotInterval, type Treatment } from "../src/domain/interval.ts";
import { readVectors } from "./vectors.ts";

const expiry = readVectors<{
  readonly days: readonly { readonly text: string; readonly result: string | null }[];
  readonly dayOf: readonly { readonly ms: number; readonly offset: number; readonly result: string }[];
  readonly endOfDay: readonly { readonly day: string; readonly offset: number; readonly result: number }[];
  readonly after: readonly { readonly day: string; readonly days: number; readonly result: string }[];
  readonly expiresOn: readonly (LifeFacts & { readonly result: string | null })[];
  readonly expired: readonly {
    readonly day: string | null;
    readonly ms: number;
    readonly offset: number;
    readonly result: boolean;
  }[];
}>("domain/expiry.json");

const fefo = readVectors<{
  readonly cases: readonly {
    readonly demand: number;
    readonly asOf: string;
    readonly balances: readonly LotBalance[];
    readonly result: object;
  }[];
}>("domain/fefo.json");

const intervals = readVectors<{
  readonly cases: readonly {
    readonly day: string;
    readonly treatments: readonly Treatment[];
    readonly result: object;
  }[];
}>("domain/interval.json");

const healths = readVectors<{
  readonly cases: readonly {
    readonly hold: HoldState | null;
    readonly expiresOn: string | null;
    readonly asOf: string;
    readonly warningDays: number;
    readonly result: string;
  }[];
}>("domain/health.json");

describe("days", () => {
  it.each(expiry.days)("$text", ({ text, result }) => {
    expect(parseDay(text)).toBe(result);
  });
  it.each(expiry.dayOf)("of $ms at $offset", ({ ms, offset, result }) => {
    expect(dayOf(ms, offset)).toBe(result);
  });
  it.each(expiry.endOfDay)("end of $day at $offset", ({ day, offset, result }) => {
    expect(endOfDayMs(day, offset)).toBe(result);
  });
  it.each(expiry.after)("$days after $day", ({ day, days, result }) => {
    expect(daysAfter(day, days)).toBe(result);
  });
});

describe("expiry", () => {
  it.each(expiry.expiresOn)("of $expires, $produced, $harvested, $lifeDays", ({ result, ...facts }) => {
    expect(expiresOn(facts)).toBe(result);
  });
  it.each(expiry.expired)("of $day at $ms", ({ day, ms, offset, result }) => {
    expect(isExpired(day, ms, offset)).toBe(result);
  });
});

describe("first expired, first out", () => {
  it.each(fefo.cases)("$demand of $balances", ({ demand, asOf, balances, result }) => {
    expect(allocateFefo(demand, balances, asOf)).toStrictEqual(result);
  });

  it("suggests the same whatever order the balances arrive in, and never more than there is", () => {
    const lot = fc.record({
      lot: fc.string({ maxLength: 3 }),
      qty: fc.integer({ min: -5, max: 50 }),
      expiresOn: fc.constantFrom(null, "2026-11-20", "2026-11-23", "2026-12-01"),
      held: fc.boolean(),
    });
    const lots = fc.uniqueArray(lot, { selector: ({ lot }) => lot, maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(100), lots, (demand, balances) => {
        const allocation = allocateFefo(demand, balances, "2026-11-23");
        expect(allocateFefo(demand, balances.toReversed(), "2026-11-23")).toStrictEqual(allocation);
        const picked = allocation.picks.reduce((sum, { qty }) => sum + qty, 0);
        expect(picked + allocation.short).toBe(demand);
      }),
    );
  });
});

describe("the pre-harvest interval", () => {
  it.each(intervals.cases)("on $day after $treatments", ({ day, treatments, result }) => {
    expect(plotInterval(treatments, day)).toStrictEqual(result);
  });
});

describe("the health of a lot", () => {
  it.each(healths.cases)("$hold, $expiresOn on $asOf", ({ hold, expiresOn, asOf, warningDays, result }) => {
    expect(lotHealth(hold, expiresOn, asOf, warningDays)).toBe(result);
  });
});
