import { resolve } from "node:path";
import { defineConfig } from "vite";
import { pages } from "./build/entries.ts";
import { firstPreload } from "./build/first-preload.ts";
import { serviceWorker } from "./build/service-worker.ts";

const root = import.meta.dirname;

/** Where `make run` listens; the dev server passes on what it does not serve itself. */
const SERVER = "http://127.0.0.1:8000";

/** Small things that the first screen shares with later ones: one file of them compresses better than five. */
const FIRST =
  /\/src\/(ui\/(Icon|Chip|preferences|press|quantity)|i18n\/format|domain\/(expiry|shape)|codec\/bytes)\.tsx?$/;

// Vite's config file is the one place where a default export is the interface.
export default defineConfig({
  root,
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [firstPreload(), serviceWorker(resolve(root, "src/sw.ts"))],
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    // The server reads it to link server-rendered pages to hashed files.
    manifest: true,
    sourcemap: false,
    // `firstPreload` does it for what a page begins with.
    modulePreload: false,
    reportCompressedSize: true,
    rolldownOptions: {
      input: pages(root),
      output: {
        codeSplitting: { groups: [{ name: "first", test: FIRST }], includeDependenciesRecursively: false },
      },
    },
  },
  server: { port: 5173, proxy: { "/api": SERVER, "/t/": SERVER, "/01/": SERVER } },
});
