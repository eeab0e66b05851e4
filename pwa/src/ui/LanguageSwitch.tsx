import type { VNode } from "preact";
import { LANGUAGES, language, setLanguage, t } from "../i18n/i18n.ts";
import { Segments } from "./Tabs.tsx";

/** The languages by their own names: whoever cannot read the present one finds the other. */
export const LanguageSwitch = (): VNode => (
  <Segments
    label={t("prefs.language")}
    options={LANGUAGES.map(({ id, name }) => ({ id, label: name }))}
    chosen={language.value}
    onChoose={(id) => void setLanguage(id)}
  />
);
