// Bundles a driver of this folder into one file that Node runs:
//   node bundle-driver.mjs <folder> [driver] [patches.json]   one bundle, `phone-driver` if no driver is named
//   node bundle-driver.mjs <folder> <driver> --bugs [names…]  one bundle per planted bug, `<driver>.<bug>.mjs`
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "vite";
import { plantedBugs, planting } from "./planted-bugs.mjs";

const bundle = (folder, driver, name, patches) =>
  build({
    configFile: false,
    root: resolve(import.meta.dirname, ".."),
    logLevel: "error",
    plugins: [planting(patches)],
    ssr: { noExternal: true, target: "node" },
    build: {
      ssr: resolve(import.meta.dirname, `${driver}.ts`),
      outDir: folder,
      emptyOutDir: false,
      copyPublicDir: false,
      target: "node20",
      minify: false,
      rolldownOptions: { output: { entryFileNames: `${name}.mjs`, codeSplitting: false } },
    },
  });

const [folder, driver = "phone-driver", given, ...names] = process.argv.slice(2);
if (given === "--bugs") {
  for (const name of names.length > 0 ? names : Object.keys(plantedBugs))
    await bundle(folder, driver, `${driver}.${name}`, plantedBugs[name].patches);
} else {
  const patches = given === undefined ? [] : JSON.parse(readFileSync(given, "utf8"));
  await bundle(folder, driver, driver, patches);
}
