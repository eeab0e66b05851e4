/**
 * Builds src/sw.ts to /sw.js: one classic script, unhashed and at the root so that its scope is the
 * whole origin, with the list of what the app needs offline written into it. It is built after the
 * app because that list names the hashes of the app's files, and apart from it because a worker
 * that imports shared chunks could not start offline in older browsers.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { relative, resolve } from "node:path";
import { build, type Plugin, type Rolldown } from "vite";

type Bundle = Rolldown.OutputBundle;

const NOT_OFFLINE = /(^|\/)(sw\.js|\.vite\/.*|.*\.map)$/;

const walk = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, resolve(entry.parentPath, entry.name)))
    : [];

/** Every file that `page` loads, directly or through an import. */
const reachable = (bundle: Bundle, page: string): Set<string> => {
  const seen = new Set<string>();
  const visit = (fileName: string): void => {
    if (seen.has(fileName)) return;
    seen.add(fileName);
    const file = bundle[fileName];
    if (file?.type !== "chunk") return;
    for (const next of [...file.imports, ...file.dynamicImports]) visit(next);
    for (const next of file.viteMetadata?.importedCss ?? []) visit(next);
    for (const next of file.viteMetadata?.importedAssets ?? []) visit(next);
  };
  visit(`${page}.html`);
  for (const file of Object.values(bundle)) {
    if (file.type === "chunk" && file.isEntry && file.name === page) visit(file.fileName);
  }
  return seen;
};

/** What the app needs offline: everything built, but for what only another page loads. */
const offlineFiles = (bundle: Bundle, publicFiles: readonly string[]): string[] => {
  const pages = Object.keys(bundle).filter((name) => name.endsWith(".html"));
  const app = reachable(bundle, "index");
  const elsewhere = new Set(
    pages
      .filter((page) => page !== "index.html")
      .flatMap((page) => [...reachable(bundle, page.slice(0, -".html".length))])
      .filter((name) => !app.has(name)),
  );
  return [...Object.keys(bundle), ...publicFiles]
    .filter((name) => !elsewhere.has(name) && !NOT_OFFLINE.test(name))
    .toSorted();
};

const urlOf = (fileName: string): string => (fileName === "index.html" ? "/" : `/${fileName}`);

export const serviceWorker = (source: string): Plugin => {
  let outDir = "";
  let publicDir = "";
  return {
    name: "gobi-service-worker",
    apply: "build",
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
      publicDir = config.publicDir;
    },
    async writeBundle(_options, bundle) {
      if (!existsSync(source)) return;
      const hashOf = (name: string): string =>
        createHash("sha256")
          .update(readFileSync(resolve(outDir, name)))
          .digest("hex")
          .slice(0, 16);
      const manifest = offlineFiles(bundle, walk(publicDir)).map((name) => [urlOf(name), hashOf(name)]);
      const version = createHash("sha256").update(JSON.stringify(manifest)).digest("hex").slice(0, 16);
      await build({
        configFile: false,
        publicDir: false,
        logLevel: "warn",
        define: { __PRECACHE__: JSON.stringify(manifest), __BUILD__: JSON.stringify(version) },
        build: {
          target: "es2022",
          outDir,
          emptyOutDir: false,
          lib: { entry: source, formats: ["iife"], name: "gobiServiceWorker", fileName: () => "sw.js" },
        },
      });
    },
  };
};
