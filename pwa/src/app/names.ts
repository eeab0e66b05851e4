/** Names of things in the language of the person; a thing without a name shows its id. */
import { language, t, tOr } from "../i18n/i18n.ts";
import type { Ledger } from "../sync/ledger-types.ts";
import type { Register } from "../sync/rows.ts";
import { type ItemFacts, itemFacts } from "./items.ts";

export const nameOf = (register: Register | null, id: string): string => {
  const local = language.value === "zh-CN" ? undefined : register?.attributes["name_en"];
  if (typeof local === "string" && local !== "") return local;
  const name = register?.attributes["name"];
  return typeof name === "string" && name !== "" ? name : id;
};

export interface Names {
  readonly item: (id: string) => string;
  readonly place: (id: string) => string;
  readonly partner: (id: string) => string;
  readonly person: (id: string) => string;
  readonly device: (id: string) => string;
  readonly facts: (id: string) => ItemFacts;
}

/** Reads signals: call its functions while rendering, and what they return follows the rows. */
export const namesFrom = (ledger: Ledger): Names => {
  const partner = (id: string): string => nameOf(ledger.row("partner", id).value, id);
  const place = (id: string): string => {
    const colon = id.indexOf(":");
    if (colon < 0) return nameOf(ledger.row("place", id).value, id);
    const [kind, rest] = [id.slice(0, colon), id.slice(colon + 1)];
    switch (kind) {
      case "partner":
        return partner(rest);
      case "virtual":
        return tOr(`place.${rest}`, rest);
      case "plot":
        return nameOf(ledger.row("place", rest).value, t("place.plot", { plot: rest }));
      case "lpn":
        return t("place.lpn", { lpn: rest });
      default:
        return id;
    }
  };
  return {
    item: (id) => nameOf(ledger.row("item", id).value, id),
    place,
    partner,
    person: (id) => nameOf(ledger.row("person", id).value, id),
    device: (id) => ledger.row("device", id).value?.name ?? id.slice(0, 6),
    facts: (id) => itemFacts(id, ledger.row("item", id).value),
  };
};

export const lotName = (lot: string): string =>
  lot === "" ? t("lot.none") : lot === "?" ? t("lot.unknown") : lot;
