import type { Catalogue } from "./i18n.ts";
import { kit } from "./en/kit.ts";
import { words } from "./en/words.ts";

export const en: Catalogue = { ...kit, ...words };
