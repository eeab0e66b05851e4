import { defineConfig } from "vitest/config";
import { plantedBugs, planting } from "./tests/planted-bugs.mjs";

/** `PLANTED_BUG=<name> npx vitest run tests/sim-`: the laws of the phone have to find it. */
const bug = process.env["PLANTED_BUG"] || undefined;

export default defineConfig({
  plugins: bug === undefined ? [] : [planting(plantedBugs[bug]?.patches ?? [])],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  define: { __PRECACHE__: "[]", __BUILD__: JSON.stringify("test") },
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    environment: "node",
    passWithNoTests: true,
    // The suites share two cores with pytest's databases and browsers.
    maxWorkers: 2,
    testTimeout: 30_000,
    restoreMocks: true,
  },
});
