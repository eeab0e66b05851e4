import { describe, expect, it } from "vitest";
import { openPace, pauseMs } from "../src/sync/pace.ts";

const lost = { ok: false, retryAfterMs: null };

describe("the pace of meetings", () => {
  it("slows down with failures, up to five minutes", () => {
    const pauses = [1, 2, 3, 4, 8, 9, 1000].map((failures) => pauseMs(lost, failures, 0));
    expect(pauses).toStrictEqual([2_000, 4_000, 8_000, 16_000, 256_000, 300_000, 300_000]);
  });

  it("differs from phone to phone by up to a half", () => {
    expect(pauseMs(lost, 3, 0.999)).toBeGreaterThanOrEqual(4_000);
    expect(pauseMs({ ok: true, retryAfterMs: null }, 0, 0)).toBe(60_000);
    expect(pauseMs({ ok: true, retryAfterMs: null }, 0, 0.5)).toBe(45_000);
  });

  it("takes the server's word for when to come back, also after years of failures", () => {
    expect(pauseMs({ ok: false, retryAfterMs: 20_000 }, 1, 0)).toBe(20_000);
    expect(pauseMs({ ok: false, retryAfterMs: 1_000 }, 9, 0)).toBe(300_000);
  });

  it("holds one meeting at a time, and another one for what came too late for it", async () => {
    let [running, most, meetings] = [0, 0, 0];
    const pace = openPace(
      async () => {
        most = Math.max(most, (running += 1));
        meetings += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        return { ok: true, retryAfterMs: null };
      },
      { isAutomatic: false, chance: () => 0 },
    );
    const first = pace.now();
    await Promise.all([first, pace.now(), pace.now()]);
    expect([most, meetings]).toStrictEqual([1, 2]);
    pace.stop();
    await pace.now();
    expect(meetings).toBe(2);
  });

  it("goes on after a meeting that broke", async () => {
    let meetings = 0;
    const pace = openPace(
      async () => {
        if ((meetings += 1) === 1) throw new Error("broken");
        return { ok: true, retryAfterMs: null };
      },
      { isAutomatic: false, chance: () => 0 },
    );
    await expect(pace.now()).rejects.toThrow("broken");
    await pace.now();
    expect(meetings).toBe(2);
  });
});
