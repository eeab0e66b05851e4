// Bugs to plant, which a suite that is worth its name must find: planted-bugs.json, text replaced in the sources before
// anything reads them. Files as seen from `pwa/`; `find` must fit exactly once in its file.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** By name: the law that each breaks, and its patches. */
export const plantedBugs = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "planted-bugs.json"), "utf8"),
);

/** A plugin of Vite that plants patches. Throws when one of them does not fit. */
export const planting = (patches) => {
  for (const { file, find } of patches)
    if (readFileSync(resolve(root, file), "utf8").split(find).length !== 2)
      throw new Error(`${file}: does not stand there exactly once:\n${find}`);
  return {
    name: "planted-bugs",
    enforce: "pre",
    transform(code, id) {
      const mine = patches.filter(({ file }) => resolve(root, file) === id.split("?", 1)[0]);
      return mine.reduce((text, { find, replace }) => text.replace(find, () => replace), code);
    },
  };
};
