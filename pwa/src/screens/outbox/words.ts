/** One recorded op in words: what it was, how far it is, what the ledger said of it. */
import { formatQuantity } from "../../app/items.ts";
import { toHex } from "../../codec/bytes.ts";
import type { Names } from "../../app/names.ts";
import { lotName } from "../../app/names.ts";
import { type Body, isKind } from "../../domain/kinds.ts";
import { formatMoney } from "../../i18n/format.ts";
import { t, tOr } from "../../i18n/i18n.ts";
import type { OutboxItem } from "../../sync/ledger-types.ts";
import type { Tint } from "../../ui/Chip.tsx";
import type { IconName } from "../../ui/Icon.tsx";

const LINES_MAX = 3;

interface Said {
  readonly item: string;
  readonly lot: string | null;
  readonly qty: number | null;
  readonly weight?: number | null;
}

const linesText = (lines: readonly Said[], names: Names): string => {
  const shown = lines.slice(0, LINES_MAX).map(({ item, lot, qty, weight }) => {
    const facts = names.facts(item);
    const amount = qty ?? weight ?? 0;
    const of = lot === null || lot === "" ? "" : ` ${lotName(lot)}`;
    return `${names.item(item)}${of} ${formatQuantity(facts, amount, facts.isCatch ? weight : null)}`;
  });
  return (
    shown.join(t("list.and")) +
    (lines.length > LINES_MAX ? ` ${t("list.andMore", { n: lines.length - LINES_MAX })}` : "")
  );
};

/** What was done, in one line; the kind alone when this version cannot read the rest. */
export const detailOf = (body: Body | null, names: Names): string => {
  switch (body?.kind) {
    case "receive":
    case "deliver":
      return `${names.partner(body.fields.partner)} · ${linesText(body.fields.lines, names)}`;
    case "return":
      return `${names.partner(body.fields.partner)} · ${linesText(body.fields.lines, names)}`;
    case "pick":
    case "move":
    case "ship":
    case "adjust":
    case "dispose":
    case "harvest":
      return linesText(body.fields.lines, names);
    case "count":
      return `${names.place(body.fields.place)} · ${linesText(body.fields.lines, names)}`;
    case "payment":
      return `${names.partner(body.fields.partner)} · ${formatMoney(body.fields.amountFen)}`;
    case "farm_work":
      return body.fields.plots.map((plot) => t("place.plot", { plot })).join(t("list.and"));
    case "certificate":
      return `${body.fields.product} · ${body.fields.number}`;
    case "hold":
      return `${names.item(body.fields.item)} ${lotName(body.fields.lot)}`;
    case "order":
    case "settle":
      return names.partner(body.fields.partner);
    case "transform":
      return `${linesText(body.fields.inputs, names)} → ${linesText(body.fields.outputs, names)}`;
    case "void":
      return body.fields.reason;
    case "release":
    case "resolve":
      return body.fields.note;
    case "approve": {
      const { item, lot, place } = body.fields;
      return `${names.place(place)} · ${names.item(item)}${lot === "" ? "" : ` ${lotName(lot)}`}`;
    }
    default:
      return "";
  }
};

/** What a `void` takes back: what was done with goods and money. What decides or identifies is undone by its opposite. */
const VOIDABLE: ReadonlySet<string> = new Set([
  "receive",
  "move",
  "pick",
  "ship",
  "deliver",
  "return",
  "adjust",
  "dispose",
  "finish",
  "count",
  "harvest",
  "farm_work",
  "transform",
  "payment",
  "settle",
  "price",
  "order",
  "task",
  "certificate",
]);

export const isVoidable = ({ kind, verdict, problem }: OutboxItem): boolean =>
  VOIDABLE.has(kind) && problem === null && (verdict === null || verdict.verdict === "accepted");

/** Hashes (hex) of the ops that later ones of this phone took back; a `void` that was refused took nothing. */
export const voidedOf = (items: readonly OutboxItem[]): ReadonlySet<string> =>
  new Set(
    items.flatMap(({ body, verdict }) => {
      const [named] = body?.kind === "void" && verdict?.verdict !== "refused" ? body.names : [];
      return named instanceof Uint8Array ? [toHex(named)] : [];
    }),
  );

/** A kind that is not known here was recorded by a newer version of the app, before this one was put back. */
export const kindWord = (kind: string): string => tOr(`kind.${kind}`, isKind(kind) ? kind : t("newer.kind"));

export interface Stage {
  readonly word: string;
  readonly tint: Exclude<Tint, "plain">;
  readonly icon: IconName;
}

export const stageOf = ({ stage, verdict, problem }: OutboxItem): Stage => {
  if (problem !== null) return { word: t("outbox.problem"), tint: "bad", icon: "alert" };
  if (verdict !== null && verdict.verdict !== "accepted") {
    const tint = verdict.verdict === "deferred" ? "warn" : "bad";
    const isUnread = verdict.verdict === "deferred" && verdict.code === "unknown-kind";
    return {
      word: isUnread ? t("newer.server") : tOr(`verdict.${verdict.verdict}`, t("newer.verdict")),
      tint,
      icon: tint === "warn" ? "clock" : "alert",
    };
  }
  switch (stage) {
    case "recorded":
      return { word: t("outbox.recorded"), tint: "warn", icon: "lock" };
    case "acked":
      return { word: t("outbox.acked"), tint: "info", icon: "upload" };
    case "settled":
      return { word: t("verdict.accepted"), tint: "ok", icon: "check" };
  }
};

/** What a verdict or a problem means, its likely cause, and what to do. */
export const explain = (code: string): { readonly what: string; readonly todo: string } => ({
  what: tOr(`code.${code}`, t("code.other", { code })),
  todo: tOr(`code.${code}.do`, t("code.other.do")),
});
