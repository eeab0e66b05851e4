import { resolve } from "node:path";
import { defineConfig } from "vite";
import { pages } from "./build/entries.ts";
import { serviceWorker } from "./build/service-worker.ts";

const root = import.meta.dirname;

/** Where `make run` listens; the dev server passes on what it does not serve itself. */
const SERVER = "http://127.0.0.1:8000";

// Vite's config file is the one place where a default export is the interface.
export default defineConfig({
  root,
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [serviceWorker(resolve(root, "src/sw.ts"))],
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    // The server reads it to link server-rendered pages to hashed files.
    manifest: true,
    sourcemap: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rolldownOptions: { input: pages(root) },
  },
  server: { port: 5173, proxy: { "/api": SERVER, "/t/": SERVER, "/01/": SERVER } },
});
