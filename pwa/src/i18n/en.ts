import type { Catalogue } from "./i18n.ts";
import { codes } from "./en/codes.ts";
import { desk } from "./en/desk.ts";
import { floor } from "./en/floor.ts";
import { kit } from "./en/kit.ts";
import { relay } from "./en/relay.ts";
import { start } from "./en/start.ts";
import { words } from "./en/words.ts";

export const en: Catalogue = { ...kit, ...words, ...start, ...floor, ...desk, ...relay, ...codes };
