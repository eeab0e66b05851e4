import { kit } from "./zh/kit.ts";
import { start } from "./zh/start.ts";
import { words } from "./zh/words.ts";

/** What the first screens say: in the first chunk, so that they stand before the rest of the words is there. */
export const zhFirst = { ...kit, ...words, ...start } as const;
