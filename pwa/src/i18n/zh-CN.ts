import { codes } from "./zh/codes.ts";
import { desk } from "./zh/desk.ts";
import { floor } from "./zh/floor.ts";
import { kit } from "./zh/kit.ts";
import { words } from "./zh/words.ts";

/** The first language. Its keys and parameters are what every other catalogue must answer. */
export const zhCN = { ...kit, ...words, ...floor, ...desk, ...codes } as const;
