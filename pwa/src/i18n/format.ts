/**
 * Numbers, dates, money and ages as a person reads them. Amounts stay integers up to the last step:
 * no quantity ever passes through a float (DESIGN §4).
 */
import { language, t } from "./i18n.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const cached = <T>(make: (language: string) => T): (() => T) => {
  const made = new Map<string, T>();
  return () => {
    const known = made.get(language.value);
    if (known !== undefined) return known;
    const fresh = make(language.value);
    made.set(language.value, fresh);
    return fresh;
  };
};

const dates = cached(
  (tag) => new Intl.DateTimeFormat(tag, { month: "numeric", day: "numeric", weekday: "short" }),
);
const fullDates = cached((tag) => new Intl.DateTimeFormat(tag, { dateStyle: "medium" }));
const times = cached(
  (tag) => new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", hour12: false }),
);
const numbers = cached((tag) => new Intl.NumberFormat(tag, { maximumFractionDigits: 6 }));
const grouped = cached((tag) => new Intl.NumberFormat(tag));

export const formatNumber = (value: number): string => numbers().format(value);

/** The calendar day of an instant on this phone, without a year: `11月23日周一`. */
export const formatDay = (atMs: number): string => dates().format(atMs);

export const formatDate = (atMs: number): string => fullDates().format(atMs);

export const formatTime = (atMs: number): string => times().format(atMs);

/** A time of today, with its day when it is another. */
export const formatInstant = (atMs: number, nowMs: number): string =>
  formatDay(atMs) === formatDay(nowMs) ? formatTime(atMs) : formatDateTime(atMs);

export const formatDateTime = (atMs: number): string => `${formatDay(atMs)} ${formatTime(atMs)}`;

const civil = cached((tag) => new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeZone: "UTC" }));
const civilThisYear = cached(
  (tag) => new Intl.DateTimeFormat(tag, { month: "short", day: "numeric", timeZone: "UTC" }),
);

/** A civil date such as an expiry, `YYYY-MM-DD`, without the year when it is this one; it is shown in no time zone. */
export const formatOn = (day: string, thisYear: number = new Date().getFullYear()): string => {
  const format = day.startsWith(`${String(thisYear)}-`) ? civilThisYear() : civil();
  return format.format(Date.parse(`${day}T00:00Z`));
};

/** How long something lasted or has waited, in its largest whole unit. */
export const formatAge = (durationMs: number): string => {
  if (durationMs < MINUTE_MS) return t("time.now");
  if (durationMs < HOUR_MS) return t("time.minutes", { n: Math.floor(durationMs / MINUTE_MS) });
  if (durationMs < DAY_MS) return t("time.hours", { n: Math.floor(durationMs / HOUR_MS) });
  return t("time.days", { n: Math.floor(durationMs / DAY_MS) });
};

/** Whole days from `today` to `day`, both `YYYY-MM-DD`; negative when it is past. */
export const daysBetween = (today: string, day: string): number =>
  Math.round((Date.parse(`${day}T00:00Z`) - Date.parse(`${today}T00:00Z`)) / DAY_MS);

export const formatExpiry = (today: string, expiresOn: string): string => {
  const days = daysBetween(today, expiresOn);
  if (days === 0) return t("expiry.today");
  return days > 0 ? t("expiry.left", { n: days }) : t("expiry.past", { n: -days });
};

/** `digits` of `value` after the point, trailing zeros kept only as `keep` says; grouping by language. */
const decimal = (value: bigint, digits: number, keep: number): string => {
  const scale = 10n ** BigInt(digits);
  const size = value < 0n ? -value : value;
  const fraction = (size % scale).toString().padStart(digits, "0").slice(0, digits);
  const shown = fraction.slice(0, keep) + fraction.slice(keep).replace(/0+$/, "");
  const whole = grouped().format(size / scale);
  return `${value < 0n ? "−" : ""}${whole}${shown === "" ? "" : `.${shown}`}`;
};

const FEN_PER_YUAN_DIGITS = 2;

/** Amounts are fen: `¥1,881.60`. */
export const formatMoney = (fen: number): string => {
  const text = decimal(BigInt(Math.abs(fen)), FEN_PER_YUAN_DIGITS, FEN_PER_YUAN_DIGITS);
  return `${fen < 0 ? "−" : ""}¥${text}`;
};

const PRICE_DIGITS = 4;

/** Unit prices are 0.0001 yuan: `¥2.40`. */
export const formatPrice = (tenThousandths: number): string =>
  `¥${decimal(BigInt(tenThousandths), PRICE_DIGITS, FEN_PER_YUAN_DIGITS)}`;

const QUANTITY_DIGITS = 3;

/**
 * `amount` base units in a unit of `num/den` base units, exact to a thousandth, else rounded and marked `≈`.
 * 6,250 g in 斤 (500/1) is `12.5`.
 */
export const formatRatio = (amount: number, [num, den]: readonly [num: number, den: number]): string => {
  const scaled = BigInt(amount) * BigInt(den) * 10n ** BigInt(QUANTITY_DIGITS);
  const by = BigInt(num);
  const exact = scaled % by === 0n;
  const half = scaled < 0n ? -by / 2n : by / 2n;
  return `${exact ? "" : "≈"}${decimal(exact ? scaled / by : (scaled + half) / by, QUANTITY_DIGITS, 0)}`;
};

const KIB = 1024;

export const formatBytes = (bytes: number): string => {
  if (bytes < KIB) return `${bytes} B`;
  if (bytes < KIB * KIB) return `${numbers().format(Math.round(bytes / KIB))} KB`;
  return `${numbers().format(Math.round((bytes / KIB / KIB) * 10) / 10)} MB`;
};
