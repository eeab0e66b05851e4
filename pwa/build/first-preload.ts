/**
 * Tells the browser of a page's own chunks in its head. Vite's way of doing it also carries a table of every file of
 * every screen in the first chunk; a screen's files are in the precache when it is opened, and need none.
 */
import type { HtmlTagDescriptor, Plugin, Rolldown } from "vite";

/** Every chunk that `entry` needs before it runs, but itself. */
const neededBy = (bundle: Rolldown.OutputBundle, entry: Rolldown.OutputChunk): ReadonlySet<string> => {
  const seen = new Set<string>();
  const visit = (chunk: Rolldown.OutputChunk): void => {
    for (const name of chunk.imports) {
      const next = bundle[name];
      if (seen.has(name) || next?.type !== "chunk") continue;
      seen.add(name);
      visit(next);
    }
  };
  visit(entry);
  return seen;
};

/** What Vite wraps around each `import()`; with nothing to preload it only has to load. */
const HELPER = "\0vite/preload-helper.js";
const LOADS_ONLY = "export const __vitePreload = (load) => load();";

export const firstPreload = (): Plugin => ({
  name: "gobi-first-preload",
  apply: "build",
  enforce: "pre",
  load: (id) => (id === HELPER ? LOADS_ONLY : null),
  transformIndexHtml: {
    order: "post",
    handler: (_html, { bundle, chunk }) =>
      bundle === undefined || chunk === undefined
        ? []
        : [...neededBy(bundle, chunk)].map((name): HtmlTagDescriptor => ({
            tag: "link",
            attrs: { rel: "modulepreload", crossorigin: true, href: `/${name}` },
            injectTo: "head",
          })),
  },
});
