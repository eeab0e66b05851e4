import { kit } from "./zh/kit.ts";
import { words } from "./zh/words.ts";

/** The first language. Its keys and parameters are what every other catalogue must answer. */
export const zhCN = { ...kit, ...words } as const;
