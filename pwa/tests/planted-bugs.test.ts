/** A planted bug that no longer fits the sources plants nothing: whoever changes the line moves the bug along. */
import { expect, it } from "vitest";
import { plantedBugs, planting } from "./planted-bugs.mjs";

it.each(Object.entries(plantedBugs))("%s can be planted", (_name, { patches }) => {
  expect(planting(patches).name).toBe("planted-bugs");
});
