/**
 * When a lot expires: AI 17, else production day + life, else harvest day + life, at the end of the local day.
 *
 * Labels often show 生产日期 and 保质期 instead of an expiry. Best before (AI 15) is another rule and never expires a
 * lot. A day is `YYYY-MM-DD` text, which sorts as days do.
 * Twin of `domain/expiry.py`; corpus: `tests/vectors/domain/expiry.json`.
 */
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** A hundred years: what lasts longer does not expire, and no calendar ends. */
const LIFE_DAYS_MAX = 36_500;
const FIRST_DAY = "0001-01-01";
const LAST_DAY = "9999-12-31";

const numberOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) / DAY_MS;

const dayNumbered = (number: number): string => {
  const within = Math.min(Math.max(number, numberOf(FIRST_DAY)), numberOf(LAST_DAY));
  return new Date(within * DAY_MS).toISOString().slice(0, 10);
};

/** The day that an attribute states as YYYY-MM-DD, null when it states none. */
export const parseDay = (value: unknown): string | null => {
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(value) || value < FIRST_DAY) return null;
  const number = numberOf(value);
  return Number.isInteger(number) && dayNumbered(number) === value ? value : null;
};

/** The local day of an instant; instants beyond the calendar count as its ends. */
export const dayOf = (instantMs: number, utcOffsetMinutes: number): string =>
  dayNumbered(Math.floor((instantMs + utcOffsetMinutes * MINUTE_MS) / DAY_MS));

/** The last millisecond of a local day. */
export const endOfDayMs = (day: string, utcOffsetMinutes: number): number =>
  (numberOf(day) + 1) * DAY_MS - utcOffsetMinutes * MINUTE_MS - 1;

/** The day so many days later, at most a hundred years and never past the calendar's end. */
export const daysAfter = (day: string, days: number): string =>
  dayNumbered(numberOf(day) + Math.min(days, LIFE_DAYS_MAX));

/** Whole days from one day to another, negative when it is past. */
export const daysBetween = (from: string, to: string): number => numberOf(to) - numberOf(from);

/** What a lot and its item state; null where nobody said. */
export interface LifeFacts {
  readonly expires?: string | null;
  readonly produced?: string | null;
  readonly harvested?: string | null;
  readonly lifeDays?: number | null;
}

/** The last day on which the lot is good; null when nobody can tell. */
export const expiresOn = ({
  expires = null,
  produced = null,
  harvested = null,
  lifeDays = null,
}: LifeFacts): string | null => {
  if (expires !== null) return expires;
  const made = produced ?? harvested;
  return made === null || lifeDays === null || lifeDays < 0 ? null : daysAfter(made, lifeDays);
};

/** Whether the lot is past the end of its last local day; what has none never is. */
export const isExpired = (lastDay: string | null, instantMs: number, utcOffsetMinutes: number): boolean =>
  lastDay !== null && instantMs > endOfDayMs(lastDay, utcOffsetMinutes);
