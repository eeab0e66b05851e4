// Bundles tests/phone-driver.ts into one file that Node runs: `node bundle-driver.mjs <folder>`.
import { resolve } from "node:path";
import { build } from "vite";

const [folder] = process.argv.slice(2);
await build({
  configFile: false,
  root: resolve(import.meta.dirname, ".."),
  logLevel: "error",
  ssr: { noExternal: true, target: "node" },
  build: {
    ssr: resolve(import.meta.dirname, "phone-driver.ts"),
    outDir: folder,
    emptyOutDir: false,
    target: "node20",
    minify: false,
    rolldownOptions: { output: { entryFileNames: "phone-driver.mjs", codeSplitting: false } },
  },
});
