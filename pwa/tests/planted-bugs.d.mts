import type { Plugin } from "vite";

export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}
export declare const plantedBugs: Readonly<
  Record<
    string,
    {
      readonly law: string;
      readonly caughtBy: { readonly file: string; readonly test: string };
      readonly patches: readonly Patch[];
    }
  >
>;
export declare const planting: (patches: readonly Patch[]) => Plugin;
