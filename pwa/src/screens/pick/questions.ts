/** What a picker is asked before a choice against the rule, or about a place that should be empty now. */
import { t } from "../../i18n/i18n.ts";
import { confirmed } from "../../ui/Sheet.tsx";
import { type Standing, isExpired, sooner } from "./draft.ts";

/** A choice against the rule is the picker's to make, once told. */
export const isMeant = async (
  lot: string,
  standing: readonly Standing[],
  today: string,
): Promise<boolean> => {
  if (isExpired(lot, standing, today)) {
    return confirmed({
      title: t("pick.expired", { lot }),
      text: t("pick.expiredHint"),
      yes: t("pick.anyway"),
      look: "danger",
    });
  }
  const before = sooner(lot, standing, today);
  return before === null
    ? true
    : confirmed({
        title: t("pick.sooner", { lot: before }),
        text: t("pick.soonerHint"),
        yes: t("pick.anyway"),
        look: "warn",
      });
};
