import { codes } from "./zh/codes.ts";
import { desk } from "./zh/desk.ts";
import { floor } from "./zh/floor.ts";
import { kitLater } from "./zh/kit-later.ts";
import { relay } from "./zh/relay.ts";
import { wordsLater } from "./zh/words-later.ts";
import { zhFirst } from "./zh-first.ts";

/** The first language. Its keys and parameters are what every other catalogue must answer. */
export const zhCN = {
  ...zhFirst,
  ...kitLater,
  ...wordsLater,
  ...floor,
  ...desk,
  ...relay,
  ...codes,
} as const;
