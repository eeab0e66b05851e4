import { describe, expect, it } from "vitest";
import {
  adopt,
  type Clock,
  errMs,
  freshClock,
  hear,
  PARTING_MS,
  READING_MS,
  serverMs,
  tick,
  UNSET_ERR_MS,
} from "../src/sync/phone-clock.ts";

const START_MS = 1_795_384_200_000;
const at = (wallMs: number, monoMs = wallMs): { wallMs: number; monoMs: number } => ({
  wallMs: START_MS + wallMs,
  monoMs,
});
const begun = (): Clock => tick(freshClock(), at(0), 1);

describe("a phone's clock", () => {
  it.each([
    [10_000, 10_000, false],
    [10_000 + PARTING_MS - 1, 10_000, false],
    [10_000 + PARTING_MS, 10_000, true],
    [10_000 - PARTING_MS, 10_000, true],
    [10_000, 500, true],
    [-86_400_000, 10_000, true],
  ])("wall %d beside monotonic %d: a new run? %s", (wallMs, monoMs, isNew) => {
    const clock = tick(begun(), at(1000), 2);
    expect(tick(clock, at(wallMs, monoMs), 7).run).toBe(isNew ? 7 : 1);
  });

  it("that no server has set claims nothing", () => {
    expect(errMs(begun(), at(5000))).toBe(UNSET_ERR_MS);
  });

  it("two hours fast tells server time after one round trip, to half of it", () => {
    const skew = 7_200_000;
    const clock = hear(tick(freshClock(), at(skew, 0), 1), START_MS + 40, at(skew, 0), at(skew + 80, 80));
    expect(serverMs(clock, START_MS + skew + 80)).toBe(START_MS + 80);
    expect(errMs(clock, at(skew + 80, 80))).toBe(40 + READING_MS);
    expect(errMs(clock, at(skew + 80 + 3_600_000, 80 + 3_600_000))).toBe(40 + 180 + READING_MS);
  });

  it("passes over a slow round trip that agrees with a better one", () => {
    const good = hear(begun(), START_MS + 40, at(0), at(80));
    const slow = hear(good, START_MS + 6000, at(1000), at(11_000));
    expect(slow.setting).toBe(good.setting);
    const stepped = hear(good, START_MS + 90_000, at(1000), at(11_000));
    expect(stepped.setting.offsetMs).toBe(84_000);
  });

  it("begins a run when another tab was told another time", () => {
    const clock = begun();
    const { setting } = hear(clock, START_MS + 500_000, at(0), at(80));
    expect(adopt(clock, clock.setting)).toBe(clock);
    expect(tick(adopt(clock, setting), at(100), 2).run).toBe(2);
  });
});
