import { codes } from "./zh/codes.ts";
import { desk } from "./zh/desk.ts";
import { floor } from "./zh/floor.ts";
import { zhFirst } from "./zh-first.ts";

/** The first language. Its keys and parameters are what every other catalogue must answer. */
export const zhCN = { ...zhFirst, ...floor, ...desk, ...codes } as const;
