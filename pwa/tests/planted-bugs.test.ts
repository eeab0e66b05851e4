/**
 * The tests of the phone bite: each planted bug is caught by the test that is named beside it. One that no longer fits
 * the sources plants nothing: whoever changes the line moves the bug along.
 */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { plantedBugs, planting } from "./planted-bugs.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const VITEST = resolve(ROOT, "node_modules/vitest/vitest.mjs");

interface Report {
  readonly numFailedTests: number;
  readonly numPassedTests: number;
}

/** One test over the patched sources, in a process of its own. */
const report = (bug: string, file: string, test: string): Promise<Report> =>
  new Promise((done, fail) => {
    const options = ["run", file, "-t", test, "--reporter=json", "--bail=1"];
    const env = { ...process.env, PLANTED_BUG: bug, NO_COLOR: "1" };
    execFile(process.execPath, [VITEST, ...options], { cwd: ROOT, env }, (_error, said) => {
      try {
        done(JSON.parse(said.slice(said.indexOf("{"))) as Report);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(said));
      }
    });
  });

it("there are enough of them", () => {
  expect(Object.keys(plantedBugs).length).toBeGreaterThanOrEqual(20);
});

it.each(Object.entries(plantedBugs))(
  "%s is caught",
  async (bug, { patches, caughtBy }) => {
    planting(patches);
    const { numFailedTests } = await report(bug, caughtBy.file, caughtBy.test);
    expect(numFailedTests).toBeGreaterThan(0);
  },
  180_000,
);
