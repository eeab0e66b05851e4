// Bundles a driver of this folder into one file that Node runs:
//   node bundle-driver.mjs <folder> [driver] [patches.json]   one bundle, `phone-driver` if no driver is named
//   node bundle-driver.mjs <folder> <driver> --bugs <names…>  one bundle per bug of planted-bugs.json, `<driver>.<bug>.mjs`
// Patches are [{file, find, replace}], files as seen from `pwa/`; each must fit exactly once in its file.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "vite";

const root = resolve(import.meta.dirname, "..");

/** Replaces text of the sources, before anything reads them. */
const patching = (patches) => ({
  name: "patches",
  enforce: "pre",
  transform(code, id) {
    const mine = patches.filter(({ file }) => resolve(root, file) === id.split("?", 1)[0]);
    return mine.length === 0
      ? null
      : mine.reduce((text, { find, replace }) => text.replace(find, () => replace), code);
  },
});

/** What to say of patches that do not fit; undefined if all do. */
const misfit = (patches) =>
  patches.find(({ file, find }) => readFileSync(resolve(root, file), "utf8").split(find).length !== 2);

const bundle = async (folder, driver, name, patches) => {
  const wrong = misfit(patches);
  if (wrong !== undefined)
    throw new Error(`${wrong.file}: does not stand there exactly once:\n${wrong.find}`);
  await build({
    configFile: false,
    root,
    logLevel: "error",
    plugins: [patching(patches)],
    ssr: { noExternal: true, target: "node" },
    build: {
      ssr: resolve(import.meta.dirname, `${driver}.ts`),
      outDir: folder,
      emptyOutDir: false,
      target: "node20",
      minify: false,
      rolldownOptions: { output: { entryFileNames: `${name}.mjs`, codeSplitting: false } },
    },
  });
};

const [folder, driver = "phone-driver", given, ...names] = process.argv.slice(2);
const read = (path) => JSON.parse(readFileSync(path, "utf8"));
if (given === "--bugs") {
  const bugs = read(resolve(import.meta.dirname, "planted-bugs.json"));
  for (const name of names.length > 0 ? names : Object.keys(bugs)) {
    await bundle(folder, driver, `${driver}.${name}`, bugs[name].patches);
  }
} else {
  await bundle(folder, driver, driver, given === undefined ? [] : read(given));
}
