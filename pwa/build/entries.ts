import { existsSync, readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";

/** A page without a script is not built yet; it joins the build with its script. */
const hasItsScript = (root: string, page: string): boolean => {
  const html = readFileSync(resolve(root, page), "utf8");
  const scripts = [...html.matchAll(/<script[^>]*\ssrc="\/?([^"]+)"/g)];
  return scripts.every(([, src]) => src !== undefined && existsSync(resolve(root, src)));
};

/** The pages of the build by name: each `*.html` in the root. `index` is the app. */
export const pages = (root: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(root)
      .filter((name) => name.endsWith(".html") && hasItsScript(root, name))
      .toSorted()
      .map((name) => [name.slice(0, -".html".length), resolve(root, name)]),
  );
