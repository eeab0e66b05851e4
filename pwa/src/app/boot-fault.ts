/** Why the app does not stand, in words: nothing on the phone was touched. */
import { t } from "../i18n/i18n.ts";
import { isNewerDatabase } from "../storage/database.ts";

export interface BootFault {
  readonly title: string;
  readonly text: string;
  /** Only a newer version of the app helps: it is let in without asking. */
  readonly needsUpdate: boolean;
}

export const bootFault = (error: unknown): BootFault => {
  if (isNewerDatabase(error))
    return { title: t("app.newerData"), text: t("app.newerDataHint"), needsUpdate: true };
  const detail = error instanceof Error ? error.message : String(error);
  return { title: t("app.cannotOpen"), text: `${t("app.cannotOpenHint")} (${detail})`, needsUpdate: false };
};
