/** Why an intent was refused, from the facts of its verdict: what is there, who holds the rest, until when. */
import { formatQuantity } from "../../app/items.ts";
import { type Names, lotName } from "../../app/names.ts";
import type { Value } from "../../codec/msgpack.ts";
import { formatInstant } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import type { OutboxItem } from "../../sync/ledger-types.ts";

const word = (value: Value | undefined): string => (typeof value === "string" ? value : "");
const whole = (value: Value | undefined): number => (typeof value === "number" ? value : 0);

/** Sentences, none where the refusal has no facts that this version knows. */
export const whyRefused = ({ verdict }: OutboxItem, names: Names, nowMs: number): readonly string[] => {
  if (verdict?.code !== "insufficient-atp" || verdict.facts === undefined) return [];
  const [item, lot, place, wanted, onHand, free, holders] = verdict.facts;
  if (typeof item !== "string") return [];
  const facts = names.facts(item);
  const goods = word(lot) === "" ? names.item(item) : `${names.item(item)} ${lotName(word(lot))}`;
  const amount = (value: Value | undefined): string => formatQuantity(facts, whole(value));
  return [
    t("code.insufficient-atp.facts", {
      place: names.place(word(place)),
      goods,
      onHand: amount(onHand),
      free: amount(free),
      wanted: amount(wanted),
    }),
    ...(Array.isArray(holders) ? (holders as readonly Value[]) : []).flatMap((holder) => {
      if (!Array.isArray(holder)) return [];
      const [device, purpose, qty, until] = holder as readonly Value[];
      const who = word(device) === "" ? word(purpose) : names.device(word(device));
      return t("code.insufficient-atp.holder", {
        who: who === "" ? t("word.reserved") : who,
        amount: amount(qty),
        until: formatInstant(whole(until), nowMs),
      });
    }),
  ];
};
